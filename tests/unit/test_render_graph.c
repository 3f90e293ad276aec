/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of render: rows of points, drawn; compared whole, as a person would see them.
 */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render.h"
#include "text.h"

/* Its macro fail() must not meet the plugin's header. */
#include <check.h>

static const struct telmon_column columns[] = {
	{ .name = "metric", .type = TELMON_TEXT }, { .name = "labels", .type = TELMON_TEXT },
	{ .name = "time", .type = TELMON_REAL },   { .name = "value", .type = TELMON_REAL },
	{ .name = "unit", .type = TELMON_TEXT },
};

static struct rows rows;

static void
setup(void)
{
	rows_init(&rows, columns, 5, 0);
	rows.graph = (struct rows_graph){ .height = 3, .from_s = 1000, .to_s = 1010 };
}

static void
teardown(void)
{
	rows_fini(&rows);
}

static void
put(const char *metric, const char *labels, double time_s, double value, const char *unit)
{
	rows_begin(&rows);
	rows_text(&rows, metric);
	rows_text(&rows, labels);
	rows_real(&rows, time_s);
	rows_real(&rows, value);
	rows_text(&rows, unit);
}

static void
put_ramp(const char *metric, const char *labels, double step, const char *unit)
{
	for (int i = 0; i <= 10; i++)
		put(metric, labels, 1000 + i, i * step, unit);
}

static void
render_all(struct buf *out, const struct render_options *o)
{
	struct render r;
	int more;

	render_begin(&r, &rows, o);
	while ((more = render_next(&r, out)) > 0)
		;
	ck_assert_int_eq(more, 0);
}

static void
expect(struct render_options o, const char *want)
{
	_autobuf_ struct buf out = BUF_INIT(1 << 20);

	render_all(&out, &o);
	ck_assert_str_eq(buf_str(&out), want);
}

START_TEST(a_series_has_a_title_and_a_graph)
{
	put_ramp("load1", NULL, 0.1, NULL);
	expect((struct render_options){ .ascii = true, .width = 60 },
	       "load1  now 1.00  min 0.00  mean 0.50  max 1.00  over 10 s\n"
	       "1.00 +                                     ...........::::::\n"
	       "0.50 +                ..........::::::::::::::::::::::::::::\n"
	       "0.00 +.....:::::::::::::::::::::::::::::::::::::::::::::::::\n"
	       "     + -10 s ----------------- -5 s -------------------- now\n");
}
END_TEST

START_TEST(several_series_with_their_units)
{
	put_ramp("net_bytes_total", "device=\"eth0\"", 1 << 20, "bytes per second");
	put_ramp("cpu_seconds_total", "cpu=\"0\"", 0.1, "seconds per second");
	put_ramp("odd", NULL, 1, "furlongs per second");
	expect((struct render_options){ .width = 40 },
	       "net_bytes_total{device=\"eth0\"}\n"
	       "now 10 MiB/s  min 0 B/s  mean 5 MiB/s  …\n"
	       "10 MiB/s ┤                    ⣀⣀⣀⣤⣤⣴⣶⣶⣿⣿\n"
	       " 5 MiB/s ┤         ⢀⣀⣀⣤⣤⣴⣶⣶⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿\n"
	       "   0 B/s ┤⣀⣠⣤⣤⣶⣶⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿\n"
	       "         └ -10 s ───── -5 s ──────── now\n"
	       "\n"
	       "cpu_seconds_total{cpu=\"0\"}\n"
	       "now 100.0%  min 0.0%  mean 50.0%  max 1…\n"
	       "100.0% ┤                     ⢀⣀⣀⣠⣤⣤⣶⣶⣶⣿⣿\n"
	       " 50.0% ┤          ⣀⣀⣀⣤⣤⣴⣶⣶⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿\n"
	       "  0.0% ┤⣀⣠⣤⣤⣴⣶⣶⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿\n"
	       "       └ -10 s ────── -5 s ───────── now\n"
	       "\n"
	       "odd\n"
	       "now 10.00  min 0.00  mean 5.00  max 10.…\n"
	       "10.00 ┤                      ⣀⣀⣀⣤⣤⣤⣶⣶⣶⣿⣿\n"
	       " 5.00 ┤          ⢀⣀⣀⣠⣤⣤⣶⣶⣶⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿\n"
	       " 0.00 ┤⣀⣠⣤⣤⣴⣶⣶⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿\n"
	       "      └ -10 s ────── -5 s ────────── now\n");
}
END_TEST

/* As filters leave it that sort by something else than time. */
START_TEST(rows_in_any_order)
{
	static const int order[] = { 10, 2, 7, 0, 5, 1, 9, 3, 8, 6, 4 };

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		put("load1", NULL, 1000 + order[i], order[i] * 0.1, NULL);
		put("load5", NULL, 1000 + order[i], order[i] * 0.1, NULL);
	}
	expect((struct render_options){ .ascii = true, .width = 60 },
	       "load1  now 1.00  min 0.00  mean 0.50  max 1.00  over 10 s\n"
	       "1.00 +                                     ...........::::::\n"
	       "0.50 +                ..........::::::::::::::::::::::::::::\n"
	       "0.00 +.....:::::::::::::::::::::::::::::::::::::::::::::::::\n"
	       "     + -10 s ----------------- -5 s -------------------- now\n"
	       "\n"
	       "load5  now 1.00  min 0.00  mean 0.50  max 1.00  over 10 s\n"
	       "1.00 +                                     ...........::::::\n"
	       "0.50 +                ..........::::::::::::::::::::::::::::\n"
	       "0.00 +.....:::::::::::::::::::::::::::::::::::::::::::::::::\n"
	       "     + -10 s ----------------- -5 s -------------------- now\n");
}
END_TEST

