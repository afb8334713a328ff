#include "init.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *json_escape(const char *text, char *out, size_t size)
{
	size_t used = 0;

	for (; *text && used + 7 <= size; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			used += (size_t)snprintf(out + used, size - used, "\\%c", c);
		else if (c < 0x20 || c >= 0x7f)
			used += (size_t)snprintf(out + used, size - used, "\\u%04x", c);
		else
			out[used++] = (char)c;
	}
	out[used] = '\0';
	return out;
}

static size_t format(char *line, size_t size, const char *stage, const char *name, const char *fmt, va_list args)
{
	char date[32], details[MAX_DETAILS] = "";
	long uptime = now_ms();
	struct timespec real;
	struct tm utc;
	int length;

	clock_gettime(CLOCK_REALTIME, &real);
	gmtime_r(&real.tv_sec, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	if (fmt)
		vsnprintf(details, sizeof(details), fmt, args);
	length = snprintf(line, size, "{\"time\":\"%s.%03ldZ\",\"uptime\":%ld.%03ld,\"stage\":\"%s\",\"event\":\"%s\"%s}\n",
			  date, real.tv_nsec / 1000000, uptime / 1000, uptime % 1000, stage, name, details);
	return length > 0 && (size_t)length < size ? (size_t)length : 0;
}

size_t event_line(char *line, size_t size, const char *stage, const char *name, const char *fmt, ...)
{
	va_list args;
	size_t length;

	va_start(args, fmt);
	length = format(line, size, stage, name, fmt, args);
	va_end(args);
	return length;
}

void event(const char *stage, const char *name, const char *fmt, ...)
{
	char line[MAX_DETAILS + 256];
	va_list args;
	size_t length;

	va_start(args, fmt);
	length = format(line, sizeof(line), stage, name, fmt, args);
	va_end(args);
	if (length)
		log_event(line, length);
}
