/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of row: what a cell becomes in its column, the limit, copies, and finding columns.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "row.h"

#include <check.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct telmon_column columns[] = {
	{ .name = "name", .type = TELMON_TEXT },
	{ .name = "rx_bytes_per_s", .type = TELMON_REAL, .unit = TELMON_BYTES_PER_S },
	{ .name = "rx_packets", .type = TELMON_INT },
	{ .name = "used_bytes", .type = TELMON_INT, .unit = TELMON_BYTES },
	{ .name = "used_percent", .type = TELMON_REAL, .unit = TELMON_PERCENT },
};

static void
assert_int(const struct cell *c, int64_t want)
{
	ck_assert_int_eq(c->type, CELL_INT);
	ck_assert_int_eq(c->i, want);
}

static void
assert_shown(const struct cell *c, const struct telmon_column *col, const char *want)
{
	_autobuf_ struct buf out = BUF_INIT(4096);

	ck_assert_int_eq(cell_text(&out, c, col), 0);
	ck_assert_str_eq(buf_str(&out), want);
}

START_TEST(a_buf_without_memory_is_an_error)
{
	static const struct telmon_column one[] = { { .name = "a", .type = TELMON_TEXT } };
	_autobuf_ struct buf b = BUF_INIT(100);
	struct rows r;

	rows_init(&r, one, 1, 0);
	rows_begin(&r);
	buf_puts(&b, "text");
	ck_assert_int_eq(rows_buf(&r, &b), 0);
	ck_assert_str_eq(rows_cell(&r, 0, 0)->s, "text");
	/* What did not fit is left out, as ever. */
	rows_begin(&r);
	buf_pad(&b, 'x', 200);
	ck_assert_int_eq(rows_buf(&r, &b), 0);
	rows_begin(&r);
	b.error = -ENOMEM;
	ck_assert_int_eq(rows_buf(&r, &b), -ENOMEM);
	ck_assert_int_eq(r.error, -ENOMEM);
	rows_fini(&r);
}
END_TEST

START_TEST(cells_take_their_columns_type)
{
	struct rows r;

	rows_init(&r, columns, N(columns), 0);
	ck_assert_int_eq(rows_begin(&r), 0);
	ck_assert_int_eq(rows_text(&r, "eth0"), 0);
	ck_assert_int_eq(rows_int(&r, 7), 0);
	ck_assert_int_eq(rows_real(&r, -2.5), 0);
	ck_assert_int_eq(rows_int(&r, INT64_MIN), 0);
	ck_assert_int_eq(rows_real(&r, 12.5), 0);
	ck_assert_int_eq(r.n_rows, 1);
	ck_assert_int_eq(rows_cell(&r, 0, 0)->type, CELL_TEXT);
	ck_assert_str_eq(rows_cell(&r, 0, 0)->s, "eth0");
	ck_assert_int_eq(rows_cell(&r, 0, 1)->type, CELL_REAL);
	ck_assert_double_eq(rows_cell(&r, 0, 1)->f, 7.0);
	assert_int(rows_cell(&r, 0, 2), -3);
	assert_int(rows_cell(&r, 0, 3), INT64_MIN);
	ck_assert_double_eq(rows_cell(&r, 0, 4)->f, 12.5);
	rows_fini(&r);
}
END_TEST

START_TEST(whole_numbers_stay_whole)
{
	struct rows r;

	rows_init(&r, columns, N(columns), 0);
	ck_assert_int_eq(rows_begin(&r), 0);
	ck_assert_int_eq(rows_number(&r, 1), -EINVAL);
	ck_assert_int_eq(rows_number(&r, 256), 0);
	ck_assert_int_eq(rows_number(&r, -3), 0);
	ck_assert_int_eq(rows_begin(&r), 0);
	ck_assert_int_eq(rows_text(&r, NULL), 0);
	ck_assert_int_eq(rows_number(&r, 0.5), 0);
	ck_assert_int_eq(rows_begin(&r), 0);
	ck_assert_int_eq(rows_text(&r, NULL), 0);
	ck_assert_int_eq(rows_number(&r, 0x1p60), 0);
	assert_int(rows_cell(&r, 0, 1), 256);
	assert_int(rows_cell(&r, 0, 2), -3);
	ck_assert_double_eq(rows_cell(&r, 1, 1)->f, 0.5);
	ck_assert_int_eq(rows_cell(&r, 2, 1)->type, CELL_REAL);
	rows_fini(&r);
}
END_TEST

