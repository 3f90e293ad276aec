/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of executor: sharing, queues, deadlines, leaving, starting and stopping, with plugins
 * whose callbacks wait at gates that the test opens. Nothing waits for time but what has a deadline
 * of its own.
 * What threads other than the test's own find is a matter of assert(): check hears one thread only.
 */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "executor.h"
#include "executor_private.h"
#include "log.h"
#include "wire.h"

/* Its macro fail() must not meet the plugin's header. */
#include <check.h>

enum { MAX_ANSWER = 1 << 20 };

static int64_t
soon(void)
{
	return now_ns() + 20 * NS_PER_S;
}

/* ---- a plugin whose callbacks do as they are told ---- */

struct unit {
	struct plugin plugin; /* first */
	struct telmon_command commands[2];
	_Atomic int error;   /* what callbacks return */
	_Atomic bool closed; /* callbacks wait until it opens */
	_Atomic bool sleeps; /* ... in telmon_sleep(), which a cancel ends */
	_Atomic bool stop_closed;
	_Atomic unsigned naps; /* so many of them */
	_Atomic unsigned entered, inside, most_inside, collects, runs, starts, stops, cancelled;
};

static const struct telmon_metric metric = { .name = "unit_value", .kind = TELMON_GAUGE };
static const struct telmon_column columns[] = {
	{ .name = "n", .type = TELMON_INT },
	{ .name = "word", .type = TELMON_TEXT },
};
static const struct telmon_arg args[] = {
	{ .name = "word", .type = TELMON_TEXT },
	{ .name = "n", .flag = 'n', .type = TELMON_INT },
};

static bool
is_sleepy(struct unit *u)
{
	unsigned naps = atomic_load(&u->naps);

	if (naps)
		atomic_store(&u->naps, naps - 1);
	return naps || atomic_load(&u->sleeps);
}

static int
act(struct telmon *t, struct unit *u)
{
	unsigned inside = atomic_fetch_add(&u->inside, 1) + 1;
	int64_t until = soon();
	int r = atomic_load(&u->error);

	if (inside > atomic_load(&u->most_inside))
		atomic_store(&u->most_inside, inside);
	atomic_fetch_add(&u->entered, 1);
	while (atomic_load(&u->closed)) {
		assert(now_ns() < until);
		sched_yield();
	}
	if (is_sleepy(u) && telmon_sleep(t, 20) < 0) {
		atomic_fetch_add(&u->cancelled, 1);
		r = -ECANCELED;
	}
	atomic_fetch_sub(&u->inside, 1);
	return r;
}

static int
collect(struct telmon *t)
{
	struct unit *u = t->state;
	int r;

	atomic_fetch_add(&u->collects, 1);
	r = act(t, u);
	if (r < 0)
		return r == -ECANCELED ? r : telmon_fail(t, r, "the unit is broken");
	return telmon_put(t, 0, u->collects);
}

static int
run(struct telmon *t)
{
	struct unit *u = t->state;
	int r;

	atomic_fetch_add(&u->runs, 1);
	r = act(t, u);
	if (r < 0)
		return r == -ECANCELED ? r : telmon_fail(t, r, "no answer to this");
	telmon_row(t);
	telmon_int(t, telmon_arg_int(t, 1));
	return telmon_text(t, telmon_arg_text(t, 0));
}

static int
start(struct telmon *t)
{
	struct unit *u = t->state;

	atomic_fetch_add(&u->starts, 1);
	return act(t, u);
}

static void
stop(struct telmon *t)
{
	struct unit *u = t->state;
	int64_t until = soon();

	assert(u);
	assert(atomic_load(&u->inside) == 0);
	while (atomic_load(&u->stop_closed)) {
		assert(now_ns() < until);
		sched_yield();
	}
	atomic_fetch_add(&u->stops, 1);
}

static struct unit *
unit_new(const char *name, double deadline_s)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct unit *u = calloc(1, sizeof(*u));
	struct plugin *p = &u->plugin;

	u->commands[0] = (struct telmon_command){
		.name = "ask", TELMON_COLUMNS(columns), TELMON_ARGS(args), .run = run
	};
	u->commands[1] = u->commands[0];
	u->commands[1].name = "cached";
	u->commands[1].cache_s = 100;
	p->refs = 1;
	p->name = strdup(name);
	p->decl = (struct telmon_plugin){ .collect = collect,
					  .start = start,
					  .stop = stop,
					  .commands = u->commands,
					  .n_commands = 2 };
	p->commands = u->commands;
	p->object = (struct host_object){ .name = p->name, .decl = &p->decl, .state = u };
	p->object.set = metric_set_new(&metric, 1, sizeof(metric), &why);
	p->series = series_new(0);
	p->deadline_ns = (int64_t)(deadline_s * (double)NS_PER_S);
	return u;
}

static void
unit_free(struct unit *u)
{
	int64_t until = soon();

	/* A thread may be about to give the last reference back. */
	while (atomic_load(&u->plugin.refs) != 1) {
		ck_assert_msg(now_ns() < until, "%u references are left", u->plugin.refs);
		sched_yield();
	}
	series_free(u->plugin.series);
	metric_set_unref(u->plugin.object.set);
	free(u->plugin.name);
	free(u);
}

static void
await_count(_Atomic unsigned *what, unsigned n)
{
	int64_t until = soon();

	while (atomic_load(what) < n) {
		ck_assert_msg(now_ns() < until, "%u, not %u", *what, n);
		sched_yield();
	}
}

/* ---- the executor and its calls ---- */

static struct host *host;

static struct executor *
executor(unsigned threads)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct executor *x;

	host = host_new(NULL, &why);
	ck_assert_msg(host != NULL, "%s", buf_str(&why));
	x = executor_new(host, threads);
	ck_assert_ptr_nonnull(x);
	return x;
}

static void
finish(struct executor *x)
{
	ck_assert_uint_eq(executor_stop(x, soon()), 0);
	executor_free(x);
	host_free(host);
}

