/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * executor -- its life, and the queues. Each plugin has a queue, of which one call runs at a time;
 * a queue with something to do stands in one of two lists. In `urgent` every queue has a thread on
 * its way to it. In `lazy` stand samples: the thread that collects one plugin goes on with the
 * next, so that a second's samples cost one wake-up; the guard sends more threads when that takes
 * too long. A thread serves whatever queue is next until both lists are empty.
 *
 * Who asks is in executor_ask.c, who waits in executor_call.c, what a thread does in
 * executor_work.c, what an asker does in its place in executor_brief.c, what happens when a call
 * does not return in executor_guard.c. Plugins are called, results published and the log written
 * without the lock.
 */
#include "executor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "executor_private.h"
#include "log.h"
#include "wire.h"

/* Marks a plugin that was stopped; never written to. */
static struct executor_queue gone;

struct executor_queue *
executor_queue_locked(struct executor *x, struct plugin *p)
{
	struct executor_queue *q = p->queue;

	if (q)
		return q == &gone ? NULL : q;
	q = xcalloc(1, sizeof(*q));
	q->plugin = plugin_ref(p);
	TAILQ_INIT(&q->waiting);
	TAILQ_INIT(&q->kept);
	TAILQ_INSERT_TAIL(&x->queues, q, link);
	p->queue = q;
	return q;
}

void
executor_place_locked(struct executor *x, struct executor_queue *q, enum queue_place place)
{
	if (q->place == QUEUE_URGENT) {
		TAILQ_REMOVE(&x->urgent, q, place_link);
		x->n_urgent--;
	} else if (q->place == QUEUE_LAZY) {
		TAILQ_REMOVE(&x->lazy, q, place_link);
		x->n_lazy--;
	}
	q->place = place;
	q->since_ns = now_ns();
	if (place == QUEUE_URGENT) {
		TAILQ_INSERT_TAIL(&x->urgent, q, place_link);
		x->n_urgent++;
	} else if (place == QUEUE_LAZY) {
		TAILQ_INSERT_TAIL(&x->lazy, q, place_link);
		x->n_lazy++;
	}
}

static unsigned
call_thread_locked(struct executor *x, bool needed)
{
	x->coming += needed;
	x->active += needed;
	return needed;
}

unsigned
executor_urge_locked(struct executor *x, struct executor_queue *q)
{
	executor_place_locked(x, q, QUEUE_URGENT);
	return call_thread_locked(x, x->n_urgent > x->coming);
}

/* One thread at work will do for all samples, as long as it comes along in time. */
static unsigned
laze_locked(struct executor *x, struct executor_queue *q)
{
	executor_place_locked(x, q, QUEUE_LAZY);
	if (x->active > 0 && x->hurry_ns == 0) {
		x->hurry_ns = q->since_ns + EXECUTOR_PATIENCE_NS;
		executor_arm_locked(x, x->hurry_ns);
	}
	return call_thread_locked(x, x->active == 0);
}

unsigned
executor_enqueue_locked(struct executor *x, struct executor_queue *q, struct call *c, bool lazy)
{
	TAILQ_INSERT_TAIL(&q->waiting, c, link);
	q->n_waiting++;
	c->place = CALL_WAITING;
	if (q->running || q->place == QUEUE_URGENT || (lazy && q->place == QUEUE_LAZY))
		return 0;
	return lazy ? laze_locked(x, q) : executor_urge_locked(x, q);
}

void
executor_summon(struct executor *x, unsigned n)
{
	for (; n > 0; n--) {
		if (pool_submit(x->pool, x) == 0)
			continue;
		LOCKED(&x->lock) {
			x->coming -= n;
			x->active -= n;
			if (x->active + x->guests == 0)
				pthread_cond_broadcast(&x->changed);
			if (x->n_urgent + x->n_lazy > 0) {
				x->hurry_ns = now_ns() + EXECUTOR_RETRY_NS;
				executor_arm_locked(x, x->hurry_ns);
			}
		}
		return;
	}
}

void
executor_withdraw_locked(struct executor_queue *q, struct call *c)
{
	TAILQ_REMOVE(&q->waiting, c, link);
	q->n_waiting--;
	c->place = CALL_NOWHERE;
}

void
executor_withdraw_all_locked(struct executor_queue *q, struct call_list *to)
{
	struct call *c, *next;

	for (c = TAILQ_FIRST(&q->waiting); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (c->kind == CALL_STOP)
			continue;
		executor_withdraw_locked(q, c);
		TAILQ_INSERT_TAIL(to, c, link);
		if (c->kind == CALL_START) {
			executor_fail_start_locked(q->plugin, "it never ran");
			q->closing = true;
		}
	}
}

/* ---- kept answers ---- */

static size_t
size_of(const struct call *c)
{
	return c->rows.arena.size_bytes +
	       c->rows.cap_rows * c->rows.n_columns * sizeof(struct cell);
}

