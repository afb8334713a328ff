#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_BUTTONS 4

struct state {
	const struct conf *conf;
	pid_t node;           /* 0 while none runs */
	long started_ms;
	long restart_at_ms;   /* when to start again, or -1 */
	long backoff_ms;
	long ends_ms[1000];   /* times of the last ends, a ring of crash_loop_count */
	size_t ends;
	long drain_until_ms;  /* deadline of a shutdown, or -1 */
	enum ending ending;
	bool ended;
};

static void start_node(struct state *state)
{
	const struct conf *conf = state->conf;
	sigset_t none;

	state->restart_at_ms = -1;
	state->started_ms = now_ms();
	state->node = fork();
	if (state->node < 0) {
		event("node", "node.failed", ",\"error\":\"fork: %s\"", strerror(errno));
		state->node = 0;
		state->restart_at_ms = now_ms() + 1000;
		return;
	}
	if (state->node > 0)
		return;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (chdir(conf->cwd) == 0)
		execve(conf->argv[0], conf->argv, conf->env);
	event("node", "node.failed", ",\"error\":\"it could not be started: %s\"", strerror(errno));
	_exit(127);
}

static bool crash_loops(struct state *state)
{
	size_t count = (size_t)state->conf->crash_loop_count;
	long now = now_ms(), oldest;

	state->ends_ms[state->ends % count] = now;
	state->ends++;
	if (state->ends < count)
		return false;
	oldest = state->ends_ms[state->ends % count];
	return now - oldest <= state->conf->crash_loop_window_s * 1000;
}

static void report_end(const struct state *state, int status)
{
	long ran_ms = now_ms() - state->started_ms;

	if (WIFSIGNALED(status))
		event("node", "node.exited", ",\"signal\":%d,\"name\":\"%s\",\"ran_ms\":%ld", WTERMSIG(status),
		      strsignal(WTERMSIG(status)), ran_ms);
	else
		event("node", "node.exited", ",\"status\":%d,\"ran_ms\":%ld", WEXITSTATUS(status), ran_ms);
}

static void end(struct state *state, enum ending ending)
{
	state->ending = ending;
	state->ended = true;
}

static void node_ended(struct state *state, int status)
{
	const struct conf *conf = state->conf;

	state->node = 0;
	report_end(state, status);
	platform_kill_rest(SIGKILL); /* its children would go on with its ports open */
	if (state->drain_until_ms >= 0) {
		end(state, state->ending);
		return;
	}
	if (conf->exit_zero_poweroff && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		event("shutdown", "shutdown.started", ",\"cause\":\"exit 0\"");
		end(state, ENDING_POWEROFF);
		return;
	}
	if (crash_loops(state)) {
		event("node", "machine.rebooting", ",\"cause\":\"%ld ends within %ld s\"", conf->crash_loop_count,
		      conf->crash_loop_window_s);
		end(state, ENDING_REBOOT);
		return;
	}
	if (now_ms() - state->started_ms > conf->crash_loop_window_s * 1000)
		state->backoff_ms = conf->backoff_initial_ms;
	event("node", "node.restarting", ",\"delay_ms\":%ld", state->backoff_ms);
	state->restart_at_ms = now_ms() + state->backoff_ms;
	state->backoff_ms = state->backoff_ms ? state->backoff_ms * 2 : 1;
	if (state->backoff_ms > conf->backoff_max_ms)
		state->backoff_ms = conf->backoff_max_ms;
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
	if (state->drain_until_ms >= 0)
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

static int next_timeout(const struct state *state)
{
	long at = state->restart_at_ms, left;

	if (state->drain_until_ms >= 0)
		at = state->drain_until_ms;
	if (at < 0)
		return -1;
	left = at - now_ms();
	return left > 0 ? (int)left : 0;
}

static void handle_time(struct state *state)
{
	long now = now_ms();

	if (state->drain_until_ms >= 0) {
		if (now < state->drain_until_ms)
			return;
		event("shutdown", "shutdown.deadline", ",\"seconds\":%ld", state->conf->drain_timeout_s);
		platform_kill_rest(SIGKILL);
		if (state->node)
			kill(state->node, SIGKILL);
		state->ended = true;
	} else if (!state->node && state->restart_at_ms >= 0 && now >= state->restart_at_ms) {
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
	struct pollfd polled[1 + MAX_BUTTONS];
	int buttons[MAX_BUTTONS], count;

	memset(&state, 0, sizeof(state));
	state.conf = conf;
	state.backoff_ms = conf->backoff_initial_ms;
	state.drain_until_ms = -1;
	polled[0].fd = open_signals();
	polled[0].events = POLLIN;
	start_node(&state);
	count = platform_power_buttons(buttons, MAX_BUTTONS);
	for (int i = 0; i < count; i++)
		polled[1 + i] = (struct pollfd){ .fd = buttons[i], .events = POLLIN };
	while (!state.ended) {
		if (poll(polled, 1 + (nfds_t)count, next_timeout(&state)) < 0 && errno != EINTR)
			break;
		if (polled[0].revents & POLLIN)
			handle_signal(&state, polled[0].fd);
		for (int i = 0; i < count; i++)
			if ((polled[1 + i].revents & POLLIN) && platform_power_pressed(polled[1 + i].fd))
				drain(&state, "power button", ENDING_POWEROFF);
		if (!state.ended)
			handle_time(&state);
	}
	event("shutdown", "shutdown.finished", NULL);
	return state.ending;
}
