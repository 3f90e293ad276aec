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
#include <limits.h>
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

/* NULL with "PATH: reason" in why, and a status of wire.h in *ret_status. */
static struct plugin *
load(struct telmond *d, const char *path, const struct settings_plugin *section, int *ret_status,
     struct buf *why)
{
	const struct settings *s = d->settings;
	struct plugin_options options = { 0 };

	*ret_status = STATUS_FAILED;
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

/* Nothing is known of a plugin before its child has described it. Takes the reference. */
static void
wait_for(struct telmond *d, struct plugin *p)
{
	d->late = xrealloc(d->late, (d->n_late + 1) * sizeof(*d->late));
	d->late[d->n_late++] = p;
	atomic_store(&d->any_late, true);
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
		if (stats.life == PLUGIN_STARTING && p->isolate) {
			log_info("plugin %s: its child is not ready yet, going on without it",
				 p->name);
			wait_for(d, p);
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

/* Those that are ready go to `ready`, those that failed go. */
static void
sort_late(struct telmond *d, struct list *ready)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_late; i++) {
		struct plugin *p = d->late[i];
		struct plugin_stats stats = executor_stats(d->executor, p);

		if (stats.life == PLUGIN_RUNNING)
			append(ready, p);
		else if (stats.life == PLUGIN_STARTING)
			d->late[n++] = p;
		else
			plugin_unref(p); /* the executor has said why */
	}
	d->n_late = n;
	atomic_store(&d->any_late, n > 0);
}

bool
telmond_plugins_late(struct telmond *d)
{
	struct list ready = { 0 };

	if (!atomic_load(&d->any_late))
		return false;
	if (!telmond_change_begin(d, false))
		return true;
	sort_late(d, &ready);
	if (ready.n)
		publish_more(d, &ready);
	telmond_change_end(d);
	return atomic_load(&d->any_late);
}

void
telmond_plugins_stop(struct telmond *d)
{
	struct command_table *table = registry_get(d->registry);

	/* There is no table before plugins were looked for. */
	for (size_t i = 0; table && i < table->plugins->count; i++)
		executor_stop_plugin(d->executor, table->plugins->plugins[i]);
	command_table_unref(table);
	for (size_t i = 0; i < d->n_late; i++) {
		executor_stop_plugin(d->executor, d->late[i]);
		plugin_unref(d->late[i]);
	}
	free(d->late);
	d->late = NULL;
	d->n_late = 0;
}

static bool
is_loaded(struct telmond *d, const char *name)
{
	struct command_table *now = registry_get(d->registry);
	struct plugin *p = plugin_table_find(now->plugins, name);
	bool found = p && executor_stats(d->executor, p).life != PLUGIN_FAILED;

	command_table_unref(now);
	for (size_t i = 0; i < d->n_late; i++)
		found |= strcmp(d->late[i]->name, name) == 0;
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
		if (!why->len)
			say(why, path, "its child is not ready yet; plugins shows it once it is");
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
