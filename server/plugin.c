/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * plugin -- loaded objects as the daemon sees them, counted, and the immutable table of them. What
 * an object declares is copied (texts apart), so that everything else meets structs of today's size
 * that have passed plugin_check.c. Loading is main's and administrators' work; tables may be read
 * by any thread. Nothing here calls into a plugin.
 */
#include "plugin.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "plugin_private.h"
#include "text.h"

/* Two snapshots of a plugin on demand that lie further apart than this say nothing about now. */
static const double on_demand_age_s = 10;
/* A wish; as the settings have it. */
static const double min_interval_s = 0.1;

/* ---- loading ------------------------------------------------------------------------------ */

static char *
base_name(const char *path)
{
	const char *base = strrchr(path, '/');
	size_t n;

	base = base ? base + 1 : path;
	n = strlen(base);
	if (n > 3 && strcmp(base + n - 3, ".so") == 0)
		n -= 3;
	return xstrndup(base, n);
}

static int
take_name(struct plugin *p, const char *path, const char *name, struct buf *why)
{
	size_t n;

	p->path = xstrdup(path);
	p->name = name ? xstrdup(name) : base_name(path);
	n = strlen(p->name);
	if (n && n <= PLUGIN_MAX_NAME &&
	    strspn(p->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
		    n)
		return 0;
	buf_printf(
		why,
		"its file name makes no name for a plugin (letters, digits, _ and -, at most %d)",
		PLUGIN_MAX_NAME);
	return -1;
}

/* The set is what is used; the array is the declaration's, for whoever looks there. */
static int
take_metrics(struct plugin *p, const struct telmon_plugin *raw, struct buf *why)
{
	p->object.set = metric_set_new(raw->metrics, raw->n_metrics, raw->size_metric, why);
	if (!p->object.set)
		return -1;
	p->object.size_metric = raw->size_metric;
	p->metrics = xcalloc(raw->n_metrics, sizeof(*p->metrics));
	for (size_t i = 0; i < raw->n_metrics; i++)
		memcpy(&p->metrics[i], (const char *)raw->metrics + i * raw->size_metric,
		       raw->size_metric);
	p->decl.metrics = p->metrics;
	p->decl.size_metric = sizeof(*p->metrics);
	return 0;
}

static int
take_commands(struct plugin *p, const struct telmon_plugin *raw, struct buf *why)
{
	p->commands = xcalloc(raw->n_commands, sizeof(*p->commands));
	p->decl.commands = p->commands;
	p->decl.n_commands = 0;
	for (size_t i = 0; i < raw->n_commands; i++) {
		if (plugin_check_command(raw, i, p->commands, &p->commands[i], why) < 0)
			return -1;
		p->decl.n_commands++;
	}
	p->decl.size_column = sizeof(struct telmon_column);
	p->decl.size_arg = sizeof(struct telmon_arg);
	p->decl.size_command = sizeof(struct telmon_command);
	return 0;
}

static void
take_settings(struct plugin *p, char *const *settings)
{
	size_t n = 0;

	while (settings && settings[n])
		n++;
	p->settings = xcalloc(n + 1, sizeof(*p->settings));
	for (size_t i = 0; i < n; i++)
		p->settings[i] = xstrdup(settings[i]);
	p->object.settings = (const char *const *)p->settings;
}

/* What the administrator said. */
static void
take_options(struct plugin *p, const struct plugin_options *options, double default_deadline_s)
{
	double deadline_s = default_deadline_s, interval_s = 0;

	if (options && options->deadline_s > 0)
		deadline_s = options->deadline_s;
	if (options && options->interval_s > 0)
		interval_s = options->interval_s;
	p->deadline_ns = (int64_t)(deadline_s * (double)NS_PER_S);
	p->interval_ns = (int64_t)(interval_s * (double)NS_PER_S);
	take_settings(p, options ? options->settings : NULL);
}

/* What the declaration leaves to be made. */
static void
complete(struct plugin *p)
{
	double interval_s = p->decl.interval_s > 0 ? p->decl.interval_s : 1;

	if (p->interval_ns == 0)
		p->interval_ns = (int64_t)(interval_s * (double)NS_PER_S);
	p->sampled = p->decl.mode == TELMON_SAMPLED;
	p->series = series_new(p->sampled ? 0 : on_demand_age_s);
	p->object.name = p->name;
	p->object.decl = &p->decl;
}

static int
describe(struct plugin *p, const void *declaration, size_t size, struct buf *why)
{
	struct telmon_plugin raw;

	if (plugin_check_head(declaration, size, &raw, why) < 0)
		return -1;
	p->decl = raw;
	p->decl.size = sizeof(p->decl);
	if (raw.interval_s > 0 && raw.interval_s < min_interval_s)
		p->decl.interval_s = min_interval_s;
	if (take_metrics(p, &raw, why) < 0)
		return -1;
	return take_commands(p, &raw, why);
}

static void
put_path(struct buf *why, const char *path)
{
	text_clean(why, path, strnlen(path, 500));
	buf_puts(why, ": ");
}

struct plugin *
plugin_load(const char *path, const struct plugin_options *options, double default_deadline_s,
	    struct buf *why)
{
	struct plugin *p = xcalloc(1, sizeof(*p));
	const void *declaration;
	size_t size;

	atomic_init(&p->refs, 1);
	p->loaded_ns = now_ns();
	/* In a child the path says nothing: the daemon knows better. */
	if (!options || !options->name)
		put_path(why, path);
	if (take_name(p, path, options ? options->name : NULL, why) < 0 ||
	    plugin_open(path, &p->handle, &declaration, &size, why) < 0 ||
	    describe(p, declaration, size, why) < 0) {
		plugin_unref(p);
		return NULL;
	}
	take_options(p, options, default_deadline_s);
	complete(p);
	buf_clear(why);
	return p;
}

struct plugin *
plugin_declared(const struct telmon_plugin *declaration, const struct plugin_options *options,
		double default_deadline_s, struct buf *why)
{
	struct plugin *p = xcalloc(1, sizeof(*p));

	atomic_init(&p->refs, 1);
	p->loaded_ns = now_ns();
	if (take_name(p, options->name, options->name, why) < 0 ||
	    describe(p, declaration, sizeof(*declaration), why) < 0) {
		plugin_unref(p);
		return NULL;
	}
	take_options(p, options, default_deadline_s);
	complete(p);
	return p;
}

struct plugin *
plugin_load_isolated(const char *path, const struct plugin_options *options,
		     double default_deadline_s, const struct plugin_isolation *isolation,
		     struct buf *why)
{
	struct plugin *p = xcalloc(1, sizeof(*p));
	struct isolate_options o = isolation->options;

	atomic_init(&p->refs, 1);
	p->loaded_ns = now_ns();
	/* Many a section may have the same program. */
	if (options && options->name)
		put_path(why, options->name);
	put_path(why, path);
	if (take_name(p, path, options ? options->name : NULL, why) < 0)
		goto fail;
	o.object_fd = o.exec ? -1 : plugin_copy(path, why);
	if (o.exec ? plugin_check_program(path, why) < 0 : o.object_fd < 0)
		goto fail;
	take_options(p, options, default_deadline_s);
	o.name = p->name;
	o.settings = p->settings;
	p->isolate = isolate_new(isolation->keeper, isolation->host, &o);
	if (o.object_fd >= 0)
		close(o.object_fd);
	if (p->isolate) {
		buf_clear(why);
		return p;
	}
	buf_puts(why, "no descriptor for it");
fail:
	plugin_unref(p);
	return NULL;
}

int
plugin_describe(struct plugin *p, int64_t deadline_ns, struct buf *why)
{
	struct telmon_plugin declaration;
	int r;

	if (!p->isolate || p->series)
		return 0;
	r = isolate_describe(p->isolate, deadline_ns, &declaration, why);
	if (r < 0)
		return r;
	if (describe(p, &declaration, sizeof(declaration), why) < 0)
		return -ENOEXEC;
	complete(p);
	return 0;
}

struct plugin *
plugin_ref(struct plugin *p)
{
	atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	return p;
}

/* The handle is not closed: code of the object may still run, and its texts are in use. */
void
plugin_unref(struct plugin *p)
{
	if (!p || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
		return;
	isolate_free(p->isolate);
	series_free(p->series);
	metric_set_unref(p->object.set);
	for (size_t i = 0; p->commands && i < p->decl.n_commands; i++)
		plugin_free_command(&p->commands[i]);
	free(p->commands);
	free(p->metrics);
	for (char **s = p->settings; s && *s; s++)
		free(*s);
	free(p->settings);
	free(p->name);
	free(p->path);
	free(p);
}

/* ---- the table ---------------------------------------------------------------------------- */

static int
compare_plugins(const void *a, const void *b)
{
	return strcmp((*(struct plugin *const *)a)->name, (*(struct plugin *const *)b)->name);
}

struct plugin_table *
plugin_table_new(struct plugin *const *plugins, size_t n, const struct plugin_off *off,
		 size_t n_off)
{
	struct plugin_table *t = xcalloc(1, sizeof(*t) + n * sizeof(t->plugins[0]));

	atomic_init(&t->refs, 1);
	t->count = n;
	for (size_t i = 0; i < n; i++)
		t->plugins[i] = plugin_ref(plugins[i]);
	qsort(t->plugins, n, sizeof(t->plugins[0]), compare_plugins);
	t->off = xcalloc(n_off, sizeof(*t->off));
	t->n_off = n_off;
	for (size_t i = 0; i < n_off; i++)
		t->off[i] = (struct plugin_off){ .name = xstrdup(off[i].name),
						 .path = xstrdup(off[i].path) };
	return t;
}

void
plugin_table_add_late(struct plugin_table *t, struct plugin *const *plugins, size_t n)
{
	t->late = xcalloc(n, sizeof(*t->late));
	t->n_late = n;
	for (size_t i = 0; i < n; i++)
		t->late[i] = plugin_ref(plugins[i]);
}

void
plugin_table_set_notes(struct plugin_table *t, const char *notes)
{
	free(t->notes);
	t->notes = *notes ? xstrdup(notes) : NULL;
}

const char *
plugin_table_note(const struct plugin_table *t, const char *name, size_t *ret_size)
{
	_autofree_ char *begin = xasprintf("plugin '%s': ", name);
	const char *line = t->notes;

	for (; line && *line; line += *ret_size + (line[*ret_size] != '\0')) {
		*ret_size = strcspn(line, "\n");
		if (strncmp(line, begin, strlen(begin)) != 0)
			continue;
		*ret_size -= strlen(begin);
		return line + strlen(begin);
	}
	return NULL;
}

struct plugin_table *
plugin_table_ref(struct plugin_table *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void
plugin_table_unref(struct plugin_table *t)
{
	if (!t || atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < t->count; i++)
		plugin_unref(t->plugins[i]);
	for (size_t i = 0; i < t->n_late; i++)
		plugin_unref(t->late[i]);
	free(t->late);
	for (size_t i = 0; i < t->n_off; i++) {
		free(t->off[i].name);
		free(t->off[i].path);
	}
	free(t->off);
	free(t->notes);
	free(t);
}

static int
compare_name(const void *name, const void *plugin)
{
	return strcmp(name, (*(struct plugin *const *)plugin)->name);
}

struct plugin *
plugin_table_find(const struct plugin_table *t, const char *name)
{
	struct plugin *const *found = bsearch(name, t->plugins, t->count, sizeof(t->plugins[0]),
					      compare_name);

	return found ? *found : NULL;
}

/* ---- the folder --------------------------------------------------------------------------- */

static bool
is_object(int dir, const char *name)
{
	size_t n = strlen(name);
	struct stat st;

	return *name != '.' && n > 3 && strcmp(name + n - 3, ".so") == 0 &&
	       fstatat(dir, name, &st, 0) == 0 && S_ISREG(st.st_mode);
}

static int
compare_paths(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
plugin_scan(const char *dir, char ***ret_paths)
{
	DIR *open_dir = opendir(dir);
	struct dirent *d;
	char **paths;
	size_t n = 0;

	if (!open_dir)
		return -errno;
	paths = xcalloc(1, sizeof(*paths));
	while ((d = readdir(open_dir))) {
		if (!is_object(dirfd(open_dir), d->d_name))
			continue;
		paths = xrealloc(paths, (n + 2) * sizeof(*paths));
		paths[n++] = xasprintf("%s/%s", dir, d->d_name);
		paths[n] = NULL;
	}
	closedir(open_dir);
	qsort(paths, n, sizeof(*paths), compare_paths);
	*ret_paths = paths;
	return 0;
}
