/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * executor_guard -- the thread that looks when nobody else would: at a call that has passed its
 * deadline, so that those who wait for it or behind it are told; at samples that wait for a thread
 * which turned out slow; at calls that no thread could be had for; at kept answers that have grown
 * old. It sleeps on a timer that others set without waking it, so it costs nothing while all is
 * well.
 */
#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "executor_private.h"
#include "log.h"
#include "wire.h"

static void
set_alarm_locked(struct executor *x, int64_t time_ns)
{
	struct itimerspec when = {
		.it_value = { .tv_sec = time_ns / NS_PER_S, .tv_nsec = time_ns % NS_PER_S },
	};

	/* Once it has rung for the end nobody may put it off. */
	if (time_ns == x->alarm_ns || x->quit)
		return;
	x->alarm_ns = time_ns;
	timerfd_settime(x->alarm_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void
executor_arm_locked(struct executor *x, int64_t time_ns)
{
	if (x->alarm_ns == 0 || time_ns < x->alarm_ns)
		set_alarm_locked(x, time_ns);
}

static int64_t
grace_ns(const struct plugin *p)
{
	return p->isolate ? EXECUTOR_CHILD_GRACE_NS : EXECUTOR_GRACE_NS;
}

int64_t
executor_stuck_ns(const struct call *c)
{
	return c->deadline_ns + grace_ns(c->plugin);
}

/* The same for what runs in a queue; a thread has this long for what was handed to it late. */
static int64_t
stuck_at_locked(const struct executor_queue *q)
{
	int64_t at = executor_stuck_ns(q->running), handed = q->since_ns + grace_ns(q->plugin);

	return handed > at ? handed : at;
}

bool
executor_is_stuck_locked(const struct executor_queue *q, int64_t at_ns)
{
	return q->running && q->place == QUEUE_IDLE && at_ns >= stuck_at_locked(q);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

int64_t
executor_kept_until(const struct call *c)
{
	/* Until a newer one takes its place. */
	if (c->kind == CALL_VIEW)
		return INT64_MAX;
	return c->made_ns + (int64_t)(c->command->cache_s * (double)NS_PER_S);
}

/* When there is next something to see; 0 = never. */
static int64_t
next_alarm_locked(struct executor *x)
{
	int64_t next = x->hurry_ns;
	struct executor_queue *q;
	struct call *c;

	TAILQ_FOREACH(q, &x->queues, link) {
		if (q->running && !q->running->late)
			next = earlier(next, stuck_at_locked(q));
		TAILQ_FOREACH(c, &q->kept, link)
			next = earlier(next, executor_kept_until(c));
	}
	return next;
}

void
executor_calm_locked(struct executor *x)
{
	if (x->hurry_ns == 0)
		return;
	x->hurry_ns = 0;
	set_alarm_locked(x, next_alarm_locked(x));
}

/* What one look found; published and logged when the lock is released. */
struct look {
	int64_t now_ns;
	struct plugin *plugin; /* of the calls in `waiting`, which hold it */
	struct call *late;     /* has just passed its deadline; a reference */
	struct call *untaken;  /* its asker had no more time, and no thread came; a reference */
	bool silent;	       /* the log knows already that this plugin fails */
	struct call_list waiting, dropped;
	unsigned summon;
};

/* One queue at a time. */
static bool
find_late_locked(struct executor *x, struct look *k)
{
	struct executor_queue *q;

	TAILQ_FOREACH(q, &x->queues, link) {
		struct call *c = q->running;

		if (!executor_is_stuck_locked(q, k->now_ns) || c->late)
			continue;
		c->late = true;
		atomic_fetch_add(&c->refs, 1);
		k->late = c;
		k->plugin = q->plugin;
		if (c->kind == CALL_COLLECT) {
			k->silent = q->failing;
			q->failing = true;
		}
		executor_note_failure_locked(q->plugin, "a call has not returned by its deadline");
		executor_withdraw_all_locked(q, &k->waiting);
		return true;
	}
	return false;
}

/* What no thread came for: calls that wait, and one that its asker had no more time for. */
static bool
find_starved_locked(struct executor *x, struct look *k)
{
	struct executor_queue *q;

	TAILQ_FOREACH(q, &x->queues, link) {
		struct call *c = q->running;

		if (q->place == QUEUE_IDLE)
			continue;
		k->plugin = q->plugin;
		if (k->now_ns >= q->since_ns + q->plugin->deadline_ns)
			executor_withdraw_all_locked(q, &k->waiting);
		if (c && !c->late && k->now_ns >= stuck_at_locked(q)) {
			c->late = true;
			atomic_fetch_add(&c->refs, 1);
			k->untaken = c;
		}
		if (k->untaken || !TAILQ_EMPTY(&k->waiting))
			return true;
	}
	return false;
}

/* More threads for what waits, as far as the pool has them. */
static void
hurry_locked(struct executor *x, struct look *k)
{
	unsigned wanted = x->n_urgent + x->n_lazy;

	if (x->hurry_ns == 0 || k->now_ns < x->hurry_ns)
		return;
	x->hurry_ns = 0;
	if (wanted <= x->coming)
		return;
	k->summon = wanted - x->coming;
	x->coming += k->summon;
	x->active += k->summon;
}

static void
drop_old_locked(struct executor *x, struct look *k)
{
	struct executor_queue *q;
	struct call *c, *next;

	TAILQ_FOREACH(q, &x->queues, link) {
		for (c = TAILQ_FIRST(&q->kept); c; c = next) {
			next = TAILQ_NEXT(c, link);
			if (executor_kept_until(c) <= k->now_ns)
				executor_drop_kept_locked(q, c, &k->dropped);
		}
	}
}

static void
tell_late(struct look *k)
{
	_autobuf_ struct buf why = BUF_WHY, stuck = BUF_WHY;
	struct call *c = k->late;
	double s = (double)c->limit_ns / (double)NS_PER_S;

	executor_say_stuck(&stuck, k->plugin, c);
	if (!k->silent)
		log_warnx("plugin %s: %s has not returned for %g s; %s", k->plugin->name,
			  executor_kind(c), s,
			  c->kind == CALL_COLLECT ? "keeping the last values"
						  : "refusing further calls until it does");
	buf_printf(&why, "%s: no answer within %g s", k->plugin->name, s);
	executor_publish(c, STATUS_TIMEOUT, buf_str(&why));
	executor_publish_all(&k->waiting, STATUS_UNAVAILABLE, buf_str(&stuck));
	executor_call_unref(c);
}

static void
tell_starved(struct look *k)
{
	_autobuf_ struct buf why = BUF_WHY;

	buf_printf(&why, "%s: unavailable (no thread is free)", k->plugin->name);
	executor_publish_all(&k->waiting, STATUS_UNAVAILABLE, buf_str(&why));
	if (!k->untaken)
		return;
	log_warnx("plugin %s: no thread is free for its %s", k->plugin->name,
		  executor_kind(k->untaken));
	executor_publish(k->untaken, STATUS_UNAVAILABLE, buf_str(&why));
	executor_call_unref(k->untaken);
}

/* One thing at a time. False: all is well for now, and the alarm is set to when that may change. */
static bool
look(struct executor *x)
{
	struct look k = { .now_ns = now_ns() };
	bool found = false;

	TAILQ_INIT(&k.waiting);
	TAILQ_INIT(&k.dropped);
	LOCKED(&x->lock) {
		found = find_late_locked(x, &k) || find_starved_locked(x, &k);
		hurry_locked(x, &k);
		drop_old_locked(x, &k);
		if (!found)
			set_alarm_locked(x, next_alarm_locked(x));
	}
	executor_summon(x, k.summon);
	if (k.late)
		tell_late(&k);
	else if (found)
		tell_starved(&k);
	executor_publish_all(&k.dropped, 0, NULL);
	return found;
}

static bool
is_over(struct executor *x)
{
	bool quit = true;

	LOCKED(&x->lock) {
		quit = x->quit;
		x->alarm_ns = 0; /* it has rung */
	}
	return quit;
}

static void *
guard(void *arg)
{
	struct executor *x = arg;
	uint64_t times;

	pthread_setname_np(pthread_self(), "executor-guard");
	while (read(x->alarm_fd, &times, sizeof(times)) == (ssize_t)sizeof(times) ||
	       errno == EINTR) {
		if (is_over(x))
			break;
		while (look(x))
			;
	}
	return NULL;
}

int
executor_guard_start(struct executor *x)
{
	int r;

	x->alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (x->alarm_fd < 0)
		return -errno;
	r = pool_thread_start(&x->guard, EXECUTOR_STACK_BYTES, guard, x);
	if (r < 0) {
		close(x->alarm_fd);
	}
	return r;
}

void
executor_guard_stop(struct executor *x)
{
	LOCKED(&x->lock) {
		set_alarm_locked(x, 1); /* long past: rings at once */
		x->quit = true;
	}
	pthread_join(x->guard, NULL);
}
