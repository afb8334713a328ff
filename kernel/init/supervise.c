#include "init.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_BUTTONS 4
#define FORK_RETRY_MS 1000

/* A killed process that waits for a device may take its time; the machine does not wait for ever. */
#define KILL_WAIT_MS 2000

struct state {
	const struct conf *conf;
	pid_t node;           /* 0 while none runs */
	long started_ms;
	long restart_at_ms;   /* when to start again, or -1 */
	long backoff_ms;
	long ends_ms[MAX_CRASH_LOOP]; /* times of the last ends, a ring of crash_loop_count */
	size_t ends;
	long drain_until_ms;  /* deadline of a shutdown, or -1 */
	enum ending ending;
	bool ended;
};

static void node_failed(const char *what)
{
	char error[MAX_ERROR], escaped[MAX_ESCAPED];

	snprintf(error, sizeof(error), "%s: %s", what, strerror(errno));
	event("node", "node.failed", ",\"error\":\"%s\"", json_escape(error, escaped, sizeof(escaped)));
}

static void run_node(const struct conf *conf)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	platform_child_stdio();
	log_child_stdio();
	if (chdir(conf->cwd) < 0) {
		node_failed(conf->cwd);
		_exit(127);
	}
	execve(conf->argv[0], conf->argv, conf->env);
	node_failed(conf->argv[0]);
	_exit(127);
}

static void start_node(struct state *state)
{
	pid_t pid = fork();

	if (pid == 0)
		run_node(state->conf);
	state->started_ms = now_ms();
	state->restart_at_ms = -1;
	state->node = pid > 0 ? pid : 0;
	if (pid < 0) {
		node_failed("fork");
		state->restart_at_ms = now_ms() + FORK_RETRY_MS;
	}
}

static void report_end(const struct state *state, pid_t pid, int status)
{
	long ran_ms = now_ms() - state->started_ms;

	log_read_rest();
	if (WIFSIGNALED(status)) {
		event("node", "node.exited", ",\"signal\":%d,\"name\":\"%s\",\"ran_ms\":%ld", WTERMSIG(status),
		      strsignal(WTERMSIG(status)), ran_ms);
		explain_crash(pid, WTERMSIG(status), state->started_ms);
	} else {
		event("node", "node.exited", ",\"status\":%d,\"ran_ms\":%ld", WEXITSTATUS(status), ran_ms);
	}
}

/* Kills what runs and waits until it is gone: until then it holds ports and files. */
static void kill_all(struct state *state)
{
	long until = now_ms() + KILL_WAIT_MS, left;
	sigset_t child;
	int status;
	pid_t pid;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	platform_kill_rest();
	while ((pid = waitpid(-1, &status, WNOHANG)) >= 0) {
		if (pid > 0 && pid == state->node) {
			state->node = 0;
			report_end(state, pid, status);
		}
		left = until - now_ms();
		if (left <= 0)
			return;
		if (pid == 0)
			sigtimedwait(&child, NULL, &(struct timespec){ left / 1000, left % 1000 * 1000000 });
	}
}

static bool crash_loops(struct state *state)
{
	size_t count = (size_t)state->conf->crash_loop_count;
	long now = now_ms();

	state->ends_ms[state->ends++ % count] = now;
	if (state->ends < count)
		return false;
	return now - state->ends_ms[state->ends % count] <= state->conf->crash_loop_window_s * 1000;
}

static void end(struct state *state, enum ending ending)
{
	state->ending = ending;
	state->ended = true;
}

static long least(long a, long b)
{
	return a < b ? a : b;
}

static void restart_later(struct state *state, long ran_ms)
{
	const struct conf *conf = state->conf;
	long delay = state->backoff_ms;

	if (ran_ms > conf->crash_loop_window_s * 1000)
		delay = conf->backoff_initial_ms;
	delay = least(delay, conf->backoff_max_ms);
	event("node", "node.restarting", ",\"delay_ms\":%ld", delay);
	state->restart_at_ms = now_ms() + delay;
	state->backoff_ms = delay ? delay * 2 : 1;
}

static void node_ended(struct state *state, int status)
{
	const struct conf *conf = state->conf;
	long ran_ms = now_ms() - state->started_ms;

	report_end(state, state->node, status);
	state->node = 0;
	kill_all(state);
	if (state->drain_until_ms >= 0) {
		end(state, state->ending);
	} else if (conf->exit_zero == EXIT_ZERO_POWEROFF && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		event("shutdown", "shutdown.started", ",\"cause\":\"exit 0\"");
		end(state, ENDING_POWEROFF);
	} else if (crash_loops(state)) {
		event("node", "machine.rebooting", ",\"cause\":\"%ld exits within %ld s\"", conf->crash_loop_count,
		      conf->crash_loop_window_s);
		end(state, ENDING_REBOOT);
	} else {
		restart_later(state, ran_ms);
	}
}

