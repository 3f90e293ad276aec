/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond_change -- what an administrator does to plugins while the daemon runs: load, unload,
 * reload, restart, enable, disable. The new one is loaded and started before the old one leaves the
 * table, so that nobody meets a gap; what cannot be loaded changes nothing. Runs on the
 * administrator's session, one at a time.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "plugin.h"
#include "telmond_private.h"
#include "text.h"
#include "wire.h"

/* Another change takes a moment, unless a plugin does not want to start. */
enum { CHANGE_WAIT_S = 3 };

/* The published plugin of that name: a reference, or NULL. */
static struct plugin *
get(struct telmond *d, const char *name)
{
	struct command_table *now = registry_get(d->registry);
	struct plugin *p = plugin_table_find(now->plugins, name);

	if (p)
		plugin_ref(p);
	command_table_unref(now);
	return p;
}

static struct plugin *
find_late(const struct telmond *d, const char *name)
{
	for (size_t i = 0; i < d->late.n; i++) {
		if (strcmp(d->late.plugins[i]->name, name) == 0)
			return d->late.plugins[i];
	}
	return NULL;
}

static int
no_plugin(struct telmond *d, const char *name, struct buf *why)
{
	struct command_table *now;
	_autofree_ const char **names = NULL;
	const char *nearest;
	size_t n;

	if (telmond_off_path(d, name)) {
		buf_printf(why, "plugins: %s is disabled (plugins enable %s)", name, name);
		return STATUS_FAILED;
	}
	now = registry_get(d->registry);
	n = now->plugins->count;
	names = xcalloc(n, sizeof(char *));
	for (size_t i = 0; i < n; i++)
		names[i] = now->plugins->plugins[i]->name;
	nearest = text_nearest(name, names, n);
	buf_puts(why, "plugins: no plugin '");
	text_clean(why, name, strnlen(name, 80));
	if (nearest)
		buf_printf(why, "' (did you mean '%s'?)", nearest);
	else
		buf_puts(why, "' (try plugins)");
	command_table_unref(now);
	return STATUS_USAGE;
}

/* Loads, starts and publishes an object, in the place of one of that name if there is one. */
static int
bring(struct telmond *d, const char *path, const char *name, struct buf *why)
{
	struct plugin *p = telmond_load(d, path, settings_find_plugin(d->settings, name), why);
	struct telmond_list l = { .n = 1 };

	if (!p) {
		log_warnx("plugin %s, ignoring", buf_str(why));
		return STATUS_FAILED;
	}
	p->brought = true;
	l.plugins = xcalloc(1, sizeof(struct plugin *));
	l.plugins[0] = p;
	telmond_start_list(d, &l, false, why);
	if (l.n && !telmond_is_fit(d, p, why)) {
		telmond_refuse(d, p, why);
		l.n = 0;
	} else if (l.n) {
		telmond_publish(d, p, NULL);
		plugin_unref(p);
	} else if (!why->len) {
		telmond_publish(d, NULL, NULL); /* so that it is seen */
		buf_printf(why,
			   "plugins: the child of %s is not ready yet; it will be published "
			   "once it is",
			   name);
	}
	free(l.plugins);
	return l.n ? 0 : STATUS_FAILED;
}

/* The same for one that may be disabled, which it is not in the table that has it. */
static int
bring_back(struct telmond *d, const char *path, const char *name, struct buf *why)
{
	const char *off = telmond_off_path(d, name);
	_autofree_ char *off_path = off ? xstrdup(off) : NULL;
	int status;

	telmond_off_remove(d, name);
	status = bring(d, path, name, why);
	if (status != 0 && off_path && !find_late(d, name))
		telmond_off_add(d, name, off_path);
	return status;
}

/* ---- the verbs. name: the plugin's; p: the published one, or NULL ---- */

