#include "init.h"

#include <stdio.h>
#include <unistd.h>

#define PAUSE_BEFORE_REBOOT_S 5

/* A machine without its app layer or with a broken one can only try again. */
static int give_up(const char *error)
{
	char escaped[512];

	event("init", "init.failed", ",\"error\":\"%s\"", json_escape(error, escaped, sizeof(escaped)));
	sleep(PAUSE_BEFORE_REBOOT_S);
	platform_end(ENDING_REBOOT);
	return 1;
}

int main(void)
{
	static char text[MAX_CONF];
	static struct conf conf;
	char error[256];
	ssize_t length;

	platform_mount_early();
	event("init", "init.started", NULL);
	if (platform_mount_app(error, sizeof(error)) < 0)
		return give_up(error);
	length = platform_read_conf(text, sizeof(text), error, sizeof(error));
	if (length < 0 || conf_parse(&conf, text, (size_t)length, error, sizeof(error)) < 0)
		return give_up(error);
	platform_end(supervise(&conf));
	return 0;
}
