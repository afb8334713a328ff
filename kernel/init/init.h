/* PID 1: mounts the file systems and supervises one child. */
#ifndef INIT_H
#define INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MAX_ARGS 64
#define MAX_ENV 256
#define MAX_CONF 65536
#define MAX_CRASH_LOOP 1000
#define MAX_DEVICE 64
#define MAX_ERROR 256
/* Every character of an error may become \u00xx. */
#define MAX_ESCAPED (6 * MAX_ERROR + 1)
#define MAX_DETAILS (MAX_ESCAPED + 128)

enum exit_zero { EXIT_ZERO_UNSET, EXIT_ZERO_RESTART, EXIT_ZERO_POWEROFF };

/* The settings of the build, /srv/.nodeos/init.conf. Strings point into the parsed text. */
struct conf {
	char *argv[MAX_ARGS + 1];
	char *env[MAX_ENV + 2]; /* the variables, PATH if it is missing, NULL */
	size_t argc;
	size_t envc;
	const char *cwd;
	const char *data; /* label of the data disk; NULL without one */
	enum exit_zero exit_zero;
	long backoff_initial_ms;
	long backoff_max_ms;
	long crash_loop_count;
	long crash_loop_window_s;
	long drain_timeout_s;
	long log_buffer_bytes; /* 0: logs are not forwarded */
};

/* The value of a variable in the environment of Node, or NULL. */
const char *conf_env(const struct conf *conf, const char *name);

/*
 * Parses text in place; text[length] must be writable. Returns 0, or -1 with a message that names
 * line and key, never a value.
 */
int conf_parse(struct conf *conf, char *text, size_t length, char *error, size_t error_size);

/*
 * Copies the value of `key=` on the kernel command line; as for the kernel, the last one counts and
 * double quotes keep words together. Returns 1, 0 if the key is missing, -1 if the value is too long.
 */
int cmdline_value(const char *cmdline, const char *key, char *value, size_t size);

/* Logs one JSON line. fmt and what follows make further members, as ",\"key\":…", or nothing. */
void event(const char *stage, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Formats the line of an event. Returns its length, 0 when it does not fit. */
size_t event_line(char *line, size_t size, const char *stage, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* Copies text so that it can stand between quotes in JSON. */
const char *json_escape(const char *text, char *out, size_t size);

/* Milliseconds since the kernel started. */
long now_ms(void);

/*
 * Makes the pipe that Node's output comes through and, if bytes is not 0, a FIFO of that size with a copy of the
 * log. Returns what to poll, or -1: Node then writes to the console itself.
 */
int log_start(long bytes);
/* In the child, before it becomes Node: its output goes to the pipe. */
void log_child_stdio(void);
/* Reads some of Node's output; false if nothing is left. */
bool log_read(void);
/* Reads the rest of the output after Node has exited, and ends its last line. */
void log_read_rest(void);
/* Milliseconds until an unfinished line is to be shown, or -1. */
long log_timeout_ms(void);
/* Passes on a line that has been unfinished for long. */
void log_pass_unfinished(void);
/* Logs an event of init itself; the console gets it at once if it takes it. */
void log_event(const char *line, size_t length);

/* Queues lines for the console. Those that do not fit are dropped and counted; events have room of their own. */
void console_queue(const char *text, size_t length, bool is_event);
/* Milliseconds until the console is to be written; -1 when nothing is queued. */
long console_wait_ms(void);
/* Writes as much as the console accepts now; false if it accepts nothing. */
bool console_write(void);
/* Waits until the console has accepted everything, or for the given time. */
void console_flush(long most_ms);

/* Logs which fault killed a program that started then, if the signal is that of a fault. */
void explain_crash(pid_t pid, int signal, long since_ms);

/*
 * Finds the disk whose ext4 file system has that label, checks it, mounts it at /data and lets it fill its disk.
 * Returns 0, or -1 with what is wrong: nothing is mounted then.
 */
int data_mount(const char *label, char *error, size_t size);

/*
 * Runs a program to its end. The last bytes of its output, with line breaks as spaces, are copied to said.
 * Returns its exit status, 128 and the signal that killed it, or -1 with errno when it cannot be started.
 */
int run_program(char *const argv[], char *said, size_t size);

void pause_ms(long ms);

/* How the machine stops. */
enum ending { ENDING_POWEROFF, ENDING_REBOOT };

/* Runs Node until the machine must stop, and returns how. No other process is left then. */
enum ending supervise(const struct conf *conf);

/* Calls of the kernel: the only part that tests on a host replace. */
void platform_start(void);
ssize_t platform_read(const char *path, char *text, size_t size);
bool platform_exists(const char *path);
/* Looks for a partition by its name in the GPT; its device is copied. Returns whether it is there. */
bool platform_partition(const char *label, char *device, size_t size);
int platform_mount_app(const char *device, const char *type);
/* Mounts a folder of the host, shared over 9p under that tag. */
int platform_mount_shared(const char *tag);
/* Copies the paths of block devices, at most so many; returns how many there are. */
int platform_disks(char (*devices)[MAX_DEVICE], int most);
/* Mounts an ext4 file system at /data. */
int platform_mount_data(const char *device);
/* Bytes of a block device, or -1. */
long long platform_disk_bytes(const char *device);
/* Makes the file system at /data so many of its blocks large, while it is mounted. */
int platform_resize_data(unsigned long long blocks);
/* Opens the FIFO for both ends, so that it stays when its reader goes; never blocks. */
int platform_log_fifo(long bytes);
/* Whether more programs want to run than there are CPUs. */
bool platform_busy(void);
/* Opens the kernel's log: each read returns one record, and none waits for the next. */
int platform_kernel_log(void);
/* Links the machine's time zone, whose name is TZ's value; without one it is UTC. */
void platform_zone(const char *name);
int platform_power_buttons(int *fds, int most);
bool platform_power_pressed(int fd);
void platform_child_stdio(void);
void platform_kill_rest(void);
void platform_settle(void);
void platform_end(enum ending ending);

#endif
