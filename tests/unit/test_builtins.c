/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_builtins -- what the daemon's own commands say of others: help, plugins, metrics, explain;
 * and what a late or failing plugin does to them.
 */
#include "builtins_box.h"

/* ---- the small ones -------------------------------------------------------------------------- */

START_TEST(table_is_complete)
{
	static const char *const names[] = { "echo",	"explain", "graph",  "help",
					     "metrics", "plugins", "status", "top",
					     "until",	"version", "watch" };
	_autobuf_ struct buf why = BUF_WHY;
	struct command_table *t = registry_get(world.registry);

	ck_assert_uint_eq(n_table, sizeof(names) / sizeof(*names));
	for (size_t i = 0; i < n_table; i++) {
		const struct command *c = command_find(t, names[i], false, &why);

		ck_assert_msg(c != NULL, "%s", buf_str(&why));
		ck_assert_ptr_eq(c->env, &env);
		ck_assert_int_eq(c->kind, COMMAND_BUILTIN);
		ck_assert_ptr_nonnull(c->help);
	}
	command_table_unref(t);
}
END_TEST

START_TEST(echo_words)
{
	expect("echo", 0, "\n");
	expect("echo -n a 'b  c' | include a", 0, "-n a b  c\n");
	expect("echo a; echo b", 0, "a\nb\n");
	expect_part("echo x --json", 0, "\"rows\":[{\"text\":\"x\"}]}\n");
}
END_TEST

START_TEST(version)
{
	ck_assert_int_eq(world_say(&world, "version"), 0);
	ck_assert_int_eq(strncmp(world_text(&world), "telmond ", 8), 0);
	ck_assert_ptr_eq(strchr(world_text(&world), '\n'),
			 world_text(&world) + world.fake.out.len - 1);
}
END_TEST

/* ---- help ------------------------------------------------------------------------------------ */

START_TEST(help_lists_everything)
{
	const char *echo, *turn_line, *filter, *words;

	ck_assert_int_eq(world_say(&world, "help"), 0);
	echo = strstr(world_text(&world), "echo ");
	turn_line = strstr(world_text(&world), "\nturn ");
	filter = strstr(world_text(&world), "\n| include ");
	words = strstr(world_text(&world), "\n/help ");
	ck_assert_ptr_eq(echo, world_text(&world)); /* no header line */
	ck_assert(turn_line > echo && filter > turn_line && words > filter);
	ck_assert(says("load of the machine"));
	expect_part("help --json", 0, "{\"name\":\"load\",\"help\":\"load of the machine\"}");
}
END_TEST

START_TEST(help_of_one)
{
	ck_assert_int_eq(world_say(&world, "help load"), 0);
	ck_assert(says("usage"));
	ck_assert(says("load [-n ROWS] [PATTERN]"));
	ck_assert(says("rows: how many (default 10; 1 to 99)"));
	ck_assert(says("argument pattern"));
	ck_assert(says("Room (bytes)"));
	ck_assert(says("column load1"));
	ck_assert(says("load 1.5"));
	ck_assert(says("/proc/loadavg; /proc/who"));
	expect_part("help metrics", 0, "--prometheus");
	expect_part("help head", 0, "usage");
	expect_part("help watch", 0, "watch [-n SECONDS] [-c COUNT]");
}
END_TEST

START_TEST(help_of_none)
{
	expect_part("help lod", STATUS_USAGE, "did you mean 'load'?");
	expect_part("help includ", STATUS_USAGE, "did you mean 'include'?");
	expect_part("help qqqqqqqq", STATUS_USAGE, "error: no command");
	expect_part("help load more", STATUS_USAGE, "usage: help [NAME]");
	expect_part("help lo", STATUS_USAGE, "error: ");
	world.asker.person = true;
	expect_part("help lo", 0, "load [-n ROWS]");
	expect_part("help inclu", 0, "include RE");
}
END_TEST

START_TEST(texts_wrap_in_a_window)
{
	world.asker.render.width = 40;
	expect_part("help load", 0, "help               load of the machine\n");
	ck_assert(says(
		"option -n          rows: how many\n                   (default 10; 1 to 99)\n"));
	for (const char *p = world_text(&world); *p; p += strcspn(p, "\n") + 1)
		ck_assert_uint_le(strcspn(p, "\n"), 40);
	expect_part("help load | include option", 0, "rows: how many (d");
	expect_part("help load --csv", 0, "option -n,rows: how many (default 10; 1 to 99)\n");
	world.asker.render.width = 10; /* too narrow for that: shortened like any table */
	ck_assert_int_eq(world_say(&world, "help load"), 0);
	ck_assert_int_eq(world_say(&world, "explain load1"), 0);
}
END_TEST

/* ---- plugins --------------------------------------------------------------------------------- */