static struct call *
ask(struct executor *x, struct unit *u, int command, const char *word, int64_t n)
{
	char copy[64];
	struct host_arg a[2] = { { .given = word != NULL, .s = word ? copy : NULL },
				 { .given = true, .i = n, .f = (double)n } };
	struct call *c;

	snprintf(copy, sizeof(copy), "%s", word ? word : "");
	c = executor_run(x, &u->plugin, &u->commands[command], a, MAX_ANSWER);
	memset(copy, 'X', sizeof(copy)); /* it has its own */
	return c;
}

static bool
rings(int bell, int timeout_ms)
{
	struct pollfd p = { .fd = bell, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

/* Its bell is open as long as the process: it stays in the call until the last asker leaves. */
static void
await(struct call *c)
{
	static int bell = -1;
	uint64_t rung;

	if (bell < 0)
		bell = eventfd(0, EFD_CLOEXEC);
	call_watch(c, bell);
	while (!call_done(c)) {
		ck_assert(rings(bell, 20000));
		ck_assert_int_eq(read(bell, &rung, sizeof(rung)), sizeof(rung));
	}
}

static void
assert_result(struct call *c, int status, const char *want)
{
	const char *why;

	await(c);
	ck_assert_int_eq(call_result(c, &why), status);
	ck_assert_str_eq(why, want);
}

static void
assert_begins(struct call *c, int status, const char *want)
{
	const char *why;

	await(c);
	ck_assert_int_eq(call_result(c, &why), status);
	ck_assert_msg(strncmp(why, want, strlen(want)) == 0, "%s", why);
}

static double
newest_value(struct unit *u)
{
	struct snapshot *s;
	double v;

	series_newest(u->plugin.series, &s, NULL);
	v = snapshot_value(s, 0, 0);
	snapshot_unref(s);
	return v;
}

/* Nothing of the plugin's runs any more. */
static void
await_idle(struct executor *x, struct unit *u)
{
	int64_t until = soon();

	while (executor_stats(x, &u->plugin).busy_since_ns) {
		ck_assert(now_ns() < until);
		sched_yield();
	}
}

/* ---- collects ---- */

START_TEST(test_collect)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 10);
	int64_t before = now_ns();
	struct call *c = executor_collect(x, &u->plugin);
	struct plugin_stats stats;

	assert_result(c, 0, "");
	ck_assert_int_ge(call_started_ns(c), before);
	call_leave(c, -1);
	ck_assert_double_eq(newest_value(u), 1);
	c = executor_collect(x, &u->plugin);
	assert_result(c, 0, "");
	call_leave(c, -1);
	ck_assert_double_eq(newest_value(u), 2);
	stats = executor_stats(x, &u->plugin);
	ck_assert_uint_eq(stats.collects, 2);
	ck_assert_uint_eq(stats.runs, 0);
	ck_assert_uint_eq(stats.failures, 0);
	ck_assert_int_gt(stats.last_ns, 0);
	ck_assert_int_ge(stats.max_ns, stats.last_ns);
	ck_assert_int_le(stats.p50_ns, stats.max_ns);
	ck_assert_str_eq(stats.last_error, "");
	finish(x);
	unit_free(u);
}
END_TEST

START_TEST(test_collect_is_shared)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 10);
	struct call *first, *second, *third;
	struct plugin_stats stats;

	atomic_store(&u->closed, true);
	first = executor_collect(x, &u->plugin);
	second = executor_collect(x, &u->plugin);
	ck_assert_ptr_eq(first, second);
	await_count(&u->entered, 1);
	third = executor_collect(x, &u->plugin);
	ck_assert_ptr_eq(first, third);
	ck_assert(!call_done(first));
	ck_assert_int_gt(call_started_ns(first), 0);
	stats = executor_stats(x, &u->plugin);
	ck_assert_int_eq(stats.busy_since_ns, call_started_ns(first));
	ck_assert_int_eq(stats.busy_deadline_ns, call_started_ns(first) + 10 * NS_PER_S);
	/* One that leaves, even the last, does not take the snapshot from those who come. */
	call_leave(first, -1);
	call_leave(second, -1);
	call_leave(third, -1);
	atomic_store(&u->closed, false);
	first = executor_collect(x, &u->plugin);
	assert_result(first, 0, "");
	call_leave(first, -1);
	ck_assert_uint_ge(u->collects, 1);
	ck_assert_uint_eq(u->cancelled, 0);
	ck_assert_int_eq(executor_stats(x, &u->plugin).busy_since_ns, 0);
	finish(x);
	unit_free(u);
}
END_TEST

START_TEST(test_collect_fails_and_recovers)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 10);
	struct call *c;
	struct plugin_stats stats;

	c = executor_collect(x, &u->plugin);
	assert_result(c, 0, "");
	call_leave(c, -1);
	atomic_store(&u->error, -ENOENT);
	for (int i = 0; i < 2; i++) {
		c = executor_collect(x, &u->plugin);
		assert_result(c, STATUS_FAILED,
			      "unit: the unit is broken (No such file or directory)");
		call_leave(c, -1);
	}
	stats = executor_stats(x, &u->plugin);
	ck_assert_uint_eq(stats.collects, 3);
	ck_assert_uint_eq(stats.failures, 2);
	ck_assert_str_eq(stats.last_error, "the unit is broken (No such file or directory)");
	ck_assert_int_gt(stats.last_error_ns, 0);
	ck_assert_double_eq(newest_value(u), 1); /* the last values stay */
	atomic_store(&u->error, 0);
	c = executor_collect(x, &u->plugin);
	assert_result(c, 0, "");
	call_leave(c, -1);
	ck_assert_str_eq(executor_stats(x, &u->plugin).last_error, "");
	ck_assert_double_eq(newest_value(u), 4);
	finish(x);
	unit_free(u);
}
END_TEST

/* ---- runs ---- */