/* Where a start of the daemon would find the plugin of that name; NULL: nowhere. xmalloc. */
static char *
find_path(const struct telmond *d, const char *name)
{
	const struct settings_plugin *section = settings_find_plugin(d->settings, name);

	if (section && (section->exec || section->file))
		return xstrdup(section->exec ? section->exec[0] : section->file);
	for (char **folder = d->settings->plugin_path; *folder; folder++) {
		char *path = xasprintf("%s/%s.so", *folder, name);

		if (access(path, F_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

static int
no_path(const char *what, struct buf *why)
{
	buf_puts(why, "plugins load: no plugin '");
	text_clean(why, what, strnlen(what, 80));
	buf_puts(why, "' in the configuration or the plugin path (for any other object, its "
		      "absolute path)");
	return STATUS_USAGE;
}

static int
load(struct telmond *d, const char *what, struct buf *why)
{
	bool named = !strchr(what, '/');
	_autofree_ char *path = named ? find_path(d, what) : xstrdup(what);
	_autofree_ char *name = named ? xstrdup(what) : telmond_plugin_name(what);
	struct plugin *p = get(d, name);
	bool taken = find_late(d, name) ||
		     (p && executor_stats(d->executor, p).life != PLUGIN_FAILED);

	plugin_unref(p);
	if (!path)
		return no_path(what, why);
	if (path[0] != '/') {
		buf_puts(why, "plugins load: the path must be absolute");
		return STATUS_USAGE;
	}
	if (taken) {
		text_clean(why, what, strnlen(what, 500));
		buf_puts(why, ": a plugin of this name is loaded already (plugins reload NAME)");
		return STATUS_FAILED;
	}
	return bring_back(d, path, name, why);
}

static int
unload(struct telmond *d, const char *name, struct plugin *p, struct buf *why)
{
	struct plugin *late = find_late(d, name);

	if (!p && !late)
		return no_plugin(d, name, why);
	telmond_drop_late(d, late);
	if (p)
		telmond_publish(d, NULL, name);
	return 0;
}

static int
reload(struct telmond *d, const char *name, struct plugin *p, struct buf *why)
{
	struct plugin *late = find_late(d, name);
	const struct plugin *old = late ? late : p;
	const struct settings_plugin *section = settings_find_plugin(d->settings, name);
	size_t n = d->late.n;
	const char *path;
	int status;

	if (!old)
		return no_plugin(d, name, why);
	/* The section may be another one by now. */
	path = section && section->exec ? section->exec[0] : old->path;
	if (section && section->file)
		path = section->file;
	status = bring(d, path, name, why);
	/* The new one works, or is about to. */
	if (status == 0 || d->late.n > n)
		telmond_drop_late(d, late);
	return status;
}

/* Inside there is no way to begin anew but to load anew. */
static int
restart(struct telmond *d, const char *name, struct plugin *p, struct buf *why)
{
	struct plugin *late = find_late(d, name);

	if (late) {
		isolate_restart(late->isolate);
		return 0; /* main looks at it now */
	}
	if (!p || !p->isolate)
		return reload(d, name, p, why);
	telmond_restart_child(d, p);
	return 0;
}

static int
disable(struct telmond *d, const char *name, struct plugin *p, struct buf *why)
{
	struct plugin *late = find_late(d, name);

	if (!p && !late)
		return no_plugin(d, name, why);
	telmond_off_add(d, name, late ? late->path : p->path);
	telmond_drop_late(d, late);
	if (p)
		telmond_publish(d, NULL, name);
	return 0;
}

static int
enable(struct telmond *d, const char *name, struct plugin *p, struct buf *why)
{
	const char *path = telmond_off_path(d, name);
	_autofree_ char *copy = path ? xstrdup(path) : NULL;

	if (p) {
		buf_printf(why, "plugins: %s is not disabled", p->name);
		return STATUS_FAILED;
	}
	if (!path)
		return no_plugin(d, name, why);
	return bring_back(d, copy, name, why);
}

static const struct {
	const char *name;
	int (*run)(struct telmond *d, const char *name, struct plugin *p, struct buf *why);
} verbs[] = {
	{ "unload", unload },	{ "reload", reload }, { "restart", restart },
	{ "disable", disable }, { "enable", enable },
};

static int
change(struct telmond *d, const char *verb, const char *what, struct buf *why)
{
	struct plugin *p;
	int status = STATUS_USAGE;

	if (strcmp(verb, "load") == 0)
		return load(d, what, why);
	p = get(d, what);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, verb) == 0)
			status = verbs[i].run(d, what, p, why);
	}
	plugin_unref(p);
	return status;
}

int
telmond_plugins_change(void *ctx, const char *verb, const char *what, struct buf *why)
{
	_autobuf_ struct buf clean = BUF_WHY;
	struct telmond *d = ctx;
	int status;

	if (!telmond_change_begin(d, now_ns() + CHANGE_WAIT_S * NS_PER_S)) {
		buf_puts(why, "plugins: another change or a reload is under way, or the daemon "
			      "ends (try again)");
		return STATUS_UNAVAILABLE;
	}
	status = change(d, verb, what, why);
	telmond_change_end(d);
	text_clean(&clean, what, strnlen(what, 500));
	if (status == 0)
		log_info("plugins: %s %s by an administrator", verb, buf_str(&clean));
	/* What was retired, or is late, is main's to finish. */
	telmond_wake(d);
	return status;
}
