/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * help -- everything that can be typed, and one thing in detail: a command with its arguments and
 * columns, or a filter. All of it is printed from the tables that run it, so it cannot disagree
 * with them.
 */
#include <math.h>
#include <string.h>

#include "builtins_private.h"
#include "filter.h"
#include "text.h"

static void
put_line(struct rows *rows, const char *name, const char *help)
{
	rows_begin(rows);
	rows_text(rows, name);
	rows_text(rows, help);
}

static void
put_bufs(struct rows *rows, struct buf *name, struct buf *help)
{
	rows_begin(rows);
	rows_buf(rows, name);
	rows_buf(rows, help);
}

static void
list(const struct command_table *table, struct rows *rows)
{
	size_t n;
	const struct filter_info *filters = filter_table(&n);

	for (size_t i = 0; i < table->count; i++)
		put_line(rows, table->commands[i].name, table->commands[i].help);
	for (size_t i = 0; i < n; i++) {
		_autobuf_ struct buf name = BUF_INIT(256), text = BUF_INIT(4096);

		buf_printf(&name, "| %s", filters[i].name);
		buf_puts(&text, filters[i].help);
		put_bufs(rows, &name, &text);
	}
	put_line(rows, "/help", "the session's own words, such as /set, /who and /quit");
}

/* "12" rather than "12.000000". */
static void
put_range(struct buf *out, const struct telmon_arg *a)
{
	const char *between = a->def ? "; " : "";

	if (!a->def && a->min == 0 && a->max == 0)
		return;
	buf_puts(out, " (");
	if (a->def)
		buf_printf(out, "default %s", a->def);
	if (a->min != 0 || a->max != 0)
		buf_printf(out, "%s%.10g to %.10g", between, a->min, a->max);
	buf_putc(out, ')');
}

static void
put_arg(struct rows *rows, const struct telmon_arg *a)
{
	_autobuf_ struct buf name = BUF_INIT(256), text = BUF_INIT(4096);

	if (a->flag && a->type == TELMON_FLAG && a->name && *a->name)
		buf_printf(&name, "option -%c, --%s", a->flag, a->name);
	else if (a->flag)
		buf_printf(&name, "option -%c", a->flag);
	else
		buf_printf(&name, "argument %s", a->name);
	if (a->flag && a->type != TELMON_FLAG)
		buf_printf(&text, "%s: ", a->name);
	buf_puts(&text, a->help ? a->help : "");
	put_range(&text, a);
	put_bufs(rows, &name, &text);
}

static void
put_column(struct rows *rows, const struct telmon_column *c)
{
	_autobuf_ struct buf name = BUF_INIT(256), text = BUF_INIT(4096);
	const char *unit = text_unit(c->unit);

	buf_printf(&name, "column %s", c->name);
	buf_printf(&text, "%s (%s)", c->help ? c->help : "", *unit ? unit : builtins_type(c->type));
	put_bufs(rows, &name, &text);
}

/* What the plugin's samples come from, each once. */
static void
put_sources(struct rows *rows, const struct plugin *plugin)
{
	_autobuf_ struct buf text = BUF_INIT(4096);
	const struct telmon_metric *m = plugin->metrics;

	for (size_t i = 0; i < plugin->decl.n_metrics; i++) {
		bool seen = !m[i].source || !*m[i].source;

		for (size_t j = 0; j < i && !seen; j++)
			seen = m[j].source && strcmp(m[j].source, m[i].source) == 0;
		if (!seen)
			buf_printf(&text, "%s%s", text.len ? "; " : "", m[i].source);
	}
	builtins_pair_buf(rows, "source", &text);
}

static void
describe_command(const struct command *c, struct rows *rows)
{
	_autobuf_ struct buf usage = BUF_INIT(4096);

	command_usage(&usage, c);
	builtins_pair_buf(rows, "usage", &usage);
	put_line(rows, "help", c->help);
	for (size_t i = 0; i < c->n_args; i++)
		if (!command_repeats(c, i))
			put_arg(rows, &c->args[i]);
	for (size_t i = 0; i < c->n_columns; i++)
		put_column(rows, &c->columns[i]);
	if (!c->plugin)
		return;
	builtins_pair(rows, "plugin", "%s %s", c->plugin->name,
		      c->plugin->decl.version ? c->plugin->decl.version : "");
	/* A run looks elsewhere, and does not say where. */
	if (c->kind == COMMAND_VIEW)
		put_sources(rows, c->plugin);
}

static const struct filter_info *
find_filter(const char *name, bool prefix)
{
	const struct filter_info *found = NULL;
	size_t n, len = strlen(name);
	const struct filter_info *table = filter_table(&n);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
		if (!prefix || strncmp(table[i].name, name, len) != 0)
			continue;
		if (found)
			return NULL;
		found = &table[i];
	}
	return found;
}

/* Replaces the sentence about commands when a filter is what was meant. */
static void
suggest_filter(const char *name, struct buf *why)
{
	const char *names[64], *nearest;
	size_t n;
	const struct filter_info *table = filter_table(&n);

	if (n > BUILTINS_COUNT(names))
		n = BUILTINS_COUNT(names);
	for (size_t i = 0; i < n; i++)
		names[i] = table[i].name;
	nearest = text_nearest(name, names, n);
	if (!nearest || strstr(buf_str(why), "did you mean"))
		return;
	buf_clear(why);
	buf_puts(why, "no command or filter '");
	builtins_put_word(why, name);
	buf_printf(why, "' (did you mean '%s'? try help)", nearest);
}

static int
describe(const struct command_table *table, const char *name, bool person, struct rows *rows,
	 struct buf *why)
{
	const struct command *c;
	const struct filter_info *f;

	c = command_find(table, name, false, why);
	f = c ? NULL : find_filter(name, false);
	if (!c && !f && person) {
		buf_clear(why);
		c = command_find(table, name, true, why);
		f = c ? NULL : find_filter(name, true);
	}
	if (c) {
		describe_command(c, rows);
		return 0;
	}
	if (!f) {
		suggest_filter(name, why);
		return STATUS_USAGE;
	}
	put_line(rows, "usage", f->usage);
	put_line(rows, "help", f->help);
	return 0;
}

static int
exec(void *ctx, const struct request *request, struct rows *rows, struct reply *reply,
     struct buf *why)
{
	struct builtins_env *env = ctx;
	struct command_table *table = registry_get(env->registry);
	int r = 0;

	(void)reply;
	rows->plain = true;
	if (request->args[0].given)
		r = describe(table, request->args[0].s, request->asker->person, rows, why);
	else
		list(table, rows);
	command_table_unref(table);
	if (r != 0)
		return r;
	buf_clear(why);
	builtins_wrap(request, rows);
	return 0;
}

static const struct telmon_column columns[] = {
	{ .name = "name",
	  .help = "a command, a filter, or what of it is described",
	  .type = TELMON_TEXT },
	{ .name = "help", .help = "what it does or means", .type = TELMON_TEXT },
};

static const struct telmon_arg args[] = {
	{ .name = "name", .help = "command or filter to describe", .type = TELMON_TEXT },
};

const struct command builtins_help = {
	.name = "help",
	.help = "All commands, or one in detail",
	.columns = columns,
	.n_columns = BUILTINS_COUNT(columns),
	.args = args,
	.n_args = BUILTINS_COUNT(args),
	.kind = COMMAND_BUILTIN,
	.exec = exec,
};
