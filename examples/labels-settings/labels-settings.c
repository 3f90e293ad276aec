/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * labels-settings -- numbers that somebody else writes into files: each file of a folder has lines
 * `key=value`, each key becomes a metric with the label `file` when it turns up first, and what is
 * no number becomes a label. So which metrics there are is known only at run time.
 *
 * A view may not look at what collect changes: the keys are only ever appended, and their number is
 * published last, so a view sees whole ones.
 */
#include <telmon/plugin.h>

#include <stdatomic.h>
#include <stdio.h>

enum { TEXT };

static const struct telmon_metric metrics[] = {
	[TEXT] = { .name = "kv_text_info",
		   .help = "Values that are no numbers",
		   .kind = TELMON_INFO,
		   .labels = "file,key,text",
		   .source = "the files of the setting dir" },
};

enum { MAX_KEYS = 500, MAX_KEY = 64, MAX_TEXT = 200, MAX_FILES = 1000 };

struct key {
	char name[MAX_KEY + 1];
	unsigned metric;
};

struct state {
	atomic_size_t n;
	struct key keys[MAX_KEYS];
};

/* ---- keys ---- */

static bool
ends_in(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n >= k && strcmp(s + n - k, suffix) == 0;
}

/* What a name tells by the customs of Prometheus. */
static enum telmon_unit
unit_of(const char *name)
{
	if (ends_in(name, "_bytes"))
		return TELMON_BYTES;
	if (ends_in(name, "_seconds"))
		return TELMON_SECONDS;
	return ends_in(name, "_percent") ? TELMON_PERCENT : TELMON_NONE;
}

/* All texts are copied. -EINVAL, and a line in the log: no name for a metric. */
static int
add_key(struct telmon *t, struct state *s, const char *name)
{
	size_t n = atomic_load(&s->n);
	char metric[MAX_KEY + 8];
	struct telmon_metric m = { .name = metric,
				   .help = "A value that is read from files",
				   .kind = ends_in(name, "_total") ? TELMON_COUNTER : TELMON_GAUGE,
				   .unit = unit_of(name),
				   .labels = "file",
				   .source = "the files of the setting dir" };
	int index;

	if (n == MAX_KEYS)
		return -ENOSPC;
	snprintf(metric, sizeof(metric), "kv_%s", name);
	index = telmon_add_metric(t, &m);
	if (index < 0)
		return index;
	snprintf(s->keys[n].name, sizeof(s->keys[n].name), "%s", name);
	s->keys[n].metric = (unsigned)index;
	atomic_store(&s->n, n + 1);
	return index;
}

/* The number of its metric, or -errno. */
static int
find_key(struct telmon *t, struct state *s, const char *name)
{
	size_t n = atomic_load(&s->n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(s->keys[i].name, name) == 0)
			return (int)s->keys[i].metric;
	}
	return add_key(t, s, name);
}

/* ---- files ---- */

/* `key=value`: the key's length, or 0 where there is none that makes a name. */
static size_t
key_size(const char *line)
{
	size_t n = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_");

	return n <= MAX_KEY && line[n] == '=' ? n : 0;
}

static void
take_line(struct telmon *t, struct state *s, const char *file, const char *line)
{
	size_t n = key_size(line), end;
	char key[MAX_KEY + 1], text[MAX_TEXT + 1];
	const char *at = line + n + 1;
	double value;
	int metric;

	if (n == 0)
		return;
	memcpy(key, line, n);
	key[n] = '\0';
	value = telmon_number(&at);
	if (!isnan(value) && *at == '\n') {
		metric = find_key(t, s, key);
		if (metric >= 0)
			telmon_put1(t, (unsigned)metric, file, value);
		return;
	}
	at = line + n + 1;
	end = strcspn(at, "\n");
	end = end < MAX_TEXT ? end : MAX_TEXT;
	memcpy(text, at, end);
	text[end] = '\0';
	telmon_put_labels(t, TEXT, (const char *const[]){ file, key, text }, 3, 1);
}

static void
take_file(struct telmon *t, struct state *s, const char *dir, const char *name)
{
	struct telmon_file f;
	const char *at, *line;
	char path[4096];

	if (*name == '.' ||
	    (size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
		return;
	/* Gone since it was listed, or nothing that can be read: the others are still there. */
	if (telmon_read(t, path, &f) < 0)
		return;
	at = f.text;
	while ((line = telmon_next_line(&at)))
		take_line(t, s, name, line);
}

/* ---- callbacks ---- */

static int
start(struct telmon *t)
{
	const char *dir = telmon_setting(t, "dir");

	if (!dir || *dir != '/')
		return telmon_fail(t, -EINVAL, "the setting dir=/... is wanted");
	return telmon_new_state(t, sizeof(struct state));
}

static void
stop(struct telmon *t)
{
	free(t->state);
}

static int
collect(struct telmon *t)
{
	const char *dir = telmon_setting(t, "dir"), *const * names;
	int n = telmon_list(t, dir, &names);

	if (n < 0)
		return telmon_fail(
			t, n, "dir cannot be listed (isolated, it must stand in read = { ... })");
	for (int i = 0; i < n && i < MAX_FILES && !telmon_cancelled(t); i++)
		take_file(t, t->state, dir, names[i]);
	return 0;
}

static const struct telmon_column columns[] = {
	{ .name = "file", .help = "File in the folder", .type = TELMON_TEXT },
	{ .name = "key", .help = "What stands before the =", .type = TELMON_TEXT },
	{ .name = "value", .help = "What stands behind it", .type = TELMON_REAL },
	{ .name = "text",
	  .help = "The same where it is no number",
	  .type = TELMON_TEXT,
	  .priority = 1 },
};

static int
view_values(struct telmon *t)
{
	const struct state *s = t->state;
	size_t n = atomic_load(&s->n);

	for (size_t k = 0; k < n; k++) {
		for (size_t i = 0; i < telmon_count(t, s->keys[k].metric); i++) {
			if (telmon_row(t) < 0)
				return -EMSGSIZE;
			telmon_text(t, telmon_label(t, s->keys[k].metric, i, 0));
			telmon_text(t, s->keys[k].name);
			telmon_real(t, telmon_value(t, s->keys[k].metric, i));
		}
	}
	for (size_t i = 0; i < telmon_count(t, TEXT); i++) {
		if (telmon_row(t) < 0)
			return -EMSGSIZE;
		telmon_text(t, telmon_label(t, TEXT, i, 0));
		telmon_text(t, telmon_label(t, TEXT, i, 1));
		telmon_real(t, NAN);
		telmon_text(t, telmon_label(t, TEXT, i, 2));
	}
	return 0;
}

static const struct telmon_command commands[] = {
	{ .name = "values",
	  .help = "What the files of a folder say",
	  TELMON_COLUMNS(columns),
	  .view = view_values },
};

TELMON_PLUGIN = {
	TELMON_PLUGIN_HEAD,
	.version = "1",
	.help = "Numbers from files of the form key=value",
	.mode = TELMON_ON_DEMAND,
	TELMON_METRICS(metrics),
	TELMON_COMMANDS(commands),
	.start = start,
	.stop = stop,
	.collect = collect,
};
