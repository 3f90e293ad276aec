/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * fuzz_settings -- any bytes as a configuration file, and behind a byte 01 the values of flags, a
 * line each: listeners, and folders behind a '+'. What must hold: it is taken or refused with one
 * clean sentence, and what is taken is in range. The file lives in memory.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "mem.h"
#include "settings.h"
#include "text.h"

enum { FLAGS = 1, MAX_FLAGS = 8 };

static void
count_key(void *ctx, const char *key, const char *value, const char *origin)
{
	unsigned *n = ctx;

	MUST(*key && value);
	MUST(strcmp(origin, "default") == 0 || strcmp(origin, "file") == 0 ||
	     strcmp(origin, "flag") == 0);
	++*n;
}

static void
check_list(char *const *list)
{
	for (char *const *p = list; p && *p; p++)
		MUST(strlen(*p) < 1 << 20);
}

static void
check_settings(const struct settings *s)
{
	unsigned keys = 0;

	MUST(isfinite(s->grace_s) && s->grace_s >= 0);
	MUST(isfinite(s->probe_wait_s) && s->probe_wait_s >= 0);
	MUST(isfinite(s->script_linger_s) && s->script_linger_s >= 0);
	MUST(isfinite(s->idle_timeout_s) && s->idle_timeout_s >= 0);
	MUST(isfinite(s->command_timeout_s) && s->command_timeout_s > 0);
	MUST(isfinite(s->cache_s) && s->cache_s >= 0);
	MUST(s->max_sessions > 0 && s->max_line > 0 && s->max_output > 0 && s->max_answer > 0);
	MUST(s->metric_prefix);
	check_list(s->plugin_path);
	for (size_t i = 0; i < s->n_plugins; i++) {
		MUST(s->plugins[i].name &&
		     settings_find_plugin(s, s->plugins[i].name) == &s->plugins[i]);
		check_list(s->plugins[i].settings);
	}
	settings_list(s, count_key, &keys);
	MUST(keys > 0);
}

/* What flags say; the lists point into text. */
struct given {
	const char *listen[MAX_FLAGS], *dirs[MAX_FLAGS];
	size_t n_listen, n_dirs;
};

static void
take_flags(char *text, struct given *given)
{
	char *rest;

	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		if (line[0] == '+' && given->n_dirs < MAX_FLAGS)
			given->dirs[given->n_dirs++] = line + 1;
		else if (line[0] != '+' && given->n_listen < MAX_FLAGS)
			given->listen[given->n_listen++] = line;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *flags = size ? memchr(data, FLAGS, size) : NULL;
	size_t n = flags ? (size_t)(flags - data) : size;
	_autofree_ char *text = flags ? xstrndup((const char *)flags + 1, size - n - 1) : NULL;
	_autobuf_ struct buf why = BUF_WHY;
	int fd = memfd_create("settings", MFD_CLOEXEC);
	struct given given = { .n_listen = 0 };
	struct settings *s;
	char path[32];

	if (text)
		take_flags(text, &given);
	MUST(fd >= 0 && write(fd, data, n) == (ssize_t)n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	s = settings_load(&(struct settings_flags){ .file = path,
						    .listen = given.listen,
						    .n_listen = given.n_listen,
						    .plugin_dirs = given.dirs,
						    .n_plugin_dirs = given.n_dirs },
			  &why);
	if (s) {
		MUST(!given.n_listen || s->n_listeners == given.n_listen);
		MUST(!given.n_dirs || s->plugin_path_trusted);
	}
	if (s)
		check_settings(s);
	else
		MUST(why.len > 0 && !why.error && text_is_clean(why.data, why.len));
	settings_free(s);
	close(fd);
	return 0;
}
