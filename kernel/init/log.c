/*
 * The log: Node's output and init's own events, line by line to the console, and a copy in a FIFO from which Node
 * sends it elsewhere. The FIFO is in the kernel: the lines before a crash are still there for the next Node.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* How much Node can write before init must have read some. */
#define PIPE_BYTES (256 * 1024)
/* An event is written at once, with what is queued before it, but for a flood. */
#define MOST_WRITES 2
/* A line that is longer goes on in parts. */
#define LINE_BYTES (64 * 1024)
#define MOST_READS (2 * PIPE_BYTES / LINE_BYTES)
/* A write of so much into a FIFO goes whole or not at all: no line is cut by a full one. */
#define COPY_BYTES 4096
/* An unfinished line is shown after this. */
#define UNFINISHED_MS 200

static int output[2] = { -1, -1 };
static int copy = -1;
static bool direct;                  /* this is the child that becomes Node */
static long dropped_lines, dropped_bytes; /* of the copy */
static char text[LINE_BYTES];        /* the beginning of a line whose end has not come yet */
static size_t held;
static long held_since_ms;
static bool unfinished;              /* a line was passed on without its end */

static void warn(const char *what)
{
	event("init", "init.warning", ",\"error\":\"log: %s: %s\"", what, strerror(errno));
}

int log_start(long bytes)
{
	if (bytes > 0 && (copy = platform_log_fifo(bytes)) < 0)
		warn("fifo");
	if (pipe2(output, O_CLOEXEC) < 0) {
		warn("pipe");
		return -1;
	}
	fcntl(output[1], F_SETPIPE_SZ, PIPE_BYTES);
	fcntl(output[0], F_SETFL, O_NONBLOCK);
	return output[0];
}

void log_child_stdio(void)
{
	direct = true;
	if (output[1] < 0)
		return;
	dup2(output[1], STDOUT_FILENO);
	dup2(output[1], STDERR_FILENO);
}

static bool put(const char *piece, size_t length)
{
	return write(copy, piece, length) == (ssize_t)length;
}

static bool note_dropped(void)
{
	char line[MAX_DETAILS] = "\n";
	size_t length = event_line(line + 1, sizeof(line) - 1, "init", "log.dropped",
				   ",\"lines\":%ld,\"bytes\":%ld", dropped_lines, dropped_bytes);

	return put(line, length + 1);
}

static void copy_piece(const char *piece, size_t length)
{
	if (dropped_bytes && note_dropped())
		dropped_bytes = dropped_lines = 0;
	if (!dropped_bytes && put(piece, length))
		return;
	dropped_bytes += (long)length;
	for (size_t i = 0; i < length; i++)
		dropped_lines += piece[i] == '\n';
}

/* Copies as many whole lines at once as a FIFO takes whole. */
static void copy_lines(const char *lines, size_t length)
{
	while (copy >= 0 && length > 0) {
		size_t piece = length > COPY_BYTES ? COPY_BYTES : length;

		while (length > COPY_BYTES && piece > 0 && lines[piece - 1] != '\n')
			piece--;
		if (piece == 0)
			piece = COPY_BYTES;
		copy_piece(lines, piece);
		lines += piece;
		length -= piece;
	}
}

/* The system layer prints its events as init does. */
static bool is_event(const char *line, size_t length)
{
	static const char start[] = "{\"time\":\"", name[] = "\"event\":\"";
	size_t look = length < 160 ? length : 160;

	if (length < sizeof(start) || memcmp(line, start, sizeof(start) - 1))
		return false;
	for (size_t i = 0; i + sizeof(name) <= look; i++)
		if (!memcmp(line + i, name, sizeof(name) - 1))
			return true;
	return false;
}

static void pass_on(size_t length)
{
	copy_lines(text, length);
	for (size_t at = 0; at < length;) {
		const char *end = memchr(text + at, '\n', length - at);
		size_t next = end ? (size_t)(end - text) + 1 : length;

		console_queue(text + at, next - at, !unfinished && is_event(text + at, next - at));
		unfinished = !end;
		at = next;
	}
	held -= length;
	memmove(text, text + length, held);
}

static size_t whole_lines(void)
{
	size_t length = held;

	while (length > 0 && text[length - 1] != '\n')
		length--;
	return length == 0 && held == sizeof(text) ? held : length;
}

bool log_read(void)
{
	ssize_t got = output[0] < 0 ? -1 : read(output[0], text + held, sizeof(text) - held);

	if (got <= 0)
		return false;
	held += (size_t)got;
	held_since_ms = now_ms();
	pass_on(whole_lines());
	return true;
}

long log_timeout_ms(void)
{
	long left = held_since_ms + UNFINISHED_MS - now_ms();

	if (!held)
		return -1;
	return left > 0 ? left : 0;
}

void log_pass_unfinished(void)
{
	if (held && log_timeout_ms() == 0)
		pass_on(held);
}

static void end_line(void)
{
	if (unfinished) {
		copy_lines("\n", 1);
		console_queue("\n", 1, false);
	}
	unfinished = false;
}

void log_read_rest(void)
{
	for (int i = 0; i < MOST_READS && log_read(); i++)
		;
	pass_on(held);
	end_line();
}

void log_event(const char *line, size_t length)
{
	if (direct) {
		if (write(STDOUT_FILENO, line, length) < 0)
			_exit(127);
		return;
	}
	end_line();
	copy_lines(line, length);
	console_queue(line, length, true);
	for (int i = 0; i < MOST_WRITES && console_write(); i++)
		;
}
