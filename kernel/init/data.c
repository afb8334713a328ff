#include "init.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Tests have their own, and are in more of a hurry. */
#ifndef E2FSCK
#define E2FSCK "/bin/e2fsck"
#endif
#ifndef DATA_DISK_WAIT_MS
#define DATA_DISK_WAIT_MS 10000
#endif

#define MAX_DISKS 64
#define LABEL_BYTES 16

/* Where things stand in an ext4 file system: fs/ext4/ext4.h, struct ext4_super_block. */
#define SUPERBLOCK 1024
#define BLOCKS_LOW 0x4
#define LOG_BLOCK_SIZE 0x18
#define MAGIC 0x38
#define INCOMPATIBLE 0x60
#define LABEL 0x78
#define BLOCKS_HIGH 0x150
#define SUPERBLOCK_BYTES 1024
#define EXT4_MAGIC 0xef53
#define FEATURE_64BIT 0x80

/* e2fsck's exit status: bits. */
#define NOT_REPAIRED 0x4

struct ext4 {
	char label[LABEL_BYTES + 1];
	unsigned long long block_bytes;
	unsigned long long blocks;
};

static uint32_t little(const unsigned char *at, int bytes)
{
	uint32_t value = 0;

	for (int i = 0; i < bytes; i++)
		value |= (uint32_t)at[i] << (8 * i);
	return value;
}

static bool read_ext4(const char *device, struct ext4 *found)
{
	unsigned char start[SUPERBLOCK + SUPERBLOCK_BYTES], *super = start + SUPERBLOCK;
	uint32_t log_block_size;

	if (platform_read(device, (char *)start, sizeof(start)) != (ssize_t)sizeof(start))
		return false;
	log_block_size = little(super + LOG_BLOCK_SIZE, 4);
	if (little(super + MAGIC, 2) != EXT4_MAGIC || log_block_size > 6)
		return false;
	memcpy(found->label, super + LABEL, LABEL_BYTES);
	found->label[LABEL_BYTES] = '\0';
	found->block_bytes = 1024ull << log_block_size;
	found->blocks = little(super + BLOCKS_LOW, 4);
	if (little(super + INCOMPATIBLE, 4) & FEATURE_64BIT)
		found->blocks |= (unsigned long long)little(super + BLOCKS_HIGH, 4) << 32;
	return true;
}

/* Returns how many disks have that label; device is the last one's. */
static int find_label(const char *label, char *device)
{
	static char devices[MAX_DISKS][MAX_DEVICE];
	int count = platform_disks(devices, MAX_DISKS), found = 0;
	struct ext4 ext4;

	for (int i = 0; i < count; i++) {
		if (!read_ext4(devices[i], &ext4) || strcmp(ext4.label, label))
			continue;
		strcpy(device, devices[i]);
		found++;
	}
	return found;
}

static int find_disk(const char *label, char *device, char *error, size_t size)
{
	long until = now_ms() + DATA_DISK_WAIT_MS;
	int found;

	while ((found = find_label(label, device)) == 0 && now_ms() < until)
		pause_ms(20);
	if (found == 0)
		snprintf(error, size, "data: no disk has an ext4 file system with the label %s", label);
	if (found > 1)
		snprintf(error, size, "data: %d disks have the label %s; only one may have it", found, label);
	return found == 1 ? 0 : -1;
}

static int check_disk(char *device, char *error, size_t size)
{
	char program[] = E2FSCK, repair[] = "-p", said[MAX_ERROR / 2], escaped[MAX_ESCAPED];
	char *const argv[] = { program, repair, device, NULL };
	int status = run_program(argv, said, sizeof(said));

	if (status < 0) {
		snprintf(error, size, "data: " E2FSCK ": %s", strerror(errno));
		return -1;
	}
	event("init", "data.checked", ",\"status\":%d,\"said\":\"%s\"", status,
	      json_escape(said, escaped, sizeof(escaped)));
	if (status < NOT_REPAIRED)
		return 0;
	snprintf(error, size, "data: %s needs a manual repair (e2fsck -p exited with %d): %s", device,
		 status, said);
	return -1;
}

/* A disk that is larger than what is on it was made larger for a reason. */
static void grow(const char *device)
{
	struct ext4 before, after;
	long long bytes = platform_disk_bytes(device);

	if (bytes < 0 || !read_ext4(device, &before))
		return;
	if ((unsigned long long)bytes / before.block_bytes <= before.blocks)
		return;
	if (platform_resize_data((unsigned long long)bytes / before.block_bytes) < 0)
		event("init", "data.not_grown", ",\"device\":\"%s\",\"error\":\"%s\"", device, strerror(errno));
	else if (read_ext4(device, &after) && after.blocks > before.blocks)
		event("init", "data.grown", ",\"device\":\"%s\",\"from\":%llu,\"to\":%llu", device,
		      before.blocks * before.block_bytes, after.blocks * after.block_bytes);
}

int data_mount(const char *label, char *error, size_t size)
{
	char device[MAX_DEVICE];

	if (find_disk(label, device, error, size) < 0 || check_disk(device, error, size) < 0)
		return -1;
	if (platform_mount_data(device) < 0) {
		snprintf(error, size, "data: %s: mount: %s", device, strerror(errno));
		return -1;
	}
	grow(device);
	event("init", "data.mounted", ",\"device\":\"%s\"", device);
	return 0;
}
