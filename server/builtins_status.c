/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * status -- the machine in a dozen lines, each with a verdict, and the worst verdict as the
 * answer's status. The numbers are those of the commands `load`, `cpu` and so on, so what it says
 * can be looked into; a command that is not there is left out. All plugins behind them are asked
 * side by side first. For the eye, a small picture tells how a line went in the last two minutes.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "builtins_private.h"
#include "mem.h"
#include "parse.h"
#include "plot.h"
#include "text.h"

enum { ITEM, VALUE, VERDICT, TREND };

static void
put_host(struct builtins_look *k)
{
	_autobuf_ struct buf value = BUF_INIT(1024);
	char name[256], kernel[256];

	host_name(k->env->host, name, sizeof(name));
	host_kernel(k->env->host, kernel, sizeof(kernel));
	buf_printf(&value, "%s  %s", name, kernel);
	builtins_uptime(k->env, "  ", &value);
	rows_begin(k->rows);
	rows_text(k->rows, "host");
	rows_buf(k->rows, &value);
	rows_text(k->rows, builtins_verdicts[STATUS_OK]);
}

/* Asks the plugins behind the parts side by side, so that one that is slow costs its two seconds
 * once. */
static int
gather(struct builtins_look *k, const struct command_table *table)
{
	struct plugin *plugins[BUILTINS_PARTS];
	_autobuf_ struct buf why = BUF_WHY;
	size_t n = 0;

	for (size_t i = 0; i < BUILTINS_PARTS; i++) {
		const struct command *c = command_find(table, builtins_parts[i].command, false,
						       &why);

		buf_clear(&why);
		if (c && c->plugin)
			plugins[n++] = c->plugin;
	}
	return builtins_gather(k->env, plugins, n, k->reply, &k->sources, &k->n_sources);
}

/* NULL: it does not collect. */
static const struct builtins_source *
source_of(const struct builtins_look *k, const struct plugin *p)
{
	for (size_t i = 0; i < k->n_sources; i++)
		if (k->sources[i].plugin == p)
			return &k->sources[i];
	return NULL;
}

static double
old_s(const struct builtins_source *s)
{
	return s && s->newest && !s->success
		       ? (double)(now_ns() - s->newest->time_ns) / (double)NS_PER_S
		       : 0;
}

static void
put_unknown(struct builtins_look *k, const char *item, const char *reason)
{
	_autobuf_ struct buf value = BUF_INIT(4096);

	buf_puts(&value, reason);
	builtins_put(k, item, &value, STATUS_UNKNOWN);
}

static int
run_part(struct builtins_look *k, const struct builtins_part *part)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct pipeline_round *round = NULL;
	struct parse_command *parsed;
	const struct rows *rows;
	struct arena arena;
	size_t at = 0;
	int r = -EINVAL;

	arena_init(&arena, 64 << 10);
	if (parse_next(part->command, strlen(part->command), &at, &arena, &parsed, &why) == 1)
		round = pipeline_round_new(k->env->pipeline, &k->asker, parsed, &r, &why);
	if (round)
		r = pipeline_round_rows(round, k->reply, &rows, &why);
	if (!round || r >= STATUS_USAGE)
		put_unknown(k, part->command, why.len ? buf_str(&why) : strerror(ENOMEM));
	else if (r >= 0 && rows->n_rows)
		part->put(k, rows);
	pipeline_round_free(round);
	arena_fini(&arena);
	return round && r < 0 ? r : 0;
}

static int
run_parts(struct builtins_look *k, const struct command_table *table)
{
	_autobuf_ struct buf why = BUF_WHY;
	const struct builtins_source *s;
	int r = 0;

	for (size_t i = 0; r == 0 && i < BUILTINS_PARTS; i++) {
		const struct command *c = command_find(table, builtins_parts[i].command, false,
						       &why);

		buf_clear(&why);
		if (!c || !c->plugin)
			continue;
		s = source_of(k, c->plugin);
		k->plugin = c->plugin;
		k->old_s = 0;
		if (s && s->late) {
			put_unknown(k, builtins_parts[i].command, "no answer within 2 s");
			continue;
		}
		k->old_s = old_s(s);
		r = run_part(k, &builtins_parts[i]);
	}
	return r;
}

