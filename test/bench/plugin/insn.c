/*
 * insn.so: counts the instructions that a guest executes under TCG, by where they run, into a file that can be
 * read at any moment while the guest goes on.
 *
 *   cc -shared -fPIC -O2 -Wall -Wextra -Werror -o insn.so insn.c
 *   qemu-system-x86_64 -accel tcg -plugin ./insn.so,counters=FILE ...
 *
 * counters: an array of 64-byte records, one a vCPU; each begins with four little-endian uint64:
 *     firmware  before the kernel's first instruction
 *     loader    of the kernel, before it runs at its own (high) addresses: entry code and the decompressor
 *     kernel    in the upper half of the address space
 *     user      everything low after that
 *
 * Blocks are counted, not single instructions, for speed. One that ends early, by a page fault for instance, counts
 * whole, and its rest again when it resumes: over a boot the difference is lost in the noise between runs (1 %).
 * A `rep` string instruction counts once an iteration.
 * Give the guest 64 MiB or more: in less, SeaBIOS moves itself to where the loader is looked for.
 */
#include "abi.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum place { FIRMWARE, LOADER, KERNEL, USER };

struct counters {
    uint64_t count[4];
    uint64_t padding[4]; /* a cache line of its own for each vCPU */
};

static const uint64_t upper_half = UINT64_C(1) << 63;
/* Both entry points of an x86-64 kernel lie here; SeaBIOS runs below, and moves itself to the end of memory. */
static const uint64_t kernel_load_first = 0x100000;
static const uint64_t kernel_load_last = 0x1ffffff;

int qemu_plugin_version = 1;

static struct counters *counters;
static bool inline_adds;
static enum place low_code = FIRMWARE;

/* QEMU reads the version after loading the plugin and rejects versions that it does not support. */
__attribute__((constructor)) static void choose_version(void)
{
    if (qemu_plugin_register_vcpu_tb_exec_inline == NULL)
        qemu_plugin_version = 2;
}

static enum place classify(uint64_t address)
{
    if (address >= upper_half) {
        low_code = USER;
        return KERNEL;
    }
    if (low_code == FIRMWARE && address >= kernel_load_first && address <= kernel_load_last)
        low_code = LOADER;
    return low_code;
}

/* The user data is the number of instructions in the upper bits and the place in the lowest two. */
static void count_block(unsigned int vcpu, void *userdata)
{
    uintptr_t packed = (uintptr_t)userdata;
    counters[vcpu].count[packed & 3] += packed >> 2;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    (void)id;
    size_t instructions = qemu_plugin_tb_n_insns(tb);
    uint64_t address = qemu_plugin_tb_vaddr(tb);
    enum place place = classify(address);

    if (!inline_adds) {
        void *userdata = (void *)((uintptr_t)instructions << 2 | place);
        qemu_plugin_register_vcpu_tb_exec_cb(tb, count_block, QEMU_PLUGIN_CB_NO_REGS, userdata);
        return;
    }
    qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64, &counters[0].count[place],
                                             instructions);
}

static void *map_file(const char *path, size_t bytes)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    void *memory = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, (off_t)bytes) == 0)
        memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED)
        perror(path);
    if (fd >= 0)
        close(fd);
    return memory == MAP_FAILED ? NULL : memory;
}

static const char *value_of(const char *argument, const char *key)
{
    size_t length = strlen(key);
    return strncmp(argument, key, length) == 0 && argument[length] == '=' ? argument + length + 1 : NULL;
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info,
                                                               int argc, char **argv)
{
    int vcpus = info->system_emulation ? info->system.max_vcpus : 1;

    for (int i = 0; i < argc; i++) {
        const char *path = value_of(argv[i], "counters");
        if (path != NULL)
            counters = map_file(path, sizeof(*counters) * (size_t)vcpus);
    }
    if (counters == NULL) {
        fprintf(stderr, "insn.so: needs counters=FILE\n");
        return 1;
    }
    /* Inline additions are not atomic: right for one vCPU, or lost counts. */
    inline_adds = qemu_plugin_register_vcpu_tb_exec_inline != NULL && vcpus == 1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    return 0;
}