START_TEST(test_run)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 10);
	struct call *c = ask(x, u, 0, "hello", 42);
	const struct rows *rows;
	int64_t made_ns;

	assert_result(c, 0, "");
	rows = call_rows(c, &made_ns);
	ck_assert_uint_eq(rows->n_rows, 1);
	ck_assert_int_eq(rows_cell(rows, 0, 0)->i, 42);
	ck_assert_str_eq(rows_cell(rows, 0, 1)->s, "hello");
	ck_assert_int_ge(made_ns, call_started_ns(c));
	ck_assert_int_le(made_ns, now_ns());
	call_leave(c, -1);
	c = ask(x, u, 0, NULL, 1);
	assert_result(c, 0, "");
	ck_assert_int_eq(rows_cell(call_rows(c, &made_ns), 0, 1)->type, CELL_NULL);
	call_leave(c, -1);
	atomic_store(&u->error, -EMSGSIZE);
	c = ask(x, u, 0, "hello", 42);
	assert_result(c, STATUS_FAILED, "unit: no answer to this (Message too long)");
	call_leave(c, -1);
	ck_assert_uint_eq(executor_stats(x, &u->plugin).runs, 3);
	ck_assert_uint_eq(executor_stats(x, &u->plugin).failures, 1);
	finish(x);
	unit_free(u);
}
END_TEST

START_TEST(test_runs_queue_and_share)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 10);
	struct call *a, *b, *same_a, *same_b, *other, *sample;

	atomic_store(&u->closed, true);
	a = ask(x, u, 0, "a", 1);
	await_count(&u->entered, 1);
	b = ask(x, u, 0, "b", 1);
	same_a = ask(x, u, 0, "a", 1);
	same_b = ask(x, u, 0, "b", 1);
	other = ask(x, u, 0, "a", 2);
	sample = executor_collect(x, &u->plugin);
	ck_assert_ptr_eq(a, same_a);
	ck_assert_ptr_eq(b, same_b);
	ck_assert_ptr_ne(a, b);
	ck_assert_ptr_ne(a, other);
	ck_assert_int_eq(call_started_ns(b), 0);
	atomic_store(&u->closed, false);
	assert_result(a, 0, "");
	assert_result(b, 0, "");
	assert_result(other, 0, "");
	assert_result(sample, 0, "");
	ck_assert_uint_eq(u->runs, 3);
	ck_assert_uint_eq(u->most_inside, 1);
	call_leave(a, -1);
	call_leave(same_a, -1);
	call_leave(b, -1);
	call_leave(same_b, -1);
	call_leave(other, -1);
	call_leave(sample, -1);
	finish(x);
	unit_free(u);
}
END_TEST

/* An answer of a command that may be kept serves until it is too old or pushed out by others. */
START_TEST(test_kept_answers)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 10);
	struct call *c;
	int64_t first_ns, again_ns, until = soon();

	c = ask(x, u, 1, "same", 0);
	assert_result(c, 0, "");
	call_rows(c, &first_ns);
	call_leave(c, -1);
	c = ask(x, u, 1, "same", 0);
	ck_assert(call_done(c));
	assert_result(c, 0, "");
	ck_assert_str_eq(rows_cell(call_rows(c, &again_ns), 0, 1)->s, "same");
	ck_assert_int_eq(first_ns, again_ns);
	call_leave(c, -1);
	ck_assert_uint_eq(u->runs, 1);
	/* Failures are not kept. */
	atomic_store(&u->error, -EIO);
	for (int i = 0; i < 2; i++) {
		c = ask(x, u, 1, "other", 0);
		assert_begins(c, STATUS_FAILED, "unit: ");
		call_leave(c, -1);
	}
	ck_assert_uint_eq(u->runs, 3);
	atomic_store(&u->error, 0);
	for (int i = 1; i <= 16; i++) {
		c = ask(x, u, 1, "same", i);
		assert_result(c, 0, "");
		call_leave(c, -1);
	}
	ck_assert_uint_eq(u->runs, 19);
	call_leave(ask(x, u, 1, "same", 16), -1);
	ck_assert_uint_eq(u->runs, 19);
	c = ask(x, u, 1, "same", 0);
	assert_result(c, 0, "");
	call_leave(c, -1);
	ck_assert_uint_eq(u->runs, 20);
	/* One that is kept for a moment is forgotten. */
	u->commands[1].cache_s = 0.002;
	while (atomic_load(&u->runs) < 22) {
		ck_assert(now_ns() < until);
		c = ask(x, u, 1, "same", 100);
		await(c);
		call_leave(c, -1);
	}
	finish(x);
	unit_free(u);
}
END_TEST

START_TEST(test_too_many_wait)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 10);
	struct call *running, *waiting[64], *refused;

	atomic_store(&u->closed, true);
	running = ask(x, u, 0, "running", 0);
	await_count(&u->entered, 1);
	for (int i = 0; i < 64; i++) {
		waiting[i] = ask(x, u, 0, "waiting", i);
		ck_assert(!call_done(waiting[i]));
	}
	refused = ask(x, u, 0, "waiting", 64);
	ck_assert(call_done(refused));
	assert_result(refused, STATUS_UNAVAILABLE, "unit: unavailable (too many wait)");
	call_leave(refused, -1);
	/* Sharing one that waits is still possible; so is taking the place of one that left. */
	refused = ask(x, u, 0, "waiting", 7);
	ck_assert_ptr_eq(refused, waiting[7]);
	call_leave(refused, -1);
	ck_assert(!executor_sample(x, &u->plugin));
	call_leave(waiting[63], -1);
	waiting[63] = ask(x, u, 0, "waiting", 65);
	ck_assert(!call_done(waiting[63]));
	atomic_store(&u->closed, false);
	for (int i = 0; i < 64; i++) {
		assert_result(waiting[i], 0, "");
		call_leave(waiting[i], -1);
	}
	assert_result(running, 0, "");
	call_leave(running, -1);
	ck_assert_uint_eq(u->runs, 65);
	ck_assert_uint_eq(u->most_inside, 1);
	finish(x);
	unit_free(u);
}
END_TEST

