/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of executor: what does not end in time, and no thread that is free.
 */
#include <errno.h>

#include "executor_box.h"

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

static bool
is_served_behind_an_obedient_run(void)
{
	struct executor *x = executor(4);
	struct unit *u = unit_new("unit", 100);
	struct call *obeys, *behind;
	const char *why;
	bool served;

	u->commands[0].deadline_s = 0.03;
	atomic_store(&u->naps, 1); /* the one behind does not sleep */
	obeys = ask(x, u, 0, "a", 0);
	behind = executor_collect(x, &u->plugin);
	assert_result(obeys, STATUS_TIMEOUT, "unit: no answer within 0.03 s");
	await(behind);
	served = call_result(behind, &why) == 0;
	call_leave(obeys, -1);
	call_leave(behind, -1);
	finish(x);
	unit_free(u);
	return served;
}

/* Those who wait behind one that obeys its deadline have their turn. On a machine that stands still
 * at that moment it comes back too late to have obeyed. */
START_TEST(test_obedient_run_is_not_stuck)
{
	int tries = 1;

	while (!is_served_behind_an_obedient_run())
		ck_assert_int_lt(tries++, 5);
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

int
main(void)
{
	Suite *s = suite_create("executor_deadline");
	TCase *c = tcase_create("executor_deadline");
	SRunner *r;
	int failed;

	log_set_level(LOG_LEVEL_ERR);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_stuck);
	tcase_add_test(c, test_kept_answer_serves_while_stuck);
	tcase_add_test(c, test_run_has_its_own_deadline);
	tcase_add_test(c, test_obedient_run_is_not_stuck);
	tcase_add_test(c, test_no_thread_is_free);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
