#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CONF "/srv/.nodeos/init.conf"
#define APP_DEVICE "/dev/vdb"
#define APP_DEVICE_WAIT_MS 10000

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		event("init", "init.warning", ",\"error\":\"%s: %s\"", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void mount_or_warn(const char *type, const char *target, unsigned long flags, const char *data)
{
	if (mount(type, target, type, flags, data) < 0)
		event("init", "init.warning", ",\"error\":\"mount %s: %s\"", target, strerror(errno));
}

/* The kernel opens /dev/console for us only when it stands in the root file system. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

void platform_mount_early(void)
{
	open_console();
	mount_or_warn("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_or_warn("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_or_warn("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
	mount_or_warn("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755");
	mkdir("/dev/pts", 0755);
	mount_or_warn("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "ptmxmode=0666");
	mkdir("/dev/shm", 01777);
	mount_or_warn("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
	if (symlink("/proc/self/fd", "/dev/fd") == 0) {
		symlink("/proc/self/fd/0", "/dev/stdin");
		symlink("/proc/self/fd/1", "/dev/stdout");
		symlink("/proc/self/fd/2", "/dev/stderr");
	}
	mkdir("/run/nodeos", 0755);
	write_file("/run/hosts", "127.0.0.1 localhost\n::1 localhost\n");
	write_file("/run/resolv.conf", "");
	reboot(RB_DISABLE_CAD);
}

static ssize_t read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got = 0;

	if (fd < 0)
		return -1;
	while (used < size && (got = read(fd, text + used, size - used)) > 0)
		used += (size_t)got;
	close(fd);
	return got < 0 ? -1 : (ssize_t)used;
}

int platform_mount_app(char *error, size_t size)
{
	static const char *const types[] = { "erofs", "squashfs" };
	char cmdline[4096], device[64];
	struct timespec pause = { .tv_nsec = 20000000 };
	long until = now_ms() + APP_DEVICE_WAIT_MS;
	ssize_t length = read_file("/proc/cmdline", cmdline, sizeof(cmdline) - 1);

	cmdline[length > 0 ? length : 0] = '\0';
	if (!cmdline_value(cmdline, "nodeos.app", device, sizeof(device)))
		strcpy(device, APP_DEVICE);
	while (access(device, F_OK) < 0 && now_ms() < until)
		nanosleep(&pause, NULL);
	for (size_t i = 0; i < 2; i++)
		if (mount(device, "/srv", types[i], MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) == 0)
			return 0;
	snprintf(error, size, "app layer %s: %s", device, strerror(errno));
	return -1;
}

ssize_t platform_read_conf(char *text, size_t size, char *error, size_t error_size)
{
	ssize_t length = read_file(CONF, text, size);

	if (length < 0)
		snprintf(error, error_size, CONF ": %s", strerror(errno));
	if ((size_t)length == size) {
		snprintf(error, error_size, CONF " is longer than %zu bytes", size - 1);
		return -1;
	}
	return length;
}

int platform_power_buttons(int *fds, int most)
{
	int found = 0;

	for (int i = 0; i < 16 && found < most; i++) {
		unsigned char keys[KEY_MAX / 8 + 1] = { 0 };
		char path[32];
		int fd;

		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (ioctl(fd, EVIOCGBIT(EV_KEY, sizeof(keys)), keys) >= 0 &&
		    (keys[KEY_POWER / 8] & (1 << (KEY_POWER % 8))))
			fds[found++] = fd;
		else
			close(fd);
	}
	return found;
}

bool platform_power_pressed(int fd)
{
	struct input_event pressed;
	bool power = false;

	while (read(fd, &pressed, sizeof(pressed)) == sizeof(pressed))
		power |= pressed.type == EV_KEY && pressed.code == KEY_POWER && pressed.value == 1;
	return power;
}

void platform_kill_rest(int signal)
{
	kill(-1, signal);
}

void platform_end(enum ending ending)
{
	kill(-1, SIGKILL);
	sync();
	umount2("/data", MNT_DETACH);
	umount2("/srv", MNT_DETACH);
	reboot(ending == ENDING_REBOOT ? RB_AUTOBOOT : RB_POWER_OFF);
	for (;;)
		pause();
}
