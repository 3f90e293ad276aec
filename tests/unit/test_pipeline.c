/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_pipeline -- from a command line to an answer: who may, what is checked before anything runs,
 * views and kept answers, filters, formats and sizes.
 */
#include "pipeline_box.h"

/* ---- views ----------------------------------------------------------------------------------- */

START_TEST(view_text)
{
	add_snapshot(box_plugin, 100, 3);
	add_snapshot(box_plugin, 300, 1);
	expect("box", 0, "name  ticks     rate\nall     300  100.0/s\n");
	ck_assert_uint_eq(world.fake.texts, 1);
}
END_TEST

START_TEST(view_of_one_snapshot_has_no_rate)
{
	add_snapshot(box_plugin, 100, 0);
	world_say(&world, "box --json");
	ck_assert_contains(world_text(&world), "\"interval\":null,");
	ck_assert_contains(world_text(&world),
			   "\"rows\":[{\"name\":\"all\",\"ticks\":100,\"rate_per_s\":null}]}\n");
}
END_TEST

START_TEST(json_head)
{
	double time_s, age_s, interval_s;
	char host[256], name[256];

	add_snapshot(box_plugin, 100, 4);
	add_snapshot(box_plugin, 200, 2);
	ck_assert_int_eq(world_say(&world, "  box   --json | head 1 "), 0);
	ck_assert_int_eq(sscanf(world_text(&world),
				"{\"command\":\"box | head "
				"1\",\"host\":\"%255[^\"]\",\"time\":%lf,\"age\":%lf,"
				"\"interval\":%lf,\"rows\":[",
				host, &time_s, &age_s, &interval_s),
			 4);
	host_name(world.host, name, sizeof(name));
	ck_assert_str_eq(host, name);
	ck_assert(time_s > 1.7e9);
	ck_assert(age_s >= 2 && age_s < 60);
	ck_assert_double_eq_tol(interval_s, 2, 0.01);
}
END_TEST

START_TEST(view_status_and_failure)
{
	add_snapshot(box_plugin, 1, 0);
	view_status = 2;
	ck_assert_int_eq(world_say(&world, "box"), 2);
	ck_assert_int_eq(world_say(&world, "box"), 2);
	ck_assert_int_eq(world_say(&world, "box | count"), 2);
	view_error = -EIO;
	add_snapshot(box_plugin, 2, 0);
	ck_assert_int_eq(world_say(&world, "box"), STATUS_FAILED);
	ck_assert_int_eq(strncmp(world_text(&world), "error: box: the view broke", 26), 0);
	ck_assert_int_eq(world_say(&world, "box --json"), STATUS_FAILED);
	ck_assert_contains(world_text(&world), "{\"error\":\"box: the view broke");
	ck_assert_contains(world_text(&world), "\"status\":70}\n");
}
END_TEST

START_TEST(csv_has_no_head)
{
	add_snapshot(box_plugin, 100, 0);
	expect("box --csv", 0, "name,ticks,rate_per_s\nall,100,\n");
}
END_TEST

START_TEST(format_of_the_session)
{
	add_snapshot(box_plugin, 100, 0);
	world.asker.render.format = RENDER_CSV;
	expect("box", 0, "name,ticks,rate_per_s\nall,100,\n");
	expect("box --text", 0, "name  ticks  rate\nall     100     -\n");
	ck_assert_int_eq(world_say(&world, "nothing"), STATUS_USAGE);
	ck_assert_int_eq(strncmp(world_text(&world), "error: no command 'nothing'", 27), 0);
}
END_TEST

/* ---- kept answers ---------------------------------------------------------------------------- */

START_TEST(kept_until_the_next_snapshot)
{
	add_snapshot(box_plugin, 100, 0);
	for (int i = 0; i < 3; i++)
		expect("box", 0, "name  ticks  rate\nall     100     -\n");
	ck_assert_int_eq(views, 1);
	ck_assert_uint_eq(world.fake.texts, 1);
	add_snapshot(box_plugin, 101, 0);
	world_say(&world, "box");
	ck_assert_contains(world_text(&world), "101");
	ck_assert_int_eq(views, 2);
}
END_TEST

