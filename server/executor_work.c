/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * executor_work -- what a thread of the executor does: takes the next queue, executes the oldest
 * call in it, counts, judges, keeps and publishes what came of it, until nothing waits. Plugins are
 * called in executor_plugin.c.
 */
#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "executor_private.h"
#include "log.h"
#include "wire.h"

void
executor_begin_locked(struct executor *x, struct executor_queue *q, struct call *c)
{
	int64_t now = now_ns();

	c->place = CALL_RUNNING;
	c->deadline_ns = now + c->limit_ns;
	atomic_store(&c->started_ns, now);
	q->running = c;
	q->plugin->stats.busy_since_ns = now;
	q->plugin->stats.busy_deadline_ns = c->deadline_ns;
	executor_arm_locked(x, executor_stuck_ns(c));
}

static struct call *
take_locked(struct executor *x, struct executor_queue *q)
{
	struct call *c = TAILQ_FIRST(&q->waiting);

	executor_place_locked(x, q, QUEUE_IDLE);
	if (q->running) {
		x->guests--; /* who has handed it over */
		return q->running;
	}
	if (!c)
		return NULL; /* all that waited have left */
	if (c->kind == CALL_STOP)
		c->cancelled = q->plugin->stats.life == PLUGIN_FAILED;
	executor_withdraw_locked(q, c);
	executor_begin_locked(x, q, c);
	return c;
}

static void
say_idle_locked(struct executor *x)
{
	if (x->active + x->guests == 0 || x->stopping)
		pthread_cond_broadcast(&x->changed);
}

/* The next call to execute; NULL: the thread is idle. */
static struct call *
next_call(struct executor *x, bool came)
{
	struct executor_queue *q;
	struct call *c = NULL;

	LOCKED(&x->lock) {
		x->coming -= came;
		while (!c && ((q = TAILQ_FIRST(&x->urgent)) || (q = TAILQ_FIRST(&x->lazy))))
			c = take_locked(x, q);
		if (x->n_urgent + x->n_lazy == 0)
			executor_calm_locked(x);
		if (!c) {
			x->active--;
			say_idle_locked(x);
		}
	}
	return c;
}

/* Processor time of this thread. */
static int64_t
cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

bool
executor_execute(struct executor *x, struct call *c, int64_t until_ns, struct outcome *o)
{
	int64_t began_ns = cpu_ns();
	bool done = executor_call_plugin(x, c, until_ns, &o->why, &o->news);

	o->cpu_ns = cpu_ns() - began_ns;
	o->ended_ns = now_ns();
	o->late = o->ended_ns >= c->deadline_ns;
	if (c->kind == CALL_START && o->late && c->error == -ECANCELED) {
		buf_clear(&o->why);
		buf_puts(&o->why, "it was not done by its deadline");
	}
	return done;
}

void
executor_note_failure_locked(struct plugin *p, const char *why)
{
	p->stats.failures++;
	p->stats.last_error_ns = now_ns();
	snprintf(p->stats.last_error, sizeof(p->stats.last_error), "%s", why);
}

static void
count_locked(struct executor_queue *q, struct call *c, struct outcome *o)
{
	struct plugin_stats *s = &q->plugin->stats;
	int64_t duration_ns = o->ended_ns - c->started_ns;

	s->busy_since_ns = 0;
	s->busy_deadline_ns = 0;
	s->runs += c->kind == CALL_RUN || c->kind == CALL_VIEW;
	s->cpu_ns += o->cpu_ns;
	if (c->kind == CALL_COLLECT) {
		s->collects++;
		s->last_ns = duration_ns;
		s->recent_ns[(s->collects - 1) % PLUGIN_RECENT] = duration_ns;
		if (duration_ns > s->max_ns)
			s->max_ns = duration_ns;
	}
	if (o->news.len)
		executor_note_failure_locked(q->plugin, buf_str(&o->news));
	else if (c->kind == CALL_START && !c->error)
		s->last_error[0] = '\0';
	else if (o->late && !c->late)
		executor_note_failure_locked(q->plugin, "no answer by the deadline");
	else if (c->error && !o->late && !c->cancelled)
		executor_note_failure_locked(q->plugin, buf_str(&o->why));
	else if (!c->error && !o->late && s->life == PLUGIN_RUNNING)
		s->last_error[0] = '\0';
}

/* The log hears when collects begin to fail and when they work again, not each time. */
static void
judge_locked(struct executor_queue *q, struct call *c, struct outcome *o)
{
	bool failed = c->error || o->late;

	if (c->kind != CALL_COLLECT || c->cancelled)
		return;
	o->failing = failed && !q->failing;
	o->recovered = !failed && q->failing;
	q->failing = failed;
}

/* The child did not live to say what it is, or could not be spawned. */
static bool
is_down(const struct call *c)
{
	return c->plugin->isolate && c->error != -ENOEXEC && !c->cancelled;
}

