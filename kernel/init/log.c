/*
 * Node's output on its way to the console, and a copy of it and of init's own events in a FIFO, from which Node
 * sends it elsewhere. The FIFO is in the kernel: what a crash was preceded by is still there for the next Node.
 */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A write of so much into a FIFO goes whole or not at all: no line is cut by a full one. */
#define CHUNK 4096
#define MAX_CHUNKS 64

static int output[2] = { -1, -1 };
static int copy = -1;
static long dropped;

static int fail(const char *what)
{
	event("init", "init.warning", ",\"error\":\"log: %s: %s\"", what, strerror(errno));
	return -1;
}

int log_start(long bytes)
{
	if (bytes == 0)
		return -1;
	copy = platform_log_fifo(bytes);
	if (copy < 0)
		return fail("fifo");
	if (pipe2(output, O_CLOEXEC) < 0)
		return fail("pipe");
	fcntl(output[0], F_SETFL, O_NONBLOCK);
	return output[0];
}

void log_child_stdio(void)
{
	if (output[1] < 0)
		return;
	dup2(output[1], STDOUT_FILENO);
	dup2(output[1], STDERR_FILENO);
}

static bool put(const char *text, size_t length)
{
	return write(copy, text, length) == (ssize_t)length;
}

static bool say_dropped(void)
{
	char line[96];
	int length = snprintf(line, sizeof(line), "\n{\"stage\":\"init\",\"event\":\"log.dropped\",\"bytes\":%ld}\n", dropped);

	return put(line, (size_t)length);
}

void log_copy(const char *text, size_t length)
{
	if (copy < 0)
		return;
	if (dropped && say_dropped())
		dropped = 0;
	if (dropped || !put(text, length))
		dropped += (long)length;
}

bool log_relay(void)
{
	char chunk[CHUNK];
	ssize_t got = output[0] < 0 ? -1 : read(output[0], chunk, sizeof(chunk));

	if (got <= 0)
		return false;
	log_copy(chunk, (size_t)got);
	return write_console(chunk, (size_t)got);
}

void log_relay_rest(void)
{
	for (int i = 0; i < MAX_CHUNKS && log_relay(); i++)
		;
}
