/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * pipeline_box -- the plugins and built-ins that both tests of pipeline ask: a box that is sampled,
 * the same on demand, runs of every temper, and built-ins of every flag. They live in the test's
 * process and count their calls.
 */
#ifndef PIPELINE_BOX_H
#define PIPELINE_BOX_H

#include "pipeline_fake.h"

/* ---- plugin "box": sampled, one counter and one gauge with a label --------------------------- */

enum { TICKS, DEPTH };

static const struct telmon_metric box_metrics[] = {
	[TICKS] = { .name = "ticks_total",
		    .kind = TELMON_COUNTER,
		    .help = "Ticks",
		    .source = "/proc/ticks" },
	[DEPTH] = { .name = "depth",
		    .kind = TELMON_GAUGE,
		    .labels = "queue",
		    .help = "Depth",
		    .source = "/proc/queues" },
};

static _Atomic int collects, views, runs, collect_error, view_error, view_status;
static _Atomic bool block_collect, was_cancelled;

static int
box_collect(struct telmon *t)
{
	int n = ++collects;

	while (block_collect && telmon_sleep(t, 0.005) == 0)
		;
	if (collect_error)
		return telmon_fail(t, collect_error, "cannot read /proc/ticks");
	telmon_put(t, TICKS, 100.0 * n);
	telmon_put1(t, DEPTH, "in", n);
	telmon_put1(t, DEPTH, "out", 7);
	return 0;
}

static const struct telmon_column box_columns[] = {
	{ .name = "name", .type = TELMON_TEXT, .help = "name" },
	{ .name = "ticks", .type = TELMON_INT, .help = "ticks" },
	{ .name = "rate_per_s",
	  .type = TELMON_REAL,
	  .unit = TELMON_PER_S,
	  .help = "ticks a second" },
};

static int
view_box(struct telmon *t)
{
	views++;
	if (view_error)
		return telmon_fail(t, view_error, "the view broke");
	telmon_row(t);
	telmon_text(t, "all");
	telmon_real(t, telmon_value(t, TICKS, 0));
	telmon_real(t, telmon_rate(t, TICKS, 0));
	telmon_status(t, view_status);
	return 0;
}

static int
view_many(struct telmon *t)
{
	int64_t n = telmon_arg_int(t, 0);

	views++;
	for (int64_t i = 0; i < n; i++) {
		if (telmon_row(t) < 0)
			return -EMSGSIZE;
		telmon_text(t, telmon_arg_text(t, 1));
		telmon_int(t, i);
	}
	return 0;
}

static const struct telmon_arg many_args[] = {
	{ .name = "rows",
	  .flag = 'n',
	  .type = TELMON_INT,
	  .def = "3",
	  .min = 1,
	  .max = 1000000,
	  .help = "how many" },
	{ .name = "word", .type = TELMON_TEXT, .def = "row", .help = "what is in them" },
};

static const struct telmon_command box_commands[] = {
	{ .name = "box", .help = "a box", .view = view_box, TELMON_COLUMNS(box_columns) },
	{ .name = "many",
	  .help = "rows",
	  .view = view_many,
	  TELMON_COLUMNS(box_columns),
	  TELMON_ARGS(many_args) },
};

static const struct telmon_plugin box = {
	TELMON_PLUGIN_HEAD,
	.version = "1",
	.help = "a box",
	.mode = TELMON_SAMPLED,
	.collect = box_collect,
	TELMON_METRICS(box_metrics),
	TELMON_COMMANDS(box_commands),
};

/* The same on demand, under names of its own. */
static const struct telmon_command lazy_commands[] = {
	{ .name = "lazy", .help = "a lazy box", .view = view_box, TELMON_COLUMNS(box_columns) },
};

static const struct telmon_plugin lazy = {
	TELMON_PLUGIN_HEAD,	     .version = "1",
	.help = "a lazy box",	     .collect = box_collect,
	TELMON_METRICS(box_metrics), TELMON_COMMANDS(lazy_commands),
};

/* ---- plugin "runner": runs ------------------------------------------------------------------- */

