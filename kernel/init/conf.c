#include "init.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct number {
	const char *key;
	size_t offset;
	long least;
	long most;
};

#define NUMBER(key, field, least, most) { key, offsetof(struct conf, field), least, most }

static const struct number numbers[] = {
	NUMBER("backoff-initial-ms", backoff_initial_ms, 0, 60000),
	NUMBER("backoff-max-ms", backoff_max_ms, 0, 600000),
	NUMBER("crash-loop-count", crash_loop_count, 2, 1000),
	NUMBER("crash-loop-window-s", crash_loop_window_s, 1, 86400),
	NUMBER("drain-timeout-s", drain_timeout_s, 1, 3600),
};

#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))
#define UNSET (-1)

static long *number_field(struct conf *conf, const struct number *number)
{
	return (long *)((char *)conf + number->offset);
}

static int parse_number(struct conf *conf, const struct number *number, const char *value)
{
	char *end;
	long parsed;

	errno = 0;
	parsed = strtol(value, &end, 10);
	if (errno || end == value || *end || parsed < number->least || parsed > number->most)
		return -1;
	*number_field(conf, number) = parsed;
	return 0;
}

/* Returns NULL, or what is wrong with the value. */
static const char *parse_entry(struct conf *conf, const char *key, char *value)
{
	if (!strcmp(key, "arg")) {
		if (conf->argc == MAX_ARGS)
			return "too many arguments";
		conf->argv[conf->argc++] = value;
		return NULL;
	}
	if (!strcmp(key, "env")) {
		if (conf->envc == MAX_ENV)
			return "too many variables";
		if (!strchr(value, '=') || value[0] == '=')
			return "not NAME=value";
		conf->env[conf->envc++] = value;
		return NULL;
	}
	if (!strcmp(key, "cwd")) {
		conf->cwd = value;
		return value[0] == '/' ? NULL : "not an absolute path";
	}
	if (!strcmp(key, "exit-zero")) {
		conf->exit_zero_poweroff = !strcmp(value, "poweroff");
		return conf->exit_zero_poweroff || !strcmp(value, "restart") ? NULL
									     : "neither restart nor poweroff";
	}
	for (size_t i = 0; i < NUMBERS; i++)
		if (!strcmp(key, numbers[i].key))
			return parse_number(conf, &numbers[i], value) ? "not a number in its range" : NULL;
	return "unknown key";
}

static const char *missing_key(struct conf *conf)
{
	if (!conf->argc)
		return "arg";
	if (!conf->cwd)
		return "cwd";
	for (size_t i = 0; i < NUMBERS; i++)
		if (*number_field(conf, &numbers[i]) == UNSET)
			return numbers[i].key;
	return NULL;
}

int conf_parse(struct conf *conf, char *text, size_t length, char *error, size_t error_size)
{
	size_t line = 0;
	const char *missing;

	memset(conf, 0, sizeof(*conf));
	for (size_t i = 0; i < NUMBERS; i++)
		*number_field(conf, &numbers[i]) = UNSET;
	if (memchr(text, '\0', length)) {
		snprintf(error, error_size, "it holds a NUL byte");
		return -1;
	}
	for (char *at = text, *end; at && at < text + length; at = end) {
		char *value;
		const char *wrong;

		line++;
		end = memchr(at, '\n', (size_t)(text + length - at));
		if (end)
			*end++ = '\0';
		if (*at == '\0' || *at == '#')
			continue;
		value = strchr(at, ' ');
		if (value)
			*value++ = '\0';
		wrong = value && *value ? parse_entry(conf, at, value) : "no value";
		if (wrong) {
			snprintf(error, error_size, "line %zu: %.64s: %s", line, at, wrong);
			return -1;
		}
	}
	missing = missing_key(conf);
	if (missing) {
		snprintf(error, error_size, "%s is missing", missing);
		return -1;
	}
	return 0;
}

bool cmdline_value(const char *cmdline, const char *key, char *value, size_t size)
{
	size_t key_length = strlen(key);

	for (const char *at = cmdline; *at; at += strcspn(at, " \n")) {
		size_t length;

		at += strspn(at, " \n");
		length = strcspn(at, " \n");
		if (length <= key_length || strncmp(at, key, key_length) || at[key_length] != '=')
			continue;
		length -= key_length + 1;
		if (length >= size)
			return false;
		memcpy(value, at + key_length + 1, length);
		value[length] = '\0';
		return true;
	}
	return false;
}