void
executor_drop_kept_locked(struct executor_queue *q, struct call *c, struct call_list *to)
{
	TAILQ_REMOVE(&q->kept, c, link);
	q->n_kept--;
	q->kept_bytes -= size_of(c);
	c->place = CALL_NOWHERE;
	TAILQ_INSERT_TAIL(to, c, link);
}

/* Of a view the last rows serve while its child is down. */
static bool
is_worth_keeping(const struct call *c)
{
	if (c->error || c->cancelled || c->late)
		return false;
	return c->kind == CALL_VIEW || (c->kind == CALL_RUN && c->command->cache_s > 0);
}

static void
drop_older_locked(struct executor_queue *q, const struct call *newer, struct call_list *dropped)
{
	struct call *c, *next;

	for (c = TAILQ_FIRST(&q->kept); c; c = next) {
		next = TAILQ_NEXT(c, link);
		if (executor_call_like(c, newer))
			executor_drop_kept_locked(q, c, dropped);
	}
}

bool
executor_keep_locked(struct executor *x, struct executor_queue *q, struct call *c,
		     struct call_list *dropped)
{
	if (!is_worth_keeping(c) || q->closing || x->stopping ||
	    size_of(c) > EXECUTOR_MAX_KEPT_BYTES)
		return false;
	if (c->kind == CALL_VIEW)
		drop_older_locked(q, c, dropped);
	TAILQ_INSERT_HEAD(&q->kept, c, link);
	q->n_kept++;
	q->kept_bytes += size_of(c);
	c->place = CALL_KEPT;
	while (q->n_kept > EXECUTOR_MAX_KEPT || q->kept_bytes > EXECUTOR_MAX_KEPT_BYTES)
		executor_drop_kept_locked(q, TAILQ_LAST(&q->kept, call_list), dropped);
	executor_arm_locked(x, executor_kept_until(c));
	return true;
}

/* ---- the end of a queue ---- */

struct plugin *
executor_dispose_locked(struct executor *x, struct executor_queue *q, struct call_list *dropped)
{
	struct plugin *p = q->plugin;

	if (!q->closing || q->running || !TAILQ_EMPTY(&q->waiting))
		return NULL;
	executor_place_locked(x, q, QUEUE_IDLE);
	while (!TAILQ_EMPTY(&q->kept))
		executor_drop_kept_locked(q, TAILQ_FIRST(&q->kept), dropped);
	TAILQ_REMOVE(&x->queues, q, link);
	p->queue = &gone;
	free(q);
	return p;
}

unsigned
executor_close_locked(struct executor *x, struct executor_queue *q)
{
	struct call *c;

	if (q->closing)
		return 0;
	q->closing = true;
	c = executor_call_new(x, q->plugin, CALL_STOP);
	c->askers = 0;
	return executor_enqueue_locked(x, q, c, false);
}

void
executor_fail_start_locked(struct plugin *p, const char *why)
{
	struct plugin_stats *s = &p->stats;

	s->life = PLUGIN_FAILED;
	s->last_error_ns = now_ns();
	snprintf(s->last_error, sizeof(s->last_error), "start failed: %s", why);
}

void
executor_stop_plugin(struct executor *x, struct plugin *p)
{
	struct call_list dropped = TAILQ_HEAD_INITIALIZER(dropped);
	struct plugin *disposed = NULL;
	struct executor_queue *q;
	unsigned summon = 0;

	LOCKED(&x->lock) {
		q = executor_queue_locked(x, p);
		if (q) {
			summon = executor_close_locked(x, q);
			/* One whose start never ran has nothing to stop. */
			disposed = executor_dispose_locked(x, q, &dropped);
		}
	}
	executor_summon(x, summon);
	executor_publish_all(&dropped, 0, NULL);
	plugin_unref(disposed);
}

/* ---- life ---- */

struct executor *
executor_new(struct host *host, unsigned max_threads)
{
	struct executor *x = xcalloc(1, sizeof(*x));
	int r;

	x->host = host;
	TAILQ_INIT(&x->queues);
	TAILQ_INIT(&x->urgent);
	TAILQ_INIT(&x->lazy);
	lock_init(&x->lock, LOCK_EXECUTOR);
	lock_cond_init(&x->changed);
	r = executor_guard_start(x);
	if (r < 0) {
		errno = -r;
		log_err("executor: its guard cannot be started");
		lock_fini(&x->lock);
		pthread_cond_destroy(&x->changed);
		free(x);
		return NULL;
	}
	x->pool = pool_new("executor", 1, max_threads, EXECUTOR_STACK_BYTES, executor_work);
	return x;
}

/* What waits is failed, what runs is told; stops stay in their queues. */
static void
cancel_all_locked(struct executor *x, struct call_list *waiting)
{
	struct executor_queue *q;

	x->stopping = true;
	TAILQ_FOREACH(q, &x->queues, link) {
		executor_withdraw_all_locked(q, waiting);
		/* A stop that runs is let end; whether it is to run was settled before it began. */
		if (q->running && q->running->kind != CALL_STOP) {
			q->running->cancelled = true;
			host_cancel_set(&q->running->cancel);
		}
	}
}

