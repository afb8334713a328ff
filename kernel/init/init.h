/* PID 1: mounts, one child, and what happens when either ends. */
#ifndef INIT_H
#define INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MAX_ARGS 64
#define MAX_ENV 256
#define MAX_CONF 65536
#define MAX_EVENT 1024

/* What the build baked in: /srv/.nodeos/init.conf. Strings point into the text that was parsed. */
struct conf {
	char *argv[MAX_ARGS + 1];
	char *env[MAX_ENV + 1];
	size_t argc;
	size_t envc;
	const char *cwd;
	bool exit_zero_poweroff;
	long backoff_initial_ms;
	long backoff_max_ms;
	long crash_loop_count;
	long crash_loop_window_s;
	long drain_timeout_s;
};

/* Parses text in place. Returns 0, or -1 with a message that names line and key. */
int conf_parse(struct conf *conf, char *text, size_t length, char *error, size_t error_size);

/* Copies the value of `key=` on the kernel command line. Returns whether it stands there. */
bool cmdline_value(const char *cmdline, const char *key, char *value, size_t size);

/* One JSON line on stdout. fmt and what follows make further members, as ",\"key\":…", or nothing. */
void event(const char *stage, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Copies text so that it can stand between quotes in JSON. */
const char *json_escape(const char *text, char *out, size_t size);

long now_ms(void);

/* How the machine ends. */
enum ending { ENDING_POWEROFF, ENDING_REBOOT };

/* Runs Node until the machine is to end, and says how. */
enum ending supervise(const struct conf *conf);

/* The kernel's door: the only part that a test on a host replaces. */
void platform_mount_early(void);
int platform_mount_app(char *error, size_t size);
ssize_t platform_read_conf(char *text, size_t size, char *error, size_t error_size);
int platform_power_buttons(int *fds, int most);
bool platform_power_pressed(int fd);
void platform_kill_rest(int signal);
void platform_end(enum ending ending);

#endif
