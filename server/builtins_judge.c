/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * builtins_judge -- how each part of the machine looks to `status`: one line and a verdict made of
 * the rows of a command. Numbers are shown and judged as the command itself shows and colours them;
 * where it has no threshold, the rule stands here.
 */
#include <math.h>
#include <string.h>

#include "builtins_private.h"
#include "text.h"

const char *const builtins_verdicts[] = { "ok", "warning", "critical", "unknown" };

static const char *
name_in(const struct rows *rows, size_t row, const char *column)
{
	const char *name = builtins_text(rows, row, column);

	return name ? name : "?";
}

/* Higher is worse, unless crit is below warn. */
static int
judge(double v, double warn, double crit)
{
	if (isnan(v))
		return STATUS_UNKNOWN;
	if (warn == 0 && crit == 0)
		return STATUS_OK;
	if (crit < warn)
		return v <= crit ? STATUS_CRITICAL : v <= warn ? STATUS_WARNING : STATUS_OK;
	return v >= crit ? STATUS_CRITICAL : v >= warn ? STATUS_WARNING : STATUS_OK;
}

/* By the thresholds of the column itself, so that status and colour agree. */
static int
judge_cell(const struct rows *rows, size_t row, const char *column)
{
	for (size_t i = 0; i < rows->n_columns; i++)
		if (strcmp(rows->columns[i].name, column) == 0)
			return judge(builtins_number(rows, row, column), rows->columns[i].warn,
				     rows->columns[i].crit);
	return STATUS_UNKNOWN;
}

static int
worse(int a, int b)
{
	if (a == STATUS_UNKNOWN || b == STATUS_UNKNOWN)
		return a == STATUS_UNKNOWN ? b : a;
	return a > b ? a : b;
}

/* To be busy is what a machine is for: it deserves a look, and is no failure. */
static int
busy(int verdict)
{
	return verdict == STATUS_CRITICAL ? STATUS_WARNING : verdict;
}

void
builtins_put(struct builtins_look *k, const char *item, struct buf *value, int verdict)
{
	if (k->old_s > 0 && verdict != STATUS_UNKNOWN) {
		buf_puts(value, ", as of ");
		text_number(value, floor(k->old_s), TELMON_SECONDS, TELMON_INT);
		buf_puts(value, " ago");
		verdict = verdict == STATUS_OK ? STATUS_UNKNOWN : verdict;
	}
	if (k->rows->n_rows < BUILTINS_MAX_LINES)
		k->trends[k->rows->n_rows] = k->trend;
	k->trend.known = false;
	rows_begin(k->rows);
	rows_text(k->rows, item);
	rows_buf(k->rows, value);
	rows_text(k->rows, builtins_verdicts[verdict]);
	if (verdict == STATUS_UNKNOWN)
		return;
	k->known = true;
	k->worst = worse(k->worst, verdict);
}

/* As the command itself shows it. */
static void
put_number(struct buf *out, const struct rows *rows, size_t row, const char *column)
{
	const struct cell *c = builtins_cell(rows, row, column);

	if (c)
		cell_text(out, c, &rows->columns[(size_t)(c - rows->cells) % rows->n_columns]);
	else
		buf_putc(out, '-');
}

/* What tells nothing of the machine: images that are read-only are full by nature, loop devices
 * work on other disks, and an interface that is down moves nothing. */
static bool
is_aside(const struct rows *rows, size_t row)
{
	const char *state = name_in(rows, row, "state"), *device = name_in(rows, row, "device");

	return strcmp(state, "read-only") == 0 || strcmp(state, "down") == 0 ||
	       (strncmp(device, "loop", 4) == 0 && builtins_cell(rows, row, "util_percent"));
}

/* The row with the largest number under a column; -1 if there is none. */
static long
largest(const struct rows *rows, const char *column)
{
	double most = -INFINITY;
	long found = -1;

	for (size_t i = 0; i < rows->n_rows; i++) {
		double v = builtins_number(rows, i, column);

		if (v > most && !is_aside(rows, i)) {
			most = v;
			found = (long)i;
		}
	}
	return found;
}

/* A load of one and a half a CPU makes work wait, three make it wait long. */
static void
put_load(struct builtins_look *k, const struct rows *rows)
{
	_autobuf_ struct buf value = BUF_INIT(1024);
	double load = builtins_number(rows, 0, "load1"), cpus = builtins_number(rows, 0, "cpus");

	put_number(&value, rows, 0, "load1");
	if (cpus > 0)
		buf_printf(&value, " on %.0f CPU%s", cpus, cpus > 1 ? "s" : "");
	builtins_trend_load(k, cpus);
	builtins_put(k, "load", &value,
		     cpus > 0 ? judge(load, 1.5 * cpus, 3 * cpus) : judge(load, 0, 0));
}

static void
put_cpu(struct builtins_look *k, const struct rows *rows)
{
	_autobuf_ struct buf value = BUF_INIT(1024);
	long all = builtins_row(rows, "cpu", "all");
	size_t row = all < 0 ? 0 : (size_t)all;
	int verdict = busy(judge_cell(rows, row, "busy_percent"));

	buf_puts(&value, "busy ");
	put_number(&value, rows, row, "busy_percent");
	if (builtins_number(rows, row, "steal_percent") > 5) {
		buf_puts(&value, ", stolen ");
		put_number(&value, rows, row, "steal_percent");
		verdict = worse(verdict, judge_cell(rows, row, "steal_percent"));
	}
	builtins_trend_cpu(k);
	builtins_put(k, "cpu", &value, verdict);
}

