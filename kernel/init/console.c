/*
 * The queue of the console. Nothing blocks on the console: a serial port accepts a limited rate, and lines that
 * do not fit in the queue are dropped and counted. The queue keeps the beginning of a burst, `recent` its end.
 */
#include "init.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define QUEUE_BYTES (256 * 1024)
/* Only events may use this part of the queue: a flood of the app's own lines does not drop them. */
#define EVENT_BYTES (32 * 1024)
#define RECENT_BYTES (8 * 1024)
/* poll() promises room for so much in a pipe. */
#define WRITE_BYTES 4096
/* A console that takes nothing for this long is not waited for. */
#define STUCK_MS 500
#define DRAINED_CHECK_MS 5
/*
 * A serial port of a virtual machine costs an exit for each byte, and so the CPU: while others want that, the console
 * waits this many times as long as its last write took, but not longer than a moment.
 */
#define WAIT_TIMES 9
#define LONGEST_WAIT_MS 500

static char queue[QUEUE_BYTES], recent[RECENT_BYTES];
static size_t first, used, recent_used;
static long dropped_lines, dropped_bytes;
static long wait_until_ms;

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool fits(size_t length, size_t reserved)
{
	return used + length + reserved <= QUEUE_BYTES;
}

static void put(const char *text, size_t length)
{
	size_t at = (first + used) % QUEUE_BYTES, here = least(length, QUEUE_BYTES - at);

	memcpy(queue + at, text, here);
	memcpy(queue, text + here, length - here);
	used += length;
}

static void count_dropped(const char *text, size_t length)
{
	dropped_bytes += (long)length;
	for (size_t i = 0; i < length; i++)
		dropped_lines += text[i] == '\n';
}

/* Forgets half of the recent lines, or all if that is not enough: line by line would move them each time. */
static void forget_oldest(size_t wanted)
{
	const char *end = memchr(recent + recent_used / 2, '\n', recent_used - recent_used / 2);
	size_t cut = end ? (size_t)(end - recent) + 1 : recent_used;

	if (recent_used - cut + wanted > RECENT_BYTES)
		cut = recent_used;
	count_dropped(recent, cut);
	recent_used -= cut;
	memmove(recent, recent + cut, recent_used);
}

static void remember(const char *text, size_t length)
{
	if (recent_used + length > RECENT_BYTES)
		forget_oldest(least(length, RECENT_BYTES));
	if (length > RECENT_BYTES) {
		count_dropped(text, length);
		return;
	}
	memcpy(recent + recent_used, text, length);
	recent_used += length;
}

/* Queues the end of a burst, after how much of its middle is missing, if there is room. */
static void catch_up(size_t reserved)
{
	char note[MAX_DETAILS];
	size_t length = 0;

	if (dropped_bytes)
		length = event_line(note, sizeof(note), "init", "log.dropped", ",\"lines\":%ld,\"bytes\":%ld",
				    dropped_lines, dropped_bytes);
	if (!fits(length + recent_used, reserved))
		return;
	put(note, length);
	put(recent, recent_used);
	recent_used = 0;
	dropped_lines = 0;
	dropped_bytes = 0;
}

void console_queue(const char *text, size_t length, bool is_event)
{
	size_t reserved = is_event ? 0 : EVENT_BYTES;

	if (is_event && (recent_used || dropped_bytes))
		catch_up(length);
	if (fits(length, reserved) && (is_event || (!recent_used && !dropped_bytes)))
		put(text, length);
	else
		remember(text, length);
}

long console_wait_ms(void)
{
	long left = wait_until_ms - now_ms();

	if (!used)
		return -1;
	return left > 0 ? left : 0;
}

static bool wait_until_ready(long ms)
{
	struct pollfd console = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&console, 1, (int)ms) > 0;
}

bool console_write(void)
{
	long started_ms = now_ms(), wait_ms;
	ssize_t written;

	if (!used || !wait_until_ready(0))
		return false;
	written = write(STDOUT_FILENO, queue + first, least(least(used, QUEUE_BYTES - first), WRITE_BYTES));
	if (written < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	/* A console that is gone takes everything. */
	if (written <= 0)
		written = (ssize_t)used;
	first = (first + (size_t)written) % QUEUE_BYTES;
	used -= (size_t)written;
	if (!used)
		catch_up(EVENT_BYTES);
	wait_ms = (now_ms() - started_ms) * WAIT_TIMES;
	if (wait_ms && platform_busy())
		wait_until_ms = now_ms() + (wait_ms < LONGEST_WAIT_MS ? wait_ms : LONGEST_WAIT_MS);
	return true;
}

void console_flush(long most_ms)
{
	long until = now_ms() + most_ms;
	int left;

	while (used && now_ms() < until && wait_until_ready(STUCK_MS))
		console_write();
	/* The kernel's buffer is lost with the machine, too. */
	while (ioctl(STDOUT_FILENO, TIOCOUTQ, &left) == 0 && left > 0 && now_ms() < until)
		pause_ms(DRAINED_CHECK_MS);
}
