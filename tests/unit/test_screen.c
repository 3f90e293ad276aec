/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of screen: rows end where a terminal ends them, which the model of one confirms.
 */
#include "screen.h"

#include <locale.h>
#include <string.h>

#include "terminal.h"

static void
assert_row(const char *text, unsigned columns, size_t size, unsigned width, bool whole)
{
	struct screen_row row = screen_row(text, strlen(text), columns);

	ck_assert_msg(row.size == size && row.columns == width && row.whole == whole,
		      "\"%s\" in %u: %zu bytes, %u columns, whole %d", text, columns, row.size,
		      row.columns, row.whole);
}

START_TEST(rows)
{
	assert_row("", 10, 0, 0, false);
	assert_row("abc", 10, 3, 3, false);
	assert_row("abc\ndef", 10, 4, 3, true);
	assert_row("\n", 10, 1, 0, true);
	/* As wide as the window is one row, with the LF behind it. */
	assert_row("abc\ndef", 3, 4, 3, true);
	assert_row("abc", 3, 3, 3, false);
	assert_row("abcd", 3, 3, 3, true);
	assert_row("abc\033[0md", 3, 7, 3, true);
	assert_row("ab\344\270\255x", 3, 2, 2, true); /* a wide one does not fit any more */
	assert_row("a\344\270\255x", 3, 4, 3, true);
	assert_row("e\314\201e\314\201\ne", 2, 7, 2, true); /* marks take no column */
	assert_row("\344\270\255x", 1, 3, 2, true);
	assert_row("a\377b", 2, 2, 2, true);
}
END_TEST

START_TEST(colors)
{
	ck_assert(screen_row("\033[31mabc", 8, 2).colored);
	ck_assert(!screen_row("\033[31ma\033[0mbc", 12, 2).colored);
	ck_assert(!screen_row("\033[1;31ma\033[mbc", 12, 2).colored);
	/* What is no SGR is text like any other. */
	ck_assert_uint_eq(screen_row("\033[2Jabc", 7, 2).columns, 2);
	ck_assert_uint_eq(screen_row("\033[31", 4, 9).size, 4);
}
END_TEST

static void
assert_cut(const char *line, unsigned columns, const char *want)
{
	_autobuf_ struct buf out = BUF_INIT(1024);

	ck_assert_int_eq(screen_cut(&out, line, strlen(line), columns), 0);
	ck_assert_str_eq(buf_str(&out), want);
}

START_TEST(cuts)
{
	assert_cut("abc", 3, "abc");
	assert_cut("abcd", 3, "abc");
	assert_cut("\033[31mabcd\033[0m", 3, "\033[31mabc\033[0m");
	assert_cut("\033[31mabc\033[0md", 3, "\033[31mabc\033[0m");
	assert_cut("ab\344\270\255", 3, "ab");
	assert_cut("\344\270\255", 1, "");
	assert_cut("", 3, "");
}
END_TEST

/* Any text has as many rows in the model as we count. */
START_TEST(as_a_terminal_wraps)
{
	static const char *const parts[] = { "a",	 "bc",	    "\344\270\255", "e\314\201",
					     "\033[31m", "\033[0m", "\n",	    " " };
	static struct terminal t;
	unsigned seed = 1;

	for (int turn = 0; turn < 500; turn++) {
		_autobuf_ struct buf text = BUF_INIT(4096);
		unsigned found = 0, columns = 2 + (unsigned)turn % 9;
		size_t at = 0;

		for (int i = 0; i < 60; i++) {
			seed = seed * 1103515245 + 12345;
			buf_puts(&text, parts[(seed >> 16) % 8]);
		}
		buf_puts(&text, "x");
		terminal_open(&t, columns, 400);
		for (const char *s = buf_str(&text); *s; s++)
			terminal_feed(&t, *s == '\n' ? "\r\n" : s, *s == '\n' ? 2 : 1);
		for (; at < text.len; found++)
			at += screen_row(text.data + at, text.len - at, columns).size;
		ck_assert_msg(found == t.y + 1, "%s in %u: %u rows are %u", buf_str(&text), columns,
			      found, t.y + 1);
		terminal_close(&t);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("screen");
	TCase *c = tcase_create("screen");
	SRunner *r;
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	tcase_add_test(c, rows);
	tcase_add_test(c, colors);
	tcase_add_test(c, cuts);
	tcase_add_test(c, as_a_terminal_wraps);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
