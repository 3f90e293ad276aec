/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * graph -- the points that are kept of series, as rows; text draws them (render_graph.c), JSON and
 * CSV have the numbers. Counters are rates, and their unit says so. Asks no plugin: what is drawn
 * is what was sampled.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "builtins_private.h"
#include "mem.h"
#include "text.h"

enum {
	MAX_METRICS = 8,
	ARG_HEIGHT = MAX_METRICS,
	ARG_SPAN,
	MAX_SERIES = 64,
	/* Of a graph: in a window that is filled, and where none is known. */
	LEAST_HEIGHT = 3,
	MOST_HEIGHT = 12,
	HEIGHT = 8,
	HEIGHT_OF_MANY = 5,
	MAX_DRAWN = 8,
	LONG_PAUSE = 5, /* intervals without a point: a gap */
	AROUND = 4, /* lines of a graph beside its height: a title of two, times and a blank one */
};

/* A series that was picked; its list is held by the picture. */
struct pick {
	struct plugin *plugin;
	const struct track *track;
};

struct picture {
	const struct builtins_env *env;
	struct rows *rows;
	struct track_list **lists; /* one for each plugin, or NULL */
	struct pick picks[MAX_SERIES];
	size_t n, n_fit; /* picked, and all that are meant */
	int64_t now_ns;
	double now_s; /* the same since 1970 */
	int64_t from_ns;
	/* of the one that is copied */
	int64_t times_ns[SERIES_POINTS];
	float points[SERIES_POINTS];
};

static bool
is_picked(const struct picture *p, const struct track *t)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->picks[i].track == t)
			return true;
	return false;
}

/* Returns how many series it means. */
static size_t
pick(struct picture *p, const struct builtins_selector *s, const struct plugin_table *plugins)
{
	size_t n = 0;

	for (size_t i = 0; i < plugins->count; i++) {
		struct track_list *l = p->lists[i];

		for (size_t k = 0; l && k < l->n; k++) {
			if (!builtins_selector_fits(p->env, s, l->tracks[k]))
				continue;
			n++;
			if (is_picked(p, l->tracks[k]))
				continue;
			p->n_fit++;
			if (p->n < MAX_SERIES)
				p->picks[p->n++] = (struct pick){ plugins->plugins[i],
								  l->tracks[k] };
		}
	}
	return n;
}

static int
pick_all(struct picture *p, const struct request *request, const struct command_table *table,
	 struct buf *why)
{
	struct arena arena;
	int r = 0;

	arena_init(&arena, 64 << 10);
	for (size_t i = 0; r == 0 && i < MAX_METRICS && request->args[i].given; i++) {
		struct builtins_selector s;

		r = builtins_selector_read(&s, request->args[i].s, &arena, why);
		if (r == 0 && pick(p, &s, table->plugins) == 0)
			r = builtins_selector_refuse(p->env, &s, table, why);
	}
	arena_fini(&arena);
	if (r == 0 && p->n_fit > MAX_SERIES) {
		buf_printf(
			why,
			"that is %zu series, at most %d are possible (name some by their labels, "
			"as in METRIC{LABEL=VALUE})",
			p->n_fit, MAX_SERIES);
		r = STATUS_USAGE;
	}
	return r;
}

/* Of a counter: the unit of its rate. */
static void
put_unit(struct buf *out, const struct track *t)
{
	const char *unit = text_unit(track_unit(t));

	buf_puts(out, unit);
	if (track_kind(t) == TELMON_COUNTER)
		buf_printf(out, "%sper second", *unit ? " " : "");
}

static void
put_labels(struct buf *out, const struct track *t)
{
	const char *name, *value;

	for (unsigned i = 0; (name = track_label(t, i, &value)); i++) {
		buf_printf(out, "%s%s=\"", i ? "," : "", name);
		text_label(out, value);
		buf_putc(out, '"');
	}
}

/* A float has about seven digits; as a double it would seem to have sixteen. */
static double
widen(float v)
{
	char text[32];

	if (!isfinite(v))
		return (double)v;
	snprintf(text, sizeof(text), "%.7g", (double)v);
	return strtod(text, NULL);
}

static void
put_point(struct picture *p, const struct track *t, const char *labels, const char *unit,
	  int64_t time_ns, double value)
{
	double age_s = (double)(p->now_ns - time_ns) / (double)NS_PER_S;

	rows_begin(p->rows);
	rows_text(p->rows, track_metric(t));
	rows_text(p->rows, *labels ? labels : NULL);
	rows_real(p->rows, round((p->now_s - age_s) * 1e3) / 1e3);
	rows_real(p->rows, value);
	rows_text(p->rows, *unit ? unit : NULL);
}

/* Nobody looked between point i and the one before: at their spacing, and at that of today, there
 * would have been several. */
static bool
is_pause(const struct picture *p, size_t i, int64_t interval_ns)
{
	int64_t before_ns = i > 1 ? p->times_ns[i - 1] - p->times_ns[i - 2] : 0;

	return p->times_ns[i] - p->times_ns[i - 1] >
	       LONG_PAUSE * (before_ns > interval_ns ? before_ns : interval_ns);
}

/* What was before the first value is no gap; a pause is one. */
static void
put_series(struct picture *p, const struct pick *pick)
{
	_autobuf_ struct buf labels = BUF_INIT(8 << 10), unit = BUF_INIT(256);
	const struct track *t = pick->track;
	int64_t interval_ns = __atomic_load_n(&pick->plugin->interval_ns, __ATOMIC_RELAXED);
	size_t n = series_points(pick->plugin->series, t, p->points, p->times_ns), i = 0;

	put_labels(&labels, t);
	put_unit(&unit, t);
	while (i < n && (p->times_ns[i] < p->from_ns || isnan(p->points[i])))
		i++;
	for (size_t first = i; i < n && !p->rows->error; i++) {
		if (i > first && is_pause(p, i, interval_ns))
			put_point(p, t, buf_str(&labels), buf_str(&unit),
				  p->times_ns[i - 1] + interval_ns, NAN);
		put_point(p, t, buf_str(&labels), buf_str(&unit), p->times_ns[i],
			  widen(p->points[i]));
	}
}