/* ---- leaving ---- */

START_TEST(test_last_to_leave_cancels)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 100);
	struct call *first, *second, *next;

	atomic_store(&u->sleeps, true);
	first = ask(x, u, 0, "a", 0);
	second = ask(x, u, 0, "a", 0);
	ck_assert_ptr_eq(first, second);
	await_count(&u->entered, 1);
	call_leave(first, -1);
	ck_assert(!call_done(second));
	ck_assert_uint_eq(u->cancelled, 0);
	call_leave(second, -1);
	/* What was cancelled is not shared: this one waits for its own turn. */
	atomic_store(&u->sleeps, false);
	next = ask(x, u, 0, "a", 0);
	assert_result(next, 0, "");
	call_leave(next, -1);
	ck_assert_uint_eq(u->cancelled, 1);
	ck_assert_uint_eq(u->runs, 2);
	ck_assert_uint_eq(executor_stats(x, &u->plugin).failures, 0);
	finish(x);
	unit_free(u);
}
END_TEST

START_TEST(test_left_while_waiting_is_never_run)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 10);
	struct call *running, *left, *stays;

	atomic_store(&u->closed, true);
	running = ask(x, u, 0, "a", 0);
	await_count(&u->entered, 1);
	left = ask(x, u, 0, "b", 0);
	stays = ask(x, u, 0, "c", 0);
	call_leave(left, -1);
	atomic_store(&u->closed, false);
	assert_result(running, 0, "");
	assert_result(stays, 0, "");
	call_leave(running, -1);
	call_leave(stays, -1);
	call_leave(NULL, -1);
	ck_assert_uint_eq(u->runs, 2);
	finish(x);
	unit_free(u);
}
END_TEST

START_TEST(test_doorbells)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 10);
	int stays = eventfd(0, EFD_CLOEXEC), leaves = eventfd(0, EFD_CLOEXEC);
	struct call *c, *same;
	uint64_t rung;

	atomic_store(&u->closed, true);
	c = ask(x, u, 0, "a", 0);
	same = ask(x, u, 0, "a", 0);
	call_watch(c, stays);
	call_watch(same, leaves);
	call_leave(same, leaves);
	ck_assert(!rings(stays, 0));
	atomic_store(&u->closed, false);
	ck_assert(rings(stays, 20000));
	ck_assert_int_eq(read(stays, &rung, sizeof(rung)), sizeof(rung));
	ck_assert_uint_eq(rung, 1);
	/* Done already: at once. */
	call_watch(c, stays);
	ck_assert(rings(stays, 0));
	call_leave(c, stays);
	ck_assert(!rings(leaves, 0));
	close(stays);
	close(leaves);
	finish(x);
	unit_free(u);
}
END_TEST

/* ---- deadlines ---- */

START_TEST(test_stuck)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 0.05);
	struct call *stuck, *behind, *c;

	ck_assert_double_eq(executor_stuck_s(x, &u->plugin), 0);
	atomic_store(&u->closed, true);
	stuck = executor_collect(x, &u->plugin);
	await_count(&u->entered, 1);
	behind = ask(x, u, 0, "behind", 0);
	/* Nobody but the guard is there to notice. */
	assert_result(stuck, STATUS_TIMEOUT, "unit: no answer within 0.05 s");
	assert_begins(behind, STATUS_UNAVAILABLE,
		      "unit: unavailable (a call has not returned for ");
	call_leave(stuck, -1);
	call_leave(behind, -1);
	ck_assert_double_gt(executor_stuck_s(x, &u->plugin), 0.05);
	ck_assert_str_ne(executor_stats(x, &u->plugin).last_error, "");
	ck_assert_int_gt(executor_stats(x, &u->plugin).busy_since_ns, 0);
	for (int i = 0; i < 3; i++) {
		c = i ? ask(x, u, 0, "later", i) : executor_collect(x, &u->plugin);
		ck_assert(call_done(c));
		assert_begins(c, STATUS_UNAVAILABLE,
			      "unit: unavailable (a call has not returned for ");
		call_leave(c, -1);
	}
	ck_assert(!executor_sample(x, &u->plugin));
	/* It returns: late values are dropped, and all is well again. */
	atomic_store(&u->closed, false);
	await_idle(x, u);
	ck_assert_double_eq(executor_stuck_s(x, &u->plugin), 0);
	ck_assert(isnan(newest_value(u)));
	ck_assert_uint_eq(executor_stats(x, &u->plugin).failures, 1);
	u->plugin.deadline_ns = 10 * NS_PER_S;
	c = executor_collect(x, &u->plugin);
	assert_result(c, 0, "");
	call_leave(c, -1);
	ck_assert_double_eq(newest_value(u), 2);
	ck_assert_uint_eq(u->runs, 0);
	finish(x);
	unit_free(u);
}
END_TEST

START_TEST(test_kept_answer_serves_while_stuck)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 100);
	struct call *c;

	c = ask(x, u, 1, "kept", 0);
	assert_result(c, 0, "");
	call_leave(c, -1);
	atomic_store(&u->closed, true);
	u->plugin.deadline_ns = 20 * NS_PER_MS;
	c = executor_collect(x, &u->plugin);
	assert_begins(c, STATUS_TIMEOUT, "unit: no answer within");
	call_leave(c, -1);
	c = ask(x, u, 1, "kept", 0);
	ck_assert(call_done(c));
	assert_result(c, 0, "");
	call_leave(c, -1);
	atomic_store(&u->closed, false);
	finish(x);
	unit_free(u);
}
END_TEST

/* A run that watches telmon_cancelled() is over at its own deadline, and the plugin is free at
 * once. */
