/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond_plugins -- which objects are loaded, and into what. The administrator's word decides: the
 * compiled-in folder and those of -p are trusted, anything else runs inside only when its section
 * says so. A bad object is a warning, never a reason not to start; so is one whose start hangs,
 * which is published all the same and takes calls once it has returned. Main thread at start; later
 * the thread of the administrator who says `plugins load`.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "plugin.h"
#include "telmond_private.h"
#include "text.h"
#include "wire.h"

struct list {
	struct plugin **plugins;
	size_t n;
};

/* The name of a plugin is that of its file. */
static char *
name_of(const char *path)
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

static void
say(struct buf *why, const char *path, const char *reason)
{
	text_clean(why, path, strnlen(path, 500));
	buf_printf(why, ": %s", reason);
}

static const char isolated[] = "it would run isolated, which this version cannot do "
			       "('isolate = false' in its section runs it inside)";

/* NULL with "PATH: reason" in why, and a status of wire.h in *ret_status. */
static struct plugin *
load(struct telmond *d, const char *path, const struct settings_plugin *section, int *ret_status,
     struct buf *why)
{
	const struct settings *s = d->settings;
	struct plugin_options options = { 0 };

	*ret_status = STATUS_DENIED;
	if (!may_run_inside(d, path, section)) {
		say(why, path, isolated);
		return NULL;
	}
	*ret_status = STATUS_FAILED;
	if (section) {
		options.interval_s = section->interval_s;
		options.deadline_s = section->deadline_s;
		options.settings = section->settings;
	}
	return plugin_load(path, &options, s->command_timeout_s, why);
}

static bool
has(const struct list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->plugins[i]->name, name) == 0)
			return true;
	}
	return false;
}

static void
append(struct list *l, struct plugin *p)
{
	l->plugins = xrealloc(l->plugins, (l->n + 1) * sizeof(*l->plugins));
	l->plugins[l->n++] = p;
}

static void
try_load(struct telmond *d, struct list *l, const char *path, const struct settings_plugin *section)
{
	_autobuf_ struct buf why = BUF_WHY;
	int status;
	struct plugin *p = load(d, path, section, &status, &why);

	if (p)
		append(l, p);
	else
		log_warnx("plugin %s, ignoring", buf_str(&why));
}

static void
load_folder(struct telmond *d, struct list *l, const char *folder)
{
	char **paths;
	int r = plugin_scan(folder, &paths);

	if (r < 0) {
		log_warnx("plugin path %s: %s, ignoring", folder, strerror(-r));
		return;
	}
	for (char **path = paths; *path; path++) {
		_autofree_ char *name = name_of(*path);
		const struct settings_plugin *section = settings_find_plugin(d->settings, name);

		if (has(l, name))
			log_debug("plugin %s: another one of this name is loaded", name);
		else if (!section || (section->enabled && !section->file))
			try_load(d, l, *path, section);
		free(*path);
	}
	free(paths);
}

/* Starts them all. Those that fail leave the list; why is what the last of them said. */
static void
start_all(struct telmond *d, struct list *l, struct buf *why)
{
	size_t n = 0;

	telmond_start_plugins(d, l->plugins, l->n);
	for (size_t i = 0; i < l->n; i++) {
		struct plugin *p = l->plugins[i];
		struct plugin_stats stats = executor_stats(d->executor, p);

		if (stats.life == PLUGIN_FAILED) {
			buf_clear(why);
			say(why, p->path, stats.last_error);
			log_warnx("plugin %s, ignoring", buf_str(why));
			plugin_unref(p);
			continue;
		}
		if (stats.life == PLUGIN_STARTING)
			log_warnx("plugin %s: start has not returned yet, going on without it",
				  p->name);
		l->plugins[n++] = p;
	}
	l->n = n;
}