START_TEST(unknown_is_null)
{
	struct rows r;

	rows_init(&r, columns, N(columns), 0);
	rows_begin(&r);
	ck_assert_int_eq(rows_text(&r, NULL), 0);
	ck_assert_int_eq(rows_real(&r, NAN), 0);
	ck_assert_int_eq(rows_real(&r, NAN), 0);
	ck_assert_int_eq(rows_null(&r), 0);
	rows_begin(&r);
	for (size_t row = 0; row < 2; row++)
		for (size_t i = 0; i < N(columns); i++)
			ck_assert_int_eq(rows_cell(&r, row, i)->type, CELL_NULL);
	rows_fini(&r);
}
END_TEST

START_TEST(what_no_integer_holds_is_null)
{
	static const double out_of_range[] = { INFINITY, -INFINITY, 1e19, 9223372036854775808.0 };
	struct rows r;

	rows_init(&r, columns + 2, 1, 0);
	for (size_t i = 0; i < N(out_of_range); i++) {
		rows_begin(&r);
		ck_assert_int_eq(rows_real(&r, out_of_range[i]), 0);
		ck_assert_int_eq(rows_cell(&r, i, 0)->type, CELL_NULL);
	}
	rows_begin(&r);
	rows_real(&r, -9223372036854775808.0);
	assert_int(rows_cell(&r, N(out_of_range), 0), INT64_MIN);
	rows_fini(&r);
}
END_TEST

START_TEST(wrong_cells_are_refused_and_not_sticky)
{
	struct rows r;

	rows_init(&r, columns, 2, 0);
	ck_assert_int_eq(rows_int(&r, 1), -EINVAL);
	rows_begin(&r);
	ck_assert_int_eq(rows_int(&r, 1), -EINVAL);
	ck_assert_int_eq(rows_text(&r, "x"), -EINVAL);
	ck_assert_int_eq(rows_null(&r), -EINVAL);
	ck_assert_int_eq(rows_real(&r, 1), -EINVAL);
	ck_assert_int_eq(rows_cell(&r, 0, 0)->type, CELL_NULL);
	ck_assert_int_eq(rows_cell(&r, 0, 1)->type, CELL_NULL);
	ck_assert_int_eq(r.error, 0);
	ck_assert_int_eq(rows_begin(&r), 0);
	ck_assert_int_eq(rows_text(&r, "y"), 0);
	rows_fini(&r);
}
END_TEST

START_TEST(texts_are_copied)
{
	char text[] = "before";
	struct rows r;

	rows_init(&r, columns, 1, 0);
	rows_begin(&r);
	rows_text(&r, text);
	rows_begin(&r);
	rows_text(&r, "");
	text[0] = 'B';
	ck_assert_str_eq(rows_cell(&r, 0, 0)->s, "before");
	ck_assert_int_eq(rows_cell(&r, 1, 0)->type, CELL_TEXT);
	ck_assert_str_eq(rows_cell(&r, 1, 0)->s, "");
	rows_fini(&r);
}
END_TEST

START_TEST(the_limit_is_sticky)
{
	struct rows r;
	size_t n = 0;

	rows_init(&r, columns, N(columns), 10000);
	while (rows_begin(&r) == 0 && ++n < 1000)
		rows_text(&r, "0123456789abcdef0123456789abcdef");
	ck_assert_int_eq(r.error, -EMSGSIZE);
	ck_assert_uint_ge(n, 60);
	ck_assert_uint_le(n, 10000 / (N(columns) * sizeof(struct cell) + 33));
	ck_assert_int_eq(rows_begin(&r), -EMSGSIZE);
	ck_assert_int_eq(rows_text(&r, "x"), -EMSGSIZE);
	rows_fini(&r);
}
END_TEST

