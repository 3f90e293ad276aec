/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * first -- a plugin that knows the first header alone, and uses all of it. It stays as it is for
 * ever: what it stands for is built already, and lies on other people's machines.
 */
#include "plugin-1.h"

#include <stdio.h>

enum { NUMBER, LABELLED };

static const struct telmon_metric metrics[] = {
	[NUMBER] = { .name = "first_number_bytes",
		     .kind = TELMON_GAUGE,
		     .unit = TELMON_BYTES,
		     .help = "First number of a file",
		     .source = "/proc/meminfo",
		     .formula = "1024 * kB" },
	[LABELLED] = { .name = "first_labelled_total",
		       .kind = TELMON_COUNTER,
		       .help = "One more with each sample",
		       .labels = "a,b",
		       .source = "itself" },
};

struct state {
	double samples;
	int added;
};

static int
start(struct telmon *t)
{
	const struct telmon_metric m = { .name = "first_added",
					 .help = "Known at run time",
					 .source = "start" };
	struct state *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->added = telmon_add_metric(t, &m);
	t->state = s;
	telmon_log(t, TELMON_DEBUG, "started");
	return s->added < 0 ? s->added : 0;
}

static void
stop(struct telmon *t)
{
	free(t->state);
}

static int
collect(struct telmon *t)
{
	struct state *s = t->state;
	const char *const labels[] = { "x", "z" };
	struct telmon_file f;
	const char *at, *line;
	size_t n;
	int r = telmon_read(t, "/proc/meminfo", &f);

	if (r < 0)
		return telmon_fail(t, r, "/proc/meminfo cannot be read");
	at = f.text;
	line = telmon_next_line(&at);
	if (!line || !telmon_word(&line, &n))
		return telmon_fail(t, -ENODATA, "/proc/meminfo is empty");
	telmon_put(t, NUMBER, telmon_number(&line) * 1024);
	telmon_put2(t, LABELLED, "x", "y", ++s->samples);
	telmon_put_labels(t, LABELLED, labels, 2, 5);
	return telmon_put(t, (unsigned)s->added, 7);
}

static const struct telmon_column view_columns[] = {
	{ .name = "label", .type = TELMON_TEXT, .help = "The second label" },
	{ .name = "value",
	  .type = TELMON_REAL,
	  .priority = 1,
	  .warn = 1e9,
	  .crit = 2e9,
	  .help = "The value",
	  .formula = "value" },
	{ .name = "number_bytes", .type = TELMON_INT, .unit = TELMON_BYTES, .help = "The number" },
	{ .name = "added", .type = TELMON_REAL, .help = "The metric that start added" },
	{ .name = "unknown", .type = TELMON_REAL, .help = "Nothing" },
};

static int
view(struct telmon *t)
{
	const char *const labels[] = { "x", "z" };
	long found = telmon_find(t, LABELLED, labels, 2);

	telmon_row(t);
	telmon_text(t, telmon_label(t, LABELLED, found < 0 ? 9 : (size_t)found, 1));
	telmon_real(t, telmon_value(t, LABELLED, found < 0 ? 9 : (size_t)found));
	telmon_real(t, telmon_value(t, NUMBER, 0));
	/* The third metric is the one that start added. */
	telmon_real(t, telmon_count(t, 2) == 1 ? telmon_value(t, 2, 0) : NAN);
	telmon_real(t,
		    telmon_previous(t, 99, 0) + telmon_rate(t, 99, 0) + telmon_value1(t, 99, ""));
	telmon_status(t, 1);
	return 0;
}

static const struct telmon_column run_columns[] = {
	{ .name = "what", .type = TELMON_TEXT, .help = "What was asked" },
	{ .name = "answer", .type = TELMON_TEXT, .help = "What came of it" },
};

enum { WORD, COUNT, SHARE, LOUD, BY };

static const struct telmon_arg args[] = {
	[WORD] = { .name = "word", .help = "Any", .type = TELMON_TEXT, .def = "none" },
	[COUNT] = { .name = "count",
		    .help = "A number",
		    .flag = 'n',
		    .type = TELMON_INT,
		    .def = "3",
		    .min = 1,
		    .max = 9 },
	[SHARE] = { .name = "share", .help = "Another", .flag = 's', .type = TELMON_REAL },
	[LOUD] = { .name = "loud", .help = "A flag", .flag = 'l', .type = TELMON_FLAG },
	[BY] = { .name = "by",
		 .help = "A column",
		 .flag = 'b',
		 .type = TELMON_COLUMN,
		 .def = "what" },
};

static void
row(struct telmon *t, const char *what, const char *answer)
{
	telmon_row(t);
	telmon_text(t, what);
	telmon_text(t, answer);
}

static int
run(struct telmon *t)
{
	const char *const *names;
	struct telmon_statfs fs;
	struct telmon_uname u;
	char text[200];

	snprintf(text, sizeof(text), "%s %lld %g %d %lld", telmon_arg_text(t, WORD),
		 (long long)telmon_arg_int(t, COUNT),
		 telmon_arg_given(t, SHARE) ? telmon_arg_real(t, SHARE) : -1,
		 telmon_arg_given(t, LOUD), (long long)telmon_arg_int(t, BY));
	row(t, "arguments", text);
	row(t, "setting", telmon_setting(t, "key"));
	row(t, "no setting", telmon_setting(t, "nokey"));
	row(t, "uname", telmon_uname(t, &u) == 0 && *u.nodename ? u.sysname : "failed");
	row(t, "user", telmon_user(t, 0));
	row(t, "statfs", telmon_statfs(t, "/", &fs) == 0 ? "ok" : "failed");
	row(t, "list", telmon_list(t, "/proc", &names) > 0 ? "ok" : "failed");
	row(t, "alloc", telmon_alloc(t, 100) ? "ok" : "failed");
	row(t, "clock", telmon_clock(t) > 0 && telmon_wall(t) > 1e9 ? "ok" : "failed");
	row(t, "sleep", telmon_sleep(t, 0.001) == 0 && !telmon_cancelled(t) ? "ok" : "failed");
	return 0;
}

static const struct telmon_command commands[] = {
	{ .name = "first-view", .help = "Values", .view = view, TELMON_COLUMNS(view_columns) },
	{ .name = "first-run",
	  .help = "Answers",
	  .run = run,
	  TELMON_COLUMNS(run_columns),
	  TELMON_ARGS(args),
	  .deadline_s = 5 },
};

TELMON_PLUGIN = {
	TELMON_PLUGIN_HEAD,
	.version = "1",
	.help = "Knows the first header alone",
	.mode = TELMON_ON_DEMAND,
	TELMON_METRICS(metrics),
	TELMON_COMMANDS(commands),
	.start = start,
	.stop = stop,
	.collect = collect,
};
