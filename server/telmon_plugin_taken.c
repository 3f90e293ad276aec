/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon_plugin_taken -- names that somebody has already: telmond's own commands, and the plugins
 * that are installed with it. Their objects are asked in processes of their own, so that nothing
 * which one of them does when it is mapped is laid at the door of the plugin that is checked. A
 * daemon leaves one of two commands out, and of two metrics Prometheus and `explain` know one.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "builtins.h"
#include "mem.h"
#include "settings.h"
#include "telmon_plugin_private.h"

enum { LIMIT_S = 10 }; /* for the installed ones together, or for one of them alone */

struct taken {
	struct command *builtins;
	size_t n_builtins;
	char *dir;
	/* Notes of what the plugins there have: about the plugin, "command NAME", "metric NAME" or
	 * "plugin"; errors: about a path, and why it could not be asked. */
	struct check installed;
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

static void
say_names(struct phase *p, const struct plugin *plugin)
{
	const struct metric_set *set = plugin->object.set;

	phase_say(p, FINDING_NOTE, plugin->name, "plugin");
	for (size_t i = 0; i < plugin->decl.n_commands; i++)
		phase_say(p, FINDING_NOTE, plugin->name, "command %s", plugin->commands[i].name);
	for (size_t i = 0; i < set->count; i++)
		phase_say(p, FINDING_NOTE, plugin->name, "metric %s", set->metrics[i].name);
}

static void
list_names(struct phase *p, void *arg)
{
	const struct plugin_options options = { 0 };

	for (char **path = arg; *path; path++) {
		_autobuf_ struct buf why = BUF_WHY;
		struct plugin *plugin;

		phase_at(p, "%s", *path);
		plugin = plugin_load(*path, &options, BOX_PATIENCE_S, &why);
		if (plugin)
			say_names(p, plugin);
		else
			phase_say(p, FINDING_ERROR, *path, "%s", buf_str(&why));
		plugin_unref(plugin);
	}
}

/* Mostly one process will do. Where one of them ends it, each gets its own. */
static void
ask_installed(struct taken *t, char **paths)
{
	if (!*paths || phase_run(&t->installed, "", LIMIT_S, list_names, paths))
		return;
	report_fini(&t->installed.report);
	t->installed.report = (struct report){ 0 };
	for (; *paths; paths++) {
		char *one[] = { *paths, NULL };

		phase_run(&t->installed, "", LIMIT_S, list_names, one);
	}
}

struct taken *
taken_new(void)
{
	static struct builtins_env env; /* nobody calls them */
	struct taken *t = xcalloc(1, sizeof(*t));
	char **paths;

	t->builtins = builtins_table(&env, &t->n_builtins);
	t->dir = taken_path("plugins/.libs", TELMON_PLUGIN_DIR);
	if (plugin_scan(t->dir, &paths) < 0)
		return t;
	ask_installed(t, paths);
	for (char **path = paths; *path; path++)
		free(*path);
	free(paths);
	return t;
}

void
taken_free(struct taken *t)
{
	report_fini(&t->installed.report);
	free(t->builtins);
	free(t->dir);
	free(t);
}

void
taken_tell(const struct taken *t, struct phase *p)
{
	const struct report *r = &t->installed.report;

	for (size_t i = 0; i < r->n; i++) {
		if (r->findings[i].level == FINDING_ERROR)
			phase_say(p, FINDING_NOTE, "names", "those of %s could not be compared: %s",
				  r->findings[i].about, r->findings[i].text);
	}
}

/* Which of the installed plugins but `own` has it; NULL: none. */
static const char *
find_owner(const struct taken *t, const char *kind, const char *name, const char *own)
{
	const struct report *r = &t->installed.report;
	_autofree_ char *text = xasprintf("%s %s", kind, name);

	for (size_t i = 0; i < r->n; i++) {
		const struct finding *f = &r->findings[i];

		if (f->level == FINDING_NOTE && strcmp(f->text, text) == 0 &&
		    strcmp(f->about, own) != 0)
			return f->about;
	}
	return NULL;
}

bool
taken_plugin(const struct taken *t, const char *name, struct buf *why)
{
	const struct finding *f = report_find(&t->installed.report, name, "plugin");

	if (!f || f->level != FINDING_NOTE)
		return false;
	buf_printf(why, "is the name of a plugin in %s: a daemon has one of that name", t->dir);
	return true;
}

bool
taken_command(const struct taken *t, const char *name, const char *own, struct buf *why)
{
	const char *owner;

	for (size_t i = 0; i < t->n_builtins; i++) {
		if (strcmp(t->builtins[i].name, name) != 0)
			continue;
		buf_puts(why, "is the name of one of telmond's own: it does not take another");
		return true;
	}
	owner = find_owner(t, "command", name, own);
	if (owner)
		buf_printf(why, "is the name of one of plugin '%s' in %s: a daemon takes one",
			   owner, t->dir);
	return owner != NULL;
}

bool
taken_metric(const struct taken *t, const char *name, const char *own, struct buf *why)
{
	const char *owner = find_owner(t, "metric", name, own);

	if (owner)
		buf_printf(why,
			   "is the name of one of plugin '%s' in %s: Prometheus and explain know "
			   "one",
			   owner, t->dir);
	return owner != NULL;
}
