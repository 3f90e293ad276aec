/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of pool: hand-over, growth, limits, shrinking, retiring and stopping. Jobs wait at
 * gates, never for time.
 * What threads other than the test's own find is a matter of assert(): check hears one thread only.
 */
#include <assert.h>
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lock.h"
#include "pool.h"

enum { STACK = 256 << 10 };

/* What a job does: says that it began, waits for its gate, notes what it saw. */
struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned arrived;
	bool open;
};

struct job {
	struct gate *gate;
	bool retire;
	_Atomic unsigned ran;
	char thread[16];
	sigset_t blocked;
	size_t stack_bytes;
};

static int64_t
soon(void)
{
	return now_ns() + 20 * NS_PER_S;
}

static void
wait_changed(struct gate *g)
{
	struct timespec ts;
	int r;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += 20;
	r = pthread_cond_timedwait(&g->changed, &g->mutex, &ts);
	assert(r == 0);
}

static void
arrive(struct gate *g)
{
	pthread_mutex_lock(&g->mutex);
	g->arrived++;
	pthread_cond_broadcast(&g->changed);
	while (!g->open)
		wait_changed(g);
	pthread_mutex_unlock(&g->mutex);
}

static void
await_arrivals(struct gate *g, unsigned n)
{
	pthread_mutex_lock(&g->mutex);
	while (g->arrived < n)
		wait_changed(g);
	pthread_mutex_unlock(&g->mutex);
}

static void
open_gate(struct gate *g)
{
	pthread_mutex_lock(&g->mutex);
	g->open = true;
	pthread_cond_broadcast(&g->changed);
	pthread_mutex_unlock(&g->mutex);
}

#define GATE                                                                                       \
	{                                                                                          \
		PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false                      \
	}

static void
run(void *arg)
{
	struct job *job = arg;
	pthread_attr_t attr;

	pthread_getname_np(pthread_self(), job->thread, sizeof(job->thread));
	pthread_sigmask(SIG_BLOCK, NULL, &job->blocked);
	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstacksize(&attr, &job->stack_bytes);
	pthread_attr_destroy(&attr);
	if (job->retire)
		pool_retire();
	if (job->gate)
		arrive(job->gate);
	atomic_fetch_add(&job->ran, 1);
}

static void
await_threads(struct pool *p, unsigned n)
{
	int64_t until = soon();

	while (pool_threads(p) != n) {
		ck_assert_msg(now_ns() < until, "%u threads, not %u", pool_threads(p), n);
		sched_yield();
	}
}

static void
submit(struct pool *p, struct job *job)
{
	ck_assert_int_eq(pool_submit(p, job), 0);
}

static void
stop_and_free(struct pool *p)
{
	ck_assert_uint_eq(pool_stop(p, soon()), 0);
	pool_free(p);
}

START_TEST(test_thread_is_prepared)
{
	struct gate gate = GATE;
	struct job job = { .gate = &gate };
	struct pool *p = pool_new("unit", 0, 4, STACK, run);

	ck_assert_uint_eq(pool_threads(p), 0);
	submit(p, &job);
	await_arrivals(&gate, 1);
	ck_assert_uint_eq(pool_threads(p), 1);
	open_gate(&gate);
	stop_and_free(p);
	ck_assert_uint_eq(job.ran, 1);
	ck_assert_str_eq(job.thread, "unit-1");
	ck_assert_int_eq(sigismember(&job.blocked, SIGTERM), 1);
	ck_assert_int_eq(sigismember(&job.blocked, SIGHUP), 1);
	ck_assert_int_eq(sigismember(&job.blocked, SIGPIPE), 1);
	ck_assert_int_eq(sigismember(&job.blocked, SIGSEGV), 0);
	ck_assert_uint_ge(job.stack_bytes, STACK);
}
END_TEST