static int
run_list(struct telmon *t)
{
	runs++;
	for (int i = 0; i < 4; i++) {
		telmon_row(t);
		telmon_text(t, i % 2 ? "odd" : "even");
		telmon_int(t, i);
	}
	telmon_status(t, 1);
	return 0;
}

static int
run_fail(struct telmon *t)
{
	runs++;
	return telmon_fail(t, -EACCES, "cannot read /proc");
}

/* Sleeps until nobody wants it any more. */
static int
run_sleep(struct telmon *t)
{
	runs++;
	while (telmon_sleep(t, 0.01) == 0)
		;
	was_cancelled = telmon_cancelled(t);
	return -ECANCELED;
}

static int
run_flood(struct telmon *t)
{
	while (telmon_row(t) == 0 && telmon_text(t, "a text of some length, again and again") == 0)
		;
	return 0;
}

static int
run_flood_and_fail(struct telmon *t)
{
	while (telmon_row(t) == 0)
		;
	return -EMSGSIZE;
}

static const struct telmon_command runner_commands[] = {
	{ .name = "list", .help = "four rows", .run = run_list, TELMON_COLUMNS(box_columns) },
	{ .name = "kept",
	  .help = "the same, kept",
	  .run = run_list,
	  TELMON_COLUMNS(box_columns),
	  .cache_s = 100 },
	{ .name = "fail", .help = "fails", .run = run_fail, TELMON_COLUMNS(box_columns) },
	{ .name = "sleep", .help = "sleeps", .run = run_sleep, TELMON_COLUMNS(box_columns) },
	{ .name = "flood", .help = "floods", .run = run_flood, TELMON_COLUMNS(box_columns) },
	{ .name = "floodfail",
	  .help = "floods and says so",
	  .run = run_flood_and_fail,
	  TELMON_COLUMNS(box_columns) },
};

static const struct telmon_plugin runner = {
	TELMON_PLUGIN_HEAD,
	.version = "1",
	.help = "runs",
	TELMON_COMMANDS(runner_commands),
};

/* ---- built-ins ------------------------------------------------------------------------------- */

static int
exec_change(void *env, const struct request *request, struct rows *rows, struct reply *reply,
	    struct buf *why)
{
	(void)env;
	(void)request;
	(void)reply;
	(void)why;
	rows_begin(rows);
	rows_text(rows, "changed");
	return 0;
}

static int
exec_words(void *env, const struct request *request, struct rows *rows, struct reply *reply,
	   struct buf *why)
{
	(void)env;
	(void)reply;
	(void)why;
	for (size_t i = 0; i < request->n_words; i++) {
		rows_begin(rows);
		rows_text(rows, request->words[i]);
	}
	return 0;
}

/* Says which pipeline it was given and runs two rounds of it. */
static int
exec_twice(void *env, const struct request *request, struct rows *rows, struct reply *reply,
	   struct buf *why)
{
	struct pipeline_round *round;
	const struct rows *found;
	int status, r = 0;

	(void)rows;
	round = pipeline_round_new(*(struct pipeline **)env, request->asker, request->parsed,
				   &status, why);
	if (!round)
		return status;
	for (int64_t i = 0; r == 0 && i < request->args[0].i; i++) {
		r = pipeline_round_rows(round, reply, &found, why);
		if (r == 0)
			r = pipeline_round_write(round, reply);
		if (r == 0)
			r = reply->ops->round(reply);
	}
	pipeline_round_free(round);
	return r;
}

static int
exec_status(void *env, const struct request *request, struct rows *rows, struct reply *reply,
	    struct buf *why)
{
	(void)env;
	(void)rows;
	(void)reply;
	if (request->args[0].given)
		buf_puts(why, request->args[0].s);
	return STATUS_UNAVAILABLE;
}

