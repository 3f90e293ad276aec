/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * explain -- what one number is: a metric with its source, formula and values of now, or a column
 * of a command with its thresholds. What a plugin says of itself is shown as it is; nothing here
 * knows a metric by name.
 */
#include <stdlib.h>
#include <string.h>

#include "builtins_private.h"
#include "mem.h"
#include "text.h"

enum { MAX_SHOWN = 5, WAIT_S = 2 };

static void
put_labels(struct rows *rows, const struct metric *m)
{
	_autobuf_ struct buf text = BUF_INIT(4096);

	for (unsigned i = 0; i < m->n_labels; i++)
		buf_printf(&text, "%s%s", i ? ", " : "", m->labels[i]);
	builtins_pair_buf(rows, "labels", &text);
}

static void
put_series(struct rows *rows, const struct snapshot *s, unsigned metric, size_t i)
{
	_autobuf_ struct buf text = BUF_INIT(SIZE_MAX / 2);
	const struct metric *m = &s->set->metrics[metric];
	double v = snapshot_value(s, metric, i);

	text_number(&text, v, m->unit, text_is_whole(v) ? TELMON_INT : TELMON_REAL);
	if (m->n_labels) {
		buf_puts(&text, "  {");
		builtins_labels(&text, s, metric, i);
		buf_putc(&text, '}');
	}
	builtins_pair_buf(rows, "value", &text);
}

static void
put_values(struct rows *rows, const struct snapshot *s, const char *name)
{
	long metric = metric_set_find(s->set, name);
	size_t n = metric < 0 ? 0 : snapshot_count(s, (unsigned)metric);

	for (size_t i = 0; i < n && i < MAX_SHOWN; i++)
		put_series(rows, s, (unsigned)metric, i);
	if (n > MAX_SHOWN)
		builtins_pair(rows, "more", "%zu more series (metrics %s)", n - MAX_SHOWN, name);
	if (n == 0)
		builtins_pair(rows, "value", "none now");
}

static int
explain_metric(struct builtins_env *env, struct plugin *plugin, const struct metric *m,
	       struct reply *reply, struct rows *rows)
{
	_autobuf_ struct buf why = BUF_WHY;
	const char *unit = text_unit(m->unit);
	struct snapshot *newest, *previous;
	int r;

	builtins_pair(rows, "name", "%s", m->name);
	builtins_pair(rows, "kind", "%s", builtins_kind(m->kind));
	builtins_pair(rows, "unit", "%s", *unit ? unit : "none");
	builtins_pair(rows, "help", "%s", m->help);
	put_labels(rows, m);
	builtins_pair(rows, "source", "%s", m->source);
	builtins_pair(rows, "formula", "%s", m->formula ? m->formula : "");
	builtins_pair(rows, "plugin", "%s", plugin->name);
	builtins_pair(rows, "exposed", "%s%s", env->metric_prefix, m->name);
	r = pipeline_fresh(env->pipeline, plugin, WAIT_S, reply, &newest, &previous, &why);
	if (r < 0)
		return r;
	if (newest)
		put_values(rows, newest, m->name);
	else
		builtins_pair(rows, "value", "unknown: %s", buf_str(&why));
	snapshot_unref(newest);
	snapshot_unref(previous);
	return 0;
}

static void
put_thresholds(struct rows *rows, const struct telmon_column *c)
{
	_autobuf_ struct buf text = BUF_INIT(1024);
	const char *side = c->crit < c->warn ? "at or below" : "at or above";

	if (c->warn == 0 && c->crit == 0)
		return;
	buf_printf(&text, "warning %s ", side);
	text_number(&text, c->warn, c->unit, c->type);
	buf_printf(&text, ", critical %s ", side);
	text_number(&text, c->crit, c->unit, c->type);
	builtins_pair_buf(rows, "thresholds", &text);
}

