/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * plugin_host_serve -- one message of the daemon's: a call of the plugin through host, as the
 * daemon itself would make it, and what came of it as messages back. A message that makes no sense
 * ends the process: the daemon writes none.
 */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "plugin_host_private.h"

enum { OUT_BYTES = 2 * FRAME_MAX_BYTES, MAX_ARGS = 60 };

static void
check(const struct frame_reader *r)
{
	if (frame_read_end(r) < 0)
		_exit(ISOLATE_EXIT_PROTOCOL);
}

/* What may be said inside, but not through a message. */
static void
too_large(struct plugin_host *p, struct buf *out, const char *what)
{
	_autobuf_ struct buf why = BUF_WHY;

	buf_printf(&why, "%s may have %d KiB in an isolated plugin", what, FRAME_MAX_BYTES >> 10);
	buf_clear(out);
	plugin_host_done(p, out, -E2BIG, 3, 0, buf_str(&why));
}

/* ---- metrics ---- */

/* Those that the daemon does not know yet. */
static void
tell_metrics(struct plugin_host *p, struct buf *out)
{
	const struct metric_set *set = p->plugin->object.set;

	for (; p->told < set->count; p->told++) {
		if (frame_put_metric(out, p->call, &set->metrics[p->told]) < 0)
			_exit(ISOLATE_EXIT_PROTOCOL);
		if (out->len > FRAME_MAX_BYTES / 2)
			plugin_host_send(p, out);
	}
}

static void
describe(struct plugin_host *p, struct buf *out)
{
	struct telmon_plugin *decl = &p->plugin->decl;

	frame_put_plugin(out, p->call, decl);
	tell_metrics(p, out);
	for (size_t i = 0; i < decl->n_commands; i++) {
		if (frame_put_command(out, p->call, &decl->commands[i]) < 0)
			_exit(ISOLATE_EXIT_PROTOCOL);
		plugin_host_send(p, out);
	}
	plugin_host_done(p, out, 0, 0, 0, NULL);
}

/* ---- start, collect, stop ---- */

static void
start(struct plugin_host *p, struct frame_reader *r, struct buf *out)
{
	_autobuf_ struct buf why = BUF_WHY;
	int64_t deadline_ns = frame_get_i64(r);
	int error;

	check(r);
	error = host_start(p->host, &p->plugin->object, &p->cancel, deadline_ns, &why);
	tell_metrics(p, out);
	plugin_host_done(p, out, error, 0, 0, error ? buf_str(&why) : NULL);
}

static void
keep(struct plugin_host *p, struct snapshot *s, uint32_t seq)
{
	snapshot_unref(p->kept[1]);
	p->kept[1] = p->kept[0];
	p->seq[1] = p->seq[0];
	p->kept[0] = s;
	p->seq[0] = seq;
}

static void
collect(struct plugin_host *p, struct frame_reader *r, struct buf *out)
{
	_autobuf_ struct buf why = BUF_WHY;
	int64_t deadline_ns = frame_get_i64(r), time_ns = frame_get_i64(r);
	uint32_t seq = frame_get_u32(r);
	struct snapshot *s;
	size_t sample = 0;
	int error, more = 1;

	check(r);
	error = host_collect(p->host, &p->plugin->object, &p->cancel, deadline_ns, &s, &why);
	tell_metrics(p, out);
	if (error) {
		plugin_host_done(p, out, error, 0, 0, buf_str(&why));
		return;
	}
	/* As the daemon's own copy has it: nobody else has seen this one yet. */
	s->time_ns = time_ns;
	keep(p, s, seq);
	while (s->n && more) {
		more = frame_put_values(out, p->call, s, &sample);
		if (more < 0) {
			too_large(p, out, "the labels of a value");
			return;
		}
		if (more)
			plugin_host_send(p, out);
	}
	plugin_host_done(p, out, 0, 0, s->wall_s, NULL);
}

/* ---- lent snapshots ---- */

static void
lend_done(struct plugin_host *p)
{
	struct snapshot **place = &p->lent[p->lending_place];

	if (p->lending_left)
		return;
	snapshot_unref(*place);
	*place = snapshot_builder_seal(p->lending, p->lending_time_ns, 0);
	p->lending = NULL;
}

static void
lend(struct plugin_host *p, struct frame_reader *r)
{
	p->lending_place = frame_get_u8(r) & 1;
	p->lending_time_ns = frame_get_i64(r);
	p->lending_left = frame_get_u32(r);
	check(r);
	snapshot_builder_free(p->lending);
	p->lending = snapshot_builder_new(p->plugin->object.set);
	lend_done(p);
}

