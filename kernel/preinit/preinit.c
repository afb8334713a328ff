/* PID 1 of an initramfs: makes block devices of layers that are files, and hands over to init in the runtime layer. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BLOCKS "/sys/class/block"
#define MEDIUM "/medium"
#define WAIT_MS 20000

static void pause_ms(long ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

/* An event as init prints them. A machine without its layers can only try again. */
static int give_up(const char *what)
{
	const char *reason = strerror(errno);
	struct timespec real, uptime;
	struct tm utc;
	char date[32];

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &uptime);
	gmtime_r(&real.tv_sec, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	printf("{\"time\":\"%s.%03ldZ\",\"uptime\":%ld.%03ld,\"stage\":\"init\",\"event\":\"init.failed\","
	       "\"error\":\"%s: %s\"}\n",
	       date, real.tv_nsec / 1000000, (long)uptime.tv_sec, uptime.tv_nsec / 1000000, what, reason);
	fflush(stdout);
	pause_ms(5000);
	return reboot(RB_AUTOBOOT);
}

static bool mount_medium(const char *name)
{
	char device[300];

	snprintf(device, sizeof(device), "/dev/%s", name);
	if (mount(device, MEDIUM, "iso9660", MS_RDONLY, NULL) < 0)
		return false;
	if (access(MEDIUM "/layers/runtime", R_OK) == 0)
		return true;
	umount(MEDIUM);
	return false;
}

/* The layers' folder: in the initramfs itself, or on the CD or USB disk that holds them. */
static const char *find_layers(void)
{
	bool found = false;

	if (access("/layers/runtime", R_OK) == 0)
		return "/layers";
	for (long waited = 0; !found && waited < WAIT_MS; waited += 50) {
		DIR *blocks = opendir(BLOCKS);
		struct dirent *block;

		while (blocks && !found && (block = readdir(blocks)))
			found = block->d_name[0] != '.' && mount_medium(block->d_name);
		if (blocks)
			closedir(blocks);
		if (!found)
			pause_ms(50);
	}
	return found ? MEDIUM "/layers" : NULL;
}

static int attach(const char *device, const char *folder, const char *name)
{
	struct loop_config config = { .info = { .lo_flags = LO_FLAGS_READ_ONLY } };
	char path[64];
	int loop = open(device, O_RDONLY | O_CLOEXEC), file, result;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (loop < 0 || file < 0)
		return -1;
	config.fd = (unsigned)file;
	result = ioctl(loop, LOOP_CONFIGURE, &config);
	close(file);
	close(loop);
	return result;
}

int main(void)
{
	const char *layers;

	mkdir("/dev", 0755);
	mkdir("/sys", 0755);
	mkdir("/root", 0755);
	mkdir(MEDIUM, 0755);
	mount("devtmpfs", "/dev", "devtmpfs", 0, "mode=0755");
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	layers = find_layers();
	if (!layers)
		return give_up("no disk contains the layers");
	if (attach("/dev/loop0", layers, "runtime") < 0 || attach("/dev/loop1", layers, "app") < 0)
		return give_up("cannot attach the layers");
	if (mount("/dev/loop0", "/root", "erofs", MS_RDONLY, NULL) < 0 &&
	    mount("/dev/loop0", "/root", "squashfs", MS_RDONLY, NULL) < 0)
		return give_up("cannot mount the runtime layer");
	umount("/sys");
	if (mount("/dev", "/root/dev", NULL, MS_MOVE, NULL) < 0 || chdir("/root") < 0 ||
	    mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return give_up("cannot switch to the runtime layer");
	execl("/init", "/init", NULL);
	return give_up("cannot run /init");
}