START_TEST(plugins_list)
{
	world_say(&world, "load");
	world_say(&world, "turn");
	expect("plugins --csv | columns "
	       "name,version,mode,interval,state,collects,runs,failures,last_error",
	       0,
	       "name,version,mode,interval_s,state,collects,runs,failures,last_error\n"
	       "late,2,on demand,,ok,0,0,0,\n"
	       "load,1.5,sampled,2,ok,1,0,0,\n"
	       "turn,3,on demand,,ok,0,1,0,\n");
	collect_error = -EACCES;
	world_say(&world, "turn");
	expect_part("plugins --csv | include ^turn", 0, ",failing,inside,,,0,2,1,");
	ck_assert(says("no turn"));
	world.plugins[0]->stats.life = PLUGIN_STARTING;
	expect_part("plugins --csv", 0, ",starting,");
	world.plugins[0]->stats.life = PLUGIN_FAILED;
	expect_part("plugins --csv", 0, ",failed,");
}
END_TEST

START_TEST(plugins_change)
{
	expect_part("plugins load /x/load.so", STATUS_DENIED,
		    "error: plugins: load is for administrators only (root or the daemon's user, "
		    "over the Unix socket)\n");
	expect_part("plugins disable load", STATUS_DENIED,
		    "error: plugins: disable is for administrators only (root or the daemon's "
		    "user, over the Unix socket)\n");
	ck_assert_str_eq(changed, "");
	world.asker.admin = true;
	expect_part("plugins load /x/load.so --csv", 0, "load,1.5,sampled");
	ck_assert(!says("late"));
	ck_assert_str_eq(changed, "load /x/load.so");
	expect_part("plugins restart late --csv", 0, "late,2,on demand");
	ck_assert_str_eq(changed, "restart late");
	expect("plugins load /x/bad.so", STATUS_FAILED,
	       "error: /x/bad.so: is not a shared object\n");
	expect_part("plugins load", STATUS_USAGE, "load what? (plugins load PATH, or NAME)");
	expect_part("plugins reload", STATUS_USAGE, "reload what? (plugins VERB NAME)");
	expect_part("plugins relod x", STATUS_USAGE, "no word 'relod' (did you mean 'reload'?)");
	expect_part("plugins frobnicate x", STATUS_USAGE, "(load, unload, reload");
	changed[0] = '\0';
	world.asker.person = true;
	expect_part("plug load /x/load.so", STATUS_USAGE, "spelled out");
	expect_part("plugins lo /x/load.so", STATUS_USAGE, "no word 'lo'");
	ck_assert_str_eq(changed, "");
	ck_assert_int_eq(world_say(&world, "plug"), 0);
}
END_TEST

/* ---- metrics --------------------------------------------------------------------------------- */

START_TEST(metrics_rows)
{
	expect("metrics load1 --csv | columns metric,labels,value,unit,kind,plugin", 0,
	       "metric,labels,value,unit,kind,plugin\nload1,,0.5,,gauge,load\n");
	expect("metrics telmon_load1 --csv | columns metric", 0, "metric\nload1\n");
	expect("metrics load_b* --csv | tail 1 | columns labels,value,unit,kind", 0,
	       "labels,value,unit,kind\n\"who=\"\"g\\\"\"x\"\",why=\"\"w\"\"\",6144,bytes,"
	       "counter\n");
	expect("metrics late_value | columns value", 0, "value\n    5\n");
	expect("metrics load1 | columns value", 0, "value\n 0.50\n");
	expect("metrics --csv | count", 0, "count\n9\n");
	expect("metrics nothing* --csv | count", 0, "count\n0\n");
	expect_part("metrics -x", STATUS_USAGE, "usage: metrics");
}
END_TEST

START_TEST(metrics_prometheus)
{
	ck_assert_int_eq(world_say(&world, "metrics --prometheus"), 0);
	ck_assert(says("# HELP telmon_load1 Load over one minute\n# TYPE telmon_load1 "
		       "gauge\ntelmon_load1 0.5\n"));
	ck_assert(says("# TYPE telmon_load_bytes_total counter\n"));
	ck_assert(says("telmon_load_bytes_total{who=\"g\\\"x\",why=\"w\"} 6144\n"));
	ck_assert(says("telmon_late_value 5\n"));
	ck_assert(says(
		"# TYPE telmon_scrape_success gauge\ntelmon_scrape_success{plugin=\"late\"} 1\n"
		"telmon_scrape_success{plugin=\"load\"} 1\n"));
	ck_assert(says("\ntelmon_scrape_duration_seconds{plugin=\"late\"} "));
	ck_assert(!says("plugin=\"turn\"")); /* it has no values */
	ck_assert_int_eq(world.fake.out.data[world.fake.out.len - 1], '\n');
	expect("metrics --prometheus load1", 0,
	       "# HELP telmon_load1 Load over one minute\n# TYPE telmon_load1 gauge\ntelmon_load1 "
	       "0.5\n");
	expect("metrics load1 --prometheus | exclude ^#", 0, "telmon_load1 0.5\n");
	expect_part("metrics --prometheus scrape_s*", 0,
		    "telmon_scrape_success{plugin=\"load\"} 1\n");
	ck_assert(!says("duration"));
	world.asker.render.width = 20;
	expect_part("metrics --prometheus load1", 0, "# HELP telmon_load1 Load over one minute\n");
}
END_TEST

