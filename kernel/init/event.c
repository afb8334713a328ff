#include "init.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A console that nobody reads is worth half a second an event, no more: the machine goes on without it. */
#define RETRIES 100
#define RETRY_NS 5000000

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

bool write_console(const char *text, size_t length)
{
	struct timespec pause = { .tv_nsec = RETRY_NS };

	for (int i = 0; length > 0 && i < RETRIES; i++) {
		ssize_t written = write(STDOUT_FILENO, text, length);

		if (written > 0) {
			text += written;
			length -= (size_t)written;
		} else if (written < 0 && errno != EAGAIN && errno != EINTR) {
			return false;
		} else {
			nanosleep(&pause, NULL);
		}
	}
	return length == 0;
}

void event(const char *stage, const char *name, const char *fmt, ...)
{
	char line[MAX_DETAILS + 256], date[32], details[MAX_DETAILS] = "";
	long uptime = now_ms();
	struct timespec real;
	struct tm utc;
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
	if (length <= 0 || (size_t)length >= sizeof(line))
		return;
	log_copy(line, (size_t)length);
	write_console(line, (size_t)length);
}
