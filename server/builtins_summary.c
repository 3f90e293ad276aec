/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * builtins_summary -- the banner's second line, from what the newest snapshots say. It greets a
 * person who has just connected, so it waits for nothing: what is not there yet is left out.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "builtins.h"
#include "builtins_private.h"
#include "text.h"

void
builtins_uptime(struct builtins_env *env, const char *before, struct buf *out)
{
	_autobuf_ struct buf text = BUF_INIT(4096);
	double up_s;

	if (host_read(env->host, "/proc/uptime", &text, NULL) < 0 ||
	    sscanf(buf_str(&text), "%lf", &up_s) != 1)
		return;
	buf_printf(out, "%sup ", before);
	text_number(out, floor(up_s), TELMON_SECONDS, TELMON_INT);
}

static void
summarise(struct builtins_env *env, const char *command, const char *column, const char *word,
	  enum telmon_unit unit, struct buf *out)
{
	struct command_table *table;
	struct rows rows;
	long row;
	double v;

	if (!builtins_peek(env, command, &rows, &table))
		return;
	row = strcmp(command, "cpu") == 0 ? builtins_row(&rows, "cpu", "all") : 0;
	v = builtins_number(&rows, row < 0 ? 0 : (size_t)row, column);
	if (strcmp(command, "memory") == 0)
		v = 100 * v / builtins_number(&rows, 0, "total_bytes");
	if (!isnan(v) && unit == TELMON_PERCENT)
		buf_printf(out, "%s%s %.0f %%", out->len ? "  " : "", word, floor(v));
	else if (!isnan(v))
		buf_printf(out, "%s%s %.2f", out->len ? "  " : "", word, v);
	rows_fini(&rows);
	command_table_unref(table);
}

void
builtins_summary(struct builtins_env *env, struct buf *out)
{
	_autobuf_ struct buf line = BUF_INIT(1024);

	builtins_uptime(env, "", &line);
	summarise(env, "load", "load1", "load", TELMON_NONE, &line);
	summarise(env, "cpu", "busy_percent", "cpu", TELMON_PERCENT, &line);
	summarise(env, "memory", "used_bytes", "mem", TELMON_PERCENT, &line);
	buf_put(out, line.data, line.len);
}
