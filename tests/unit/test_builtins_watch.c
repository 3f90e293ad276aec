/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_builtins_watch -- the daemon's own commands that run others: status with its verdicts, the
 * banner's line, watch and until, and how these end.
 */
#include "builtins_box.h"

/* ---- status and the banner ------------------------------------------------------------------- */

START_TEST(status_of_a_machine)
{
	expect_part("status", 0, "load");
	ck_assert(says("0.5"));
	ck_assert(says("on 2 CPUs"));
	ck_assert(says("host"));
	ck_assert(!says("disk"));
	load_tenths = 31;
	world.plugins[0]->sampled = false; /* so that it is asked anew */
	world_set_limits(&world, 10, 0, 64 << 20);
	expect_part("status --csv", 1, ",warning\n");
	load_tenths = 90;
	expect_part("status --csv", 2, ",critical\n");
}
END_TEST

START_TEST(status_of_its_parts)
{
	world_add(&world, "parts", &parts);
	world_publish(&world, table, n_table);
	percent = 40;
	expect("status --csv | exclude ^host", 0,
	       "item,value,verdict\n"
	       "load,0.50 on 2 CPUs,ok\n"
	       "cpu,busy 40.0%,ok\n"
	       "memory,\"600 B available, used 40.0%\",ok\n"
	       "filesystem,\"/full used 40.0%, 2 KiB available\",ok\n"
	       "inodes,/small used 40.0%,ok\n"
	       "disk,sdb busy 40.0%,ok\n"
	       "network,\"eth1 in 20.00, out 1.00, 7 errors since boot\",ok\n"
	       "pressure,\"cpu 40.0%, memory 0.5%\",ok\n");
	percent = 97; /* being busy is a warning, being full is critical */
	expect("status --csv | exclude ^host", 2,
	       "item,value,verdict\n"
	       "load,0.50 on 2 CPUs,ok\n"
	       "cpu,\"busy 97.0%, stolen 85.0%\",warning\n"
	       "memory,\"30 B available, used 97.0%\",critical\n"
	       "swap,\"30 B free, used 97.0%\",critical\n"
	       "filesystem,\"/full used 97.0%, 2 KiB available\",critical\n"
	       "inodes,/small used 97.0%,critical\n"
	       "disk,sdb busy 97.0%,warning\n"
	       "network,\"eth1 in 20.00, out 1.00, 7 errors since boot\",ok\n"
	       "pressure,\"cpu 97.0%, memory 0.5%\",warning\n");
}
END_TEST

START_TEST(status_of_old_values)
{
	struct plugin *load_plugin = world.plugins[0];

	expect_part("status --csv", 0, "load,0.50 on 2 CPUs,ok\n");
	load_plugin->sampled = false;
	load_plugin->interval_ns = 1;
	world_set_limits(&world, 10, 0, 64 << 20);
	collect_error = -EIO;
	/* What was good says nothing of now. */
	expect_part("status --csv", 3, "load,\"0.50 on 2 CPUs, as of ");
	ck_assert(says(" ago\",unknown\n"));
	/* What was bad does not become good because nobody can look. */
	collect_error = 0;
	load_tenths = 90;
	expect_part("status --csv", 2, "load,9.00 on 2 CPUs,critical\n");
	collect_error = -EIO;
	expect_part("status --csv", 2, "load,\"9.00 on 2 CPUs, as of ");
	ck_assert(says(" ago\",critical\n"));
	/* A sampled one whose samples no longer come. */
	load_plugin->sampled = true;
	expect_part("status --csv", 2, "load,\"9.00 on 2 CPUs, as of ");
}
END_TEST

START_TEST(status_knows_nothing)
{
	collect_error = -EIO;
	expect_part("status --csv", 3, "load,");
	ck_assert(says(",unknown\n"));
	ck_assert(says("no load today"));
	ck_assert(says("host,"));
}
END_TEST

START_TEST(summary)
{
	_autobuf_ struct buf line = BUF_INIT(1024);

	builtins_summary(&env, &line);
	ck_assert_ptr_null(strstr(buf_str(&line), "load"));
	ck_assert_uint_eq(executor_stats(world.executor, world.plugins[0]).collects, 0);
	world_say(&world, "load");
	buf_clear(&line);
	builtins_summary(&env, &line);
	ck_assert_contains(buf_str(&line), "load 0.50");
	ck_assert_ptr_null(strchr(buf_str(&line), '\n'));
	ck_assert_int_eq(strncmp(buf_str(&line), "up ", 3), 0);
}
END_TEST

/* ---- watch and until ------------------------------------------------------------------------- */

START_TEST(watch_by_count)
{
	expect("watch -n 0.1 -c 3 turn --csv", 2, "turn\n1\n--\nturn\n2\n--\nturn\n3\n");
	ck_assert_uint_eq(world.fake.rounds, 2);
	expect("watch -c 1 turn | count --csv", 2, "count\n1\n");
	world_say(&world, "watch -n 0.1 -c 2 turn --json");
	ck_assert(says("\"rows\":[{\"turn\":5}]}\n--\n{\"command\":\"watch -n 0.1 -c 2 turn\","));
}
END_TEST

