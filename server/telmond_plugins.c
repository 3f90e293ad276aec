/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond_plugins -- which plugins there are: what the settings name is loaded and started side by
 * side; what they make up is published as one table. A bad object is a warning, never a reason not
 * to start; so is one whose start hangs, which is published all the same and takes calls once it
 * has returned. A plugin that leaves the table is stopped when the last one who may still call it
 * has let go of the tables that it stood in. Main thread at start; later whoever is changing.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "plugin.h"
#include "telmond_private.h"
#include "text.h"

enum {
	FINISH_MS = 50,	 /* between two looks at plugins that come or go */
	AGAIN_MS = 1000, /* ... at those whose child is down, at the latest */
};

/* ---- lists ---- */

static struct plugin *
find(const struct telmond_list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->plugins[i]->name, name) == 0)
			return l->plugins[i];
	}
	return NULL;
}

/* Takes the reference. */
static void
append(struct telmond_list *l, struct plugin *p)
{
	l->plugins = xrealloc(l->plugins, (l->n + 1) * sizeof(*l->plugins));
	l->plugins[l->n++] = p;
}

static void
free_list(struct telmond_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		plugin_unref(l->plugins[i]);
	free(l->plugins);
	*l = (struct telmond_list){ 0 };
}

/* ---- those that are switched off ---- */

static size_t
off_at(const struct telmond *d, const char *name)
{
	size_t i = 0;

	while (i < d->n_off && strcmp(d->off[i].name, name) != 0)
		i++;
	return i;
}

void
telmond_off_add(struct telmond *d, const char *name, const char *path)
{
	if (off_at(d, name) < d->n_off)
		return;
	d->off = xrealloc(d->off, (d->n_off + 1) * sizeof(*d->off));
	d->off[d->n_off++] = (struct plugin_off){ .name = xstrdup(name), .path = xstrdup(path) };
}

const char *
telmond_off_path(const struct telmond *d, const char *name)
{
	size_t i = off_at(d, name);

	return i < d->n_off ? d->off[i].path : NULL;
}

void
telmond_off_remove(struct telmond *d, const char *name)
{
	size_t i = off_at(d, name);

	if (i == d->n_off)
		return;
	free(d->off[i].name);
	free(d->off[i].path);
	d->off[i] = d->off[--d->n_off];
}

/* ---- loading what the settings name ---- */

static void
try_load(struct telmond *d, struct telmond_list *l, const char *path,
	 const struct settings_plugin *section)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct plugin *p = telmond_load(d, path, section, &why);

	if (p)
		append(l, p);
	else
		log_warnx("plugin %s, ignoring", buf_str(&why));
}

static void
load_folder(struct telmond *d, struct telmond_list *l, const char *folder)
{
	char **paths;
	int r = plugin_scan(folder, &paths);

	if (r < 0) {
		log_warnx("plugin path %s: %s, ignoring", folder, strerror(-r));
		return;
	}
	for (char **path = paths; *path; path++) {
		_autofree_ char *name = telmond_plugin_name(*path);
		const struct settings_plugin *section = settings_find_plugin(d->settings, name);

		if (section && !section->enabled)
			telmond_off_add(d, name, section->file ? section->file : *path);
		else if (find(l, name))
			log_debug("plugin %s: another one of this name is loaded", name);
		else if (!section || (!section->file && !section->exec))
			try_load(d, l, *path, section);
		free(*path);
	}
	free(paths);
}

static void
warn_missing(const struct settings *s, const struct telmond_list *l)
{
	for (size_t i = 0; i < s->n_plugins; i++) {
		const struct settings_plugin *p = &s->plugins[i];

		if (p->enabled && !p->file && !p->exec && !find(l, p->name))
			log_warnx("plugin %s: nothing of this name was loaded, keeping its section",
				  p->name);
	}
}