/* The commands of these plugins, of which it takes the references. */
static struct command_table *
make_table(struct telmond *d, struct list *l)
{
	_autobuf_ struct buf refused = BUF_INIT(1 << 16);
	struct plugin_table *plugins = plugin_table_new(l->plugins, l->n);
	struct command_table *commands = command_table_new(d->builtins, d->n_builtins, plugins,
							   &refused);
	char *save = NULL, *text = xstrdup(buf_str(&refused));

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		log_warnx("%s, ignoring", line);
	free(text);
	plugin_table_unref(plugins);
	for (size_t i = 0; i < l->n; i++)
		plugin_unref(l->plugins[i]);
	free(l->plugins);
	return commands;
}

static void
warn_missing(const struct settings *s, const struct list *l)
{
	for (size_t i = 0; i < s->n_plugins; i++) {
		const struct settings_plugin *p = &s->plugins[i];

		if (p->enabled && !p->file && !has(l, p->name))
			log_warnx("plugin %s: nothing of this name was loaded, keeping its section",
				  p->name);
	}
}

/* What the settings name, not yet started. */
static void
load_all(struct telmond *d, struct list *l)
{
	const struct settings *s = d->settings;

	/* A file that is named goes before one that is found. */
	for (size_t i = 0; i < s->n_plugins; i++) {
		if (s->plugins[i].file && s->plugins[i].enabled)
			try_load(d, l, s->plugins[i].file, &s->plugins[i]);
	}
	for (char **folder = s->plugin_path; *folder; folder++)
		load_folder(d, l, *folder);
	warn_missing(s, l);
}

void
telmond_plugins_start(struct telmond *d)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct list l = { 0 };

	load_all(d, &l);
	start_all(d, &l, &why);
	registry_set(d->registry, make_table(d, &l));
}

void
telmond_plugins_check(struct telmond *d)
{
	struct list l = { 0 };

	load_all(d, &l);
	command_table_unref(make_table(d, &l));
}

/* One more beside those that are published, or in the place of one that never started. */
static void
publish_more(struct telmond *d, struct list *l)
{
	struct command_table *now = registry_get(d->registry);

	for (size_t i = 0; i < now->plugins->count; i++) {
		struct plugin *p = now->plugins->plugins[i];

		if (!has(l, p->name))
			append(l, plugin_ref(p));
	}
	registry_set(d->registry, make_table(d, l));
	command_table_unref(now);
	sampler_poke(d->sampler);
}

static bool
is_loaded(struct telmond *d, const char *name)
{
	struct command_table *now = registry_get(d->registry);
	struct plugin *p = plugin_table_find(now->plugins, name);
	bool found = p && executor_stats(d->executor, p).life != PLUGIN_FAILED;

	command_table_unref(now);
	return found;
}

static int
load_more(struct telmond *d, const char *path, struct buf *why)
{
	_autofree_ char *name = name_of(path);
	struct list l = { 0 };
	struct plugin *p;
	int status;

	if (is_loaded(d, name)) {
		say(why, path, "a plugin of this name is loaded already");
		return STATUS_FAILED;
	}
	p = load(d, path, settings_find_plugin(d->settings, name), &status, why);
	if (!p) {
		log_warnx("plugin %s, ignoring", buf_str(why));
		return status;
	}
	append(&l, p);
	start_all(d, &l, why);
	if (l.n == 0) {
		free(l.plugins);
		return STATUS_FAILED;
	}
	log_info("plugin %s: loaded by an administrator", p->name);
	publish_more(d, &l);
	return 0;
}

int
telmond_plugins_load(void *ctx, const char *path, struct buf *why)
{
	struct telmond *d = ctx;
	int status;

	if (path[0] != '/') {
		buf_puts(why, "plugins load: the path must be absolute");
		return STATUS_USAGE;
	}
	if (!telmond_change_begin(d, false)) {
		buf_puts(why, "plugins load: another load or a reload is under way (try again)");
		return STATUS_UNAVAILABLE;
	}
	status = load_more(d, path, why);
	telmond_change_end(d);
	return status;
}
