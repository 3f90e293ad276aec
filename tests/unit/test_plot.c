/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of plot: pictures are compared whole, as a person would see them.
 */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plot.h"
#include "text.h"

/* Its macro fail() must not meet the plugin's header. */
#include <check.h>

enum { MAX_POINTS = 600 };

static void
assert_bar(double fraction, unsigned columns, bool ascii, const char *want)
{
	_autobuf_ struct buf out = BUF_INIT(4096);

	ck_assert_int_eq(plot_bar(&out, fraction, columns, ascii), 0);
	ck_assert_str_eq(buf_str(&out), want);
	ck_assert_uint_eq(text_width(buf_str(&out), out.len), columns);
}

START_TEST(bars_fill_by_eighths)
{
	assert_bar(0, 4, false, "    ");
	assert_bar(1, 4, false, "████");
	assert_bar(0.5, 5, false, "██▌  ");
	assert_bar(0.03125, 4, false, "▏   ");
	assert_bar(0.875, 1, false, "▉");
	assert_bar(0.7, 0, false, "");
	assert_bar(0, 4, true, "----");
	assert_bar(0.5, 4, true, "##--");
	assert_bar(1, 4, true, "####");
}
END_TEST

START_TEST(bars_clamp_and_mark_the_unknown)
{
	assert_bar(-1, 3, false, "   ");
	assert_bar(17, 3, false, "███");
	assert_bar(INFINITY, 3, true, "###");
	assert_bar(-INFINITY, 3, true, "---");
	assert_bar(NAN, 3, true, "?  ");
	assert_bar(NAN, 3, false, "?  ");
}
END_TEST

static void
assert_spark(const float *points, size_t n, double min, double max, bool ascii, const char *want)
{
	_autobuf_ struct buf out = BUF_INIT(4096);

	ck_assert_int_eq(plot_spark(&out, points, n, min, max, ascii), 0);
	ck_assert_str_eq(buf_str(&out), want);
	ck_assert_uint_eq(text_width(buf_str(&out), out.len), n);
}

START_TEST(sparks_have_eight_heights)
{
	static const float steps[] = { 0, 1, 2, 3, 4, 5, 6, 7 };

	assert_spark(steps, 8, 0, 7, false, "▁▂▃▄▅▆▇█");
	assert_spark(steps, 8, 0, 7, true, ".:-=+*#@");
	assert_spark(steps, 0, 0, 7, true, "");
}
END_TEST

START_TEST(sparks_clamp_and_leave_gaps)
{
	static const float odd[] = { -5, NAN, 900, INFINITY, 1 };

	assert_spark(odd, 5, 0, 2, false, "▁ █ ▅");
	assert_spark(odd, 5, 0, 2, true, ". @ +");
	/* Without a range all are lowest. */
	assert_spark(odd, 5, 1, 1, false, "▁ ▁ ▁");
	assert_spark(odd, 5, 0, NAN, false, "▁ ▁ ▁");
}
END_TEST

static void
assert_graph(const struct plot *p, const char *want)
{
	_autobuf_ struct buf out = BUF_INIT(1 << 20);

	ck_assert_int_eq(plot_graph(&out, p), 0);
	ck_assert_str_eq(buf_str(&out), want);
}

static float points[MAX_POINTS];
static double times[MAX_POINTS];

/* n points, one a second, the newest now. */
static struct plot
a_plot(size_t n, unsigned columns, unsigned rows, enum telmon_unit unit, bool ascii)
{
	struct plot p = { .times_s = times,
			  .points = points,
			  .n = n,
			  .from_s = 1000 - (double)n + 1,
			  .to_s = 1000,
			  .now_s = 1000,
			  .columns = columns,
			  .rows = rows,
			  .unit = unit,
			  .ascii = ascii };

	for (size_t i = 0; i < n; i++) {
		times[i] = p.from_s + (double)i;
		points[i] = (float)i;
	}
	return p;
}

