/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * builtins_summary -- the banner's second line, from what the newest snapshots say. It greets a
 * person who has just connected, so it waits for no collect: what is not there yet is left out. A
 * child, which alone can make rows of its snapshots, has a moment for that.
 */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "builtins.h"
#include "builtins_private.h"
#include "mem.h"
#include "text.h"

enum { CHILD_MS = 100 };

/* Rows of a view without arguments. */
struct peek {
	struct command_table *table;
	const struct command *command;
	struct snapshot *newest, *previous;
	struct host_arg *args;
	struct rows own;	 /* of one that is inside */
	struct call *call;	 /* of one in a child; NULL: none yet */
	int bell;		 /* its doorbell */
	const struct rows *rows; /* NULL: there are none */
};

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
peek_inside(struct builtins_env *env, struct peek *p)
{
	_autobuf_ struct buf why = BUF_WHY;
	const struct command *c = p->command;

	if (host_view(env->host, &c->plugin->object, c->callback, p->newest, p->previous, p->args,
		      &p->own, &why) == 0)
		p->rows = &p->own;
}

static void
peek_child(struct builtins_env *env, struct peek *p)
{
	struct pollfd rings = { .events = POLLIN };
	const struct command *c = p->command;
	const char *reason;
	int64_t time_ns;

	p->call = executor_view(env->executor, c->plugin, c->callback, p->args, p->newest,
				p->previous, pipeline_get_limits(env->pipeline).max_answer, true);
	if (!call_done(p->call)) {
		rings.fd = p->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (p->bell >= 0)
			call_watch(p->call, p->bell);
		poll(&rings, 1, CHILD_MS);
	}
	if (call_done(p->call) && call_result(p->call, &reason) == 0)
		p->rows = call_rows(p->call, &time_ns);
}

static void
peek(struct builtins_env *env, const char *name, struct peek *p)
{
	_autobuf_ struct buf why = BUF_WHY;
	const struct command *c;

	*p = (struct peek){ .table = registry_get(env->registry), .bell = -1 };
	p->command = c = command_find(p->table, name, false, &why);
	if (!c || c->kind != COMMAND_VIEW)
		return;
	series_newest(c->plugin->series, &p->newest, &p->previous);
	p->args = xcalloc(c->n_args, sizeof(*p->args));
	rows_init(&p->own, c->columns, c->n_columns, 1 << 20);
	if (!p->newest || command_arguments(c, NULL, 0, true, p->args, &why) != 0)
		return;
	if (c->plugin->isolate)
		peek_child(env, p);
	else
		peek_inside(env, p);
}

static void
end(struct peek *p)
{
	call_leave(p->call, p->bell);
	if (p->bell >= 0)
		close(p->bell);
	rows_fini(&p->own);
	free(p->args);
	snapshot_unref(p->newest);
	snapshot_unref(p->previous);
	command_table_unref(p->table);
}

static double
number_of(const char *command, const char *column, const struct rows *rows)
{
	long row = strcmp(command, "cpu") == 0 ? builtins_row(rows, "cpu", "all") : 0;
	double v = builtins_number(rows, row < 0 ? 0 : (size_t)row, column);

	if (strcmp(command, "memory") == 0)
		v = 100 * v / builtins_number(rows, 0, "total_bytes");
	return v;
}

static void
summarise(struct builtins_env *env, const char *command, const char *column, const char *word,
	  enum telmon_unit unit, struct buf *out)
{
	struct peek p;
	double v;

	peek(env, command, &p);
	v = p.rows ? number_of(command, column, p.rows) : (double)NAN;
	end(&p);
	if (!isnan(v) && unit == TELMON_PERCENT)
		buf_printf(out, "%s%s %.0f %%", out->len ? "  " : "", word, floor(v));
	else if (!isnan(v))
		buf_printf(out, "%s%s %.2f", out->len ? "  " : "", word, v);
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