static const struct telmon_column text_columns[] = {
	{ .name = "text", .type = TELMON_TEXT, .help = "text" }
};
static const struct telmon_column other_columns[] = {
	{ .name = "other", .type = TELMON_TEXT, .help = "other" },
	{ .name = "second", .type = TELMON_INT, .help = "second" },
};
static const struct telmon_arg twice_args[] = {
	{ .name = "rounds", .flag = 'n', .type = TELMON_INT, .def = "2", .help = "rounds" },
	{ .name = "quiet", .flag = 'q', .type = TELMON_FLAG, .help = "nothing" },
};
static const struct telmon_arg why_args[] = {
	{ .name = "why", .type = TELMON_TEXT, .help = "why" }
};

static const struct telmon_column *
shape_columns(const struct host_arg *args, enum render_format format, size_t *ret_n)
{
	(void)format;
	*ret_n = args[0].given ? 2 : 1;
	return args[0].given ? other_columns : text_columns;
}

static int
exec_shape(void *env, const struct request *request, struct rows *rows, struct reply *reply,
	   struct buf *why)
{
	(void)env;
	(void)reply;
	(void)why;
	rows_begin(rows);
	rows_text(rows, "x");
	if (request->args[0].given)
		rows_int(rows, 5);
	return 0;
}

static struct command builtins[] = {
	{ .name = "change",
	  .help = "changes",
	  .kind = COMMAND_BUILTIN,
	  .flags = COMMAND_CHANGES,
	  .exec = exec_change,
	  .columns = text_columns,
	  .n_columns = 1 },
	{ .name = "words",
	  .help = "words",
	  .kind = COMMAND_BUILTIN,
	  .flags = COMMAND_WORDS,
	  .exec = exec_words,
	  .columns = text_columns,
	  .n_columns = 1 },
	{ .name = "twice",
	  .help = "twice",
	  .kind = COMMAND_BUILTIN,
	  .flags = COMMAND_STREAMS | COMMAND_PIPELINE,
	  .exec = exec_twice,
	  .args = twice_args,
	  .n_args = 2 },
	{ .name = "status",
	  .help = "says no",
	  .kind = COMMAND_BUILTIN,
	  .exec = exec_status,
	  .columns = text_columns,
	  .n_columns = 1,
	  .args = why_args,
	  .n_args = 1 },
	{ .name = "shape",
	  .help = "columns that differ",
	  .kind = COMMAND_BUILTIN,
	  .exec = exec_shape,
	  .columns = text_columns,
	  .n_columns = 1,
	  .args = why_args,
	  .n_args = 1,
	  .columns_for = shape_columns },
};

static struct world world;
static struct plugin *box_plugin, *lazy_plugin;
static int64_t opened_ns; /* the past is counted from here, so that snapshots of it are as far apart
			    as they say */

static inline void
setup(void)
{
	collects = views = runs = collect_error = view_error = view_status = 0;
	block_collect = was_cancelled = false;
	opened_ns = now_ns();
	world_open(&world);
	box_plugin = world_add(&world, "box", &box);
	lazy_plugin = world_add(&world, "lazy", &lazy);
	world_add(&world, "runner", &runner);
	for (size_t i = 0; i < sizeof(builtins) / sizeof(*builtins); i++)
		builtins[i].env = &world.pipeline;
	world_publish(&world, builtins, sizeof(builtins) / sizeof(*builtins));
}

static inline void
teardown(void)
{
	block_collect = false;
	world_close(&world);
}

/* A snapshot made age_s ago, or now. */
static inline void
add_snapshot(struct plugin *p, double ticks, double age_s)
{
	struct snapshot_builder *b = snapshot_builder_new(p->object.set);
	int64_t time_ns = age_s > 0 ? opened_ns - (int64_t)(age_s * 1e9) : now_ns();

	ck_assert_int_eq(snapshot_builder_put(b, TICKS, NULL, 0, ticks), 0);
	series_add(p->series, snapshot_builder_seal(b, time_ns, 1e9));
}

static inline void
expect(const char *line, int status, const char *text)
{
	int r = world_say(&world, line);

	ck_assert_msg(strcmp(world_text(&world), text) == 0, "%s: '%s' is not '%s'", line,
		      world_text(&world), text);
	ck_assert_msg(r == status, "%s: status %d is not %d (%s)", line, r, status, text);
}

#endif
