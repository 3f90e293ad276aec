/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * builtins -- the table of the daemon's own commands, and the helpers that their files share. Each
 * verb is builtins_VERB.c with one constant row; here the rows get their env. Runs on sessions'
 * threads; owns no state of its own.
 */
#include "builtins.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "builtins_private.h"
#include "mem.h"
#include "text.h"

enum { MAX_WORD_BYTES = 80 };

static const struct command *const rows[] = {
	&builtins_echo,	   &builtins_explain, &builtins_graph,	&builtins_help,
	&builtins_metrics, &builtins_plugins, &builtins_status, &builtins_top,
	&builtins_until,   &builtins_version, &builtins_watch,
};

struct command *
builtins_table(struct builtins_env *env, size_t *ret_n)
{
	struct command *table = xcalloc(BUILTINS_COUNT(rows), sizeof(*table));

	for (size_t i = 0; i < BUILTINS_COUNT(rows); i++) {
		table[i] = *rows[i];
		table[i].env = env;
	}
	*ret_n = BUILTINS_COUNT(rows);
	return table;
}

const struct telmon_column builtins_pairs[2] = {
	{ .name = "key", .help = "what it is", .type = TELMON_TEXT },
	{ .name = "value", .help = "what it says", .type = TELMON_TEXT },
};

void
builtins_pair_buf(struct rows *to, const char *key, struct buf *value)
{
	if (!value->len && !value->error)
		return;
	rows_begin(to);
	rows_text(to, key);
	rows_buf(to, value);
}

void
builtins_pair(struct rows *to, const char *key, const char *fmt, ...)
{
	_autobuf_ struct buf value = BUF_INIT(64 << 10);
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&value, fmt, ap);
	va_end(ap);
	builtins_pair_buf(to, key, &value);
}

const char *
builtins_kind(enum telmon_kind kind)
{
	static const char *const names[] = {
		[TELMON_GAUGE] = "gauge",
		[TELMON_COUNTER] = "counter",
		[TELMON_INFO] = "info",
		[TELMON_UNTYPED] = "untyped",
	};

	return (unsigned)kind < BUILTINS_COUNT(names) ? names[kind] : "untyped";
}

const char *
builtins_type(enum telmon_type type)
{
	static const char *const names[] = {
		[TELMON_INT] = "whole number", [TELMON_REAL] = "number",   [TELMON_TEXT] = "text",
		[TELMON_FLAG] = "flag",	       [TELMON_COLUMN] = "column",
	};

	return (unsigned)type < BUILTINS_COUNT(names) ? names[type] : "text";
}

void
builtins_labels(struct buf *out, const struct snapshot *s, unsigned metric, size_t i)
{
	const struct metric *m = &s->set->metrics[metric];

	for (unsigned j = 0; j < m->n_labels; j++) {
		const char *value = snapshot_label(s, metric, i, j);

		buf_printf(out, "%s%s=\"", j ? "," : "", m->labels[j]);
		text_label(out, value ? value : "");
		buf_putc(out, '"');
	}
}

bool
builtins_glob(const struct builtins_env *env, const char *glob, const char *metric)
{
	_autobuf_ struct buf full = BUF_INIT(1024);

	if (!glob || text_glob(glob, metric))
		return true;
	buf_puts(&full, env->metric_prefix);
	buf_puts(&full, metric);
	return text_glob(glob, buf_str(&full));
}

struct metric_set *
builtins_metric_set(const struct plugin *p)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct metric_set *set;
	struct snapshot *newest;

	series_newest(p->series, &newest, NULL);
	if (newest)
		set = metric_set_ref(newest->set);
	else
		set = metric_set_new(p->metrics, p->decl.n_metrics, sizeof(*p->metrics), &why);
	snapshot_unref(newest);
	return set;
}

bool
builtins_nearest_metric(const struct command_table *table, const char *name, struct buf *out)
{
	size_t n = 0, n_sets = table->plugins->count;
	struct metric_set **sets = xcalloc(n_sets, sizeof(struct metric_set *));
	const char **names = NULL, *nearest;

	for (size_t i = 0; i < n_sets; i++) {
		sets[i] = builtins_metric_set(table->plugins->plugins[i]);
		if (!sets[i] || !sets[i]->count)
			continue;
		names = xrealloc(names, (n + sets[i]->count) * sizeof(*names));
		for (size_t k = 0; k < sets[i]->count; k++)
			names[n++] = sets[i]->metrics[k].name;
	}
	nearest = text_nearest(name, names, n);
	if (nearest)
		buf_puts(out, nearest);
	for (size_t i = 0; i < n_sets; i++)
		metric_set_unref(sets[i]);
	free(sets);
	free(names);
	return nearest != NULL;
}

void
builtins_put_word(struct buf *out, const char *word)
{
	text_clean(out, word, strnlen(word, MAX_WORD_BYTES));
}

const struct cell *
builtins_cell(const struct rows *from, size_t row, const char *name)
{
	for (size_t i = 0; row < from->n_rows && i < from->n_columns; i++) {
		const struct cell *c = rows_cell(from, row, i);

		if (strcmp(from->columns[i].name, name) == 0)
			return c->type == CELL_NULL ? NULL : c;
	}
	return NULL;
}

double
builtins_number(const struct rows *from, size_t row, const char *name)
{
	const struct cell *c = builtins_cell(from, row, name);

	if (!c || c->type == CELL_TEXT)
		return NAN;
	return c->type == CELL_INT ? (double)c->i : c->f;
}

const char *
builtins_text(const struct rows *from, size_t row, const char *name)
{
	const struct cell *c = builtins_cell(from, row, name);

	return c && c->type == CELL_TEXT ? c->s : NULL;
}

long
builtins_row(const struct rows *in, const char *column, const char *name)
{
	for (size_t i = 0; i < in->n_rows; i++) {
		const char *s = builtins_text(in, i, column);

		if (s && strcmp(s, name) == 0)
			return (long)i;
	}
	return -1;
}
