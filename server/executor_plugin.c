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

static int
call_isolated(struct call *c, struct snapshot **ret, struct buf *why)
{
	struct isolate *i = c->plugin->isolate;
	struct host_object *o = &c->plugin->object;
	int r = 0;

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
		snapshot_unref(c->newest);
		snapshot_unref(c->previous);
		c->newest = c->previous = NULL;
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

void
executor_call_plugin(struct executor *x, struct call *c, struct buf *why, struct buf *news)
{
	struct isolate *i = c->plugin->isolate;
	struct snapshot *snapshot = NULL;

	if (c->kind == CALL_STOP && c->cancelled)
		return;
	c->error = i ? call_isolated(c, &snapshot, why) : call_inside(x->host, c, &snapshot, why);
	/* A plugin may say the same of some host of its own. */
	c->down = i && c->error == -EHOSTDOWN && !isolate_has_child(i);
	if (c->error == 0 && snapshot)
		take_snapshot(c, snapshot);
	if (i)
		isolate_news(i, news);
}
