/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond_plugins -- which objects are loaded, and into what. The administrator's word decides: the
 * compiled-in folder and those of -p are trusted, anything else runs inside only when its section
 * says so. A bad object is a warning, never a reason not to start. Main thread at start; later the
 * thread of the administrator who says `plugins load`.
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

/* Loads and starts. NULL with "PATH: reason" in why, and a status of wire.h in *ret_status. */
static struct plugin *
load(struct telmond *d, const char *path, const struct settings_plugin *section, int *ret_status,
     struct buf *why)
{
	const struct settings *s = d->settings;
	struct plugin_options options = { 0 };
	_autobuf_ struct buf reason = BUF_WHY;
	struct plugin *p;

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
	p = plugin_load(path, &options, s->command_timeout_s, why);
	if (!p)
		return NULL;
	if (executor_start_plugin(d->executor, p, s->command_timeout_s, &reason) < 0) {
		say(why, path, buf_str(&reason));
		plugin_unref(p);
		return NULL;
	}
	log_debug("plugin %s: loaded", p->name);
	return p;
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

/* Publishes a table of these plugins, of which it takes the references. */
static void
publish(struct telmond *d, struct list *l)
{
	_autobuf_ struct buf refused = BUF_INIT(1 << 16);
	struct plugin_table *plugins = plugin_table_new(l->plugins, l->n);
	struct command_table *commands = command_table_new(d->builtins, d->n_builtins, plugins,
							   &refused);
	char *save = NULL, *text = xstrdup(buf_str(&refused));

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		log_warnx("%s, ignoring", line);
	free(text);
	registry_set(d->registry, commands);
	plugin_table_unref(plugins);
	for (size_t i = 0; i < l->n; i++)
		plugin_unref(l->plugins[i]);
	free(l->plugins);
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

void
telmond_plugins_start(struct telmond *d)
{
	const struct settings *s = d->settings;
	struct list l = { 0 };

	/* A file that is named goes before one that is found. */
	for (size_t i = 0; i < s->n_plugins; i++) {
		if (s->plugins[i].file && s->plugins[i].enabled)
			try_load(d, &l, s->plugins[i].file, &s->plugins[i]);
	}
	for (char **folder = s->plugin_path; *folder; folder++)
		load_folder(d, &l, *folder);
	warn_missing(s, &l);
	publish(d, &l);
}

/* The published plugins and one more. */
static void
publish_more(struct telmond *d, struct plugin *p)
{
	struct command_table *now = registry_get(d->registry);
	struct list l = { 0 };

	for (size_t i = 0; i < now->plugins->count; i++)
		append(&l, plugin_ref(now->plugins->plugins[i]));
	append(&l, p);
	publish(d, &l);
	command_table_unref(now);
	sampler_poke(d->sampler);
}

static bool
is_loaded(struct telmond *d, const char *name)
{
	struct command_table *now = registry_get(d->registry);
	bool found = plugin_table_find(now->plugins, name) != NULL;

	command_table_unref(now);
	return found;
}

static int
load_more(struct telmond *d, const char *path, struct buf *why)
{
	_autofree_ char *name = name_of(path);
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
	log_info("plugin %s: loaded by an administrator", p->name);
	publish_more(d, p);
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