START_TEST(test_run_has_its_own_deadline)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 100);
	struct call *c;

	u->commands[0].deadline_s = 0.03;
	atomic_store(&u->sleeps, true);
	c = ask(x, u, 0, "a", 0);
	assert_result(c, STATUS_TIMEOUT, "unit: no answer within 0.03 s");
	call_leave(c, -1);
	await_count(&u->cancelled, 1);
	atomic_store(&u->sleeps, false);
	await_idle(x, u);
	c = executor_collect(x, &u->plugin);
	assert_result(c, 0, "");
	call_leave(c, -1);
	finish(x);
	unit_free(u);
}
END_TEST

/* Those who wait behind one that obeys its deadline have their turn. */
START_TEST(test_obedient_run_is_not_stuck)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 100);
	struct call *obeys, *behind;

	u->commands[0].deadline_s = 0.03;
	atomic_store(&u->naps, 1); /* the one behind does not sleep */
	obeys = ask(x, u, 0, "a", 0);
	behind = executor_collect(x, &u->plugin);
	assert_result(obeys, STATUS_TIMEOUT, "unit: no answer within 0.03 s");
	assert_result(behind, 0, "");
	call_leave(obeys, -1);
	call_leave(behind, -1);
	finish(x);
	unit_free(u);
}
END_TEST

START_TEST(test_no_thread_is_free)
{
	struct executor *x = executor(1);
	struct unit *holds = unit_new("holds", 100), *wants = unit_new("wants", 0.05);
	struct call *held, *c;

	atomic_store(&holds->closed, true);
	held = executor_collect(x, &holds->plugin);
	await_count(&holds->entered, 1);
	c = ask(x, wants, 0, "a", 0);
	assert_result(c, STATUS_UNAVAILABLE, "wants: unavailable (no thread is free)");
	call_leave(c, -1);
	ck_assert_uint_eq(wants->runs, 0);
	wants->plugin.deadline_ns = 100 * NS_PER_S;
	c = executor_collect(x, &wants->plugin);
	ck_assert(!call_done(c));
	atomic_store(&holds->closed, false);
	assert_result(held, 0, "");
	assert_result(c, 0, "");
	call_leave(c, -1);
	call_leave(held, -1);
	finish(x);
	unit_free(holds);
	unit_free(wants);
}
END_TEST

/* ---- samples ---- */

START_TEST(test_sample)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 10);
	struct call *c;

	atomic_store(&u->closed, true);
	ck_assert(executor_sample(x, &u->plugin));
	ck_assert(!executor_sample(x, &u->plugin));
	await_count(&u->entered, 1);
	ck_assert(!executor_sample(x, &u->plugin));
	c = executor_collect(x, &u->plugin);
	atomic_store(&u->closed, false);
	assert_result(c, 0, "");
	call_leave(c, -1);
	ck_assert_uint_eq(u->collects, 1);
	ck_assert_double_eq(newest_value(u), 1);
	finish(x);
	ck_assert_uint_eq(u->collects, 1);
	unit_free(u);
}
END_TEST

/* Samples share a thread, but one that takes long does not hold the others up. */
START_TEST(test_slow_sample_delays_nobody)
{
	enum { N = 6 };
	struct executor *x = executor(8);
	struct unit *units[N], *slow = unit_new("slow", 10);

	atomic_store(&slow->closed, true);
	ck_assert(executor_sample(x, &slow->plugin));
	for (int i = 0; i < N; i++) {
		units[i] = unit_new("quick", 10);
		ck_assert(executor_sample(x, &units[i]->plugin));
	}
	for (int i = 0; i < N; i++)
		await_count(&units[i]->collects, 1);
	ck_assert_uint_eq(slow->inside, 1);
	atomic_store(&slow->closed, false);
	finish(x);
	for (int i = 0; i < N; i++)
		unit_free(units[i]);
	unit_free(slow);
}
END_TEST

START_TEST(test_asker_hurries_a_sample)
{
	struct executor *x = executor(8);
	struct unit *slow = unit_new("slow", 10), *u = unit_new("unit", 10);
	struct call *c;

	atomic_store(&slow->closed, true);
	ck_assert(executor_sample(x, &slow->plugin));
	await_count(&slow->entered, 1);
	ck_assert(executor_sample(x, &u->plugin));
	c = executor_collect(x, &u->plugin);
	assert_result(c, 0, "");
	call_leave(c, -1);
	ck_assert_uint_eq(u->collects, 1);
	atomic_store(&slow->closed, false);
	finish(x);
	unit_free(slow);
	unit_free(u);
}
END_TEST

/* ---- starting and stopping ---- */

static enum plugin_life
life(struct executor *x, struct unit *u)
{
	return executor_stats(x, &u->plugin).life;
}

/* Calls are answered at once with this sentence. */
static void
assert_refuses(struct executor *x, struct unit *u, const char *want)
{
	struct call *c = executor_collect(x, &u->plugin);

	ck_assert(call_done(c));
	assert_result(c, STATUS_UNAVAILABLE, want);
	call_leave(c, -1);
	ck_assert(!executor_sample(x, &u->plugin));
}

static void
assert_collects(struct executor *x, struct unit *u)
{
	struct call *c = executor_collect(x, &u->plugin);

	assert_result(c, 0, "");
	call_leave(c, -1);
}

/* Leaves a start that it has waited for. */
static void
assert_start(struct executor *x, struct unit *u, int status, const char *want)
{
	struct call *c = executor_start_plugin(x, &u->plugin, 10);

	assert_result(c, status, want);
	call_leave(c, -1);
}

