/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * executor_plugin -- the one place where plugins are called for work, here or in their child. One
 * call of a plugin at a time is all the protection its state has; the executor's lock between two
 * of them orders them.
 */
#include <errno.h>

#include "executor_private.h"
#include "series.h"

/* ---- inside ---- */

static int
call_inside(struct host *h, struct call *c, struct snapshot **ret, struct buf *why)
{
	struct host_object *o = &c->plugin->object;

	switch (c->kind) {
	case CALL_START:
		return host_start(h, o, &c->cancel, c->deadline_ns, why);
	case CALL_COLLECT:
		return host_collect(h, o, &c->cancel, c->deadline_ns, ret, why);
	case CALL_RUN:
		return host_run(h, o, c->command, c->args, &c->cancel, c->deadline_ns, &c->rows,
				why);
	case CALL_STOP:
		host_stop(h, o);
		break;
	case CALL_VIEW: /* the asker's own thread does that */
		break;
	}
	return 0;
}

/* ---- in a child ---- */

/* So long a thread that came late has for an answer that is there. */
static const int64_t late_ns = 300 * NS_PER_MS;

/* A start that fails is news, but the plugin is there: the next call tries again. Then why is not
 * empty, and there is no error. */
static int
start_isolated(struct call *c, struct buf *why)
{
	struct plugin *p = c->plugin;
	int r = plugin_describe(p, c->deadline_ns, why);

	if (r == 0)
		isolate_start(p->isolate, &p->object, &c->cancel, c->deadline_ns, why);
	return r;
}

static void
drop_snapshots(struct call *c)
{
	snapshot_unref(c->newest);
	snapshot_unref(c->previous);
	c->newest = c->previous = NULL;
}

static void
ask_isolated(struct call *c)
{
	struct isolate *i = c->plugin->isolate;
	struct host_object *o = &c->plugin->object;

	c->asked = true;
	if (c->kind == CALL_VIEW)
		isolate_ask_view(i, o, c->command, c->newest, c->previous, c->args, c->deadline_ns,
				 &c->rows);
	else
		isolate_ask_run(i, o, c->command, c->args, c->deadline_ns, &c->rows);
	drop_snapshots(c);
}

/* A child that has answered in time is not ended for a thread that came late. */
static int
answer_isolated(struct call *c, int64_t until_ns, struct buf *why)
{
	int64_t now = now_ns();

	return isolate_answer(c->plugin->isolate, &c->cancel, until_ns,
			      c->deadline_ns > now ? c->deadline_ns : now + late_ns, &c->rows, why);
}

static int
call_isolated(struct call *c, struct snapshot **ret, struct buf *why)
{
	struct isolate *i = c->plugin->isolate;
	struct host_object *o = &c->plugin->object;
	int r = 0;

	if (c->asked)
		return answer_isolated(c, INT64_MAX, why);
	switch (c->kind) {
	case CALL_START:
		return start_isolated(c, why);
	case CALL_COLLECT:
		return isolate_collect(i, o, &c->cancel, c->deadline_ns, ret, why);
	case CALL_RUN:
		return isolate_run(i, o, c->command, c->args, &c->cancel, c->deadline_ns, &c->rows,
				   why);
	case CALL_VIEW:
		r = isolate_view(i, o, c->command, c->newest, c->previous, c->args, &c->cancel,
				 c->deadline_ns, &c->rows, why);
		drop_snapshots(c);
		break;
	case CALL_STOP:
		isolate_stop(i, c->deadline_ns);
		break;
	}
	return r;
}

/* ---- either ---- */

/* Values read over so long a time belong to no moment. */
static void
take_snapshot(struct call *c, struct snapshot *s)
{
	if (now_ns() < c->deadline_ns)
		series_add(c->plugin->series, s);
	else
		snapshot_unref(s);
}

bool
executor_call_plugin(struct executor *x, struct call *c, int64_t until_ns, struct buf *why,
		     struct buf *news)
{
	struct isolate *i = c->plugin->isolate;
	struct snapshot *snapshot = NULL;
	int r;

	if (c->kind == CALL_STOP && c->cancelled)
		return true;
	if (!i) {
		r = call_inside(x->host, c, &snapshot, why);
	} else if (until_ns == INT64_MAX) {
		r = call_isolated(c, &snapshot, why);
	} else {
		ask_isolated(c);
		r = answer_isolated(c, until_ns, why);
		if (r > 0)
			return false;
	}
	c->error = r;
	/* A plugin may say the same of some host of its own. */
	c->down = i && c->error == -EHOSTDOWN && !isolate_has_child(i);
	if (c->error == 0 && snapshot)
		take_snapshot(c, snapshot);
	if (i)
		isolate_news(i, news);
	return true;
}
