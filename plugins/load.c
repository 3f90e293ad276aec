/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * load -- the load averages of /proc/loadavg, beside the number of CPUs that they want to be
 * compared with. Load counts threads that run or sleep uninterruptibly, so it is no measure of the
 * processors alone. CPUs come and go rarely: they are counted once in ten samples.
 */
#include <telmon/plugin.h>

#include <errno.h>

enum { LOAD1, LOAD5, LOAD15, RUNNABLE, THREADS, CPUS };
enum { COUNT_EVERY = 10 };

static const struct telmon_metric metrics[] = {
	[LOAD1] = { .name = "load1",
		    .kind = TELMON_GAUGE,
		    .help = "Load average over one minute",
		    .source = "/proc/loadavg, first number" },
	[LOAD5] = { .name = "load5",
		    .kind = TELMON_GAUGE,
		    .help = "Load average over five minutes",
		    .source = "/proc/loadavg, second number" },
	[LOAD15] = { .name = "load15",
		     .kind = TELMON_GAUGE,
		     .help = "Load average over fifteen minutes",
		     .source = "/proc/loadavg, third number" },
	[RUNNABLE] = { .name = "load_runnable_threads",
		       .kind = TELMON_GAUGE,
		       .help = "Threads that run or could run",
		       .source = "/proc/loadavg, before the slash" },
	[THREADS] = { .name = "load_threads",
		      .kind = TELMON_GAUGE,
		      .help = "Threads that exist",
		      .source = "/proc/loadavg, behind the slash" },
	[CPUS] = { .name = "load_cpus",
		   .kind = TELMON_GAUGE,
		   .help = "CPUs that are online",
		   .source = "/proc/stat, lines cpu0, cpu1, ...",
		   .formula = "counted every tenth sample" },
};

struct state {
	unsigned samples;
	double cpus; /* NaN = unknown */
};

static int
start(struct telmon *t)
{
	return telmon_new_state(t, sizeof(struct state));
}

static void
stop(struct telmon *t)
{
	free(t->state);
}

static double
count_cpus(struct telmon *t)
{
	const char *at, *line;
	struct telmon_file f;
	unsigned n = 0;

	if (telmon_read(t, "/proc/stat", &f) < 0)
		return NAN;
	at = f.text;
	while ((line = telmon_next_line(&at)) && strncmp(line, "cpu", 3) == 0) {
		line += 3;
		n += *line != ' ' && telmon_number(&line) >= 0 && *line == ' ';
	}
	return n ? n : NAN;
}

static int
collect(struct telmon *t)
{
	struct state *s = t->state;
	const char *at, *line;
	struct telmon_file f;
	double load1;
	int r = telmon_read(t, "/proc/loadavg", &f);

	if (r < 0)
		return telmon_fail(t, r, "/proc/loadavg cannot be read");
	at = f.text;
	line = telmon_next_line(&at);
	load1 = line ? telmon_number(&line) : NAN;
	if (isnan(load1))
		return telmon_fail(t, -ENODATA, "/proc/loadavg has no load average");
	telmon_put(t, LOAD1, load1);
	for (unsigned i = LOAD5; i <= RUNNABLE; i++)
		telmon_put(t, i, telmon_number(&line));
	if (*line++ == '/')
		telmon_put(t, THREADS, telmon_number(&line));
	if (s->samples++ % COUNT_EVERY == 0)
		s->cpus = count_cpus(t);
	telmon_put(t, CPUS, s->cpus);
	return 0;
}

static const struct telmon_column columns[] = {
	{ .name = "load1",
	  .type = TELMON_REAL,
	  .help = "Average over one minute of threads that run or sleep uninterruptibly" },
	{ .name = "load5", .type = TELMON_REAL, .help = "The same over five minutes" },
	{ .name = "load15", .type = TELMON_REAL, .help = "The same over fifteen minutes" },
	{ .name = "runnable",
	  .type = TELMON_INT,
	  .priority = 2,
	  .help = "Threads that run or could run now" },
	{ .name = "threads", .type = TELMON_INT, .priority = 3, .help = "Threads that exist" },
	{ .name = "cpus",
	  .type = TELMON_INT,
	  .priority = 1,
	  .help = "CPUs that are online: a load above it means waiting" },
};

static int
view_load(struct telmon *t)
{
	int r;

	if (telmon_count(t, LOAD1) == 0)
		return 0;
	r = telmon_row(t);
	for (unsigned i = LOAD1; i <= CPUS; i++)
		telmon_real(t, telmon_value(t, i, 0));
	return r;
}

static const struct telmon_command commands[] = {
	{ .name = "load",
	  .help = "Load averages, threads and CPUs",
	  .view = view_load,
	  TELMON_COLUMNS(columns) },
};

TELMON_PLUGIN = {
	TELMON_PLUGIN_HEAD,	.version = "1",		 .help = "Load averages",
	.mode = TELMON_SAMPLED, .start = start,		 .stop = stop,
	.collect = collect,	TELMON_METRICS(metrics), TELMON_COMMANDS(commands),
};