START_TEST(test_start_and_stop_plugin)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 10);
	struct call *running, *waiting, *late;

	assert_start(x, u, 0, "");
	ck_assert_uint_eq(u->starts, 1);
	ck_assert_int_eq(life(x, u), PLUGIN_RUNNING);
	atomic_store(&u->closed, true);
	running = ask(x, u, 0, "a", 0);
	await_count(&u->entered, 2);
	waiting = ask(x, u, 0, "b", 0);
	executor_stop_plugin(x, &u->plugin);
	executor_stop_plugin(x, &u->plugin);
	late = ask(x, u, 0, "c", 0);
	ck_assert(call_done(late));
	assert_result(late, STATUS_UNAVAILABLE, "unit: unavailable (it was stopped)");
	call_leave(late, -1);
	ck_assert_uint_eq(u->stops, 0);
	atomic_store(&u->closed, false);
	assert_result(running, 0, "");
	assert_result(waiting, 0, "");
	call_leave(running, -1);
	call_leave(waiting, -1);
	await_count(&u->stops, 1);
	assert_refuses(x, u, "unit: unavailable (it was stopped)");
	executor_stop_plugin(x, &u->plugin);
	assert_start(x, u, STATUS_UNAVAILABLE, "unit: unavailable (it was stopped)");
	ck_assert_int_eq(life(x, u), PLUGIN_FAILED);
	/* It holds nothing of the plugin's any more, before its own end. */
	unit_free(u);
	finish(x);
}
END_TEST

START_TEST(test_start_fails)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 10);

	atomic_store(&u->error, -EACCES);
	assert_start(x, u, STATUS_FAILED, "start failed: Permission denied");
	ck_assert_int_eq(life(x, u), PLUGIN_FAILED);
	ck_assert_uint_eq(executor_stats(x, &u->plugin).failures, 1);
	assert_refuses(x, u, "unit: unavailable (start failed: Permission denied)");
	executor_stop_plugin(x, &u->plugin);
	finish(x);
	ck_assert_uint_eq(u->stops, 0); /* nothing to stop */
	unit_free(u);
}
END_TEST

/* Nobody waits for it any more; when it returns the plugin is as good as any. */
START_TEST(test_start_returns_late)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 10);
	struct call *c;

	atomic_store(&u->closed, true);
	c = executor_start_plugin(x, &u->plugin, 0.02);
	ck_assert_int_eq(life(x, u), PLUGIN_STARTING);
	assert_refuses(x, u, "unit: unavailable (it is starting)");
	assert_result(c, STATUS_TIMEOUT, "unit: no answer within 0.02 s");
	call_leave(c, -1);
	ck_assert_double_gt(executor_stuck_s(x, &u->plugin), 0);
	ck_assert_int_eq(life(x, u), PLUGIN_STARTING);
	c = executor_collect(x, &u->plugin);
	assert_begins(c, STATUS_UNAVAILABLE, "unit: unavailable (a call has not returned for ");
	call_leave(c, -1);
	atomic_store(&u->closed, false);
	await_idle(x, u);
	ck_assert_int_eq(life(x, u), PLUGIN_RUNNING);
	ck_assert_str_eq(executor_stats(x, &u->plugin).last_error, "");
	assert_collects(x, u);
	executor_stop_plugin(x, &u->plugin);
	await_count(&u->stops, 1);
	ck_assert_uint_eq(u->most_inside, 1);
	finish(x);
	unit_free(u);
}
END_TEST

START_TEST(test_start_fails_late)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 10);
	struct call *c;

	atomic_store(&u->closed, true);
	atomic_store(&u->error, -EACCES);
	c = executor_start_plugin(x, &u->plugin, 10);
	await_count(&u->entered, 1);
	call_leave(c, -1);
	executor_stop_plugin(x, &u->plugin);
	atomic_store(&u->closed, false);
	await_idle(x, u);
	ck_assert_int_eq(life(x, u), PLUGIN_FAILED);
	assert_refuses(x, u, "unit: unavailable (start failed: Permission denied)");
	finish(x);
	ck_assert_uint_eq(u->stops, 0);
	unit_free(u);
}
END_TEST

/* A start may ask whether it is still wanted, as any call. */
START_TEST(test_start_obeys)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 10), *v = unit_new("other", 10);
	struct call *c;

	atomic_store(&u->sleeps, true);
	c = executor_start_plugin(x, &u->plugin, 0.02);
	assert_result(c, STATUS_FAILED, "start failed: it was not done by its deadline");
	call_leave(c, -1);
	atomic_store(&v->sleeps, true);
	c = executor_start_plugin(x, &v->plugin, 10);
	await_count(&v->entered, 1);
	executor_stop_plugin(x, &v->plugin);
	ck_assert_uint_eq(executor_stop(x, soon()), 0);
	assert_result(c, STATUS_FAILED, "start failed: Operation canceled");
	call_leave(c, -1);
	ck_assert_uint_eq(u->cancelled + v->cancelled, 2);
	finish(x);
	ck_assert_uint_eq(u->stops + v->stops, 0);
	unit_free(u);
	unit_free(v);
}
END_TEST

/* One that hangs holds up none of the others. */
START_TEST(test_starts_side_by_side)
{
	enum { N = 6 };
	struct executor *x = executor(8);
	struct unit *units[N], *hangs = unit_new("hangs", 10);
	struct call *calls[N], *hanging;

	atomic_store(&hangs->closed, true);
	hanging = executor_start_plugin(x, &hangs->plugin, 10);
	for (int i = 0; i < N; i++) {
		units[i] = unit_new("quick", 10);
		calls[i] = executor_start_plugin(x, &units[i]->plugin, 10);
	}
	for (int i = 0; i < N; i++) {
		assert_result(calls[i], 0, "");
		call_leave(calls[i], -1);
		assert_collects(x, units[i]);
	}
	ck_assert(!call_done(hanging));
	call_leave(hanging, -1);
	atomic_store(&hangs->closed, false);
	finish(x);
	for (int i = 0; i < N; i++)
		unit_free(units[i]);
	unit_free(hangs);
}
END_TEST