START_TEST(gaps_and_what_is_gone)
{
	put("m", NULL, 1000, 5, NULL);
	put("m", NULL, 1004, NAN, NULL);
	put("m", NULL, 1008, 7, NULL);
	put("m", NULL, 1010, NAN, NULL);
	put("none", NULL, 1010, NAN, NULL);
	expect((struct render_options){ .width = 30, .ascii = true },
	       "m\n"
	       "now -  min 5.00  mean 6.00  ma\n"
	       "7.00 +                  '\n"
	       "6.00 +\n"
	       "5.00 +.\n"
	       "     + -10 s ------------- now\n"
	       "\n"
	       "none  now -\n"
	       "1.00 +\n"
	       "0.50 +\n"
	       "0.00 +\n"
	       "     + -10 s ------------- now\n");
}
END_TEST

START_TEST(names_are_cleaned_and_cut)
{
	put("m", "a=\"\033[2J\345\n\303\244\"", 1010, 1, NULL);
	expect((struct render_options){ .width = 24 }, "m{a=\"?[2J??ä\"}\n"
						       "now 1.00  min 1.00  mea…\n"
						       "1.05 ┤\n"
						       "1.00 ┤                 ⠠\n"
						       "0.95 ┤\n"
						       "     └ -10 s ─────── now\n");
	expect((struct render_options){ .width = 24, .ascii = true }, "m{a=\"?[2J???\"}\n"
								      "now 1.00  min 1.00  mean\n"
								      "1.05 +\n"
								      "1.00 +                 .\n"
								      "0.95 +\n"
								      "     + -10 s ------- now\n");
}
END_TEST

START_TEST(the_width_is_80_where_it_is_unknown)
{
	_autobuf_ struct buf out = BUF_INIT(1 << 20);
	size_t widest = 0;

	put_ramp("m", NULL, 1, NULL);
	render_all(&out, &(struct render_options){ .format = RENDER_TEXT });
	for (const char *at = buf_str(&out), *end; *at; at = end + 1) {
		end = strchr(at, '\n');
		if (text_width(at, (size_t)(end - at)) > widest)
			widest = text_width(at, (size_t)(end - at));
	}
	ck_assert_uint_eq(widest, 80);
}
END_TEST

START_TEST(many_series_are_counted)
{
	_autobuf_ struct buf out = BUF_INIT(1 << 20);
	char label[32];
	size_t drawn = 0;

	for (int i = 0; i < 20; i++) {
		snprintf(label, sizeof(label), "i=\"%d\"", i);
		put_ramp("m", label, 1, NULL);
	}
	render_all(&out, &(struct render_options){ .width = 60 });
	for (const char *at = buf_str(&out); (at = strstr(at, "m{i=")); at++)
		drawn++;
	ck_assert_uint_eq(drawn, 8);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "\n\nand 12 more series: "));
}
END_TEST

START_TEST(without_their_columns_rows_are_a_table)
{
	put("m", NULL, 1010, 1, NULL);
	rows.n_columns = 4;
	rows.n_rows = 0;
	put("m", NULL, 1010, 1, NULL);
	expect((struct render_options){ .width = 60 }, "metric  labels  time  value\n"
						       "m       -       1010   1.00\n");
}
END_TEST

START_TEST(for_machines_they_are_rows)
{
	put("m", NULL, 1010.25, 0.5, NULL);
	put("m", NULL, 1011, NAN, NULL);
	expect((struct render_options){ .format = RENDER_CSV }, "metric,labels,time,value,unit\n"
								"m,,1010.25,0.5,\n"
								"m,,1011,,\n");
	expect((struct render_options){ .format = RENDER_JSON },
	       "[{\"metric\":\"m\",\"labels\":null,\"time\":1010.25,\"value\":0.5,\"unit\":null},"
	       "{\"metric\":\"m\",\"labels\":null,\"time\":1011,\"value\":null,\"unit\":null}]}\n");
}
END_TEST

START_TEST(nothing_is_drawn_of_nothing)
{
	expect((struct render_options){ .width = 60 }, "");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("render_graph");
	TCase *fast = tcase_create("fast");
	SRunner *runner;
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	tcase_add_checked_fixture(fast, setup, teardown);
	tcase_add_test(fast, a_series_has_a_title_and_a_graph);
	tcase_add_test(fast, several_series_with_their_units);
	tcase_add_test(fast, rows_in_any_order);
	tcase_add_test(fast, gaps_and_what_is_gone);
	tcase_add_test(fast, names_are_cleaned_and_cut);
	tcase_add_test(fast, the_width_is_80_where_it_is_unknown);
	tcase_add_test(fast, many_series_are_counted);
	tcase_add_test(fast, without_their_columns_rows_are_a_table);
	tcase_add_test(fast, for_machines_they_are_rows);
	tcase_add_test(fast, nothing_is_drawn_of_nothing);
	suite_add_tcase(s, fast);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