static const struct telmon_column columns[] = {
	[ITEM] = { .name = "item", .help = "what is looked at", .type = TELMON_TEXT },
	[VALUE] = { .name = "value", .help = "how it is", .type = TELMON_TEXT },
	[VERDICT] = { .name = "verdict",
		      .help = "ok, warning, critical or unknown",
		      .type = TELMON_TEXT },
	[TREND] = { .name = "last_2_min",
		    .help = "how it went, the highest of each five seconds (text only; "
			    "the numbers: graph)",
		    .type = TELMON_TEXT,
		    .priority = 9 },
};

/* How many characters of a picture there is room for beside the rest. */
static size_t
room_for_trends(const struct rows *rows, unsigned width)
{
	size_t used = 0, widest;

	if (!width)
		return BUILTINS_TREND_POINTS;
	for (size_t i = ITEM; i <= VERDICT; i++) {
		widest = strlen(columns[i].name);
		for (size_t row = 0; row < rows->n_rows; row++) {
			_autobuf_ struct buf text = BUF_INIT(16 << 10);
			size_t width_of;

			cell_text(&text, rows_cell(rows, row, i), &columns[i]);
			width_of = text_width(buf_str(&text), text.len);
			widest = width_of > widest ? width_of : widest;
		}
		used += widest + 2;
	}
	return used < width ? width - used : 0;
}

/* Half as many points, each the higher one of two. */
static void
halve(struct builtins_trend *t)
{
	for (size_t i = 0; i < BUILTINS_TREND_POINTS / 2; i++)
		t->points[i] = fmaxf(t->points[2 * i], t->points[2 * i + 1]);
}

static void
put_trend(struct rows *to, struct builtins_trend *t, size_t points, bool ascii)
{
	_autobuf_ struct buf picture = BUF_INIT(1024);

	if (points < BUILTINS_TREND_POINTS)
		halve(t);
	if (t->known)
		plot_spark(&picture, t->points, points, 0, t->full, ascii);
	rows_text(to, buf_str(&picture));
}

/* The rows for who asks. Pictures give way before a word is cut; only filters, which were promised
 * their columns, keep them. */
static void
put_rows(struct builtins_look *k, const struct request *request, struct rows *to)
{
	const struct render_options *o = &request->asker->render;
	size_t room = room_for_trends(k->rows, o->width), points = BUILTINS_TREND_POINTS;

	if (room < points)
		points /= 2;
	if (room < points && request->parsed->n_stages == 1)
		to->n_columns = TREND;
	for (size_t row = 0; row < k->rows->n_rows; row++) {
		rows_begin(to);
		for (size_t i = ITEM; i <= VERDICT; i++)
			rows_text(to, rows_cell(k->rows, row, i)->s);
		if (to->n_columns > TREND && row < BUILTINS_MAX_LINES)
			put_trend(to, &k->trends[row], points, o->ascii);
	}
}

static int
look(struct builtins_look *k, const struct command_table *table)
{
	int r = gather(k, table);

	if (r == 0) {
		put_host(k);
		r = run_parts(k, table);
	}
	k->rows->status = k->known ? k->worst : STATUS_UNKNOWN;
	builtins_sources_free(k->sources, k->n_sources);
	return r;
}

static int
exec(void *ctx, const struct request *request, struct rows *rows, struct reply *reply,
     struct buf *why)
{
	struct builtins_env *env = ctx;
	struct rows lines;
	struct builtins_look *k = xcalloc(1, sizeof(*k));
	struct command_table *table = registry_get(env->registry);
	int r;

	(void)why;
	rows_init(&lines, columns, TREND, 0);
	*k = (struct builtins_look){
		.env = env, .reply = reply, .rows = &lines, .asker = *request->asker
	};
	k->asker.person = false;
	r = look(k, table);
	rows->status = lines.status;
	if (r == 0)
		put_rows(k, request, rows);
	if (!rows->error)
		rows->error = lines.error;
	rows_fini(&lines);
	command_table_unref(table);
	free(k);
	return r;
}

static const struct telmon_column *
columns_for(const struct host_arg *args, enum render_format format, size_t *ret_n)
{
	(void)args;
	*ret_n = format == RENDER_TEXT ? BUILTINS_COUNT(columns) : TREND;
	return columns;
}

const struct command builtins_status = {
	.name = "status",
	.help = "The machine in a dozen lines, with a verdict",
	.columns = columns,
	.n_columns = BUILTINS_COUNT(columns),
	.kind = COMMAND_BUILTIN,
	.exec = exec,
	.columns_for = columns_for,
};