START_TEST(test_start_without_a_thread)
{
	struct executor *x = executor(1);
	struct unit *holds = unit_new("holds", 100), *u = unit_new("unit", 0.05),
		    *never = unit_new("never", 100);
	struct call *held, *waits;

	atomic_store(&holds->closed, true);
	held = executor_collect(x, &holds->plugin);
	await_count(&holds->entered, 1);
	assert_start(x, u, STATUS_UNAVAILABLE, "unit: unavailable (no thread is free)");
	ck_assert_int_eq(life(x, u), PLUGIN_FAILED);
	assert_refuses(x, u, "unit: unavailable (start failed: it never ran)");
	/* The end comes before it has begun. */
	waits = executor_start_plugin(x, &never->plugin, 10);
	executor_stop_plugin(x, &u->plugin);
	ck_assert_uint_eq(atomic_load(&u->plugin.refs), 1);
	executor_stop_plugin(x, &never->plugin);
	ck_assert_uint_eq(executor_stop(x, now_ns() + 20 * NS_PER_MS), 1);
	assert_result(waits, STATUS_UNAVAILABLE, "the daemon is stopping");
	call_leave(waits, -1);
	atomic_store(&holds->closed, false);
	call_leave(held, -1);
	finish(x);
	ck_assert_uint_eq(u->starts + u->stops + never->starts + never->stops, 0);
	unit_free(holds);
	unit_free(u);
	unit_free(never);
}
END_TEST

START_TEST(test_executor_stop_cancels)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 100), *v = unit_new("other", 100);
	struct call *collects, *waits, *runs, *late;

	atomic_store(&u->sleeps, true);
	atomic_store(&v->sleeps, true);
	collects = executor_collect(x, &u->plugin);
	runs = ask(x, v, 0, "a", 0);
	await_count(&u->entered, 1);
	await_count(&v->entered, 1);
	waits = ask(x, u, 0, "b", 0);
	executor_stop_plugin(x, &v->plugin);
	ck_assert_uint_eq(executor_stop(x, soon()), 0);
	assert_result(collects, STATUS_CANCELLED, "unit: cancelled");
	assert_result(runs, STATUS_CANCELLED, "other: cancelled");
	assert_result(waits, STATUS_UNAVAILABLE, "the daemon is stopping");
	ck_assert_uint_eq(u->cancelled + v->cancelled, 2);
	ck_assert_uint_eq(v->stops, 1);
	late = executor_collect(x, &u->plugin);
	assert_result(late, STATUS_UNAVAILABLE, "the daemon is stopping");
	call_leave(late, -1);
	call_leave(collects, -1);
	call_leave(runs, -1);
	call_leave(waits, -1);
	executor_free(x);
	executor_free(NULL);
	host_free(host);
	unit_free(u);
	unit_free(v);
}
END_TEST

/* As the daemon ends: stops are asked for, and everything is told to end while they run. */
START_TEST(test_executor_stop_lets_stops_run)
{
	enum { MANY = 8, TIMES = 50 };

	for (int n = 0; n < TIMES; n++) {
		struct executor *x = executor(4);
		struct unit *units[MANY];

		for (int i = 0; i < MANY; i++) {
			units[i] = unit_new("unit", 10);
			assert_start(x, units[i], 0, "");
		}
		for (int i = 0; i < MANY; i++)
			executor_stop_plugin(x, &units[i]->plugin);
		ck_assert_uint_eq(executor_stop(x, soon()), 0);
		for (int i = 0; i < MANY; i++)
			ck_assert_uint_eq(units[i]->stops, 1);
		executor_free(x);
		host_free(host);
		for (int i = 0; i < MANY; i++)
			unit_free(units[i]);
	}
}
END_TEST

/* Threads that are there without work are no stuck ones. */
START_TEST(test_executor_stop_counts_stuck_calls)
{
	enum { BUSY = 3 };
	struct executor *x = executor(8);
	struct unit *u = unit_new("unit", 0.01), *others[BUSY];
	struct call *c, *calls[BUSY];

	for (int i = 0; i < BUSY; i++) {
		others[i] = unit_new("other", 10);
		atomic_store(&others[i]->closed, true);
		calls[i] = executor_collect(x, &others[i]->plugin);
		await_count(&others[i]->entered, 1);
	}
	for (int i = 0; i < BUSY; i++) {
		atomic_store(&others[i]->closed, false);
		assert_result(calls[i], 0, "");
		call_leave(calls[i], -1);
	}
	atomic_store(&u->closed, true);
	c = executor_collect(x, &u->plugin);
	await_count(&u->entered, 1);
	ck_assert_uint_eq(executor_stop(x, now_ns() + 20 * NS_PER_MS), 1);
	executor_free(x); /* leaves what the stuck one uses */
	atomic_store(&u->closed, false);
	await(c);
	call_leave(c, -1);
	finish(x);
	unit_free(u);
	for (int i = 0; i < BUSY; i++)
		unit_free(others[i]);
}
END_TEST

/* However long the stop of the daemon may take: what does not obey gets a second of it. */
START_TEST(test_executor_stop_leaves_what_does_not_obey)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 100);
	struct call *c;
	int64_t began = now_ns();

	atomic_store(&u->closed, true);
	c = executor_start_plugin(x, &u->plugin, 100);
	await_count(&u->entered, 1);
	executor_stop_plugin(x, &u->plugin);
	ck_assert_uint_eq(executor_stop(x, soon()), 1);
	ck_assert_int_ge(now_ns() - began, NS_PER_S);
	ck_assert_int_lt(now_ns() - began, 10 * NS_PER_S);
	ck_assert_uint_eq(u->stops, 0);
	atomic_store(&u->closed, false);
	await(c);
	call_leave(c, -1);
	finish(x);
	ck_assert_uint_eq(u->stops, 1);
	unit_free(u);
}
END_TEST

static void *
open_later(void *arg)
{
	struct unit *u = arg;
	struct timespec ts = { .tv_sec = 1, .tv_nsec = 300000000 };

	/* Longer than what does not obey is waited for. */
	nanosleep(&ts, NULL);
	atomic_store(&u->stop_closed, false);
	return NULL;
}

