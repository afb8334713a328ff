/* Explains the death of a program by a fault: which file, on which CPU, and what to do. */
#include "init.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CPU_INFO "/proc/cpuinfo"
#define MAX_NAME 128

struct fault {
	int signal;
	const char *name;
	bool logged; /* by the kernel, with the file of the instruction */
	const char *hint;
};

#define NEWER_CPU \
	"give the machine a newer CPU: -cpu max (with KVM: -cpu host) in QEMU, <cpu mode='host-passthrough'/> in libvirt"

static const struct fault faults[] = {
	{ SIGILL, "SIGILL", true,
	  "a native addon used an instruction that this CPU does not have; " NEWER_CPU },
	{ SIGSEGV, "SIGSEGV", true, "a native addon or Node accessed memory that is not its own; update the addon" },
	{ SIGBUS, "SIGBUS", true, "a native addon or Node accessed memory that does not exist; update the addon" },
	{ SIGFPE, "SIGFPE", true, "a native addon or Node divided by zero; update the addon" },
	{ SIGABRT, "SIGABRT", false, "Node or a native addon aborted; the lines above say why" },
};

/* What x86-64-v2 has and the first 64-bit CPUs lack, as /proc/cpuinfo names it: addons are compiled for it. */
static const char *const wanted[] = { "cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2" };

/* Copies the rest of the first line that starts with that name, or an empty string. */
static void cpu_line(const char *text, const char *name, char *value, size_t size)
{
	const char *line = strstr(text, name), *start = line ? strchr(line, ':') : NULL;
	size_t length;

	value[0] = '\0';
	if (!start)
		return;
	start += 1 + strspn(start + 1, " ");
	length = strcspn(start, "\n");
	if (length >= size)
		length = size - 1;
	memcpy(value, start, length);
	value[length] = '\0';
}

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += length)
		if ((at == text || at[-1] == ' ') && (at[length] == ' ' || !at[length]))
			return true;
	return false;
}

static void describe_cpu(char *model, size_t model_size, char *missing, size_t missing_size)
{
	static char text[8192], flags[4096];
	ssize_t length = platform_read(CPU_INFO, text, sizeof(text) - 1);

	text[length > 0 ? length : 0] = '\0';
	cpu_line(text, "model name", model, model_size);
	cpu_line(text, "\nflags", flags, sizeof(flags));
	missing[0] = '\0';
	for (size_t i = 0; flags[0] && i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		size_t used = strlen(missing);

		if (!has_word(flags, wanted[i]))
			snprintf(missing + used, missing_size - used, "%s%s", used ? " " : "", wanted[i]);
	}
}

static bool is_fault(const char *record)
{
	return strstr(record, "traps: ") || strstr(record, ": segfault at ");
}

/*
 * Finds the file that the kernel named at the last fault since then: a record is `level,number,microseconds,flags;`
 * and "traps: node[7] trap invalid opcode ip:… sp:… error:0 in addon.node[1234,7f00…+1000]".
 */
static void find_file(long since_ms, char *file, size_t size)
{
	int fd = platform_kernel_log();
	char record[1024];
	ssize_t length;

	file[0] = '\0';
	while (fd >= 0 && (length = read(fd, record, sizeof(record) - 1)) > 0) {
		const char *time = record, *start = NULL, *next;

		record[length] = '\0';
		for (int comma = 0; time && comma < 2; comma++) {
			time = strchr(time, ',');
			time = time ? time + 1 : NULL;
		}
		if (!time || atoll(time) / 1000 < since_ms || !is_fault(record))
			continue;
		for (next = record; (next = strstr(next, " in ")); next += 4)
			start = next + 4;
		if (start)
			snprintf(file, size, "%.*s", (int)strcspn(start, "[\n"), start);
	}
	if (fd >= 0)
		close(fd);
}

void explain_crash(pid_t pid, int signal, long since_ms)
{
	char model[MAX_NAME], missing[MAX_NAME], file[MAX_NAME] = "";
	char escaped_model[6 * MAX_NAME], escaped_file[6 * MAX_NAME];

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (faults[i].signal != signal)
			continue;
		describe_cpu(model, sizeof(model), missing, sizeof(missing));
		if (faults[i].logged)
			find_file(since_ms, file, sizeof(file));
		event("app", "app.killed",
		      ",\"signal\":\"%s\",\"pid\":%d,\"in\":\"%s\",\"cpu\":\"%s\",\"missing\":\"%s\",\"hint\":\"%s\"",
		      faults[i].name, (int)pid, json_escape(file, escaped_file, sizeof(escaped_file)),
		      json_escape(model, escaped_model, sizeof(escaped_model)), missing, faults[i].hint);
	}
}