START_TEST(test_submitter_keeps_its_signals)
{
	struct job job = { 0 };
	struct pool *p = pool_new("unit", 0, 4, STACK, run);
	sigset_t before, after;

	pthread_sigmask(SIG_BLOCK, NULL, &before);
	submit(p, &job);
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	ck_assert_int_eq(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
	ck_assert_int_eq(sigismember(&after, SIGUSR2), 0);
	stop_and_free(p);
}
END_TEST

START_TEST(test_kept_threads_take_the_first_jobs)
{
	struct gate gate = GATE;
	struct job jobs[4] = {
		{ .gate = &gate }, { .gate = &gate }, { .gate = &gate }, { .gate = &gate }
	};
	struct pool *p = pool_new("unit", 3, 4, STACK, run);

	ck_assert_uint_eq(pool_threads(p), 3);
	for (int i = 0; i < 3; i++)
		submit(p, &jobs[i]);
	ck_assert_uint_eq(pool_threads(p), 3);
	submit(p, &jobs[3]);
	ck_assert_uint_eq(pool_threads(p), 4);
	await_arrivals(&gate, 4);
	open_gate(&gate);
	stop_and_free(p);
	for (int i = 0; i < 4; i++)
		ck_assert_uint_eq(jobs[i].ran, 1);
	ck_assert_str_eq(jobs[3].thread, "unit-4");
}
END_TEST

START_TEST(test_refuses_when_all_are_busy)
{
	struct gate gate = GATE;
	struct job busy[2] = { { .gate = &gate }, { .gate = &gate } }, more = { 0 };
	struct pool *p = pool_new("unit", 0, 2, STACK, run);
	int64_t until = soon();

	submit(p, &busy[0]);
	submit(p, &busy[1]);
	await_arrivals(&gate, 2);
	ck_assert_int_eq(pool_submit(p, &more), -EAGAIN);
	ck_assert_uint_eq(pool_threads(p), 2);
	open_gate(&gate);
	while (pool_submit(p, &more) < 0) {
		ck_assert(now_ns() < until);
		sched_yield();
	}
	stop_and_free(p);
	ck_assert_uint_eq(more.ran, 1);
	ck_assert_uint_eq(busy[0].ran + busy[1].ran, 2);
}
END_TEST

START_TEST(test_refuses_without_a_thread)
{
	struct job job = { 0 };
	struct pool *p = pool_new("unit", 2, 2, SIZE_MAX / 16, run);

	ck_assert_uint_eq(pool_threads(p), 0);
	ck_assert_int_eq(pool_submit(p, &job), -EAGAIN);
	ck_assert_int_eq(pool_submit(p, &job), -EAGAIN);
	ck_assert_uint_eq(pool_threads(p), 0);
	stop_and_free(p);
	ck_assert_uint_eq(job.ran, 0);
}
END_TEST

START_TEST(test_idle_threads_leave)
{
	struct gate gate = GATE;
	struct job jobs[8], last = { 0 };
	struct pool *p = pool_new("unit", 2, 8, STACK, run);

	pool_set_idle(p, NS_PER_MS);
	for (int i = 0; i < 8; i++) {
		jobs[i] = (struct job){ .gate = &gate };
		submit(p, &jobs[i]);
	}
	ck_assert_uint_eq(pool_threads(p), 8);
	await_arrivals(&gate, 8);
	open_gate(&gate);
	await_threads(p, 2);
	submit(p, &last);
	stop_and_free(p);
	ck_assert_uint_eq(last.ran, 1);
}
END_TEST

START_TEST(test_retired_thread_ends)
{
	struct gate gate = GATE;
	struct job jobs[3] = { { .gate = &gate, .retire = true },
			       { .gate = &gate },
			       { .retire = true } };
	struct pool *p = pool_new("unit", 0, 4, STACK, run);

	submit(p, &jobs[0]);
	submit(p, &jobs[1]);
	await_arrivals(&gate, 2);
	open_gate(&gate);
	await_threads(p, 1);
	submit(p, &jobs[2]);
	pool_retire(); /* outside of any job it means nothing */
	stop_and_free(p);
	ck_assert_uint_eq(jobs[2].ran, 1);
}
END_TEST

START_TEST(test_maximum_can_change)
{
	struct gate gate = GATE;
	struct job jobs[4] = { { .gate = &gate }, { .gate = &gate }, { .gate = &gate }, { 0 } };
	struct pool *p = pool_new("unit", 4, 4, STACK, run);

	pool_set_max(p, 2);
	await_threads(p, 2);
	submit(p, &jobs[0]);
	submit(p, &jobs[1]);
	await_arrivals(&gate, 2);
	ck_assert_int_eq(pool_submit(p, &jobs[2]), -EAGAIN);
	pool_set_max(p, 3);
	submit(p, &jobs[2]);
	await_arrivals(&gate, 3);
	pool_set_max(p, 1); /* busy ones leave when they finish */
	ck_assert_int_eq(pool_submit(p, &jobs[3]), -EAGAIN);
	ck_assert_uint_eq(pool_threads(p), 3);
	open_gate(&gate);
	await_threads(p, 1);
	stop_and_free(p);
	ck_assert_uint_eq(jobs[2].ran, 1);
	ck_assert_uint_eq(jobs[3].ran, 0);
}
END_TEST

/* And not what is there without work. */
START_TEST(test_stop_counts_what_is_stuck)
{
	struct gate gate = GATE;
	struct job stuck[2] = { { .gate = &gate }, { .gate = &gate } }, late = { 0 };
	struct pool *p = pool_new("unit", 8, 8, STACK, run);

	submit(p, &stuck[0]);
	submit(p, &stuck[1]);
	await_arrivals(&gate, 2);
	ck_assert_uint_eq(pool_stop(p, now_ns()), 2);
	ck_assert_int_eq(pool_submit(p, &late), -EAGAIN);
	open_gate(&gate);
	stop_and_free(p);
	ck_assert_uint_eq(stuck[0].ran + stuck[1].ran, 2);
	ck_assert_uint_eq(late.ran, 0);
}
END_TEST

START_TEST(test_stop_runs_what_was_taken)
{
	struct job jobs[32];
	struct pool *p = pool_new("unit", 32, 32, STACK, run);

	memset(jobs, 0, sizeof(jobs));
	for (int i = 0; i < 32; i++)
		submit(p, &jobs[i]);
	stop_and_free(p);
	for (int i = 0; i < 32; i++)
		ck_assert_uint_eq(jobs[i].ran, 1);
}
END_TEST

enum { SUBMITTERS = 4, JOBS = 5000 };

struct flood {
	struct pool *pool;
	struct job *jobs;
};

static void *
submit_many(void *arg)
{
	struct flood *f = arg;
	int64_t until = soon();

	for (int i = 0; i < JOBS; i++) {
		while (pool_submit(f->pool, &f->jobs[i]) < 0) {
			assert(now_ns() < until);
			sched_yield();
		}
	}
	return NULL;
}

/* Every job runs exactly once, whoever takes it, while threads come, retire, idle out and are
 * dismissed. */
START_TEST(test_flood)
{
	struct pool *p = pool_new("unit", 1, 12, STACK, run);
	struct flood floods[SUBMITTERS];
	pthread_t threads[SUBMITTERS];

	pool_set_idle(p, NS_PER_MS / 20);
	for (int s = 0; s < SUBMITTERS; s++) {
		floods[s] = (struct flood){ p, calloc(JOBS, sizeof(struct job)) };
		for (int i = 0; i < JOBS; i += 50)
			floods[s].jobs[i].retire = true;
		ck_assert_int_eq(pthread_create(&threads[s], NULL, submit_many, &floods[s]), 0);
	}
	for (int i = 0; i < 100; i++) {
		pool_set_max(p, i % 2 ? 12 : 3);
		sched_yield();
	}
	pool_set_max(p, 12);
	for (int s = 0; s < SUBMITTERS; s++)
		pthread_join(threads[s], NULL);
	stop_and_free(p);
	for (int s = 0; s < SUBMITTERS; s++) {
		for (int i = 0; i < JOBS; i++)
			ck_assert_uint_eq(floods[s].jobs[i].ran, 1);
		free(floods[s].jobs);
	}
}
END_TEST

START_TEST(test_burst)
{
	enum { N = 500 };
	struct gate gate = GATE;
	struct job *jobs = calloc(N, sizeof(*jobs));
	struct pool *p = pool_new("unit", 2, N, STACK, run);

	for (int i = 0; i < N; i++) {
		jobs[i].gate = &gate;
		submit(p, &jobs[i]);
	}
	ck_assert_uint_eq(pool_threads(p), N);
	await_arrivals(&gate, N); /* none waits behind another */
	open_gate(&gate);
	stop_and_free(p);
	for (int i = 0; i < N; i++)
		ck_assert_uint_eq(jobs[i].ran, 1);
	free(jobs);
}
END_TEST

static void *
plain_thread(void *arg)
{
	run(arg);
	return arg;
}

START_TEST(test_thread_start)
{
	struct job job = { 0 };
	pthread_t thread;
	void *result;

	ck_assert_int_eq(pool_thread_start(&thread, STACK, plain_thread, &job), 0);
	ck_assert_int_eq(pthread_join(thread, &result), 0);
	ck_assert_ptr_eq(result, &job);
	ck_assert_int_eq(sigismember(&job.blocked, SIGINT), 1);
	ck_assert_uint_ge(job.stack_bytes, STACK);
	ck_assert_int_lt(pool_thread_start(&thread, SIZE_MAX / 16, plain_thread, &job), 0);
	/* Less than the system's least is raised to it. */
	ck_assert_int_eq(pool_thread_start(&thread, 1, plain_thread, &job), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(job.ran, 2);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("pool");
	TCase *c = tcase_create("pool");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_thread_is_prepared);
	tcase_add_test(c, test_submitter_keeps_its_signals);
	tcase_add_test(c, test_kept_threads_take_the_first_jobs);
	tcase_add_test(c, test_refuses_when_all_are_busy);
	tcase_add_test(c, test_refuses_without_a_thread);
	tcase_add_test(c, test_idle_threads_leave);
	tcase_add_test(c, test_retired_thread_ends);
	tcase_add_test(c, test_maximum_can_change);
	tcase_add_test(c, test_stop_counts_what_is_stuck);
	tcase_add_test(c, test_stop_runs_what_was_taken);
	tcase_add_test(c, test_flood);
	tcase_add_test(c, test_burst);
	tcase_add_test(c, test_thread_start);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
