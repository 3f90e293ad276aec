/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * template -- a plugin to copy. It watches how many open files the kernel has, from one file of
 * three numbers:
 *
 *	$ cat /proc/sys/fs/file-nr
 *	1664	0	9223372036854775807
 *
 * Everything that a plugin needs is here once: metrics, a sample of them, and a command that shows
 * the sample as a table. Build it with
 *
 *	cc -shared -fPIC -o files.so template.c $(pkg-config --cflags telmon)
 *
 * and name the file in the configuration, or put it into a folder given with -p. The file's name is
 * the plugin's. This header is all there is to include of telmon; it explains each function used
 * below.
 */
#include <telmon/plugin.h>

#include <errno.h>

/*
 * 1. Metrics: what is measured. The place in this table is the number by which collect and the view
 * know a metric. Names get a prefix ("telmon_") when they are exported; units are base units and
 * are part of the name. Source and formula are for `explain`, and for whoever doubts the number.
 */
enum { ALLOCATED, MAXIMUM };

static const struct telmon_metric metrics[] = {
	[ALLOCATED] = { .name = "filefd_allocated",
			.kind = TELMON_GAUGE,
			.help = "Open files of all processes",
			.source = "/proc/sys/fs/file-nr, first number" },
	[MAXIMUM] = { .name = "filefd_maximum",
		      .kind = TELMON_GAUGE,
		      .help = "Open files that the kernel allows",
		      .source = "/proc/sys/fs/file-nr, third number" },
};

/*
 * 2. A sample: the host calls this once an interval, because the plugin says TELMON_SAMPLED below,
 * and keeps what is put here. Read files through telmon_read() and not by yourself: that works for
 * another machine's /proc as well, and what you are given is freed for you. A file that is missing
 * is an error that people can read. A number that is not there is NaN, which telmon_put() leaves
 * out, and which everybody shows as unknown: never put zero for it.
 */
static int
collect(struct telmon *t)
{
	const char *at, *line;
	struct telmon_file f;
	int r = telmon_read(t, "/proc/sys/fs/file-nr", &f);

	if (r < 0)
		return telmon_fail(t, r, "/proc/sys/fs/file-nr cannot be read");
	at = f.text;
	line = telmon_next_line(&at);
	if (!line)
		return telmon_fail(t, -ENODATA, "/proc/sys/fs/file-nr is empty");
	telmon_put(t, ALLOCATED, telmon_number(&line));
	telmon_number(&line); /* once the free ones, 0 since Linux 2.6 */
	telmon_put(t, MAXIMUM, telmon_number(&line));
	return 0;
}

/*
 * 3. A command: the columns of its table, and a view that makes rows of the newest sample. Many
 * threads call a view at once, so it reads values and nothing else. A column's name ends in its
 * unit, which telmon shows to people its own way; priority says what is dropped first when the
 * window is narrow, warn and crit what is coloured.
 */
static const struct telmon_column columns[] = {
	{ .name = "allocated", .type = TELMON_INT, .help = "Open files of all processes" },
	{ .name = "maximum",
	  .type = TELMON_INT,
	  .priority = 2,
	  .help = "Open files that the kernel allows" },
	{ .name = "used_percent",
	  .type = TELMON_REAL,
	  .unit = TELMON_PERCENT,
	  .priority = 1,
	  .warn = 80,
	  .crit = 95,
	  .help = "Share of what is allowed",
	  .formula = "100 * allocated / maximum" },
};

static int
view_files(struct telmon *t)
{
	double allocated = telmon_value(t, ALLOCATED, 0), maximum = telmon_value(t, MAXIMUM, 0);
	int r = telmon_row(t);

	telmon_real(t, allocated);
	telmon_real(t, maximum);
	telmon_real(t, maximum > 0 ? 100 * allocated / maximum : NAN);
	return r;
}

static const struct telmon_command commands[] = {
	{ .name = "files",
	  .help = "Open files of the machine",
	  .view = view_files,
	  TELMON_COLUMNS(columns) },
};

/*
 * 4. The plugin: the one symbol that is exported. Text, JSON, CSV, Prometheus, help, completion and
 * `explain` come from the tables. With arguments, waiting, or a state to keep it goes on like
 * plugins/process.c.
 */
TELMON_PLUGIN = {
	TELMON_PLUGIN_HEAD,
	.version = "1",
	.help = "Open files of the kernel",
	.mode = TELMON_SAMPLED,
	.interval_s = 5,
	.collect = collect,
	TELMON_METRICS(metrics),
	TELMON_COMMANDS(commands),
};