static void
say_start(const struct call *c, struct outcome *o, double s)
{
	const char *name = c->plugin->name;

	if (!o->unasked || (c->error && is_down(c)))
		return;
	if (c->error)
		log_warnx("plugin %s: start failed: %s, ignoring", name, buf_str(&o->why));
	else if (!o->why.len)
		log_info("plugin %s: started after %.1f s", name, s);
}

static void
say(const struct call *c, struct outcome *o)
{
	const char *name = c->plugin->name;
	double s = (double)(o->ended_ns - c->started_ns) / (double)NS_PER_S;

	if (o->news.len)
		log_warnx("plugin %s: %s", name, buf_str(&o->news));
	if (c->kind == CALL_START)
		say_start(c, o, s);
	else if (c->late)
		log_info("plugin %s: %s returned after %.1f s", name, executor_kind(c), s);
	if (o->failing && o->late)
		log_warnx("plugin %s: collect took %.1f s; keeping the last values", name, s);
	else if (o->failing)
		log_warnx("plugin %s: collect failed: %s; keeping the last values", name,
			  buf_str(&o->why));
	else if (o->recovered)
		log_info("plugin %s: collect works again", name);
}

static void
publish(struct call *c, struct outcome *o)
{
	_autobuf_ struct buf why = BUF_WHY;
	const char *name = c->plugin->name;

	if (c->kind == CALL_START) {
		buf_printf(&why, "start failed: %s", buf_str(&o->why));
		executor_publish(c, c->error ? STATUS_FAILED : 0, c->error ? buf_str(&why) : NULL);
	} else if (o->late) {
		buf_printf(&why, "%s: no answer within %g s", name,
			   (double)c->limit_ns / (double)NS_PER_S);
		executor_publish(c, STATUS_TIMEOUT, buf_str(&why));
	} else if (c->error && c->cancelled) {
		buf_printf(&why, "%s: cancelled", name);
		executor_publish(c, STATUS_CANCELLED, buf_str(&why));
	} else if (c->down) {
		buf_printf(&why, "%s: unavailable (%s)", name, buf_str(&o->why));
		executor_publish(c, STATUS_UNAVAILABLE, buf_str(&why));
	} else if (c->error) {
		buf_printf(&why, "%s: %s", name, buf_str(&o->why));
		executor_publish(c, STATUS_FAILED, buf_str(&why));
	} else {
		executor_publish(c, 0, NULL);
	}
}

/* A late one is as good as any: the plugin takes calls from now on. */
static void
end_start_locked(struct executor_queue *q, struct call *c, struct outcome *o)
{
	o->unasked = c->askers == 0 && !c->cancelled;
	q->plugin->stats.life = PLUGIN_RUNNING;
	if (c->error && is_down(c)) {
		q->plugin->stats.life = PLUGIN_DOWN;
	} else if (c->error) {
		executor_fail_start_locked(q->plugin, buf_str(&o->why));
		q->closing = true;
	}
}

/* Lets the plugin's next call begin. True: the reference on c is still the caller's. */
static bool
end_locked(struct executor *x, struct call *c, struct outcome *o)
{
	struct executor_queue *q = c->plugin->queue;
	bool kept;

	q->running = NULL;
	c->place = CALL_NOWHERE;
	c->made_ns = o->ended_ns;
	count_locked(q, c, o);
	judge_locked(q, c, o);
	if (c->kind == CALL_START)
		end_start_locked(q, c, o);
	kept = executor_keep_locked(x, q, c, &o->dropped);
	/* A thread of ours looks for the next call itself. */
	if (!TAILQ_EMPTY(&q->waiting) && o->guest)
		o->summon = executor_urge_locked(x, q);
	else if (!TAILQ_EMPTY(&q->waiting))
		executor_place_locked(x, q, QUEUE_URGENT);
	if (o->guest) {
		x->guests--;
		say_idle_locked(x);
	}
	o->disposed = executor_dispose_locked(x, q, &o->dropped);
	return !kept;
}

void
executor_finish(struct executor *x, struct call *c, struct outcome *o)
{
	bool give_up = false;

	atomic_fetch_add(&c->refs, 1);
	LOCKED(&x->lock)
		give_up = end_locked(x, c, o);
	executor_summon(x, o->summon);
	publish(c, o);
	say(c, o);
	executor_publish_all(&o->dropped, 0, NULL);
	if (give_up)
		executor_call_unref(c);
	executor_call_unref(c);
	plugin_unref(o->disposed);
}

void
executor_work(void *arg)
{
	struct executor *x = arg;
	struct call *c = next_call(x, true);

	while (c) {
		struct outcome o = { .why = BUF_WHY, .news = BUF_WHY };

		TAILQ_INIT(&o.dropped);
		executor_execute(x, c, INT64_MAX, &o);
		executor_finish(x, c, &o);
		buf_fini(&o.why);
		buf_fini(&o.news);
		c = next_call(x, false);
	}
}