START_TEST(kept_by_what_the_bytes_depend_on)
{
	add_snapshot(box_plugin, 100, 0);
	world_say(&world, "many -n 2 a");
	world_say(&world, "many -n 2 a");
	ck_assert_int_eq(views, 1);
	world_say(&world, "many -n 2 a --json");
	world_say(&world, "many -n 2 b");
	world_say(&world, "many -n 2a");
	world_say(&world, "many -n 3 a");
	ck_assert_int_eq(views, 4); /* 2a is no number */
	world.asker.render.width = 40;
	world_say(&world, "many -n 2 a");
	ck_assert_int_eq(views, 5);
	world_say(&world, "many -n 2 a --json");
	ck_assert_int_eq(views, 5); /* the width is nothing to JSON */
	world.asker.render.ascii = true;
	world_say(&world, "many -n 2 a");
	ck_assert_int_eq(views, 6);
	world.asker.render.color = true;
	world_say(&world, "many -n 2 a");
	ck_assert_int_eq(views, 7);
	world.asker.person = true;
	world_say(&world, "man -n 2 a"); /* the same command, by its prefix */
	ck_assert_int_eq(views, 7);
}
END_TEST

START_TEST(a_quoted_option_is_another_command)
{
	add_snapshot(box_plugin, 100, 0);
	expect("many -n3", 0,
	       "name  ticks  rate\nrow       0     -\nrow       1     -\nrow       2     -\n");
	expect("many '-n3'", 0,
	       "name  ticks  rate\n-n3       0     -\n-n3       1     -\n-n3       2     -\n");
	expect("many -n3 ", 0,
	       "name  ticks  rate\nrow       0     -\nrow       1     -\nrow       2     -\n");
}
END_TEST

START_TEST(kept_json_has_a_fresh_head)
{
	_autobuf_ struct buf first = BUF_INIT(4096);
	const char *rows;

	add_snapshot(box_plugin, 100, 0);
	world_say(&world, "many -n 2 --json");
	buf_puts(&first, world_text(&world));
	world_say(&world, "many  -n 2 --json");
	ck_assert_int_eq(views, 1);
	ck_assert_uint_eq(world.fake.texts, 2); /* the head, and the body as it is kept */
	ck_assert_contains(world_text(&world), "{\"command\":\"many  -n 2\",");
	rows = strstr(world_text(&world), "\"rows\":");
	ck_assert_str_eq(rows, strstr(buf_str(&first), "\"rows\":"));
}
END_TEST

START_TEST(kept_json_larger_than_the_stack_buffer)
{
	size_t size;

	add_snapshot(box_plugin, 100, 0);
	world_say(&world, "many -n 2000 --json");
	size = world.fake.out.len;
	ck_assert_uint_gt(size, 64 << 10);
	world_say(&world, "many -n 2000 --json");
	ck_assert_int_eq(views, 1);
	ck_assert_uint_le(world.fake.out.len > size ? world.fake.out.len - size
						    : size - world.fake.out.len,
			  16);
	ck_assert_contains(world_text(&world), "\"ticks\":1999,\"rate_per_s\":null}]}\n");
}
END_TEST

START_TEST(filtered_answers_are_not_kept)
{
	add_snapshot(box_plugin, 100, 0);
	expect("many | tail 1", 0, "name  ticks  rate\nrow       2     -\n");
	expect("many", 0,
	       "name  ticks  rate\nrow       0     -\nrow       1     -\nrow       2     -\n");
	expect("many | tail 1", 0, "name  ticks  rate\nrow       2     -\n");
}
END_TEST

START_TEST(a_long_command_is_answered_all_the_same)
{
	_autobuf_ struct buf line = BUF_INIT(4096);

	add_snapshot(box_plugin, 100, 0);
	buf_puts(&line, "many -n 1 --csv ");
	buf_pad(&line, 'x', 2000);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(world_say(&world, buf_str(&line)), 0);
		ck_assert_uint_eq(world.fake.out.len,
				  strlen("name,ticks,rate_per_s\n,0,\n") + 2000);
	}
	ck_assert_int_eq(views, 2);
}
END_TEST

START_TEST(kept_answer_meets_a_hang_up)
{
	add_snapshot(box_plugin, 100, 0);
	world_say(&world, "box");
	world.fake.fail_at_text = 1;
	ck_assert_int_eq(world_say(&world, "box"), -EPIPE);
	ck_assert_int_eq(world_say(&world, "box --json"), -EPIPE);
	ck_assert_int_eq(world_say(&world, "nothing"), -EPIPE);
	world.fake.fail_at_text = 0;
}
END_TEST

