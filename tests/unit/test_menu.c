/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of menu: what words share, and lists of them in windows of every size.
 */
#include "menu.h"

#include <string.h>

#include "mem.h"
#include "text.h"

#include <check.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct menu_word words[] = {
	{ "cpu", "cpu", "Where the time goes" },
	{ "disk", "disk", "" },
	{ "h\xc3\xb6he", "h\xc3\xb6he", "as wide as four letters" },
	{ "memory", "memory", "Memory and swap" },
	{ "network", "network", "Traffic" },
};

static void
assert_list(void (*put)(struct buf *, const struct menu_word *, size_t, unsigned, unsigned),
	    size_t n, unsigned columns, unsigned rows, const char *want)
{
	_autobuf_ struct buf out = BUF_INIT(1024);

	put(&out, words, n, columns, rows);
	ck_assert_str_eq(buf_str(&out), want);
}

START_TEST(hints_are_dropped)
{
	struct menu_word list[] = { { "NAME", NULL, "" }, words[0], { "N", NULL, "" }, words[1] };

	ck_assert_uint_eq(menu_drop_hints(list, N(list)), 2);
	ck_assert_str_eq(list[0].text, "cpu");
	ck_assert_str_eq(list[1].text, "disk");
	ck_assert_uint_eq(menu_drop_hints(list, 0), 0);
}
END_TEST

START_TEST(what_is_common_is_whole_characters)
{
	const struct menu_word list[] = {
		{ "", "na\xc3\xafve", "" },
		{ "", "na\xc3\xafvet\xc3\xa9", "" },
		{ "", "na\xc3\xb6", "" },
	};

	ck_assert_uint_eq(menu_common(list, 1), strlen(list[0].text));
	ck_assert_uint_eq(menu_common(list, 2), strlen(list[0].text));
	ck_assert_uint_eq(menu_common(list, 3), 2);
	ck_assert_uint_eq(menu_common(words, N(words)), 0);
}
END_TEST

START_TEST(names_go_down_the_columns)
{
	assert_list(menu_put_names, 5, 80, 24,
		    "cpu      disk     h\xc3\xb6he     memory   network\n");
	assert_list(menu_put_names, 5, 0, 0,
		    "cpu      disk     h\xc3\xb6he     memory   network\n");
	assert_list(menu_put_names, 5, 20, 24, "cpu      memory\ndisk     network\nh\xc3\xb6he\n");
	assert_list(menu_put_names, 5, 5, 24,
		    "cpu\ndisk\nh\xc3\xb6he\nmem\xe2\x80\xa6\nnet\xe2\x80\xa6\n");
}
END_TEST

START_TEST(lists_leave_room_for_the_line)
{
	assert_list(menu_put_names, 5, 5, 5, "cpu\ndisk\n-- 3 more\n");
	assert_list(menu_put_names, 5, 5, 1, "cpu\n-- 4 more\n");
	assert_list(menu_put_help, 5, 9, 5, "  cpu\n  disk\n-- 3 more\n");
}
END_TEST

START_TEST(help_stands_beside)
{
	assert_list(menu_put_help, 3, 80, 24,
		    "  cpu   Where the time goes\n  disk\n"
		    "  h\xc3\xb6he  as wide as four letters\n");
	/* Rather none than a word or two of it. */
	assert_list(menu_put_help, 1, 20, 24, "  cpu  Where the t\xe2\x80\xa6\n");
	assert_list(menu_put_help, 1, 17, 24, "  cpu\n");
	assert_list(menu_put_help, 0, 80, 24, "  (nothing more)\n");
}
END_TEST

/* No window makes a line wider than itself, nor a list longer. */
START_TEST(every_window)
{
	for (unsigned columns = 1; columns < 40; columns++) {
		for (unsigned rows = 1; rows < 12; rows++) {
			for (int help = 0; help < 2; help++) {
				_autobuf_ struct buf out = BUF_INIT(1024);
				size_t lines = 0;

				(help ? menu_put_help : menu_put_names)(&out, words, N(words),
									columns, rows);
				for (const char *s = buf_str(&out), *end;
				     (end = strchr(s, '\n')) && *s != '-'; s = end + 1, lines++)
					ck_assert_uint_lt(text_width(s, (size_t)(end - s)),
							  columns > 3 ? columns : 4);
				ck_assert_uint_le(lines, rows > 4 ? rows - 3 : 1);
			}
		}
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("menu");
	TCase *c = tcase_create("all");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(c, hints_are_dropped);
	tcase_add_test(c, what_is_common_is_whole_characters);
	tcase_add_test(c, names_go_down_the_columns);
	tcase_add_test(c, lists_leave_room_for_the_line);
	tcase_add_test(c, help_stands_beside);
	tcase_add_test(c, every_window);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
