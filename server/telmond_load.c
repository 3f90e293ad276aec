/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond_load -- one object, and into what it is loaded. The administrator's word decides: the
 * compiled-in folder and those of -p are trusted, anything else lives in a child unless its section
 * says that it shall not. Whoever is changing plugins.
 */
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin.h"
#include "telmond_private.h"
#include "text.h"

char *
telmond_plugin_name(const char *path)
{
	const char *base = strrchr(path, '/');
	size_t n;

	base = base ? base + 1 : path;
	n = strlen(base);
	return xstrndup(base, n > 3 && strcmp(base + n - 3, ".so") == 0 ? n - 3 : n);
}

static bool
same_folder(const char *a, const char *b)
{
	_autofree_ char *real_a = realpath(a, NULL), *real_b = realpath(b, NULL);

	return real_a && real_b && strcmp(real_a, real_b) == 0;
}

static bool
is_trusted(const struct telmond *d, const char *path)
{
	const struct settings_flags *flags = &d->options.flags;
	const char *slash = strrchr(path, '/');
	_autofree_ char *folder = slash ? xstrndup(path, (size_t)(slash - path) + 1) : xstrdup(".");

	for (size_t i = 0; i < flags->n_plugin_dirs; i++) {
		if (same_folder(folder, flags->plugin_dirs[i]))
			return true;
	}
	return same_folder(folder, TELMON_PLUGIN_DIR);
}

/* False for an object that belongs into a child of its own. */
static bool
may_run_inside(const struct telmond *d, const char *path, const struct settings_plugin *section)
{
	int isolate = section ? section->isolate : -1;

	if (section && section->exec)
		return false;
	return isolate == 0 || (isolate < 0 && is_trusted(d, path));
}

/* Beside this program where it was built, else where it is installed. */
static const char *
plugin_host(struct telmond *d)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (d->plugin_host)
		return d->plugin_host;
	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash) {
		*slash = '\0';
		d->plugin_host = xasprintf("%s/telmon-plugin-host", path);
		if (access(d->plugin_host, X_OK) == 0)
			return d->plugin_host;
		free(d->plugin_host);
	}
	d->plugin_host = xstrdup(TELMON_LIBEXECDIR "/telmon-plugin-host");
	return d->plugin_host;
}

/* Root's rights are not for programs that somebody dropped into a folder. */
static int
take_user(const struct settings_plugin *section, struct isolate_options *o, struct buf *why)
{
	const char *name = section->user ? section->user : "nobody";
	struct passwd pw, *found = NULL;
	char space[4096];

	if (geteuid() != 0)
		return 0;
	if (getpwnam_r(name, &pw, space, sizeof(space), &found) != 0 || !found) {
		buf_printf(why, "%s: no user '", section->name);
		text_clean(why, name, strnlen(name, 64));
		buf_putc(why, '\'');
		return -1;
	}
	o->uid = found->pw_uid;
	o->gid = found->pw_gid;
	return 0;
}

/* It is ended a little before the call that waits for it. */
static int
take_program(const struct telmond *d, const struct settings_plugin *section,
	     struct isolate_options *o, struct buf *why)
{
	double deadline_s = section->deadline_s > 0 ? section->deadline_s
						    : d->settings->command_timeout_s;

	o->exec = section->exec;
	o->format = (int)section->format;
	o->timeout_s = 0.9 * deadline_s;
	return take_user(section, o, why);
}

static struct plugin *
load_isolated(struct telmond *d, const char *path, const struct settings_plugin *section,
	      const struct plugin_options *options, struct buf *why)
{
	struct plugin_isolation isolation = {
		.keeper = d->keeper,
		.host = d->host,
		.options = {
			.program = plugin_host(d),
			.root = d->options.root,
			.max_memory = SETTINGS_PLUGIN_MEMORY,
			.uid = -1,
			.gid = -1,
		},
	};

	if (section) {
		isolation.options.read = section->read;
		isolation.options.network = section->network;
		isolation.options.max_memory = (int64_t)section->max_memory;
	}
	if (section && section->exec && take_program(d, section, &isolation.options, why) < 0)
		return NULL;
	return plugin_load_isolated(path, options, d->settings->command_timeout_s, &isolation, why);
}

struct plugin *
telmond_load(struct telmond *d, const char *path, const struct settings_plugin *section,
	     struct buf *why)
{
	const struct settings *s = d->settings;
	struct plugin_options options = { 0 };

	if (section) {
		options.interval_s = section->interval_s;
		options.deadline_s = section->deadline_s;
		options.settings = section->settings;
		options.name = section->exec ? section->name : NULL;
	}
	/* -n starts nothing, and that looks at more than the file. */
	if (may_run_inside(d, path, section) || (d->options.check && !(section && section->exec)))
		return plugin_load(path, &options, s->command_timeout_s, why);
	return load_isolated(d, path, section, &options, why);
}