START_TEST(metrics_of_a_plugin_that_fails)
{
	expect_part("metrics --prometheus", 0, "telmon_late_value 5\n");
	world_set_limits(&world, 10, 0, 64 << 20);
	collect_error = -EIO;
	expect_part("metrics --prometheus", 0, "telmon_scrape_success{plugin=\"late\"} 0\n");
	ck_assert(says("telmon_late_value 5\n"));
	ck_assert(says("telmon_scrape_success{plugin=\"load\"} 1\n"));
}
END_TEST

START_TEST(metrics_of_a_plugin_that_is_late)
{
	int64_t began_ns, took_ns;
	int tries = 0;

	world_say(&world, "metrics");
	world_set_limits(&world, 10, 0, 64 << 20);
	late_ms = 20000;
	do {
		began_ns = now_ns();
		expect_part("metrics --prometheus", 0,
			    "telmon_scrape_success{plugin=\"late\"} 0\n");
		took_ns = now_ns() - began_ns;
	} while (took_ns >= 3500 * NS_PER_MS && ++tries < 4); /* a machine that stands still */
	ck_assert_int_lt(took_ns, 3500 * NS_PER_MS);
	ck_assert(says("telmon_late_value 5\n"));
	ck_assert(says("telmon_load1 0.5\n"));
}
END_TEST

START_TEST(metrics_cancelled)
{
	late_ms = 4000;
	world.fake.cancel_at_wait = 2;
	world.fake.wait_error = -ECANCELED;
	expect("metrics", -ECANCELED, "");
	world.fake.cancel_at_wait = 0;
}
END_TEST

/* ---- explain --------------------------------------------------------------------------------- */

START_TEST(explain_a_metric)
{
	ck_assert_int_eq(world_say(&world, "explain load_bytes_total"), 0);
	ck_assert(says("kind     counter\n"));
	ck_assert(says("unit     bytes\n"));
	ck_assert(says("help     Bytes by who\n"));
	ck_assert(says("labels   who, why\n"));
	ck_assert(says("source   /proc/who\n"));
	ck_assert(says("plugin   load\n"));
	ck_assert(says("telmon_load_bytes_total"));
	ck_assert(says("{who=\"e\",why=\"w\"}"));
	ck_assert(!says("{who=\"f\""));
	ck_assert(says("2 more series"));
	expect_part("explain telmon_load1", 0, "first field");
	ck_assert(says("0.5"));
	expect_part("explain load1 --json", 0, "{\"key\":\"kind\",\"value\":\"gauge\"}");
	expect_part("explain late_value --json", 0, "{\"key\":\"value\",\"value\":\"5\"}");
}
END_TEST

START_TEST(explain_without_values)
{
	collect_error = -EIO;
	expect_part("explain load1", 0, "unknown: ");
	ck_assert(says("no load today"));
}
END_TEST

START_TEST(explain_a_column)
{
	ck_assert_int_eq(world_say(&world, "explain load.load1"), 0);
	ck_assert(says("load.load1\n"));
	ck_assert(says("Average over one minute"));
	ck_assert(says("warning at or above 4"));
	ck_assert(says("critical at or above 8"));
	ck_assert(says("LA\n"));
	expect_part("explain load.free", 0,
		    "warning at or below 2 KiB, critical at or below 1 KiB");
	expect_part("explain plugins.name", 0, "built in");
}
END_TEST

START_TEST(explain_nothing)
{
	expect_part("explain", STATUS_USAGE, "usage: explain");
	expect_part("explain load2", STATUS_USAGE, "did you mean 'load1'?");
	expect_part("explain load", STATUS_USAGE, "try help load");
	expect_part("explain load.nosuch", STATUS_USAGE,
		    "load: no column 'nosuch' (try help load)");
	expect_part("explain nosuch.load1", STATUS_USAGE, "no command 'nosuch'");
	expect_part("explain lo.load1", STATUS_USAGE, "no command 'lo'");
	expect_part("explain load.", STATUS_USAGE, "error: ");
	expect_part("explain .", STATUS_USAGE, "error: ");
	world.asker.person = true;
	expect_part("explain lo.load1", 0, "load.load1");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("builtins");
	TCase *c = tcase_create("builtins");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, table_is_complete);
	tcase_add_test(c, echo_words);
	tcase_add_test(c, version);
	tcase_add_test(c, help_lists_everything);
	tcase_add_test(c, help_of_one);
	tcase_add_test(c, help_of_none);
	tcase_add_test(c, texts_wrap_in_a_window);
	tcase_add_test(c, plugins_list);
	tcase_add_test(c, plugins_change);
	tcase_add_test(c, metrics_rows);
	tcase_add_test(c, metrics_prometheus);
	tcase_add_test(c, metrics_of_a_plugin_that_fails);
	tcase_add_test(c, metrics_of_a_plugin_that_is_late);
	tcase_add_test(c, metrics_cancelled);
	tcase_add_test(c, explain_a_metric);
	tcase_add_test(c, explain_without_values);
	tcase_add_test(c, explain_a_column);
	tcase_add_test(c, explain_nothing);
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
