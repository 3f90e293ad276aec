/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * fuzz_settings -- any bytes as a configuration file. What must hold: it is taken or refused with
 * one clean sentence, and what is taken is in range. The file lives in memory.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "settings.h"
#include "text.h"

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_autobuf_ struct buf why = BUF_WHY;
	int fd = memfd_create("settings", MFD_CLOEXEC);
	struct settings *s;
	char path[32];

	MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	s = settings_load(&(struct settings_flags){ .file = path }, &why);
	if (s)
		check_settings(s);
	else
		MUST(why.len > 0 && !why.error && text_is_clean(why.data, why.len));
	settings_free(s);
	close(fd);
	return 0;
}