/* ---- who may, and usage ---------------------------------------------------------------------- */

START_TEST(prefixes_are_for_persons)
{
	add_snapshot(box_plugin, 100, 0);
	ck_assert_int_eq(world_say(&world, "bo"), STATUS_USAGE);
	ck_assert_int_eq(strncmp(world_text(&world), "error: no command 'bo'", 22), 0);
	ck_assert_int_eq(views, 0);
	world.asker.person = true;
	ck_assert_int_eq(world_say(&world, "bo"), 0);
	ck_assert_int_eq(world_say(&world, "bo | cou"), 0);
	ck_assert_int_eq(world_say(&world, "l"), STATUS_USAGE); /* lazy or list */
	ck_assert_int_eq(world_say(&world, "chang"), STATUS_USAGE);
}
END_TEST

START_TEST(changes_are_for_administrators)
{
	ck_assert_int_eq(world_say(&world, "change"), STATUS_DENIED);
	ck_assert_contains(world_text(&world), "error: change: ");
	world.asker.person = true;
	ck_assert_int_eq(world_say(&world, "change"), STATUS_DENIED);
	world.asker.admin = true;
	expect("change", 0, "text\nchanged\n");
}
END_TEST

START_TEST(usage_errors_run_nothing)
{
	add_snapshot(box_plugin, 100, 0);
	ck_assert_int_eq(world_say(&world, "many -x"), STATUS_USAGE);
	ck_assert_contains(world_text(&world), "usage: many [-n ROWS] [WORD]");
	ck_assert_int_eq(world_say(&world, "many -n 0"), STATUS_USAGE);
	ck_assert_int_eq(world_say(&world, "box word"), STATUS_USAGE);
	ck_assert_int_eq(world_say(&world, "box | sort nosuch"), STATUS_USAGE);
	ck_assert_int_eq(world_say(&world, "box | nofilter"), STATUS_USAGE);
	ck_assert_int_eq(world_say(&world, "box | include ("), STATUS_USAGE);
	ck_assert_int_eq(world_say(&world, "box | columns ticks | sort name"), STATUS_USAGE);
	ck_assert_int_eq(world_say(&world, "list | where nosuch > 1"), STATUS_USAGE);
	ck_assert_int_eq(world_say(&world, "list | where nosuch > 1 --json"), STATUS_USAGE);
	ck_assert_contains(world_text(&world), "{\"error\":");
	ck_assert_contains(world_text(&world), "\"status\":64}\n");
	ck_assert_int_eq(views, 0);
	ck_assert_int_eq(runs, 0);
}
END_TEST

START_TEST(the_next_command_still_runs)
{
	add_snapshot(box_plugin, 5, 0);
	expect("change; box", 0,
	       "error: change: for administrators only\nname  ticks  rate\nall       5     -\n");
	ck_assert_int_eq(world_say(&world, "box; change"), STATUS_DENIED);
}
END_TEST

START_TEST(builtin_words_and_errors)
{
	expect("words -x 'a b' c | exclude c", 0, "text\n-x\na b\n");
	expect("words", 0, "text\n");
	expect("status", STATUS_UNAVAILABLE, "error: status: failed\n");
	expect("status gone", STATUS_UNAVAILABLE, "error: gone\n");
}
END_TEST

START_TEST(columns_that_depend_on_arguments)
{
	expect("shape", 0, "text\nx\n");
	expect("shape two | where second >= 5", 0, "other  second\nx           5\n");
	ck_assert_int_eq(world_say(&world, "shape | where second >= 5"), STATUS_USAGE);
	ck_assert_int_eq(world_say(&world, "shape two | sort text"), STATUS_USAGE);
}
END_TEST

/* ---- filters and size ------------------------------------------------------------------------ */

START_TEST(filters_in_order)
{
	add_snapshot(box_plugin, 100, 0);
	expect("many -n 5 | where ticks >= 2 | sort -r ticks | head 2 | columns ticks", 0,
	       "ticks\n    4\n    3\n");
	expect("list | include even | count --csv", 1, "count\n2\n");
	expect("list | include even", 1,
	       "name  ticks  rate\neven      0     -\neven      2     -\n");
	expect("list --csv", 1, "name,ticks,rate_per_s\neven,0,\nodd,1,\neven,2,\nodd,3,\n");
}
END_TEST

