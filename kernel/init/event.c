#include "init.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *json_escape(const char *text, char *out, size_t size)
{
	size_t used = 0;

	for (; *text && used + 7 < size; text++) {
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

void event(const char *stage, const char *name, const char *fmt, ...)
{
	char line[MAX_EVENT], date[32], details[MAX_EVENT / 2] = "";
	struct timespec real;
	struct tm utc;
	long uptime = now_ms();
	int length;
	va_list args;

	clock_gettime(CLOCK_REALTIME, &real);
	gmtime_r(&real.tv_sec, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	if (fmt) {
		va_start(args, fmt);
		vsnprintf(details, sizeof(details), fmt, args);
		va_end(args);
	}
	length = snprintf(line, sizeof(line),
			  "{\"time\":\"%s.%03ldZ\",\"uptime\":%ld.%03ld,\"stage\":\"%s\",\"event\":\"%s\"%s}\n", date,
			  real.tv_nsec / 1000000, uptime / 1000, uptime % 1000, stage, name, details);
	if (length > 0 && write(STDOUT_FILENO, line, (size_t)length) < 0)
		return; /* a console that is gone cannot be told */
}
