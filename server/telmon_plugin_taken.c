/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon_plugin_taken -- names that somebody has already: telmond's own commands, and the plugins
 * that are installed with it, which is asked of their objects. A daemon leaves one of two commands
 * out, and of two metrics Prometheus and `explain` know one.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtins.h"
#include "mem.h"
#include "settings.h"
#include "telmon_plugin_private.h"

struct taken {
	struct command *builtins;
	size_t n_builtins;
	struct plugin **plugins;
	size_t n;
	char *dir;
};

char *
taken_path(const char *built, const char *installed)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash, *found;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash) {
		*slash = '\0';
		found = xasprintf("%s/%s", path, built);
		if (access(found, X_OK) == 0)
			return found;
		mem_freep(&found);
	}
	return xstrdup(installed);
}

struct taken *
taken_new(void)
{
	static struct builtins_env env; /* nobody calls them */
	const struct plugin_options options = { 0 };
	struct taken *t = xcalloc(1, sizeof(*t));
	_autobuf_ struct buf why = BUF_WHY;
	char **paths;

	t->builtins = builtins_table(&env, &t->n_builtins);
	t->dir = taken_path("plugins/.libs", TELMON_PLUGIN_DIR);
	if (plugin_scan(t->dir, &paths) < 0)
		return t;
	for (char **path = paths; *path; path++) {
		struct plugin *p = plugin_load(*path, &options, BOX_PATIENCE_S, &why);

		if (p) {
			t->plugins = xrealloc(t->plugins, (t->n + 1) * sizeof(struct plugin *));
			t->plugins[t->n++] = p;
		}
		free(*path);
	}
	free(paths);
	return t;
}

void
taken_free(struct taken *t)
{
	for (size_t i = 0; i < t->n; i++)
		plugin_unref(t->plugins[i]);
	free(t->plugins);
	free(t->builtins);
	free(t->dir);
	free(t);
}

static bool
has_command(const struct plugin *p, const char *name)
{
	for (size_t i = 0; i < p->decl.n_commands; i++) {
		if (strcmp(p->commands[i].name, name) == 0)
			return true;
	}
	return false;
}

bool
taken_plugin(const struct taken *t, const char *name, struct buf *why)
{
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->plugins[i]->name, name) != 0)
			continue;
		buf_printf(why, "is the name of a plugin in %s: a daemon has one of that name",
			   t->dir);
		return true;
	}
	return false;
}

bool
taken_command(const struct taken *t, const char *name, const char *own, struct buf *why)
{
	for (size_t i = 0; i < t->n_builtins; i++) {
		if (strcmp(t->builtins[i].name, name) != 0)
			continue;
		buf_puts(why, "is the name of one of telmond's own: it does not take another");
		return true;
	}
	for (size_t i = 0; i < t->n; i++) {
		const struct plugin *p = t->plugins[i];

		if (strcmp(p->name, own) == 0 || !has_command(p, name))
			continue;
		buf_printf(why, "is the name of one of plugin '%s' in %s: a daemon takes one",
			   p->name, t->dir);
		return true;
	}
	return false;
}

bool
taken_metric(const struct taken *t, const char *name, const char *own, struct buf *why)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct plugin *p = t->plugins[i];

		if (strcmp(p->name, own) == 0 || metric_set_find(p->object.set, name) < 0)
			continue;
		buf_printf(why,
			   "is the name of one of plugin '%s' in %s: Prometheus and explain know "
			   "one",
			   p->name, t->dir);
		return true;
	}
	return false;
}