START_TEST(test_executor_stop_waits_for_stops)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 100), *stuck = unit_new("stuck", 100);
	pthread_t thread;
	struct call *c;

	assert_start(x, u, 0, "");
	atomic_store(&stuck->closed, true);
	c = executor_collect(x, &stuck->plugin);
	await_count(&stuck->entered, 1);
	atomic_store(&u->stop_closed, true);
	executor_stop_plugin(x, &u->plugin);
	ck_assert_int_eq(pthread_create(&thread, NULL, open_later, u), 0);
	ck_assert_uint_eq(executor_stop(x, soon()), 1);
	ck_assert_uint_eq(u->stops, 1);
	pthread_join(thread, NULL);
	atomic_store(&stuck->closed, false);
	await(c);
	call_leave(c, -1);
	finish(x);
	unit_free(u);
	unit_free(stuck);
}
END_TEST

START_TEST(test_no_descriptor)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct rlimit limit, none;

	host = host_new(NULL, &why);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_ptr_null(executor_new(host, 4));
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	host_free(host);
}
END_TEST

/* ---- all at once ---- */

enum { ASKERS = 6, ROUNDS = 300, UNITS = 3 };

struct stress {
	struct executor *x;
	struct unit **units;
	unsigned seed;
};

static void *
ask_at_random(void *arg)
{
	struct stress *s = arg;
	int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	const char *why;
	uint64_t rung;

	for (int i = 0; i < ROUNDS; i++) {
		unsigned r = (unsigned)rand_r(&s->seed);
		struct unit *u = s->units[r % UNITS];
		struct call *c;

		if (r / 8 % 8 == 0)
			executor_sample(s->x, &u->plugin);
		c = r / 64 % 3 ? ask(s->x, u, (int)(r / 256 % 2), "x", r / 1024 % 4)
			       : executor_collect(s->x, &u->plugin);
		call_watch(c, bell);
		if (r / 4096 % 4) {
			assert(rings(bell, 20000));
			assert(call_done(c));
			assert(call_result(c, &why) == 0);
		}
		call_leave(c, bell);
		if (read(bell, &rung, sizeof(rung)) < 0)
			assert(errno == EAGAIN);
		executor_stats(s->x, &u->plugin);
		assert(!rings(bell, 0));
	}
	close(bell);
	return NULL;
}

START_TEST(test_stress)
{
	struct executor *x = executor(5);
	struct unit *units[UNITS];
	struct stress s[ASKERS];
	pthread_t threads[ASKERS];

	for (int i = 0; i < UNITS; i++) {
		units[i] = unit_new("unit", 100);
		units[i]->commands[1].cache_s = 0.001;
	}
	for (int i = 0; i < ASKERS; i++) {
		s[i] = (struct stress){ x, units, (unsigned)i + 1 };
		ck_assert_int_eq(pthread_create(&threads[i], NULL, ask_at_random, &s[i]), 0);
	}
	for (int i = 0; i < ASKERS; i++)
		pthread_join(threads[i], NULL);
	finish(x);
	for (int i = 0; i < UNITS; i++) {
		ck_assert_uint_eq(units[i]->most_inside, 1);
		ck_assert_uint_gt(units[i]->runs, 0);
		unit_free(units[i]);
	}
}
END_TEST

/* In the place of the guard, which looks around while it is told to end and sets its alarm. */
static void *
look_around(void *arg)
{
	struct executor *x = arg;
	struct pollfd p = { .fd = x->alarm_fd, .events = POLLIN };
	int64_t until = soon();
	bool quit = false;

	while (!quit) {
		assert(now_ns() < until);
		LOCKED(&x->lock)
			quit = x->quit;
		sched_yield();
	}
	LOCKED(&x->lock) {
		x->hurry_ns = now_ns();
		executor_calm_locked(x);
	}
	assert(poll(&p, 1, 20000) == 1);
	return NULL;
}

START_TEST(test_guard_does_not_sleep_through_its_end)
{
	struct executor x = { .alarm_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC) };

	TAILQ_INIT(&x.queues);
	lock_init(&x.lock, LOCK_EXECUTOR);
	ck_assert_int_eq(pthread_create(&x.guard, NULL, look_around, &x), 0);
	executor_guard_stop(&x);
	close(x.alarm_fd);
	lock_fini(&x.lock);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("executor");
	TCase *c = tcase_create("executor");
	SRunner *r;
	int failed;

	log_set_level(LOG_LEVEL_ERR);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_collect);
	tcase_add_test(c, test_collect_is_shared);
	tcase_add_test(c, test_collect_fails_and_recovers);
	tcase_add_test(c, test_run);
	tcase_add_test(c, test_runs_queue_and_share);
	tcase_add_test(c, test_kept_answers);
	tcase_add_test(c, test_too_many_wait);
	tcase_add_test(c, test_last_to_leave_cancels);
	tcase_add_test(c, test_left_while_waiting_is_never_run);
	tcase_add_test(c, test_doorbells);
	tcase_add_test(c, test_stuck);
	tcase_add_test(c, test_kept_answer_serves_while_stuck);
	tcase_add_test(c, test_run_has_its_own_deadline);
	tcase_add_test(c, test_obedient_run_is_not_stuck);
	tcase_add_test(c, test_no_thread_is_free);
	tcase_add_test(c, test_sample);
	tcase_add_test(c, test_slow_sample_delays_nobody);
	tcase_add_test(c, test_asker_hurries_a_sample);
	tcase_add_test(c, test_start_and_stop_plugin);
	tcase_add_test(c, test_start_fails);
	tcase_add_test(c, test_start_returns_late);
	tcase_add_test(c, test_start_fails_late);
	tcase_add_test(c, test_start_obeys);
	tcase_add_test(c, test_starts_side_by_side);
	tcase_add_test(c, test_start_without_a_thread);
	tcase_add_test(c, test_executor_stop_cancels);
	tcase_add_test(c, test_executor_stop_lets_stops_run);
	tcase_add_test(c, test_executor_stop_counts_stuck_calls);
	tcase_add_test(c, test_executor_stop_leaves_what_does_not_obey);
	tcase_add_test(c, test_executor_stop_waits_for_stops);
	tcase_add_test(c, test_guard_does_not_sleep_through_its_end);
	tcase_add_test(c, test_stress);
	tcase_add_test(c, test_no_descriptor);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