START_TEST(a_text_past_the_limit_is_refused)
{
	char *big = malloc(1 << 20);
	struct rows r;

	memset(big, 'x', (1 << 20) - 1);
	big[(1 << 20) - 1] = '\0';
	rows_init(&r, columns, 1, 1 << 20);
	rows_begin(&r);
	ck_assert_int_eq(rows_text(&r, big), -EMSGSIZE);
	rows_fini(&r);
	rows_init(&r, columns, 1, (1 << 20) + 64);
	rows_begin(&r);
	ck_assert_int_eq(rows_text(&r, big), 0);
	ck_assert_uint_eq(strlen(rows_cell(&r, 0, 0)->s), (1 << 20) - 1);
	rows_fini(&r);
	free(big);
}
END_TEST

START_TEST(rows_without_columns_are_limited_too)
{
	struct rows r;
	size_t n = 0;

	rows_init(&r, NULL, 0, 1600);
	while (rows_begin(&r) == 0)
		n++;
	ck_assert_uint_eq(n, 100);
	ck_assert_int_eq(r.error, -EMSGSIZE);
	rows_fini(&r);
}
END_TEST

START_TEST(many_rows_grow)
{
	struct rows r;

	rows_init(&r, columns, N(columns), 64 << 20);
	for (int i = 0; i < 100000; i++) {
		ck_assert_int_eq(rows_begin(&r), 0);
		rows_text(&r, "x");
		rows_null(&r);
		rows_int(&r, i);
	}
	assert_int(rows_cell(&r, 99999, 2), 99999);
	assert_int(rows_cell(&r, 0, 2), 0);
	ck_assert_int_eq(rows_cell(&r, 99999, 4)->type, CELL_NULL);
	rows_fini(&r);
	ck_assert_uint_eq(r.n_rows, 0);
}
END_TEST

START_TEST(copies_are_deep)
{
	struct rows from, to;

	rows_init(&from, columns, N(columns), 1 << 20);
	from.status = 2;
	from.plain = true;
	rows_begin(&from);
	rows_text(&from, "first");
	rows_begin(&from);
	rows_text(&from, "second");
	rows_null(&from);
	rows_int(&from, 5);
	ck_assert_int_eq(rows_copy(&to, &from), 0);
	rows_fini(&from);
	ck_assert_uint_eq(to.n_rows, 2);
	ck_assert_str_eq(rows_cell(&to, 0, 0)->s, "first");
	ck_assert_str_eq(rows_cell(&to, 1, 0)->s, "second");
	assert_int(rows_cell(&to, 1, 2), 5);
	ck_assert_int_eq(to.status, 2);
	ck_assert(to.plain);
	ck_assert_int_eq(rows_begin(&to), 0);
	ck_assert_int_eq(rows_text(&to, "third"), 0);
	ck_assert_str_eq(rows_cell(&to, 2, 0)->s, "third");
	rows_fini(&to);
}
END_TEST

START_TEST(copies_of_nothing_and_of_failures)
{
	struct rows from, to;

	rows_init(&from, columns, 1, 8);
	ck_assert_int_eq(rows_copy(&to, &from), 0);
	ck_assert_uint_eq(to.n_rows, 0);
	rows_fini(&to);
	ck_assert_int_eq(rows_begin(&from), -EMSGSIZE);
	ck_assert_int_eq(rows_copy(&to, &from), -EMSGSIZE);
	rows_fini(&to);
	rows_fini(&from);
}
END_TEST