START_TEST(shared_rows_are_not_changed_by_filters)
{
	expect("kept | head 1 --csv", 1, "name,ticks,rate_per_s\neven,0,\n");
	expect("kept | tail 1 --csv", 1, "name,ticks,rate_per_s\nodd,3,\n");
	expect("kept --csv", 1, "name,ticks,rate_per_s\neven,0,\nodd,1,\neven,2,\nodd,3,\n");
	ck_assert_int_eq(runs, 1);
}
END_TEST

START_TEST(large_answers_go_in_pieces)
{
	add_snapshot(box_plugin, 100, 0);
	ck_assert_int_eq(world_say(&world, "many -n 100000 --csv"), 0);
	ck_assert_uint_gt(world.fake.texts, 2);
	ck_assert_uint_eq(world.fake.out.len,
			  strlen("name,ticks,rate_per_s\n") + 100000 * strlen("row,,\n") + 488890);
	ck_assert_int_eq(world_say(&world, "many -n 100000 --csv"), 0);
	ck_assert_int_eq(views, 2);
	ck_assert_int_eq(world_say(&world, "many -n 100000 --json"), 0);
	ck_assert_contains(world_text(&world) + world.fake.out.len - 64,
			   ",\"ticks\":99999,\"rate_per_s\":null}]}\n");
}
END_TEST

START_TEST(too_large)
{
	add_snapshot(box_plugin, 100, 0);
	world_set_limits(&world, 10, 1, 1 << 20);
	expect("many -n 100000", STATUS_FAILED, "error: many: answer too large (limit 1 MiB)\n");
	expect("flood", STATUS_FAILED, "error: flood: answer too large (limit 1 MiB)\n");
	expect("floodfail", STATUS_FAILED, "error: floodfail: answer too large (limit 1 MiB)\n");
	expect("flood | count", STATUS_FAILED, "error: flood: answer too large (limit 1 MiB)\n");
	world_set_limits(&world, 10, 1, 1000);
	expect("many -n 1000", STATUS_FAILED, "error: many: answer too large (limit 1000 bytes)\n");
	ck_assert_int_eq(pipeline_get_limits(world.pipeline).max_answer, 1000);
}
END_TEST

START_TEST(hang_up_in_the_middle)
{
	add_snapshot(box_plugin, 100, 0);
	world.fake.fail_at_text = 2;
	ck_assert_int_eq(world_say(&world, "many -n 100000"), -EPIPE);
	ck_assert_uint_eq(world.fake.texts, 2);
	world.fake.fail_at_text = 0;
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("pipeline");
	TCase *c = tcase_create("pipeline");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, view_text);
	tcase_add_test(c, view_of_one_snapshot_has_no_rate);
	tcase_add_test(c, json_head);
	tcase_add_test(c, view_status_and_failure);
	tcase_add_test(c, csv_has_no_head);
	tcase_add_test(c, format_of_the_session);
	tcase_add_test(c, kept_until_the_next_snapshot);
	tcase_add_test(c, kept_by_what_the_bytes_depend_on);
	tcase_add_test(c, a_quoted_option_is_another_command);
	tcase_add_test(c, kept_json_has_a_fresh_head);
	tcase_add_test(c, kept_json_larger_than_the_stack_buffer);
	tcase_add_test(c, filtered_answers_are_not_kept);
	tcase_add_test(c, a_long_command_is_answered_all_the_same);
	tcase_add_test(c, kept_answer_meets_a_hang_up);
	tcase_add_test(c, prefixes_are_for_persons);
	tcase_add_test(c, changes_are_for_administrators);
	tcase_add_test(c, usage_errors_run_nothing);
	tcase_add_test(c, the_next_command_still_runs);
	tcase_add_test(c, builtin_words_and_errors);
	tcase_add_test(c, columns_that_depend_on_arguments);
	tcase_add_test(c, filters_in_order);
	tcase_add_test(c, shared_rows_are_not_changed_by_filters);
	tcase_add_test(c, large_answers_go_in_pieces);
	tcase_add_test(c, too_large);
	tcase_add_test(c, hang_up_in_the_middle);
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