/* What the settings name, not yet started. */
static void
load_all(struct telmond *d, struct telmond_list *l)
{
	const struct settings *s = d->settings;

	/* A file that is named goes before one that is found. */
	for (size_t i = 0; i < s->n_plugins; i++) {
		const struct settings_plugin *p = &s->plugins[i];

		const char *path = p->exec ? p->exec[0] : p->file;

		if (path && p->enabled)
			try_load(d, l, path, p);
		else if (path)
			telmond_off_add(d, p->name, path);
	}
	for (char **folder = s->plugin_path; *folder; folder++)
		load_folder(d, l, *folder);
	warn_missing(s, l);
}

/* ---- starting ---- */

/* Nothing is known of a plugin before its child has described it. Takes the reference. */
static void
wait_for(struct telmond *d, struct plugin *p)
{
	log_info("plugin %s: its child is not ready yet, going on without it", p->name);
	append(&d->late, p);
	atomic_store(&d->unfinished, true);
}

static bool
is_late(const struct plugin *p, const struct plugin_stats *stats, bool patient)
{
	return p->isolate &&
	       (stats->life == PLUGIN_STARTING || (stats->life == PLUGIN_DOWN && patient));
}

/* Its child has described it, and did not start. */
static bool
has_refused(const struct plugin *p, const struct plugin_stats *stats)
{
	return p->isolate && stats->life == PLUGIN_RUNNING && stats->last_error[0];
}

/* patient: one that has refused is tried again. */
static bool
is_lost(const struct plugin *p, const struct plugin_stats *stats, bool patient)
{
	return stats->life == PLUGIN_FAILED || stats->life == PLUGIN_DOWN ||
	       (!patient && has_refused(p, stats));
}

/* Takes the reference. */
static void
give_up(struct telmond *d, struct plugin *p, const struct plugin_stats *stats, struct buf *why)
{
	struct isolate_status status = { 0 };

	if (stats->life != PLUGIN_FAILED)
		isolate_status(p->isolate, &status);
	buf_clear(why);
	text_clean(why, p->path, strnlen(p->path, 500));
	buf_printf(why, ": %s", status.cause[0] ? status.cause : stats->last_error);
	log_warnx("plugin %s, ignoring", buf_str(why));
	executor_stop_plugin(d->executor, p);
	plugin_unref(p);
}

void
telmond_start_list(struct telmond *d, struct telmond_list *l, bool patient, struct buf *why)
{
	size_t n = 0;

	telmond_start_plugins(d, l->plugins, l->n);
	for (size_t i = 0; i < l->n; i++) {
		struct plugin *p = l->plugins[i];
		struct plugin_stats stats = executor_stats(d->executor, p);

		if (is_late(p, &stats, patient)) {
			wait_for(d, p);
			continue;
		}
		if (is_lost(p, &stats, patient)) {
			give_up(d, p, &stats, why);
			continue;
		}
		if (stats.life == PLUGIN_STARTING)
			log_warnx("plugin %s: start has not returned yet, going on without it",
				  p->name);
		l->plugins[n++] = p;
	}
	l->n = n;
}

/* ---- publishing ---- */

static void
publish(struct telmond *d, const struct telmond_list *l)
{
	struct command_table *then = telmond_table(d, l), *now = registry_get(d->registry);

	telmond_table_log(then, now);
	command_table_unref(now);
	registry_set(d->registry, then);
}

void
telmond_plugins_start(struct telmond *d)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct telmond_list l = { 0 };

	load_all(d, &l);
	telmond_start_list(d, &l, true, &why);
	publish(d, &l);
	free_list(&l);
}

void
telmond_plugins_check(struct telmond *d)
{
	struct telmond_list l = { 0 };

	load_all(d, &l);
	publish(d, &l);
	free_list(&l);
}

/* Takes the table that is published no more. */
static void
keep_table(struct telmond *d, struct command_table *t)
{
	d->tables = xrealloc(d->tables, (d->n_tables + 1) * sizeof(struct command_table *));
	d->tables[d->n_tables++] = t;
	atomic_store(&d->unfinished, true);
}