static void
put_memory(struct builtins_look *k, const struct rows *rows)
{
	_autobuf_ struct buf value = BUF_INIT(1024), swap = BUF_INIT(1024);
	long memory = builtins_row(rows, "kind", "memory"), i = builtins_row(rows, "kind", "swap");
	double percent;

	if (memory >= 0) {
		percent = 100 * builtins_number(rows, (size_t)memory, "used_bytes") /
			  builtins_number(rows, (size_t)memory, "total_bytes");
		put_number(&value, rows, (size_t)memory, "available_bytes");
		buf_puts(&value, " available, used ");
		text_number(&value, percent, TELMON_PERCENT, TELMON_REAL);
		builtins_trend_memory(k);
		builtins_put(k, "memory", &value, judge(percent, 90, 95));
	}
	if (i >= 0 && builtins_number(rows, (size_t)i, "total_bytes") > 0) {
		percent = 100 * builtins_number(rows, (size_t)i, "used_bytes") /
			  builtins_number(rows, (size_t)i, "total_bytes");
		put_number(&swap, rows, (size_t)i, "free_bytes");
		buf_puts(&swap, " free, used ");
		text_number(&swap, percent, TELMON_PERCENT, TELMON_REAL);
		builtins_put(k, "swap", &swap, judge(percent, 80, 95));
	}
}

static void
put_filesystem(struct builtins_look *k, const struct rows *rows)
{
	_autobuf_ struct buf value = BUF_INIT(8192), inodes = BUF_INIT(8192);
	long i = largest(rows, "used_percent"), j = largest(rows, "inodes_used_percent");

	if (i >= 0) {
		buf_printf(&value, "%s used ", name_in(rows, (size_t)i, "mount"));
		put_number(&value, rows, (size_t)i, "used_percent");
		buf_puts(&value, ", ");
		put_number(&value, rows, (size_t)i, "available_bytes");
		buf_puts(&value, " available");
		builtins_put(k, "filesystem", &value, judge_cell(rows, (size_t)i, "used_percent"));
	}
	if (j >= 0) {
		buf_printf(&inodes, "%s used ", name_in(rows, (size_t)j, "mount"));
		put_number(&inodes, rows, (size_t)j, "inodes_used_percent");
		builtins_put(k, "inodes", &inodes,
			     judge_cell(rows, (size_t)j, "inodes_used_percent"));
	}
}

static void
put_disk(struct builtins_look *k, const struct rows *rows)
{
	_autobuf_ struct buf value = BUF_INIT(1024);
	long i = largest(rows, "util_percent");

	if (i < 0)
		return;
	buf_printf(&value, "%s busy ", name_in(rows, (size_t)i, "device"));
	put_number(&value, rows, (size_t)i, "util_percent");
	builtins_trend_disk(k, name_in(rows, (size_t)i, "device"));
	builtins_put(k, "disk", &value, busy(judge_cell(rows, (size_t)i, "util_percent")));
}

/* Errors since boot may be years old, so they are told but not held against the machine. */
static void
put_network(struct builtins_look *k, const struct rows *rows)
{
	_autobuf_ struct buf value = BUF_INIT(1024);
	double most = -1, errors;
	long found = -1;

	for (size_t i = 0; i < rows->n_rows; i++) {
		double v = builtins_number(rows, i, "rx_bytes_per_s") +
			   builtins_number(rows, i, "tx_bytes_per_s");
		const char *name = builtins_text(rows, i, "interface");

		if (name && strcmp(name, "lo") != 0 && v > most && !is_aside(rows, i)) {
			most = v;
			found = (long)i;
		}
	}
	if (found < 0)
		return;
	errors = builtins_number(rows, (size_t)found, "rx_errors") +
		 builtins_number(rows, (size_t)found, "tx_errors");
	buf_printf(&value, "%s in ", name_in(rows, (size_t)found, "interface"));
	put_number(&value, rows, (size_t)found, "rx_bytes_per_s");
	buf_puts(&value, ", out ");
	put_number(&value, rows, (size_t)found, "tx_bytes_per_s");
	if (errors > 0)
		buf_printf(&value, ", %.0f errors since boot", errors);
	builtins_trend_network(k, name_in(rows, (size_t)found, "interface"));
	builtins_put(k, "network", &value, STATUS_OK);
}

static void
put_pressure(struct builtins_look *k, const struct rows *rows)
{
	static const char *const resources[] = { "cpu", "memory", "io" };
	_autobuf_ struct buf value = BUF_INIT(1024);
	int verdict = STATUS_UNKNOWN, one;

	for (size_t i = 0; i < rows->n_rows; i++) {
		const char *resource = builtins_text(rows, i, "resource"),
			   *share = builtins_text(rows, i, "share");

		if (!resource || !share || strcmp(share, "some") != 0)
			continue;
		for (size_t j = 0; j < BUILTINS_COUNT(resources); j++) {
			if (strcmp(resource, resources[j]) != 0)
				continue;
			buf_printf(&value, "%s%s ", value.len ? ", " : "", resource);
			put_number(&value, rows, i, "avg10_percent");
			one = judge_cell(rows, i, "avg10_percent");
			verdict = worse(verdict, strcmp(resource, "cpu") == 0 ? busy(one) : one);
		}
	}
	if (!value.len && !value.error)
		return;
	builtins_trend_pressure(k);
	builtins_put(k, "pressure", &value, verdict);
}

const struct builtins_part builtins_parts[BUILTINS_PARTS] = {
	{ "load", put_load },	      { "cpu", put_cpu },
	{ "memory", put_memory },     { "filesystem", put_filesystem },
	{ "disk", put_disk },	      { "network", put_network },
	{ "pressure", put_pressure },
};