/* Whether a stop runs, or may do so yet: one behind a call that is stuck may not. */
static bool
has_stops_locked(const struct executor *x)
{
	const struct executor_queue *q;
	const struct call *c;

	TAILQ_FOREACH(q, &x->queues, link) {
		c = q->running ? q->running : TAILQ_FIRST(&q->waiting);
		if (c && c->kind == CALL_STOP)
			return true;
	}
	return false;
}

static void
await_idle_locked(struct executor *x, int64_t until_ns, int64_t stops_until_ns)
{
	int r = 0;

	while (x->active + x->guests > 0 && r == 0) {
		bool stops = has_stops_locked(x);

		r = lock_wait(&x->lock, &x->changed, stops ? stops_until_ns : until_ns);
	}
}

/* Whoever waits for a child that does not obey need not. */
static void
kill_children_locked(struct executor *x)
{
	const struct executor_queue *q;

	TAILQ_FOREACH(q, &x->queues, link) {
		if (q->running && q->plugin->isolate)
			isolate_kill(q->plugin->isolate);
	}
}

static void
await_end_locked(struct executor *x, int64_t until_ns)
{
	int64_t end_ns = now_ns() + EXECUTOR_END_NS;

	if (end_ns > until_ns)
		end_ns = until_ns;
	await_idle_locked(x, end_ns, until_ns);
	if (x->active + x->guests == 0)
		return;
	kill_children_locked(x);
	end_ns = now_ns() + EXECUTOR_KILLED_NS;
	await_idle_locked(x, end_ns, end_ns);
}

/* Appends "run of sleeper, start of hanger". Returns how many. */
static unsigned
list_running_locked(struct executor *x, struct buf *out)
{
	const struct executor_queue *q;
	unsigned n = 0;

	TAILQ_FOREACH(q, &x->queues, link) {
		if (q->running)
			buf_printf(out, "%s%s of %s", n++ ? ", " : "", executor_kind(q->running),
				   q->plugin->name);
	}
	return n;
}

unsigned
executor_stop(struct executor *x, int64_t until_ns)
{
	struct call_list waiting = TAILQ_HEAD_INITIALIZER(waiting);
	_autobuf_ struct buf names = BUF_WHY;
	unsigned stuck = 0, guests = 0;

	LOCKED(&x->lock)
		cancel_all_locked(x, &waiting);
	executor_publish_all(&waiting, STATUS_UNAVAILABLE, "the daemon is stopping");
	LOCKED(&x->lock) {
		await_end_locked(x, until_ns);
		stuck = list_running_locked(x, &names);
		guests = x->guests;
	}
	if (stuck)
		log_warnx("executor: still running: %s; ignoring", buf_str(&names));
	/* With none stuck all threads are without work, and end at once. */
	x->left = guests + pool_stop(x->pool, now_ns() + (stuck ? 0 : EXECUTOR_IDLE_END_NS));
	if (!x->quit)
		executor_guard_stop(x);
	return stuck ? stuck : x->left;
}

/* A stop that no thread came for is not called any more: the process ends. */
static void
free_queue(struct executor_queue *q)
{
	struct plugin *p = q->plugin;

	executor_publish_all(&q->waiting, 0, NULL);
	executor_publish_all(&q->kept, 0, NULL);
	p->queue = NULL;
	plugin_unref(p);
	free(q);
}

void
executor_free(struct executor *x)
{
	if (!x || x->left > 0)
		return;
	while (!TAILQ_EMPTY(&x->queues)) {
		struct executor_queue *q = TAILQ_FIRST(&x->queues);

		TAILQ_REMOVE(&x->queues, q, link);
		free_queue(q);
	}
	pool_free(x->pool);
	close(x->alarm_fd);
	pthread_cond_destroy(&x->changed);
	lock_fini(&x->lock);
	free(x);
}

/* ---- statistics ---- */

static int
compare_ns(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int64_t
median(const int64_t *values, size_t n)
{
	int64_t sorted[PLUGIN_RECENT];

	if (n == 0)
		return 0;
	memcpy(sorted, values, n * sizeof(*values));
	qsort(sorted, n, sizeof(*sorted), compare_ns);
	return sorted[n / 2];
}

struct plugin_stats
executor_stats(struct executor *x, struct plugin *p)
{
	struct plugin_stats stats;

	memset(&stats, 0, sizeof(stats));
	LOCKED(&x->lock)
		stats = p->stats;
	stats.p50_ns = median(stats.recent_ns,
			      stats.collects < PLUGIN_RECENT ? stats.collects : PLUGIN_RECENT);
	return stats;
}

double
executor_stuck_s(struct executor *x, struct plugin *p)
{
	int64_t now = now_ns(), since = now;

	LOCKED(&x->lock) {
		const struct executor_queue *q = p->queue;

		if (q && executor_is_stuck_locked(q, now))
			since = q->running->started_ns;
	}
	return (double)(now - since) / (double)NS_PER_S;
}