static void
explain_column(const struct command *command, const struct telmon_column *c, struct rows *rows)
{
	const char *unit = text_unit(c->unit);

	builtins_pair(rows, "name", "%s.%s", command->name, c->name);
	builtins_pair(rows, "type", "%s", builtins_type(c->type));
	builtins_pair(rows, "unit", "%s", *unit ? unit : "none");
	builtins_pair(rows, "help", "%s", c->help ? c->help : "");
	builtins_pair(rows, "formula", "%s", c->formula ? c->formula : "");
	put_thresholds(rows, c);
	builtins_pair(rows, "plugin", "%s", command->plugin ? command->plugin->name : "built in");
}

static int
find_column(const struct command_table *table, const char *name, bool person, struct rows *rows,
	    struct buf *why)
{
	_autofree_ char *first = xstrndup(name, strcspn(name, "."));
	const char *second = name + strlen(first) + 1;
	const struct command *c = command_find(table, first, person, why);
	long i;

	if (!c)
		return STATUS_USAGE;
	i = rows_column(c->columns, c->n_columns, second);
	if (i >= 0 && (person || row_column_is_whole(c->columns[i].name, second))) {
		explain_column(c, &c->columns[i], rows);
		return 0;
	}
	buf_printf(why, "%s: no column '", c->name);
	builtins_put_word(why, second);
	buf_printf(why, "' (try help %s)", c->name);
	return STATUS_USAGE;
}

static int
not_found(const struct command_table *table, const char *name, struct buf *why)
{
	_autobuf_ struct buf none = BUF_WHY, nearest = BUF_WHY;

	buf_puts(why, "no metric '");
	builtins_put_word(why, name);
	if (command_find(table, name, false, &none))
		buf_printf(why, "', but a command (try help %s, or explain %s.COLUMN)", name, name);
	else if (builtins_nearest_metric(table, name, &nearest))
		buf_printf(why, "' (did you mean '%s'? try metrics)", buf_str(&nearest));
	else
		buf_puts(why, "' (try metrics, or explain COMMAND.COLUMN)");
	return STATUS_USAGE;
}

static int
explain(struct builtins_env *env, const struct command_table *table, struct metric_set **sets,
	const struct request *request, struct rows *rows, struct reply *reply, struct buf *why)
{
	const char *name = request->args[0].s;
	size_t prefix = strlen(env->metric_prefix);

	for (size_t i = 0; i < table->plugins->count; i++) {
		struct plugin *p = table->plugins->plugins[i];
		long at;

		sets[i] = builtins_metric_set(p);
		if (!sets[i])
			continue;
		at = metric_set_find(sets[i], name);
		if (at < 0 && strncmp(name, env->metric_prefix, prefix) == 0)
			at = metric_set_find(sets[i], name + prefix);
		if (at >= 0)
			return explain_metric(env, p, &sets[i]->metrics[at], reply, rows);
	}
	if (strchr(name, '.'))
		return find_column(table, name, request->asker->person, rows, why);
	return not_found(table, name, why);
}

static int
exec(void *ctx, const struct request *request, struct rows *rows, struct reply *reply,
     struct buf *why)
{
	struct builtins_env *env = ctx;
	struct command_table *table;
	struct metric_set **sets;
	int r;

	if (!request->args[0].given) {
		buf_puts(
			why,
			"explain: explain what? (usage: explain METRIC or explain COMMAND.COLUMN)");
		return STATUS_USAGE;
	}
	table = registry_get(env->registry);
	sets = xcalloc(table->plugins->count, sizeof(*sets));
	rows->plain = true;
	r = explain(env, table, sets, request, rows, reply, why);
	for (size_t i = 0; i < table->plugins->count; i++)
		metric_set_unref(sets[i]);
	free(sets);
	command_table_unref(table);
	if (r == 0)
		builtins_wrap(request, rows);
	return r;
}

static const struct telmon_arg args[] = {
	{ .name = "metric",
	  .help = "a metric, with or without prefix, or COMMAND.COLUMN",
	  .type = TELMON_TEXT },
};

const struct command builtins_explain = {
	.name = "explain",
	.help = "What a metric or a column means",
	.columns = builtins_pairs,
	.n_columns = 2,
	.args = args,
	.n_args = BUILTINS_COUNT(args),
	.kind = COMMAND_BUILTIN,
	.exec = exec,
};