/* Values that the old one had are the new one's past. A start that has not returned yet may add
 * metrics still. */
static void
inherit(struct telmond *d, struct plugin *p, struct plugin *old)
{
	if (old && executor_stats(d->executor, p).life == PLUGIN_RUNNING)
		series_inherit(p->series, old->series, p->object.set);
}

/* Those that are published with one more, or without one. What goes is appended to `gone`, if that
 * is not NULL. */
static struct telmond_list
list_with(const struct command_table *now, struct plugin *add, const char *remove,
	  struct telmond_list *gone)
{
	struct telmond_list l = { 0 };

	for (size_t i = 0; i < now->plugins->count; i++) {
		struct plugin *p = now->plugins->plugins[i];
		bool goes = (remove && strcmp(p->name, remove) == 0) ||
			    (add && strcmp(p->name, add->name) == 0);

		if (!goes)
			append(&l, plugin_ref(p));
		else if (gone)
			append(gone, plugin_ref(p));
	}
	if (add)
		append(&l, plugin_ref(add));
	return l;
}

void
telmond_publish(struct telmond *d, struct plugin *add, const char *remove)
{
	struct command_table *now = registry_get(d->registry);
	struct telmond_list l = list_with(now, add, remove, &d->retired);

	if (add)
		inherit(d, add, plugin_table_find(now->plugins, add->name));
	publish(d, &l);
	free_list(&l);
	keep_table(d, now);
	if (d->sampler)
		sampler_poke(d->sampler);
}

bool
telmond_is_fit(struct telmond *d, struct plugin *p, struct buf *why)
{
	struct command_table *now = registry_get(d->registry), *then;
	struct telmond_list l = list_with(now, p, NULL, NULL);

	then = telmond_table(d, &l);
	telmond_table_compare(then, now, p, why);
	command_table_unref(then);
	free_list(&l);
	command_table_unref(now);
	return why->len == 0;
}

void
telmond_refuse(struct telmond *d, struct plugin *p, struct buf *why)
{
	log_warnx("%s, ignoring it", buf_str(why));
	executor_stop_plugin(d->executor, p);
	plugin_unref(p);
}

/* ---- what takes its time ---- */

static void
take_out(struct telmond_list *l, size_t i)
{
	plugin_unref(l->plugins[i]);
	memmove(&l->plugins[i], &l->plugins[i + 1], (--l->n - i) * sizeof(*l->plugins));
}

/* Once its back-off is over. Milliseconds until then. */
static int
start_again(struct telmond *d, struct plugin *p)
{
	struct isolate_status status;
	int64_t left;

	isolate_status(p->isolate, &status);
	left = (status.next_try_ns - now_ns()) / NS_PER_MS;
	if (left > 0)
		return left < AGAIN_MS ? (int)left : AGAIN_MS;
	call_leave(executor_start_plugin(d->executor, p, d->settings->command_timeout_s), -1);
	return FINISH_MS;
}

static bool
is_published(struct telmond *d, const char *name)
{
	struct command_table *now = registry_get(d->registry);
	bool found = plugin_table_find(now->plugins, name) != NULL;

	command_table_unref(now);
	return found;
}

/* Its child has described it by now. One that works is not given up for one that does not. */
static void
end_wait(struct telmond *d, size_t i, const struct plugin_stats *stats)
{
	struct plugin *p = plugin_ref(d->late.plugins[i]);
	_autobuf_ struct buf why = BUF_WHY;

	take_out(&d->late, i);
	if (has_refused(p, stats) && (p->brought || is_published(d, p->name))) {
		give_up(d, p, stats, &why);
		telmond_publish(d, NULL, NULL);
	} else if (p->brought && !telmond_is_fit(d, p, &why)) {
		telmond_refuse(d, p, &why);
		telmond_publish(d, NULL, NULL);
	} else {
		telmond_publish(d, p, NULL);
		plugin_unref(p);
	}
}

