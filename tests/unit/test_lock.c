/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of lock: exclusion, release on any exit, timed waits, and the rank check of debug
 * builds.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock.h"

#include <check.h>

static struct lock lock;
static pthread_cond_t changed;
static long count; /* guarded by lock */

static void
setup(void)
{
	lock_init(&lock, LOCK_LEAF);
	lock_cond_init(&changed);
	count = 0;
}

static void
teardown(void)
{
	lock_fini(&lock);
	pthread_cond_destroy(&changed);
}

static void *
add_many(void *arg)
{
	for (int i = 0; i < 10000; i++) {
		LOCKED(&lock)
			count++;
	}
	return arg;
}

START_TEST(only_one_at_a_time)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, add_many, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(count, 40000);
}
END_TEST

static int
leave_early(int way)
{
	LOCKED(&lock) {
		if (way == 0)
			return 1;
		if (way == 1)
			break;
	}
	return 2;
}

START_TEST(released_on_any_exit)
{
	for (int way = 0; way < 3; way++) {
		ck_assert_int_eq(leave_early(way), way == 0 ? 1 : 2);
		ck_assert_int_eq(pthread_mutex_trylock(&lock.mutex), 0);
		ck_assert_int_eq(pthread_mutex_unlock(&lock.mutex), 0);
	}
}
END_TEST

START_TEST(a_wait_ends_in_time)
{
	int64_t before = now_ns();

	lock_acquire(&lock);
	ck_assert_int_eq(lock_wait(&lock, &changed, before + 20 * NS_PER_MS), -ETIMEDOUT);
	lock_release(&lock);
	ck_assert_int_ge(now_ns() - before, 20 * NS_PER_MS);
	ck_assert_int_lt(now_ns() - before, 10 * NS_PER_S);
}
END_TEST

static void *
signal_once(void *arg)
{
	LOCKED(&lock) {
		count = 1;
		pthread_cond_signal(&changed);
	}
	return arg;
}

START_TEST(a_wait_is_woken)
{
	pthread_t thread;

	lock_acquire(&lock);
	ck_assert_int_eq(pthread_create(&thread, NULL, signal_once, NULL), 0);
	while (count == 0)
		ck_assert_int_eq(lock_wait(&lock, &changed, -1), 0);
	lock_release(&lock);
	pthread_join(thread, NULL);
}
END_TEST

/* Takes two locks in a child, whose death by SIGABRT is the answer. */
static bool
survives(enum lock_rank first, enum lock_rank second)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct lock a, b;
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		lock_init(&a, first);
		lock_init(&b, second);
		lock_acquire(&a);
		lock_acquire(&b);
		lock_release(&a);
		lock_release(&b);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) || WTERMSIG(status) == SIGABRT);
	return WIFEXITED(status);
}

START_TEST(the_order_is_checked)
{
	ck_assert(survives(LOCK_REGISTRY, LOCK_LEAF));
	ck_assert(survives(LOCK_EXECUTOR, LOCK_CALL));
#ifdef LOCK_CHECK
	ck_assert(!survives(LOCK_LEAF, LOCK_REGISTRY));
	ck_assert(!survives(LOCK_CALL, LOCK_EXECUTOR));
	ck_assert(!survives(LOCK_CALL, LOCK_CALL));
#endif
}
END_TEST

START_TEST(the_clock_does_not_go_back)
{
	int64_t a = now_ns(), b = now_ns();

	ck_assert_int_gt(a, 0);
	ck_assert_int_ge(b, a);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lock");
	TCase *fast = tcase_create("fast");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(fast, setup, teardown);
	tcase_add_test(fast, only_one_at_a_time);
	tcase_add_test(fast, released_on_any_exit);
	tcase_add_test(fast, a_wait_ends_in_time);
	tcase_add_test(fast, a_wait_is_woken);
	tcase_add_test(fast, the_order_is_checked);
	tcase_add_test(fast, the_clock_does_not_go_back);
	suite_add_tcase(s, fast);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
