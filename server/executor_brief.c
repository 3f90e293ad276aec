/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * executor_brief -- a call that its asker makes by itself, as long as that is brief: a child that
 * has nothing else to do mostly answers within microseconds, and to wake a thread that waits for it
 * in the asker's place, and the asker again, would take longer than the answer. A child cannot keep
 * its asker: a call that takes longer goes on in a thread of the executor.
 */
#include "executor_private.h"

bool
executor_begin_brief_locked(struct executor *x, struct executor_queue *q, struct call *c)
{
	if (!c->plugin->isolate || q->running || q->place != QUEUE_IDLE ||
	    !TAILQ_EMPTY(&q->waiting))
		return false;
	/* While nothing runs in its queue the child is whose lock this is. */
	if (!isolate_is_ready(c->plugin->isolate, c->newest, c->previous))
		return false;
	executor_begin_locked(x, q, c);
	x->guests++;
	return true;
}

/* The queue has a thread coming, which finds the call running. Until it is there the guest counts:
 * the call has nobody else. */
static void
hand_over(struct executor *x, struct call *c, const struct outcome *o)
{
	struct executor_queue *q = c->plugin->queue;
	unsigned summon = 0;

	LOCKED(&x->lock) {
		q->plugin->stats.cpu_ns += o->cpu_ns;
		summon = executor_urge_locked(x, q);
	}
	executor_summon(x, summon);
}

void
executor_brief(struct executor *x, struct call *c)
{
	struct outcome o = { .why = BUF_WHY, .news = BUF_WHY, .guest = true };

	TAILQ_INIT(&o.dropped);
	if (executor_execute(x, c, now_ns() + EXECUTOR_BRIEF_NS, &o))
		executor_finish(x, c, &o);
	else
		hand_over(x, c, &o);
	buf_fini(&o.why);
	buf_fini(&o.news);
}