/* One whose child has described it by now is published, one whose child is down is started again.
 * Milliseconds until it is to be looked at again; 0 = it is late no more. */
static int
look_at_late(struct telmond *d, size_t i)
{
	struct plugin *p = d->late.plugins[i];
	struct plugin_stats stats = executor_stats(d->executor, p);

	switch (stats.life) {
	case PLUGIN_STARTING:
		return FINISH_MS;
	case PLUGIN_DOWN:
		return start_again(d, p);
	case PLUGIN_RUNNING:
		end_wait(d, i, &stats);
		return 0;
	case PLUGIN_FAILED:
		take_out(&d->late, i);
		telmond_publish(d, NULL, NULL);
		return 0;
	}
	return 0;
}

static int
finish_late(struct telmond *d)
{
	int ms = -1;

	for (size_t i = 0; i < d->late.n;) {
		int r = look_at_late(d, i);

		if (r > 0 && (ms < 0 || r < ms))
			ms = r;
		i += r > 0;
	}
	return ms;
}

void
telmond_drop_late(struct telmond *d, struct plugin *p)
{
	size_t i = 0;

	while (i < d->late.n && d->late.plugins[i] != p)
		i++;
	if (i == d->late.n)
		return;
	isolate_kill(p->isolate);
	executor_stop_plugin(d->executor, p);
	take_out(&d->late, i);
	telmond_publish(d, NULL, NULL);
}

static void
drop_tables(struct telmond *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_tables; i++) {
		if (command_table_is_shared(d->tables[i]))
			d->tables[n++] = d->tables[i];
		else
			command_table_unref(d->tables[i]);
	}
	d->n_tables = n;
}

static bool
is_in_use(const struct telmond *d, const struct plugin *p)
{
	for (size_t i = 0; i < d->n_tables; i++) {
		if (plugin_table_find(d->tables[i]->plugins, p->name) == p)
			return true;
	}
	return false;
}

static void
stop_retired(struct telmond *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->retired.n; i++) {
		struct plugin *p = d->retired.plugins[i];

		if (is_in_use(d, p)) {
			d->retired.plugins[n++] = p;
			continue;
		}
		executor_stop_plugin(d->executor, p);
		plugin_unref(p);
	}
	d->retired.n = n;
}

int
telmond_plugins_finish(struct telmond *d)
{
	int ms;

	if (!atomic_load(&d->unfinished))
		return -1;
	if (!telmond_change_begin(d, 0))
		return FINISH_MS;
	ms = finish_late(d);
	drop_tables(d);
	stop_retired(d);
	if (d->n_tables || d->retired.n)
		ms = FINISH_MS;
	atomic_store(&d->unfinished, ms >= 0);
	telmond_change_end(d);
	return ms;
}

/* ---- the end ---- */

static void
stop_list(struct telmond *d, struct telmond_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		executor_stop_plugin(d->executor, l->plugins[i]);
	free_list(l);
}

void
telmond_plugins_stop(struct telmond *d)
{
	struct command_table *table = registry_get(d->registry);

	/* There is no table before plugins were looked for. */
	for (size_t i = 0; table && i < table->plugins->count; i++)
		executor_stop_plugin(d->executor, table->plugins->plugins[i]);
	command_table_unref(table);
	/* A session that hangs in its change has the rest for itself. */
	if (telmond_is_changing(d))
		return;
	stop_list(d, &d->late);
	stop_list(d, &d->retired);
	for (size_t i = 0; i < d->n_tables; i++)
		command_table_unref(d->tables[i]);
	free(d->tables);
	d->tables = NULL;
	d->n_tables = 0;
	while (d->n_off)
		telmond_off_remove(d, d->off[0].name);
	free(d->off);
	d->off = NULL;
}