START_TEST(columns_are_found_by_name_heading_and_prefix)
{
	ck_assert_int_eq(rows_column(columns, N(columns), "name"), 0);
	ck_assert_int_eq(rows_column(columns, N(columns), "rx"), 1);
	ck_assert_int_eq(rows_column(columns, N(columns), "rx_p"), 2);
	ck_assert_int_eq(rows_column(columns, N(columns), "n"), 0);
	ck_assert_int_eq(rows_column(columns, N(columns), "used_bytes"), 3);
	ck_assert_int_eq(rows_column(columns, N(columns), "used_p"), 4);
	ck_assert_int_eq(rows_column(columns, N(columns), "used"), 3);
	ck_assert_int_eq(rows_column(columns, N(columns), "used%"), 4);
	ck_assert_int_eq(rows_column(columns, N(columns), "use"), -EEXIST);
	ck_assert_int_eq(rows_column(columns, N(columns), "use%"), -ENOENT);
	ck_assert_int_eq(rows_column(columns, N(columns), "rx%"), -ENOENT);
	ck_assert_int_eq(rows_column(columns, N(columns), "name%"), -ENOENT);
	ck_assert_int_eq(rows_column(columns, N(columns), "%"), -ENOENT);
	ck_assert_int_eq(rows_column(columns, N(columns), "u"), -EEXIST);
	ck_assert_int_eq(rows_column(columns, N(columns), "r"), -EEXIST);
	ck_assert_int_eq(rows_column(columns, N(columns), "names"), -ENOENT);
	ck_assert_int_eq(rows_column(columns, N(columns), ""), -ENOENT);
	ck_assert_int_eq(rows_column(NULL, 0, "x"), -ENOENT);
}
END_TEST

START_TEST(a_percentage_leaves_its_heading_to_others)
{
	static const struct telmon_column many[] = {
		{ .name = "used_bytes", .type = TELMON_INT, .unit = TELMON_BYTES },
		{ .name = "used_percent", .type = TELMON_REAL, .unit = TELMON_PERCENT },
		{ .name = "used_seconds", .type = TELMON_REAL, .unit = TELMON_SECONDS },
	};

	ck_assert_int_eq(rows_column(many, 3, "used"), -EEXIST);
	ck_assert_int_eq(rows_column(many, 3, "used%"), 1);
	/* Alone it goes by either. */
	ck_assert_int_eq(rows_column(many + 1, 1, "used"), 0);
	ck_assert_int_eq(rows_column(many + 1, 1, "used%"), 0);
}
END_TEST

START_TEST(cells_read_as_people_see_them)
{
	assert_shown(&(struct cell){ .type = CELL_NULL }, &columns[0], "-");
	assert_shown(&(struct cell){ .type = CELL_INT, .i = 1536 }, &columns[3], "1.5 KiB");
	assert_shown(&(struct cell){ .type = CELL_REAL, .f = 12.34 }, &columns[4], "12.3%");
	assert_shown(&(struct cell){ .type = CELL_TEXT, .s = "a\x1b[2Jb\n" }, &columns[0],
		     "a?[2Jb?");
	assert_shown(&(struct cell){ .type = CELL_INT, .i = INT64_MAX }, &columns[2],
		     "9223372036854775807");
	assert_shown(&(struct cell){ .type = CELL_REAL, .f = NAN }, &columns[4], "-");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("row");
	TCase *fast = tcase_create("fast");
	SRunner *runner;
	int failed;

	tcase_add_test(fast, a_buf_without_memory_is_an_error);
	tcase_add_test(fast, cells_take_their_columns_type);
	tcase_add_test(fast, whole_numbers_stay_whole);
	tcase_add_test(fast, unknown_is_null);
	tcase_add_test(fast, what_no_integer_holds_is_null);
	tcase_add_test(fast, wrong_cells_are_refused_and_not_sticky);
	tcase_add_test(fast, texts_are_copied);
	tcase_add_test(fast, the_limit_is_sticky);
	tcase_add_test(fast, a_text_past_the_limit_is_refused);
	tcase_add_test(fast, rows_without_columns_are_limited_too);
	tcase_add_test(fast, many_rows_grow);
	tcase_add_test(fast, copies_are_deep);
	tcase_add_test(fast, copies_of_nothing_and_of_failures);
	tcase_add_test(fast, columns_are_found_by_name_heading_and_prefix);
	tcase_add_test(fast, a_percentage_leaves_its_heading_to_others);
	tcase_add_test(fast, cells_read_as_people_see_them);
	suite_add_tcase(s, fast);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
