/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond_load -- one object, and into what it is loaded. The administrator's word decides: the
 * compiled-in folder and those of -p are trusted, anything else lives in a child unless its section
 * says that it shall not. Whoever is changing plugins.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin.h"
#include "telmond_private.h"

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

static struct plugin *
load_isolated(struct telmond *d, const char *path, const struct settings_plugin *section,
	      const struct plugin_options *options, struct buf *why)
{
	const struct plugin_isolation isolation = {
		.keeper = d->keeper,
		.host = d->host,
		.options = {
			.program = plugin_host(d),
			.root = d->options.root,
			.read = section ? section->read : NULL,
			.network = section && section->network,
			.max_memory = (int64_t)(section ? section->max_memory
							: SETTINGS_PLUGIN_MEMORY),
		},
	};

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
	}
	/* -n starts nothing, and that looks at more than the file. */
	if (may_run_inside(d, path, section) || d->options.check)
		return plugin_load(path, &options, s->command_timeout_s, why);
	return load_isolated(d, path, section, &options, why);
}
