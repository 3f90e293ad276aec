/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * pressure -- how long work waited for processors, memory, I/O and interrupts, from /proc/pressure.
 * A kernel without one of the files, or with pressure accounting switched off, has no rows for it,
 * which is no error. `some`: at least one task waited; `full`: nothing else ran either (for cpu the
 * kernel always says 0).
 */
#include <telmon/plugin.h>

#include <stdio.h>

enum {
	CPU_SOME,
	CPU_FULL,
	MEMORY_SOME,
	MEMORY_FULL,
	IO_SOME,
	IO_FULL,
	IRQ_SOME,
	IRQ_FULL,
	AVG10,
	AVG60,
	AVG300
};

static const char *const resources[] = { "cpu", "memory", "io", "irq" };
static const char *const shares[] = { "some", "full" };
static const char *const averages[] = { "avg10=", "avg60=", "avg300=" };

enum { N_RESOURCES = sizeof(resources) / sizeof(resources[0]) };

#define TOTAL(resource, share, word, what)                                                         \
	{                                                                                          \
		.name = "pressure_" resource "_" word "_seconds_total", .kind = TELMON_COUNTER,    \
		.unit = TELMON_SECONDS, .help = what, .formula = "total / 1000000",                \
		.source = "/proc/pressure/" resource ", line " share                               \
	}
#define AVERAGE(seconds)                                                                           \
	{                                                                                          \
		.name = "pressure_avg" seconds "_percent", .kind = TELMON_GAUGE,                   \
		.unit = TELMON_PERCENT, .labels = "resource,share",                                \
		.source = "/proc/pressure/*, avg" seconds,                                         \
		.help = "Share of time in which tasks waited, the kernel's moving average "        \
			"over " seconds " s"                                                       \
	}

static const struct telmon_metric metrics[] = {
	[CPU_SOME] = TOTAL("cpu", "some", "waiting", "Time in which a task waited for a CPU"),
	[CPU_FULL] = TOTAL("cpu", "full", "stalled", "Time in which all tasks waited for a CPU"),
	[MEMORY_SOME] = TOTAL("memory", "some", "waiting",
			      "Time in which a task waited for memory"),
	[MEMORY_FULL] = TOTAL("memory", "full", "stalled",
			      "Time in which nothing ran because all tasks waited for memory"),
	[IO_SOME] = TOTAL("io", "some", "waiting", "Time in which a task waited for I/O"),
	[IO_FULL] = TOTAL("io", "full", "stalled",
			  "Time in which nothing ran because all tasks waited for I/O"),
	[IRQ_SOME] = TOTAL("irq", "some", "waiting",
			   "Time in which a task waited for interrupts to be served"),
	[IRQ_FULL] = TOTAL("irq", "full", "stalled",
			   "Time in which nothing ran because interrupts were served"),
	[AVG10] = AVERAGE("10"),
	[AVG60] = AVERAGE("60"),
	[AVG300] = AVERAGE("300"),
};

/* The number behind a word such as "avg10="; NaN when the line does not go on with it. */
static double
take_pair(const char **at, const char *word)
{
	size_t n = strlen(word);
	const char *s = *at;
	double v;

	while (*s == ' ')
		s++;
	if (strncmp(s, word, n) != 0)
		return NAN;
	s += n;
	v = telmon_number(&s);
	if (!isnan(v))
		*at = s;
	return v;
}

/* "some avg10=0.21 avg60=0.43 avg300=0.23 total=4606923" */
static void
take_line(struct telmon *t, unsigned resource, const char *line)
{
	unsigned share = strncmp(line, "full ", 5) == 0;
	const char *at = line + 5;

	if (!share && strncmp(line, "some ", 5) != 0)
		return;
	for (unsigned i = 0; i < 3; i++)
		telmon_put2(t, AVG10 + i, resources[resource], shares[share],
			    take_pair(&at, averages[i]));
	telmon_put(t, 2 * resource + share, take_pair(&at, "total=") / 1e6);
}

static int
collect(struct telmon *t)
{
	for (unsigned i = 0; i < N_RESOURCES; i++) {
		const char *at, *line;
		struct telmon_file f;
		char path[64];

		snprintf(path, sizeof(path), "/proc/pressure/%s", resources[i]);
		if (telmon_read(t, path, &f) < 0)
			continue;
		for (at = f.text; (line = telmon_next_line(&at));)
			take_line(t, i, line);
	}
	return 0;
}

static const struct telmon_column columns[] = {
	{ .name = "resource",
	  .type = TELMON_TEXT,
	  .help = "What was waited for: cpu, memory, io, irq" },
	{ .name = "share",
	  .type = TELMON_TEXT,
	  .help = "some: at least one task waited; full: nothing else ran either" },
	{ .name = "avg10_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .warn = 10,
	  .crit = 40,
	  .help = "Time spent waiting, moving average over 10 s",
	  .formula = "the kernel's avg10" },
	{ .name = "avg60_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 1,
	  .warn = 10,
	  .crit = 40,
	  .help = "The same over 60 s",
	  .formula = "the kernel's avg60" },
	{ .name = "avg300_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 2,
	  .warn = 10,
	  .crit = 40,
	  .help = "The same over 300 s",
	  .formula = "the kernel's avg300" },
	{ .name = "total_s",
	  .type = TELMON_REAL,
	  .unit = TELMON_SECONDS,
	  .priority = 3,
	  .help = "Time spent waiting since boot",
	  .formula = "total / 1000000" },
};

static int
row_pressure(struct telmon *t, unsigned resource, unsigned share)
{
	const char *const labels[] = { resources[resource], shares[share] };
	double total = telmon_value(t, 2 * resource + share, 0), average[3];
	bool known = !isnan(total);
	int r;

	for (unsigned i = 0; i < 3; i++) {
		long at = telmon_find(t, AVG10 + i, labels, 2);

		average[i] = at < 0 ? NAN : telmon_value(t, AVG10 + i, (size_t)at);
		known = known || !isnan(average[i]);
	}
	if (!known)
		return 0;
	r = telmon_row(t);
	telmon_text(t, labels[0]);
	telmon_text(t, labels[1]);
	for (unsigned i = 0; i < 3; i++)
		telmon_real(t, average[i]);
	telmon_real(t, total);
	return r;
}

static int
view_pressure(struct telmon *t)
{
	int r = 0;

	for (unsigned i = 0; r == 0 && i < 2 * N_RESOURCES; i++)
		r = row_pressure(t, i / 2, i % 2);
	return r;
}

static const struct telmon_command commands[] = {
	{ .name = "pressure",
	  .help = "How much work waits for CPU, memory, I/O and interrupts",
	  .view = view_pressure,
	  TELMON_COLUMNS(columns) },
};

TELMON_PLUGIN = {
	TELMON_PLUGIN_HEAD,	   .version = "1",     .help = "Pressure stall information",
	.mode = TELMON_SAMPLED,	   .collect = collect, TELMON_METRICS(metrics),
	TELMON_COMMANDS(commands),
};