static void reap(struct state *state)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == state->node)
			node_ended(state, status);
}

static void drain(struct state *state, const char *cause, enum ending ending)
{
	if (state->ended || state->drain_until_ms >= 0)
		return;
	event("shutdown", "shutdown.started", ",\"cause\":\"%s\"", cause);
	state->ending = ending;
	state->drain_until_ms = now_ms() + state->conf->drain_timeout_s * 1000;
	if (state->node)
		kill(state->node, SIGTERM);
	else
		state->ended = true;
}

static void handle_signal(struct state *state, int signal_fd)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(state);
	else if (info.ssi_signo == SIGUSR1)
		drain(state, "reboot request", ENDING_REBOOT);
	else
		drain(state, strsignal((int)info.ssi_signo), ENDING_POWEROFF);
}

static void handle_button(struct state *state, struct pollfd *button)
{
	if ((button->revents & POLLIN) && platform_power_pressed(button->fd))
		drain(state, "power button", ENDING_POWEROFF);
	if (button->revents & (POLLERR | POLLHUP | POLLNVAL))
		button->fd = -1; /* it is gone, and poll() would report that without end */
}

/* Returns the shorter of two waits; -1 means no wait. */
static long sooner(long a, long b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return least(a, b);
}

static int next_timeout(const struct state *state)
{
	long at = state->drain_until_ms >= 0 ? state->drain_until_ms : state->restart_at_ms;
	long left = at - now_ms(), console = console_wait_ms();

	if (at < 0)
		left = -1;
	else if (left < 0)
		left = 0;
	/* Without a wait, poll() waits for the console itself. */
	return (int)sooner(sooner(left, log_timeout_ms()), console > 0 ? console : -1);
}

static void handle_time(struct state *state)
{
	long now = now_ms();

	if (state->drain_until_ms >= 0) {
		if (now < state->drain_until_ms)
			return;
		event("shutdown", "shutdown.deadline", ",\"seconds\":%ld", state->conf->drain_timeout_s);
		kill_all(state);
		state->ended = true;
	} else if (state->restart_at_ms >= 0 && now >= state->restart_at_ms) {
		start_node(state);
	}
}

static int open_signals(void)
{
	static const int wanted[] = { SIGCHLD, SIGTERM, SIGINT, SIGPWR, SIGUSR1 };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		sigaddset(&set, wanted[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

enum ending supervise(const struct conf *conf)
{
	static struct state state;
	struct pollfd polled[3 + MAX_BUTTONS];
	int buttons[MAX_BUTTONS], count;

	memset(&state, 0, sizeof(state));
	state.conf = conf;
	state.backoff_ms = conf->backoff_initial_ms;
	state.drain_until_ms = -1;
	polled[0] = (struct pollfd){ .fd = open_signals(), .events = POLLIN };
	if (polled[0].fd < 0) {
		event("init", "init.failed", ",\"error\":\"signalfd: %s\"", strerror(errno));
		return ENDING_REBOOT;
	}
	polled[1] = (struct pollfd){ .fd = log_start(conf->log_buffer_bytes), .events = POLLIN };
	start_node(&state);
	count = platform_power_buttons(buttons, MAX_BUTTONS);
	for (int i = 0; i < count; i++)
		polled[3 + i] = (struct pollfd){ .fd = buttons[i], .events = POLLIN };
	while (!state.ended) {
		polled[2] = (struct pollfd){ .fd = console_wait_ms() == 0 ? STDOUT_FILENO : -1, .events = POLLOUT };
		if (poll(polled, 3 + (nfds_t)count, next_timeout(&state)) < 0 && errno != EINTR) {
			event("init", "init.failed", ",\"error\":\"poll: %s\"", strerror(errno));
			end(&state, ENDING_REBOOT);
			break;
		}
		if (polled[0].revents & POLLIN)
			handle_signal(&state, polled[0].fd);
		if (polled[1].revents & POLLIN)
			log_read();
		log_pass_unfinished();
		if (polled[2].revents)
			console_write();
		for (int i = 0; i < count; i++)
			handle_button(&state, &polled[3 + i]);
		if (!state.ended)
			handle_time(&state);
	}
	kill_all(&state);
	return state.ending;
}
