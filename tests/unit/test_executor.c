/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of executor: sharing, queues, leaving, samples, and all of it at once.
 */
#include <errno.h>
#include <pthread.h>

#include "executor_box.h"

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
	tcase_add_test(c, test_sample);
	tcase_add_test(c, test_slow_sample_delays_nobody);
	tcase_add_test(c, test_asker_hurries_a_sample);
	tcase_add_test(c, test_stress);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
