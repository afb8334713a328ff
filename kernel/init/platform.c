#include "init.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/input.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONSOLE "/dev/console"
#define BLOCKS "/sys/class/block"
#define LOG_FIFO "/run/nodeos/log"
#define DATA "/data"
#define ZONES "/usr/share/zoneinfo"

/* From the kernel's fs/ext4/ext4.h, which programs do not get to see. */
#define EXT4_IOC_RESIZE_FS _IOW('f', 16, unsigned long long)

static void warn(const char *what, const char *path)
{
	event("init", "init.warning", ",\"error\":\"%s %s: %s\"", what, path, strerror(errno));
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		warn("write", path);
	if (fd >= 0)
		close(fd);
}

static void mount_or_warn(const char *type, const char *target, unsigned long flags, const char *data)
{
	if (mount(type, target, type, flags, data) < 0)
		warn("mount", target);
}

static void link_or_warn(const char *target, const char *path)
{
	if (symlink(target, path) < 0 && errno != EEXIST)
		warn("link", path);
}

static void open_console(void)
{
	int fd = open(CONSOLE, O_RDWR | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

/* The kernel's hard limit is 4096; Node lifts its own soft limit to whatever the hard one is. */
static void allow_many_files(void)
{
	struct rlimit files = { .rlim_cur = 1024, .rlim_max = 1048576 };

	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		warn("limit", "open files");
}

void platform_start(void)
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
	link_or_warn("/proc/self/fd", "/dev/fd");
	link_or_warn("/proc/self/fd/0", "/dev/stdin");
	link_or_warn("/proc/self/fd/1", "/dev/stdout");
	link_or_warn("/proc/self/fd/2", "/dev/stderr");
	mkdir("/run/nodeos", 0755);
	write_file("/run/hosts", "127.0.0.1 localhost\n::1 localhost\n");
	write_file("/run/resolv.conf", "");
	allow_many_files();
	reboot(RB_DISABLE_CAD); /* Ctrl-Alt-Del becomes SIGINT, and so a drain */
}

ssize_t platform_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), saved;
	size_t used = 0;
	ssize_t got = 0;

	if (fd < 0)
		return -1;
	while (used < size && (got = read(fd, text + used, size - used)) > 0)
		used += (size_t)got;
	saved = errno;
	close(fd);
	errno = saved;
	return got < 0 ? -1 : (ssize_t)used;
}

bool platform_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool platform_partition(const char *label, char *device, size_t size)
{
	char path[300], text[512], line[64];
	DIR *blocks = opendir(BLOCKS);
	struct dirent *block;
	bool found = false;

	snprintf(line, sizeof(line), "\nPARTNAME=%s\n", label);
	while (blocks && !found && (block = readdir(blocks))) {
		ssize_t length;

		snprintf(path, sizeof(path), BLOCKS "/%s/uevent", block->d_name);
		length = platform_read(path, text, sizeof(text) - 1);
		if (length < 0)
			continue;
		text[length] = '\0';
		if (strstr(text, line))
			found = (size_t)snprintf(device, size, "/dev/%s", block->d_name) < size;
	}
	if (blocks)
		closedir(blocks);
	return found && platform_exists(device);
}

int platform_mount_app(const char *device, const char *type)
{
	return mount(device, "/srv", type, MS_RDONLY | MS_NOSUID | MS_NODEV, NULL);
}

int platform_mount_shared(const char *tag)
{
	return mount(tag, "/srv", "9p", MS_RDONLY | MS_NOSUID | MS_NODEV,
		     "trans=virtio,version=9p2000.L,msize=262144");
}

int platform_disks(char (*devices)[MAX_DEVICE], int most)
{
	DIR *blocks = opendir(BLOCKS);
	struct dirent *block;
	int found = 0;

	while (blocks && found < most && (block = readdir(blocks)))
		if (block->d_name[0] != '.' &&
		    (size_t)snprintf(devices[found], MAX_DEVICE, "/dev/%s", block->d_name) < MAX_DEVICE)
			found++;
	if (blocks)
		closedir(blocks);
	return found;
}

int platform_mount_data(const char *device)
{
	return mount(device, DATA, "ext4", MS_NOSUID | MS_NODEV | MS_NOATIME, "errors=remount-ro");
}

long long platform_disk_bytes(const char *device)
{
	int fd = open(device, O_RDONLY | O_CLOEXEC);
	unsigned long long bytes;
	int failed;

	if (fd < 0)
		return -1;
	failed = ioctl(fd, BLKGETSIZE64, &bytes);
	close(fd);
	return failed < 0 ? -1 : (long long)bytes;
}

int platform_resize_data(unsigned long long blocks)
{
	int fd = open(DATA, O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed, saved;

	if (fd < 0)
		return -1;
	failed = ioctl(fd, EXT4_IOC_RESIZE_FS, &blocks);
	saved = errno;
	close(fd);
	errno = saved;
	return failed;
}

int platform_log_fifo(long bytes)
{
	int fd;

	if (mkfifo(LOG_FIFO, 0600) < 0)
		return -1;
	fd = open(LOG_FIFO, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && fcntl(fd, F_SETPIPE_SZ, bytes) < 0)
		warn("resize", LOG_FIFO);
	return fd;
}

bool platform_busy(void)
{
	char text[64];
	ssize_t length = platform_read("/proc/loadavg", text, sizeof(text) - 1);
	const char *field = text;

	/* "0.20 0.18 0.12 3/80 1234": after three averages, how many run of how many there are. */
	text[length > 0 ? length : 0] = '\0';
	for (int i = 0; field && i < 3; i++) {
		field = strchr(field, ' ');
		field = field ? field + 1 : NULL;
	}
	return field && atoi(field) > sysconf(_SC_NPROCESSORS_ONLN);
}

int platform_kernel_log(void)
{
	return open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

void platform_zone(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), ZONES "/%s", name && *name ? name + (*name == ':') : "Etc/UTC");
	/* A TZ such as CET-1CEST is a rule, not a name. */
	link_or_warn(access(path, R_OK) == 0 ? path : ZONES "/Etc/UTC", "/run/localtime");
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

/* Nothing is typed into a machine. A terminal, which the console is, would have a size of 0 by 0. */
void platform_child_stdio(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd > 0) {
		dup2(fd, STDIN_FILENO);
		close(fd);
	}
}

void platform_kill_rest(void)
{
	kill(-1, SIGKILL);
}

void platform_settle(void)
{
	sync();
	if (umount2(DATA, 0) < 0 && errno != EINVAL) {
		warn("unmount", DATA);
		mount(NULL, DATA, NULL, MS_REMOUNT | MS_RDONLY, NULL);
	}
	umount2("/srv", MNT_DETACH);
}

void platform_end(enum ending ending)
{
	reboot(ending == ENDING_REBOOT ? RB_AUTOBOOT : RB_POWER_OFF);
	for (;;)
		pause();
}