static int
take_value(void *ctx, uint32_t metric, const char *const *labels, size_t n, double value)
{
	struct plugin_host *p = ctx;

	if (!p->lending_left)
		return -EBADMSG;
	p->lending_left--;
	return snapshot_builder_put(p->lending, metric, labels, n, value);
}

static void
lend_values(struct plugin_host *p, const struct frame *f)
{
	/* No value at all is one empty frame. */
	if (!p->lending && f->size == 0)
		return;
	if (!p->lending || frame_get_values(f, take_value, p) < 0)
		_exit(ISOLATE_EXIT_PROTOCOL);
	lend_done(p);
}

static struct snapshot *
find(struct plugin_host *p, uint32_t seq)
{
	if (seq == 0)
		return NULL;
	if (seq >= ISOLATE_LENT)
		return p->lent[(seq - ISOLATE_LENT) & 1];
	return p->seq[0] == seq ? p->kept[0] : p->seq[1] == seq ? p->kept[1] : NULL;
}

/* ---- views and runs ---- */

static void
take_args(const struct telmon_command *cmd, struct frame_reader *r, struct host_arg *ret)
{
	for (size_t i = 0; i < cmd->n_args; i++) {
		ret[i].given = frame_get_u8(r);
		ret[i].i = frame_get_i64(r);
		ret[i].f = frame_get_f64(r);
		ret[i].s = frame_get_text(r);
	}
	check(r);
}

static void
send_rows(struct plugin_host *p, struct buf *out, const struct rows *rows)
{
	size_t row = 0;
	int more;

	do {
		more = frame_put_rows(out, p->call, rows, &row);
		if (more < 0) {
			too_large(p, out, "a row");
			return;
		}
		if (more)
			plugin_host_send(p, out);
	} while (more);
	plugin_host_done(p, out, 0, rows->status, 0, NULL);
}

static void
answer(struct plugin_host *p, const struct frame *f, struct frame_reader *r, struct buf *out)
{
	_autobuf_ struct buf why = BUF_WHY;
	int64_t deadline_ns = frame_get_i64(r);
	size_t index = frame_get_u32(r), max = (size_t)frame_get_i64(r);
	struct host_arg args[MAX_ARGS] = { 0 };
	uint32_t newest = 0, previous = 0;
	const struct telmon_command *cmd;
	struct rows rows;
	int error;

	if (index >= p->plugin->decl.n_commands)
		_exit(ISOLATE_EXIT_PROTOCOL);
	cmd = &p->plugin->commands[index];
	if (f->type == FRAME_VIEW) {
		newest = frame_get_u32(r);
		previous = frame_get_u32(r);
	}
	take_args(cmd, r, args);
	rows_init(&rows, cmd->columns, cmd->n_columns, max);
	if (f->type == FRAME_RUN)
		error = host_run(p->host, &p->plugin->object, cmd, args, &p->cancel, deadline_ns,
				 &rows, &why);
	else
		error = host_view(p->host, &p->plugin->object, cmd, find(p, newest),
				  find(p, previous), args, &rows, &why);
	if (error)
		plugin_host_done(p, out, error, 3, 0, buf_str(&why));
	else
		send_rows(p, out, &rows);
	rows_fini(&rows);
}

bool
plugin_host_serve(struct plugin_host *p, const struct frame *f)
{
	_autobuf_ struct buf out = BUF_INIT(OUT_BYTES);
	struct frame_reader r = frame_read(f);

	plugin_host_begin(p, f->call);
	switch (f->type) {
	case FRAME_HELLO:
		describe(p, &out);
		return true;
	case FRAME_START:
		start(p, &r, &out);
		return true;
	case FRAME_COLLECT:
		collect(p, &r, &out);
		return true;
	case FRAME_SNAPSHOT:
		lend(p, &r);
		return true;
	case FRAME_VALUES:
		lend_values(p, f);
		return true;
	case FRAME_VIEW:
	case FRAME_RUN:
		answer(p, f, &r, &out);
		return true;
	case FRAME_STOP:
		host_stop(p->host, &p->plugin->object);
		plugin_host_done(p, &out, 0, 0, 0, NULL);
		return false;
	default:
		_exit(ISOLATE_EXIT_PROTOCOL);
	}
}
