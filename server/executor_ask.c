/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * executor_ask -- who asks for what: an equal call that waits, runs or was kept is shared; what
 * cannot be had is answered at once; everything else joins the plugin's queue. Any thread.
 */
#include "executor_private.h"
#include "wire.h"

static struct call *
join_locked(struct call *c)
{
	c->askers++;
	atomic_fetch_add(&c->refs, 1);
	return c;
}

/* A reference on a call that will answer the same, or NULL. */
static struct call *
find_same_locked(struct executor_queue *q, const struct call *wanted)
{
	struct call *c = q->running;

	if (c && !c->cancelled && !c->late && executor_call_same(c, wanted))
		return join_locked(c);
	TAILQ_FOREACH(c, &q->waiting, link) {
		if (executor_call_same(c, wanted))
			return join_locked(c);
	}
	TAILQ_FOREACH(c, &q->kept, link) {
		if (executor_call_same(c, wanted) && now_ns() < executor_kept_until(c))
			return join_locked(c);
	}
	return NULL;
}

/* True, with the sentence, when the plugin cannot take this call. */
static bool
is_refused_locked(struct executor *x, struct executor_queue *q, struct plugin *p, struct buf *why)
{
	if (x->stopping)
		buf_puts(why, "the daemon is stopping");
	else if (p->stats.life == PLUGIN_FAILED || p->stats.life == PLUGIN_DOWN)
		buf_printf(why, "%s: unavailable (%s)", p->name, p->stats.last_error);
	else if (!q || q->closing)
		buf_printf(why, "%s: unavailable (it was stopped)", p->name);
	else if (executor_is_stuck_locked(q, now_ns()))
		executor_say_stuck(why, p, q->running);
	else if (p->stats.life == PLUGIN_STARTING)
		buf_printf(why, "%s: unavailable (it is starting)", p->name);
	else if (q->n_waiting >= EXECUTOR_MAX_WAITING)
		buf_printf(why, "%s: unavailable (too many wait)", p->name);
	return why->len > 0;
}

/* Takes c. Returns it, or the one that is shared in its place. alone: as executor_run(). */
static struct call *
ask(struct executor *x, struct call *c, bool alone)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct call *same = NULL;
	bool refused = false, brief = false;
	unsigned summon = 0;

	LOCKED(&x->lock) {
		struct executor_queue *q = executor_queue_locked(x, c->plugin);

		if (q && !x->stopping)
			same = find_same_locked(q, c);
		if (same) {
			if (same->place == CALL_WAITING && q->place == QUEUE_LAZY)
				summon = executor_urge_locked(x, q);
		} else if (!(refused = is_refused_locked(x, q, c->plugin, &why))) {
			atomic_fetch_add(&c->refs, 1);
			brief = alone && executor_begin_brief_locked(x, q, c);
			summon = brief ? 0 : executor_enqueue_locked(x, q, c, false);
		}
	}
	executor_summon(x, summon);
	if (brief)
		executor_brief(x, c);
	if (refused)
		executor_publish(c, STATUS_UNAVAILABLE, buf_str(&why));
	if (!same)
		return c;
	executor_call_unref(c);
	return same;
}

struct call *
executor_collect(struct executor *x, struct plugin *p)
{
	return ask(x, executor_call_new(x, p, CALL_COLLECT), false);
}

struct call *
executor_run(struct executor *x, struct plugin *p, const struct telmon_command *cmd,
	     const struct host_arg *args, size_t max_answer, bool alone)
{
	struct call *c = executor_call_new(x, p, CALL_RUN);

	executor_call_args(c, cmd, args, max_answer);
	return ask(x, c, alone);
}

struct call *
executor_view(struct executor *x, struct plugin *p, const struct telmon_command *cmd,
	      const struct host_arg *args, struct snapshot *newest, struct snapshot *previous,
	      size_t max_answer, bool alone)
{
	struct call *c = executor_call_new(x, p, CALL_VIEW);

	executor_call_args(c, cmd, args, max_answer);
	c->newest = snapshot_ref(newest);
	c->previous = previous ? snapshot_ref(previous) : NULL;
	c->newest_id = newest->id;
	c->previous_id = previous ? previous->id : 0;
	return ask(x, c, alone);
}

struct call *
executor_last_view(struct executor *x, struct plugin *p, const struct telmon_command *cmd,
		   const struct host_arg *args, size_t max_answer)
{
	struct call *wanted = executor_call_new(x, p, CALL_VIEW), *c, *found = NULL;

	executor_call_args(wanted, cmd, args, max_answer);
	LOCKED(&x->lock) {
		struct executor_queue *q = executor_queue_locked(x, p);

		for (c = q ? TAILQ_FIRST(&q->kept) : NULL; c && !found; c = TAILQ_NEXT(c, link)) {
			if (executor_call_like(c, wanted))
				found = join_locked(c);
		}
	}
	executor_call_unref(wanted);
	return found;
}

static bool
has_collect_locked(const struct executor_queue *q)
{
	const struct call *c;

	if (q->running && q->running->kind == CALL_COLLECT)
		return true;
	TAILQ_FOREACH(c, &q->waiting, link) {
		if (c->kind == CALL_COLLECT)
			return true;
	}
	return false;
}

bool
executor_sample(struct executor *x, struct plugin *p)
{
	struct call *c = executor_call_new(x, p, CALL_COLLECT);
	_autobuf_ struct buf why = BUF_WHY;
	bool asked = false;
	unsigned summon = 0;

	c->askers = 0;
	LOCKED(&x->lock) {
		struct executor_queue *q = executor_queue_locked(x, p);

		asked = !is_refused_locked(x, q, p, &why) && !has_collect_locked(q);
		if (asked)
			summon = executor_enqueue_locked(x, q, c, true);
	}
	executor_summon(x, summon);
	if (!asked)
		executor_call_unref(c);
	return asked;
}

/* Nothing is shared: a plugin is started once, unless its child is down. Those of many plugins are
 * done by one thread as long as they are quick. */
struct call *
executor_start_plugin(struct executor *x, struct plugin *p, double deadline_s)
{
	struct call *c = executor_call_new(x, p, CALL_START);
	_autobuf_ struct buf why = BUF_WHY;
	bool refused = true;
	unsigned summon = 0;

	c->limit_ns = (int64_t)(deadline_s * (double)NS_PER_S);
	LOCKED(&x->lock) {
		struct executor_queue *q = executor_queue_locked(x, p);

		/* As if it had never been tried. */
		if (p->stats.life == PLUGIN_DOWN)
			p->stats.life = PLUGIN_RUNNING;
		refused = is_refused_locked(x, q, p, &why);
		if (refused) {
			executor_fail_start_locked(p, buf_str(&why));
		} else {
			p->stats.life = PLUGIN_STARTING;
			atomic_fetch_add(&c->refs, 1);
			summon = executor_enqueue_locked(x, q, c, true);
		}
	}
	executor_summon(x, summon);
	if (refused)
		executor_publish(c, STATUS_UNAVAILABLE, buf_str(&why));
	return c;
}
