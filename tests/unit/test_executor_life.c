/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of executor: starting and stopping, of plugins and of itself.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>

#include "executor_box.h"
#include "executor_private.h"

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
	int64_t until = soon();

	atomic_store(&holds->closed, true);
	held = executor_collect(x, &holds->plugin);
	await_count(&holds->entered, 1);
	assert_start(x, u, STATUS_UNAVAILABLE, "unit: unavailable (no thread is free)");
	ck_assert_int_eq(life(x, u), PLUGIN_FAILED);
	assert_refuses(x, u, "unit: unavailable (start failed: it never ran)");
	/* The end comes before it has begun. */
	waits = executor_start_plugin(x, &never->plugin, 10);
	executor_stop_plugin(x, &u->plugin);
	/* Nothing keeps it, once the guard that gave the start up has let go of the call. */
	while (atomic_load(&u->plugin.refs) != 1) {
		ck_assert(now_ns() < until);
		sched_yield();
	}
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
	Suite *s = suite_create("executor_life");
	TCase *c = tcase_create("executor_life");
	SRunner *r;
	int failed;

	log_set_level(LOG_LEVEL_ERR);
	tcase_set_timeout(c, 60);
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
	tcase_add_test(c, test_no_descriptor);
	tcase_add_test(c, test_guard_does_not_sleep_through_its_end);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