static unsigned
height_of(const struct request *request, size_t n)
{
	const struct asker *asker = request->asker;
	unsigned drawn = n < MAX_DRAWN ? (unsigned)n : MAX_DRAWN, each;

	if (request->args[ARG_HEIGHT].given)
		return (unsigned)request->args[ARG_HEIGHT].i;
	if (!asker->lines)
		return drawn > 1 ? HEIGHT_OF_MANY : HEIGHT;
	/* The prompt has a line, too, or the heading of watch. */
	each = (asker->lines - 1) / drawn;
	return each < LEAST_HEIGHT + AROUND  ? LEAST_HEIGHT
	       : each > MOST_HEIGHT + AROUND ? MOST_HEIGHT
					     : each - AROUND;
}

/* The time axis ends now; it begins where was asked for, or with the oldest point. */
static void
look(struct picture *p, const struct request *request)
{
	struct rows_graph *g = &p->rows->graph;

	g->height = height_of(request, p->n);
	g->to_s = p->now_s;
	g->from_s = INFINITY;
	for (size_t i = 0; i < p->rows->n_rows; i++)
		g->from_s = fmin(g->from_s, builtins_number(p->rows, i, "time"));
	if (!isfinite(g->from_s))
		g->from_s = p->now_s;
}

static int
fill(struct picture *p, const struct request *request, const struct command_table *table,
     struct buf *why)
{
	int r = pick_all(p, request, table, why);
	double span_s = request->args[ARG_SPAN].given ? request->args[ARG_SPAN].f : INFINITY;

	if (r != 0)
		return r;
	p->from_ns = isfinite(span_s) ? p->now_ns - (int64_t)(span_s * (double)NS_PER_S)
				      : INT64_MIN;
	for (size_t i = 0; i < p->n; i++)
		put_series(p, &p->picks[i]);
	look(p, request);
	if (p->rows->n_rows || p->rows->error)
		return 0;
	buf_puts(why, isfinite(span_s) ? "no points in this time" : "no points yet");
	return STATUS_UNAVAILABLE;
}

static double
wall_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int
exec(void *ctx, const struct request *request, struct rows *rows, struct reply *reply,
     struct buf *why)
{
	_autobuf_ struct buf reason = BUF_WHY;
	struct builtins_env *env = ctx;
	struct command_table *table;
	struct picture *p;
	int r;

	(void)reply;
	if (!request->args[0].given) {
		buf_puts(why, "graph: graph what? (usage: ");
		command_usage(why, request->command);
		buf_puts(why, "; try metrics)");
		return STATUS_USAGE;
	}
	table = registry_get(env->registry);
	p = xcalloc(1, sizeof(*p));
	*p = (struct picture){ .env = env, .rows = rows, .now_ns = now_ns(), .now_s = wall_s() };
	p->lists = xcalloc(table->plugins->count, sizeof(struct track_list *));
	for (size_t i = 0; i < table->plugins->count; i++)
		p->lists[i] = series_tracks(table->plugins->plugins[i]->series);
	r = fill(p, request, table, &reason);
	for (size_t i = 0; i < table->plugins->count; i++)
		track_list_unref(p->lists[i]);
	free(p->lists);
	free(p);
	command_table_unref(table);
	if (r != 0)
		buf_printf(why, "graph: %s", buf_str(&reason));
	return r;
}

static const struct telmon_column columns[] = {
	{ .name = "metric",
	  .help = "its name, without the prefix that the exposition has",
	  .type = TELMON_TEXT },
	{ .name = "labels", .help = "which of its series", .type = TELMON_TEXT },
	{ .name = "time",
	  .help = "when it was sampled",
	  .type = TELMON_REAL,
	  .unit = TELMON_EPOCH },
	{ .name = "value", .help = "in the unit beside it; a counter's rate", .type = TELMON_REAL },
	{ .name = "unit", .help = "nothing for a plain number", .type = TELMON_TEXT },
};

#define METRIC                                                                                     \
	{                                                                                          \
		.name = "metric",                                                                  \
		.help = "METRIC or METRIC{LABEL=VALUE,LABEL!=VALUE}, with or without prefix; "     \
			"each may be a pattern (* ? [a-z])",                                       \
		.type = TELMON_TEXT                                                                \
	}

static const struct telmon_arg args[] = {
	METRIC,
	METRIC,
	METRIC,
	METRIC,
	METRIC,
	METRIC,
	METRIC,
	METRIC,
	[ARG_HEIGHT] = { .name = "rows",
			 .help = "height of each graph, in lines",
			 .flag = 'h',
			 .type = TELMON_INT,
			 .min = 3,
			 .max = 100 },
	[ARG_SPAN] = { .name = "seconds",
		       .help = "how far back",
		       .flag = 's',
		       .type = TELMON_REAL,
		       .min = 1,
		       .max = 1e9 },
};

const struct command builtins_graph = {
	.name = "graph",
	.help = "How metrics went in the last minutes",
	.columns = columns,
	.n_columns = BUILTINS_COUNT(columns),
	.args = args,
	.n_args = BUILTINS_COUNT(args),
	.kind = COMMAND_BUILTIN,
	.exec = exec,
};