START_TEST(a_ramp_from_zero_is_an_area)
{
	struct plot p = a_plot(21, 30, 4, TELMON_NONE, false);

	assert_graph(&p, "20.00 ┤                 ⣀⣠⣤⣶⣶⣿\n"
			 "10.00 ┤           ⣀⣠⣤⣶⣾⣿⣿⣿⣿⣿⣿⣿\n"
			 "      │     ⣀⣠⣤⣶⣶⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿\n"
			 " 0.00 ┤⣠⣤⣶⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿\n"
			 "      └── -15 s ────────── now\n");
	p.ascii = true;
	assert_graph(&p, "20.00 +                 ...:::\n"
			 "10.00 +           ...:::::::::\n"
			 "      |     ...:::::::::::::::\n"
			 " 0.00 +..:::::::::::::::::::::\n"
			 "      +-- -15 s ---------- now\n");
}
END_TEST

START_TEST(far_from_zero_a_line_shows_the_change)
{
	struct plot p = a_plot(21, 40, 6, TELMON_BYTES, false);

	for (size_t i = 0; i < p.n; i++)
		points[i] = 10.0F * (1 << 30) + (float)(i % 7) * (1 << 20);
	assert_graph(&p, "+10 MiB ┤\n"
			 "        │\n"
			 " +5 MiB ┤       ⢀⣠⢦        ⢀⡴⡆        ⣠⠴\n"
			 "        │     ⣠⠴⠋ ⢸⡀    ⢀⣠⠞⠉ ⢳     ⢀⡴⠚⠁\n"
			 "        │  ⢀⡴⠚⠁    ⣇  ⣠⠴⠋    ⠸⡄ ⢀⣠⠞⠉\n"
			 " 10 GiB ┤⣠⠞⠉       ⢸⡴⠚⠁       ⢧⠴⠋\n"
			 "        └ -20 s ───── -10 s ──────── now\n");
	p.ascii = true;
	assert_graph(&p, "+10 MiB +\n"
			 "        |\n"
			 " +5 MiB +       ..:        .::       ..:\n"
			 "        |     .:' :.    ..:' :     .:'\n"
			 "        |  .:''    :  .:'    :. .:''\n"
			 " 10 GiB +.:'       ::''       ::'\n"
			 "        + -20 s ----- -10 s -------- now\n");
}
END_TEST

START_TEST(gaps_are_not_bridged)
{
	struct plot p = a_plot(60, 40, 3, TELMON_PERCENT, true);

	for (size_t i = 0; i < p.n; i++)
		points[i] = i >= 20 && i < 40 && i != 30 ? NAN : 100;
	points[50] = -INFINITY;
	assert_graph(&p, "100.0% +:::::::::::     :    :::::::::::\n"
			 " 50.0% +:::::::::::     :    :::::::::::\n"
			 "  0.0% +:::::::::::     :    :::::::::::\n"
			 "       +------------ -30 s --------- now\n");
}
END_TEST

/* Six hundred points in few columns: the one that stands out is seen. */
START_TEST(no_spike_is_lost)
{
	struct plot p = a_plot(600, 24, 3, TELMON_BYTES_PER_S, true);

	for (size_t i = 0; i < p.n; i++)
		points[i] = i == 301 ? 2048 : 0;
	assert_graph(&p, "2 KiB/s +       :\n"
			 "1 KiB/s +       :\n"
			 "  0 B/s +.......:.......\n"
			 "        +----------- now\n");
}
END_TEST

START_TEST(points_stand_where_their_time_is)
{
	struct plot p = a_plot(4, 40, 3, TELMON_NONE, true);

	/* Two samples close together, a long pause, two more. */
	p.from_s = 0;
	p.to_s = p.now_s = 100;
	times[0] = 0;
	times[1] = 1;
	times[2] = 99;
	times[3] = 100;
	points[0] = points[2] = 1;
	points[1] = points[3] = 0;
	assert_graph(&p, "1.00 +:                      ......:::::\n"
			 "0.50 +:         ......::::::::::::::::::\n"
			 "0.00 +:...::::::::::::::::::::::::::::::\n"
			 "     +--------- -1 min ------------- now\n");
}
END_TEST

