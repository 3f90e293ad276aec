/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * A plugin that does next to nothing, so that what is measured is the way to it: a run of one row,
 * and a collect of 100 metrics. Compiled by bench.py for each place that it is loaded into, with
 * NAME, the name of its command, and INTERVAL, in seconds.
 */
#include <telmon/plugin.h>

#define STRING(x) #x
#define TEXT(x) STRING(x)

enum { METRICS = 100 };

static int indices[METRICS];

static int
start(struct telmon *t)
{
	char name[] = TEXT(NAME) "_00";
	const struct telmon_metric m = { .name = name, .help = "a number" };

	for (int i = 0; i < METRICS; i++) {
		name[sizeof(name) - 3] = (char)('0' + i / 10);
		name[sizeof(name) - 2] = (char)('0' + i % 10);
		indices[i] = telmon_add_metric(t, &m);
	}
	return 0;
}

static int
collect(struct telmon *t)
{
	for (int i = 0; i < METRICS; i++)
		telmon_put(t, (unsigned)indices[i], i);
	return 0;
}

static int
run(struct telmon *t)
{
	telmon_row(t);
	telmon_int(t, 1);
	return 0;
}

static const struct telmon_column columns[] = { { .name = "n", .help = "one" } };
static const struct telmon_command commands[] = {
	{ .name = TEXT(NAME), .help = "one row", .run = run, TELMON_COLUMNS(columns) },
};
TELMON_PLUGIN = { TELMON_PLUGIN_HEAD,	    .version = "1", .mode = TELMON_SAMPLED,
		  .interval_s = INTERVAL,   .start = start, .collect = collect,
		  TELMON_COMMANDS(commands) };
