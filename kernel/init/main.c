#include "init.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CONF "/srv/.nodeos/init.conf"
#define APP_DEVICE "/dev/vdb"
#define PARTITION "PARTLABEL="

/* Instead of a device: the host's folder of this tag. */
#define SHARED "9p"
#define SHARED_TAG "/app"

/* Longest wait for the console before the machine stops. */
#define CONSOLE_FLUSH_MS 5000

/* Tests use shorter times. */
#ifndef APP_DEVICE_WAIT_MS
#define APP_DEVICE_WAIT_MS 10000
#endif
#ifndef PAUSE_BEFORE_REBOOT_MS
#define PAUSE_BEFORE_REBOOT_MS 5000
#endif

static void finish(enum ending ending)
{
	platform_settle();
	event("shutdown", "shutdown.finished", NULL);
	console_flush(CONSOLE_FLUSH_MS);
	platform_end(ending);
}

/* A machine without its app layer or its data, or with broken ones, can only try again. */
static void give_up(const char *error)
{
	char escaped[MAX_ESCAPED];

	event("init", "init.failed", ",\"error\":\"%s\"", json_escape(error, escaped, sizeof(escaped)));
	event("init", "machine.rebooting", ",\"cause\":\"init failed\",\"delay_ms\":%d", PAUSE_BEFORE_REBOOT_MS);
	pause_ms(PAUSE_BEFORE_REBOOT_MS);
	finish(ENDING_REBOOT);
}

/* Finds a device by its path, or by the name of its partition (6.12 does not provide UUIDs), and returns its path. */
static bool device_exists(const char *wanted, char *device, size_t size)
{
	if (!strncmp(wanted, PARTITION, strlen(PARTITION)))
		return platform_partition(wanted + strlen(PARTITION), device, size);
	return platform_exists(wanted);
}

static int find_app_device(char *device, size_t device_size, char *error, size_t error_size)
{
	static char cmdline[4096];
	char wanted[MAX_DEVICE];
	long until = now_ms() + APP_DEVICE_WAIT_MS;
	ssize_t length = platform_read("/proc/cmdline", cmdline, sizeof(cmdline) - 1);
	int found;

	if (length < 0) {
		snprintf(error, error_size, "/proc/cmdline: %s", strerror(errno));
		return -1;
	}
	cmdline[length] = '\0';
	found = cmdline_value(cmdline, "nodeos.app", device, device_size);
	if (found < 0) {
		snprintf(error, error_size, "nodeos.app on the kernel command line is longer than %zu bytes",
			 device_size - 1);
		return -1;
	}
	if (!found)
		snprintf(device, device_size, "%s", APP_DEVICE);
	snprintf(wanted, sizeof(wanted), "%s", device);
	while (strcmp(device, SHARED) && !device_exists(wanted, device, device_size)) {
		if (now_ms() >= until) {
			snprintf(error, error_size, "app layer: %s did not appear within %d ms", wanted,
				 APP_DEVICE_WAIT_MS);
			return -1;
		}
		pause_ms(20);
	}
	return 0;
}

static int mount_app(char *error, size_t size)
{
	char device[MAX_DEVICE];
	int erofs, squashfs;

	if (find_app_device(device, sizeof(device), error, size) < 0)
		return -1;
	if (!strcmp(device, SHARED)) {
		if (platform_mount_shared(SHARED_TAG) == 0)
			return 0;
		snprintf(error, size, "app layer: shared folder: 9p: %s", strerror(errno));
		return -1;
	}
	if (platform_mount_app(device, "erofs") == 0)
		return 0;
	erofs = errno;
	if (platform_mount_app(device, "squashfs") == 0)
		return 0;
	squashfs = errno;
	/* strerror() may reuse its buffer. */
	snprintf(error, size, "app layer: %s: erofs: %s", device, strerror(erofs));
	snprintf(error + strlen(error), size - strlen(error), ", squashfs: %s", strerror(squashfs));
	return -1;
}

static int read_conf(struct conf *conf, char *error, size_t error_size)
{
	static char text[MAX_CONF];
	char reason[MAX_ERROR / 2];
	ssize_t length = platform_read(CONF, text, sizeof(text));

	if (length < 0) {
		snprintf(error, error_size, CONF ": %s", strerror(errno));
		return -1;
	}
	if ((size_t)length == sizeof(text)) {
		snprintf(error, error_size, CONF ": longer than %zu bytes", sizeof(text) - 1);
		return -1;
	}
	if (conf_parse(conf, text, (size_t)length, reason, sizeof(reason)) < 0) {
		snprintf(error, error_size, CONF ": %s", reason);
		return -1;
	}
	return 0;
}

static int prepare(struct conf *conf, char *error, size_t size)
{
	if (mount_app(error, size) < 0 || read_conf(conf, error, size) < 0)
		return -1;
	platform_zone(conf_env(conf, "TZ"));
	return conf->data ? data_mount(conf->data, error, size) : 0;
}

int main(void)
{
	static struct conf conf;
	char error[MAX_ERROR];

	platform_start();
	event("init", "init.started", NULL);
	if (prepare(&conf, error, sizeof(error)) < 0)
		give_up(error);
	else
		finish(supervise(&conf));
	return 0;
}