START_TEST(nothing_and_constants_have_a_scale)
{
	struct plot p = a_plot(0, 30, 3, TELMON_NONE, true);

	assert_graph(&p, "1.00 +\n"
			 "0.50 +\n"
			 "0.00 +\n"
			 "     + -1 s -------------- now\n");
	p = a_plot(1, 30, 4, TELMON_PERCENT, true);
	assert_graph(&p, "1.0% +\n"
			 "0.5% +\n"
			 "     |\n"
			 "0.0% +                       .\n"
			 "     + -1 s -------------- now\n");
	points[0] = -7;
	assert_graph(&p, "-6.5% +\n"
			 "-7.0% +                      .\n"
			 "      |\n"
			 "-7.5% +\n"
			 "      + -1 s ------------- now\n");
	points[0] = 3e38F;
	p.unit = TELMON_BYTES;
	assert_graph(&p, " +\n"
			 " +                           .\n"
			 " |\n"
			 " +\n"
			 " + -1 s --- -500 ms ------ now\n");
}
END_TEST

START_TEST(negative_values_hang_from_zero_or_stand_apart)
{
	struct plot p = a_plot(30, 30, 3, TELMON_CELSIUS, true);

	for (size_t i = 0; i < p.n; i++)
		points[i] = (float)i - 15;
	assert_graph(&p, " 20 C +                 ......\n"
			 "  0 C +     ......:''''''\n"
			 "-20 C +''''''\n"
			 "      +------------------- now\n");
}
END_TEST

/* Whatever the numbers, sizes and units: so many lines, none wider than asked for. */
START_TEST(pictures_keep_to_their_size)
{
	static const float odd[] = {
		0, -0.0F, 1e-38F, 3e38F, -3e38F, NAN, INFINITY, 1.7e9F, 99.97F
	};
	static const enum telmon_unit units[] = { TELMON_NONE, TELMON_BYTES, TELMON_SECONDS,
						  TELMON_EPOCH, TELMON_PERCENT };
	struct plot p;

	srand(1);
	for (int round = 0; round < 2000; round++) {
		_autobuf_ struct buf out = BUF_INIT(1 << 20);
		size_t lines = 0, size;

		p = a_plot((size_t)(rand() % 50), (unsigned)(rand() % 600), (unsigned)(rand() % 20),
			   units[rand() % 5], rand() % 2);
		for (size_t i = 0; i < p.n; i++)
			points[i] = odd[rand() % 9] * (rand() % 2 ? 1.0F : 1e-3F);
		ck_assert_int_eq(plot_graph(&out, &p), 0);
		for (const char *at = buf_str(&out), *end; *at; at = end + 1, lines++) {
			end = strchr(at, '\n');
			ck_assert_ptr_nonnull(end);
			size = (size_t)(end - at);
			ck_assert_uint_le(text_width(at, size), p.columns < 16 ? 16 : p.columns);
			ck_assert(text_is_clean(at, size));
			ck_assert(size == 0 || end[-1] != ' ');
		}
		ck_assert_uint_eq(lines, (p.rows < 3 ? 3 : p.rows) + 1);
	}
}
END_TEST

START_TEST(a_full_buf_is_told)
{
	struct plot p = a_plot(20, 40, 4, TELMON_NONE, false);
	_autobuf_ struct buf out = BUF_INIT(50);

	ck_assert_int_eq(plot_graph(&out, &p), -EMSGSIZE);
	buf_clear(&out);
	ck_assert_int_eq(plot_bar(&out, 1, 40, false), -EMSGSIZE);
	buf_clear(&out);
	ck_assert_int_eq(plot_spark(&out, points, 20, 0, 1, false), -EMSGSIZE);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("plot");
	TCase *fast = tcase_create("fast");
	SRunner *runner;
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	tcase_add_test(fast, bars_fill_by_eighths);
	tcase_add_test(fast, bars_clamp_and_mark_the_unknown);
	tcase_add_test(fast, sparks_have_eight_heights);
	tcase_add_test(fast, sparks_clamp_and_leave_gaps);
	tcase_add_test(fast, a_ramp_from_zero_is_an_area);
	tcase_add_test(fast, far_from_zero_a_line_shows_the_change);
	tcase_add_test(fast, gaps_are_not_bridged);
	tcase_add_test(fast, no_spike_is_lost);
	tcase_add_test(fast, points_stand_where_their_time_is);
	tcase_add_test(fast, nothing_and_constants_have_a_scale);
	tcase_add_test(fast, negative_values_hang_from_zero_or_stand_apart);
	tcase_add_test(fast, pictures_keep_to_their_size);
	tcase_add_test(fast, a_full_buf_is_told);
	suite_add_tcase(s, fast);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
