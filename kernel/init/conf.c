#include "init.h"

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
	NUMBER("crash-loop-count", crash_loop_count, 2, MAX_CRASH_LOOP),
	NUMBER("crash-loop-window-s", crash_loop_window_s, 1, 86400),
	NUMBER("drain-timeout-s", drain_timeout_s, 1, 3600),
	NUMBER("log-buffer-bytes", log_buffer_bytes, 0, 64 * 1024 * 1024),
};

#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))
#define UNSET (-1)
#define TWICE "duplicate key"

/* Numbers of more digits are out of every range, and might be out of long's. */
#define MAX_DIGITS 9

static long *number_field(struct conf *conf, const struct number *number)
{
	return (long *)((char *)conf + number->offset);
}

static const char *parse_number(struct conf *conf, const struct number *number, const char *value,
				char *reason, size_t size)
{
	size_t digits = strspn(value, "0123456789");
	long *field = number_field(conf, number), parsed;

	if (*field != UNSET)
		return TWICE;
	parsed = !value[digits] && digits <= MAX_DIGITS ? strtol(value, NULL, 10) : UNSET;
	if (parsed < number->least || parsed > number->most) {
		snprintf(reason, size, "must be an integer from %ld to %ld", number->least, number->most);
		return reason;
	}
	*field = parsed;
	return NULL;
}

static const char *parse_arg(struct conf *conf, char *value)
{
	if (conf->argc == MAX_ARGS)
		return "too many arguments";
	if (conf->argc == 0 && value[0] != '/')
		return "the program must be an absolute path";
	conf->argv[conf->argc++] = value;
	return NULL;
}

static const char *parse_env(struct conf *conf, char *value)
{
	if (conf->envc == MAX_ENV)
		return "too many variables";
	if (!strchr(value, '=') || value[0] == '=')
		return "must be NAME=value";
	conf->env[conf->envc++] = value;
	return NULL;
}

static const char *parse_cwd(struct conf *conf, const char *value)
{
	if (conf->cwd)
		return TWICE;
	conf->cwd = value;
	return value[0] == '/' ? NULL : "must be an absolute path";
}

static const char *parse_data(struct conf *conf, const char *value)
{
	if (conf->data)
		return TWICE;
	conf->data = value;
	return strlen(value) <= 16 ? NULL : "must be at most 16 bytes, as ext4 labels are";
}

static const char *parse_exit_zero(struct conf *conf, const char *value)
{
	if (conf->exit_zero != EXIT_ZERO_UNSET)
		return TWICE;
	if (!strcmp(value, "restart"))
		conf->exit_zero = EXIT_ZERO_RESTART;
	else if (!strcmp(value, "poweroff"))
		conf->exit_zero = EXIT_ZERO_POWEROFF;
	else
		return "must be restart or poweroff";
	return NULL;
}

/* Returns NULL, or what is wrong. */
static const char *parse_entry(struct conf *conf, const char *key, char *value, char *reason, size_t size)
{
	if (!value || !*value)
		return "missing value";
	if (!strcmp(key, "arg"))
		return parse_arg(conf, value);
	if (!strcmp(key, "env"))
		return parse_env(conf, value);
	if (!strcmp(key, "cwd"))
		return parse_cwd(conf, value);
	if (!strcmp(key, "data"))
		return parse_data(conf, value);
	if (!strcmp(key, "exit-zero"))
		return parse_exit_zero(conf, value);
	for (size_t i = 0; i < NUMBERS; i++)
		if (!strcmp(key, numbers[i].key))
			return parse_number(conf, &numbers[i], value, reason, size);
	return "unknown key";
}

/* Text that is not a key may be part of a value, and values are not printed. */
static bool is_key(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz-");

	return length > 0 && length <= 32 && !text[length];
}

static int parse_line(struct conf *conf, char *line, size_t length, size_t number, char *error, size_t error_size)
{
	char reason[64], *value;
	const char *wrong;

	line[length] = '\0';
	if (strlen(line) != length) {
		snprintf(error, error_size, "line %zu: contains a NUL byte", number);
		return -1;
	}
	if (*line == '\0' || *line == '#')
		return 0;
	value = strchr(line, ' ');
	if (value)
		*value++ = '\0';
	if (!is_key(line)) {
		snprintf(error, error_size, "line %zu: must start with a key", number);
		return -1;
	}
	wrong = parse_entry(conf, line, value, reason, sizeof(reason));
	if (wrong) {
		snprintf(error, error_size, "line %zu: %s: %s", number, line, wrong);
		return -1;
	}
	return 0;
}

static const char *missing_key(struct conf *conf)
{
	if (!conf->argc)
		return "arg";
	if (!conf->cwd)
		return "cwd";
	if (conf->exit_zero == EXIT_ZERO_UNSET)
		return "exit-zero";
	for (size_t i = 0; i < NUMBERS; i++)
		if (*number_field(conf, &numbers[i]) == UNSET)
			return numbers[i].key;
	return NULL;
}

const char *conf_env(const struct conf *conf, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < conf->envc; i++)
		if (!strncmp(conf->env[i], name, length) && conf->env[i][length] == '=')
			return conf->env[i] + length + 1;
	return NULL;
}

static void add_path(struct conf *conf)
{
	static char path[] = "PATH=/bin";

	if (!conf_env(conf, "PATH"))
		conf->env[conf->envc++] = path;
}

int conf_parse(struct conf *conf, char *text, size_t length, char *error, size_t error_size)
{
	const char *missing;
	size_t number = 0;

	memset(conf, 0, sizeof(*conf));
	for (size_t i = 0; i < NUMBERS; i++)
		*number_field(conf, &numbers[i]) = UNSET;
	for (char *line = text; line < text + length;) {
		size_t left = (size_t)(text + length - line);
		char *end = memchr(line, '\n', left);
		size_t here = end ? (size_t)(end - line) : left;

		if (parse_line(conf, line, here, ++number, error, error_size) < 0)
			return -1;
		line += here + 1;
	}
	missing = missing_key(conf);
	if (missing) {
		snprintf(error, error_size, "missing key %s", missing);
		return -1;
	}
	add_path(conf);
	return 0;
}

static size_t word_length(const char *text)
{
	bool quoted = false;
	size_t length = 0;

	for (; text[length] && (quoted || !strchr(" \t\n", text[length])); length++)
		if (text[length] == '"')
			quoted = !quoted;
	return length;
}

int cmdline_value(const char *cmdline, const char *key, char *value, size_t size)
{
	size_t key_length = strlen(key), length;
	int found = 0;

	for (const char *at = cmdline + strspn(cmdline, " \t\n"); *at; at += length, at += strspn(at, " \t\n")) {
		length = word_length(at);
		if (length <= key_length || strncmp(at, key, key_length) || at[key_length] != '=')
			continue;
		found = length - key_length - 1 < size ? 1 : -1;
		if (found > 0)
			snprintf(value, size, "%.*s", (int)(length - key_length - 1), at + key_length + 1);
	}
	return found;
}
