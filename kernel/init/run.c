#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CANNOT_START 127

void pause_ms(long ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

static void start(char *const argv[], int output)
{
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	execv(argv[0], argv);
	dprintf(STDERR_FILENO, "%s: %s", argv[0], strerror(errno));
	_exit(CANNOT_START);
}

/* Keeps the end: that is where programs say how it went. */
static void read_tail(int fd, char *said, size_t size)
{
	char some[256];
	size_t used = 0;
	ssize_t got;

	while ((got = read(fd, some, sizeof(some))) > 0 || (got < 0 && errno == EINTR)) {
		for (ssize_t i = 0; i < got; i++) {
			if (used == size - 1)
				memmove(said, said + 1, --used);
			said[used++] = some[i] == '\n' ? ' ' : some[i];
		}
	}
	while (used > 0 && said[used - 1] == ' ')
		used--;
	said[used] = '\0';
}

int run_program(char *const argv[], char *said, size_t size)
{
	int ends[2], status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		start(argv, ends[1]);
	close(ends[1]);
	if (pid > 0)
		read_tail(ends[0], said, size);
	close(ends[0]);
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