START_TEST(watch_for_a_person)
{
	world.asker.person = true;
	ck_assert_int_eq(world_say(&world, "watch -n 0.1 -c 2 turn"), 2);
	ck_assert(says("  every 0.1 s\nturn\n"));
	ck_assert_int_eq(world_say(&world, "watch -n 0.1 -c 1 turn --csv"), 2);
	ck_assert(!says("every"));
}
END_TEST

START_TEST(watch_is_stopped)
{
	world.fake.cancel_at_wait = 4;
	world.fake.wait_error = -ECANCELED;
	ck_assert_int_eq(world_say(&world, "watch -n 0.1 echo x"), -ECANCELED);
	ck_assert_str_eq(world_text(&world), "x\n--\nx\n--\nx\n--\nx\n--\n");
	world.fake.wait_error = -EPIPE;
	ck_assert_int_eq(world_say(&world, "watch -n 0.1 echo x"), -EPIPE);
	world.fake.cancel_at_wait = 0;
	world.fake.fail_at_text = 2;
	ck_assert_int_eq(world_say(&world, "watch -n 0.1 echo x"), -EPIPE);
	world.fake.fail_at_text = 0;
}
END_TEST

START_TEST(watch_goes_on_after_an_error)
{
	collect_error = -EIO;
	ck_assert_int_eq(world_say(&world, "watch -n 0.1 -c 2 turn"), STATUS_FAILED);
	ck_assert_int_eq(strncmp(world_text(&world), "error: turn: no turn", 20), 0);
	ck_assert_ptr_nonnull(strstr(world_text(&world), "\n--\nerror: turn: no turn"));
	ck_assert_ptr_eq(strstr(strstr(world_text(&world), "--\n") + 3, "--\n"), NULL);
}
END_TEST

START_TEST(watch_usage)
{
	expect_part("watch", STATUS_USAGE, "usage: watch");
	expect_part("watch -n 0 turn", STATUS_USAGE, "0.1");
	expect_part("watch -c 0 turn", STATUS_USAGE, "usage: watch");
	expect_part("watch watch turn", STATUS_USAGE, "watch: cannot stand inside watch or until");
	expect_part("watch until turn", STATUS_USAGE, "until: cannot stand");
	expect_part("until watch turn", STATUS_USAGE, "watch: cannot stand");
	expect_part("watch nosuch", STATUS_USAGE, "no command 'nosuch'");
	expect_part("watch turn | nosuch", STATUS_USAGE, "nosuch");
	ck_assert_int_eq(rounds, 0);
}
END_TEST

START_TEST(until_there_is_a_row)
{
	rows_from_round = 3;
	expect("until -n 0.1 turn --csv", 0, "turn\n3\n");
	ck_assert_int_eq(rounds, 3);
	ck_assert_uint_eq(world.fake.rounds, 0);
	expect("until turn | where turn >= 4 --csv", 0, "turn\n4\n");
}
END_TEST

START_TEST(until_the_time_is_up)
{
	int64_t began_ns = now_ns();

	rows_from_round = 1000;
	expect("until -n 0.1 -t 0.25 turn --csv", 1, "turn\n");
	ck_assert(now_ns() - began_ns >= 250 * NS_PER_MS);
	ck_assert_int_ge(rounds, 2);
	ck_assert_int_le(rounds, 4);
	expect_part("until -t 0 turn --json", 1, "\"rows\":[]}\n");
	collect_error = -EIO;
	expect_part("until -t 0.1 turn", STATUS_FAILED, "error: turn: no turn");
}
END_TEST

START_TEST(until_the_last_look)
{
	rows_from_round = 2;
	expect("until -n 60 -t 0.1 turn --csv", 0, "turn\n2\n");
}
END_TEST

/* A round that is not done by then is the last one. */
START_TEST(until_a_long_round)
{
	int64_t began_ns = now_ns();

	late_ms = 600;
	rows_from_round = 1000;
	expect("until -t 0.3 -n 0.1 turn --csv", 1, "turn\n");
	ck_assert(now_ns() - began_ns >= 600 * NS_PER_MS);
	ck_assert_int_eq(rounds, 1);
}
END_TEST

START_TEST(until_is_stopped)
{
	rows_from_round = 1000;
	world.fake.cancel_at_wait = 5;
	world.fake.wait_error = -ECANCELED;
	expect("until -n 0.1 turn", -ECANCELED, "");
	world.fake.cancel_at_wait = 0;
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("builtins_watch");
	TCase *c = tcase_create("builtins_watch");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, status_of_a_machine);
	tcase_add_test(c, status_of_its_parts);
	tcase_add_test(c, status_of_old_values);
	tcase_add_test(c, status_knows_nothing);
	tcase_add_test(c, summary);
	tcase_add_test(c, watch_by_count);
	tcase_add_test(c, watch_for_a_person);
	tcase_add_test(c, watch_is_stopped);
	tcase_add_test(c, watch_goes_on_after_an_error);
	tcase_add_test(c, watch_usage);
	tcase_add_test(c, until_there_is_a_row);
	tcase_add_test(c, until_the_time_is_up);
	tcase_add_test(c, until_the_last_look);
	tcase_add_test(c, until_a_long_round);
	tcase_add_test(c, until_is_stopped);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	SRunner *r = srunner_create(suite());
	int failed;

	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
