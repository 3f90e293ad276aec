/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_lineedit -- the plain line reader, fed with keys; what it shows is played on a screen of
 * one's own, so that a test can say what a person sees after all the backspacing.
 */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "lineedit.h"
#include "text.h"

#include <check.h> /* last: it has a macro `fail` */

struct fixture {
	const char *keys;
	size_t n, at;
	int end; /* what key returns when there are no more */
	struct buf shown;
	struct lineedit *e;
	void (*hook)(struct fixture *f); /* called when key number hook_at is asked for */
	size_t hook_at;
	bool note; /* there is one to be shown */
	struct buf line;
};

static int
key(void *ctx)
{
	struct fixture *f = ctx;

	if (f->hook && f->at == f->hook_at) {
		void (*hook)(struct fixture * f) = f->hook;

		f->hook = NULL;
		hook(f);
		if (f->note)
			return -EAGAIN;
	}
	return f->at < f->n ? (unsigned char)f->keys[f->at++] : f->end;
}

static void
show(void *ctx, const char *text, size_t n)
{
	struct fixture *f = ctx;

	buf_put(&f->shown, text, n);
}

static void
news(void *ctx)
{
	struct fixture *f = ctx;

	ck_assert(f->note);
	f->note = false;
	show(f, "a note\n", 7);
}

static const struct lineedit_ops ops = { .key = key, .show = show, .news = news };

static void
fixture_init(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->end = -EPIPE;
	buf_init(&f->shown, 1 << 20);
	buf_init(&f->line, 4096);
	f->e = lineedit_new(&ops, f, 64);
}

static void
fixture_fini(struct fixture *f)
{
	lineedit_free(f->e);
	buf_fini(&f->shown);
	buf_fini(&f->line);
}

static int
read_keys(struct fixture *f, const char *keys, size_t n)
{
	f->keys = keys;
	f->n = n;
	f->at = 0;
	return lineedit_read(f->e, "> ", &f->line);
}

#define READ(f, keys) read_keys(f, keys, sizeof(keys) - 1)

/* The last row of the screen: cells of one column; a wide character fills two, the second one is
 * empty. */
static void
screen_row(const struct buf *shown, struct buf *row)
{
	char cells[256][8];
	size_t at = 0, used = 0;

	for (size_t i = 0, len; i < shown->len; i += len) {
		const char *s = shown->data + i;
		uint32_t c;
		size_t width;

		len = text_decode(s, shown->len - i, &c);
		ck_assert_uint_gt(len, 0);
		if (*s == '\n') {
			at = used = 0;
			continue;
		}
		if (*s == '\b') {
			ck_assert_msg(at > 0, "backspace at the left margin");
			at--;
			continue;
		}
		ck_assert_msg(*s < 0 || *s >= ' ', "control %d is shown", *s);
		width = text_width(s, len);
		if (width == 0) {
			strncat(cells[at - 1], s, len);
			continue;
		}
		for (size_t k = 0; k < width; k++)
			cells[at + k][0] = '\0';
		memcpy(cells[at], s, len);
		cells[at][len] = '\0';
		at += width;
		used = at > used ? at : used;
	}
	buf_clear(row);
	for (size_t i = 0; i < used; i++)
		buf_puts(row, cells[i]);
	while (row->len && row->data[row->len - 1] == ' ')
		row->len--;
}

/* What stands in the last row while the keys are typed and Enter is not yet pressed. */
static void
expect_screen(const char *keys, size_t n, unsigned columns, const char *expected)
{
	_autobuf_ struct buf row = BUF_INIT(4096);
	struct fixture f;

	fixture_init(&f);
	lineedit_set_window(f.e, columns, 24);
	ck_assert_int_eq(read_keys(&f, keys, n), -EPIPE);
	ck_assert_int_eq(f.shown.data[f.shown.len - 1], '\n');
	f.shown.len--;
	screen_row(&f.shown, &row);
	ck_assert_str_eq(buf_str(&row), expected);
	fixture_fini(&f);
}

#define SCREEN(keys, columns, expected) expect_screen(keys, sizeof(keys) - 1, columns, expected)

static void
expect_line(const char *keys, size_t n, const char *expected)
{
	struct fixture f;

	fixture_init(&f);
	ck_assert_int_eq(read_keys(&f, keys, n), 1);
	ck_assert_str_eq(buf_str(&f.line), expected);
	ck_assert(text_is_clean(f.line.data, f.line.len));
	fixture_fini(&f);
}

#define LINE(keys, expected) expect_line(keys "\n", sizeof(keys), expected)

START_TEST(lines_are_read_and_echoed)
{
	struct fixture f;

	fixture_init(&f);
	ck_assert_int_eq(READ(&f, "help\nmore"), 1);
	ck_assert_str_eq(buf_str(&f.line), "help");
	ck_assert_str_eq(buf_str(&f.shown), "> help\n");
	ck_assert_uint_eq(f.at, 5);
	buf_clear(&f.shown);
	ck_assert_int_eq(READ(&f, "\n"), 1);
	ck_assert_uint_eq(f.line.len, 0);
	ck_assert_str_eq(buf_str(&f.shown), "> \n");
	fixture_fini(&f);
}
END_TEST

START_TEST(without_echo_only_the_prompt_is_shown)
{
	struct fixture f;

	fixture_init(&f);
	lineedit_set_echo(f.e, false);
	ck_assert_int_eq(READ(&f, "helx\bp\t1\n"), 1);
	ck_assert_str_eq(buf_str(&f.line), "help 1");
	ck_assert_str_eq(buf_str(&f.shown), "> ");
	fixture_fini(&f);
}
END_TEST

static void
echo_off(struct fixture *f)
{
	lineedit_set_echo(f->e, false);
}

START_TEST(echo_may_end_while_typing)
{
	struct fixture f;

	fixture_init(&f);
	f.hook = echo_off;
	f.hook_at = 2;
	ck_assert_int_eq(READ(&f, "abcd\n"), 1);
	ck_assert_str_eq(buf_str(&f.line), "abcd");
	ck_assert_str_eq(buf_str(&f.shown), "> ab");
	fixture_fini(&f);
}
END_TEST

static void
pause_typing(struct fixture *f)
{
	lineedit_pause(f->e);
}

/* Alt and ] begin a sequence that goes on up to its end. */
START_TEST(a_pause_ends_a_sequence)
{
	struct fixture f;

	fixture_init(&f);
	f.hook = pause_typing;
	f.hook_at = 5;
	ck_assert_int_eq(READ(&f, "a\033]bcde\n"), 1);
	ck_assert_str_eq(buf_str(&f.line), "ade");
	ck_assert_str_eq(buf_str(&f.shown), "> ade\n");
	fixture_fini(&f);
}
END_TEST

START_TEST(both_line_ends_count_once)
{
	struct fixture f;

	fixture_init(&f);
	ck_assert_int_eq(READ(&f, "a\r"), 1);
	ck_assert_str_eq(buf_str(&f.line), "a");
	/* The LF of CR LF; the next one is a line. */
	ck_assert_int_eq(READ(&f, "\nb\n"), 1);
	ck_assert_str_eq(buf_str(&f.line), "b");
	ck_assert_int_eq(READ(&f, "\n"), 1);
	ck_assert_str_eq(buf_str(&f.line), "");
	ck_assert_int_eq(READ(&f, "\r"), 1);
	ck_assert_int_eq(READ(&f, "\r"), 1);
	fixture_fini(&f);
}
END_TEST

START_TEST(backspace_takes_whole_characters)
{
	LINE("helx\x7fp", "help");
	LINE("helx\bp", "help");
	LINE("\b\b\x7fok", "ok");
	LINE("gr\xc3\xbc\bue", "grue");
	LINE("\xe6\x97\xa5\xe6\x9c\xac\b", "\xe6\x97\xa5");
	/* e with an acute accent of its own, and a letter before it */
	LINE("xe\xcc\x81\b", "x");
	LINE("\xcc\x81\b", "");
	/* half a character that never came to its end */
	LINE("a\xc3\b\b", "");
	SCREEN("helx\bp", 80, "> help");
	SCREEN("\xe6\x97\xa5\xe6\x9c\xac\b", 80, "> \xe6\x97\xa5");
	SCREEN("a\xe6\x97\xa5\bb", 80, "> ab");
	SCREEN("xe\xcc\x81\by", 80, "> xy");
	SCREEN("\b\b\b", 80, ">");
}
END_TEST

START_TEST(words_and_lines_are_killed)
{
	LINE("garbage\x15help", "help");
	LINE("\x15\x17help", "help");
	LINE("disk  usage  \x17x", "disk  x");
	LINE("disk\x17\x17", "");
	SCREEN("disk usage\x17home", 80, "> disk home");
	SCREEN("\xe6\x97\xa5\xe6\x9c\xac\x15ok", 80, "> ok");
}
END_TEST

static void
expect_shown(unsigned columns, const char *keys, const char *expected)
{
	struct fixture f;

	fixture_init(&f);
	lineedit_set_window(f.e, columns, 24);
	ck_assert_int_eq(read_keys(&f, keys, strlen(keys)), -EPIPE);
	ck_assert_str_eq(buf_str(&f.shown), expected);
	fixture_fini(&f);
}

START_TEST(margins_get_a_fresh_row)
{
	/* Eight columns of line in ten of window: the last one is at the margin, the one before is
	 * not. */
	expect_shown(10, "12345678\b", "> 12345678\n> 1234567\n");
	expect_shown(10, "1234567\b", "> 1234567\b \b\n");
	expect_shown(10, "123456789\b", "> 123456789\b \b\n");
	expect_shown(0, "12345678\b", "> 12345678\b \b\n");
	expect_shown(10, "123 567890\x17", "> 123 567890\n> 123 \n");
	expect_shown(10, "1234567890\x15xy", "> 1234567890\n> xy\n");
}
END_TEST

START_TEST(redraw_shows_the_line_again)
{
	struct fixture f;

	fixture_init(&f);
	ck_assert_int_eq(READ(&f, "cpu\x0c\n"), 1);
	ck_assert_str_eq(buf_str(&f.shown), "> cpu\n> cpu\n");
	fixture_fini(&f);
}
END_TEST

START_TEST(controls_do_nothing)
{
	char keys[40];
	size_t n = 0;

	for (char c = 0; c < ' '; c++) {
		if (!strchr("\x03\b\t\n\x0c\r\x15\x17\x1b", c) || c == 0)
			keys[n++] = c;
	}
	ck_assert_uint_eq(n, 23);
	/* ^D ends only an empty line. */
	memmove(keys + 1, keys, n++);
	keys[0] = 'a';
	keys[n++] = '\n';
	expect_line(keys, n, "a");
	LINE("a\tb", "a b");
	LINE("a\x12z", "az");
	/* C1 controls in UTF-8 */
	LINE("a\xc2\x85z\xc2\x80", "az");
	SCREEN("a\x01\x02\x04\x12\x1cz", 80, "> az");
}
END_TEST

START_TEST(escape_sequences_never_enter_the_line)
{
	LINE("a\x1b[A\x1b[B\x1b[C\x1b[Dz", "az");
	LINE("a\x1b[1;5C\x1b[3~\x1b[200~z\x1b[201~", "az");
	LINE("a\x1bOA\x1bOPz", "az");
	LINE("a\x1b[[Az", "az");
	LINE("a\x1b[<0;1;1Mz", "az");
	LINE("a\x1b]0;title\az", "az");
	LINE("a\x1b]0;title\x1b\\z", "az");
	LINE("a\x1bP1$r0m\x1b\\z", "az");
	LINE("a\x1b(Bz", "az");
	LINE("a\x1b\x1b[Az", "az");
	LINE("a\x1bxz", "az");
	LINE("a\x1b\x7fz", "az");
	/* CSI as one character */
	LINE("a\xc2\x9b"
	     "1Az",
	     "az");
	/* Alt and a letter past ASCII: the letter stays whole. */
	LINE("a\x1b\xc3\xbcz", "a\xc3\xbcz");
	LINE("a\x1b]\xc3\xbc\az", "az");
	SCREEN("a\x1b[A\x1b[3~z", 80, "> az");
}
END_TEST

START_TEST(enter_ends_an_open_sequence)
{
	LINE("a\x1b", "a");
	LINE("a\x1b[1;", "a");
	LINE("a\x1b]0;title", "a");
	LINE("a\x1b[\x15z", "z");
}
END_TEST

START_TEST(what_is_no_text_is_replaced)
{
	LINE("a\xff\xfez", "a??z");
	/* overlong, surrogate, past the last one, cut short */
	LINE("\xc0\xaf", "??");
	LINE("\xe0\x80\xafz", "?z");
	LINE("\xed\xa0\x80z", "?z");
	LINE("\xf4\x90\x80\x80z", "?z");
	LINE("a\xe6\x97z", "a?z");
	LINE("a\xe6\x97", "a?");
	LINE("\x80", "?");
	/* bidi override, zero width space, line separator */
	LINE("a\xe2\x80\xae\xe2\x80\x8b\xe2\x80\xa8z", "a???z");
	SCREEN("\xe2\x80\xae\xff", 80, "> ??");
}
END_TEST

START_TEST(combining_marks_do_not_pile_up)
{
	struct fixture f;
	char keys[2 + 2 * 30 + 1] = "ab";

	for (size_t i = 0; i < 30; i++)
		memcpy(keys + 2 + 2 * i, "\xcc\x81", 2);
	keys[sizeof(keys) - 1] = '\n';
	fixture_init(&f);
	ck_assert_int_eq(read_keys(&f, keys, sizeof(keys)), 1);
	ck_assert_uint_eq(f.line.len, 2 + 2 * 8);
	ck_assert(text_is_clean(f.line.data, f.line.len));
	fixture_fini(&f);
}
END_TEST

START_TEST(interrupt_and_end)
{
	struct fixture f;

	fixture_init(&f);
	ck_assert_int_eq(READ(&f, "abc\x03"), -ECANCELED);
	ck_assert_str_eq(buf_str(&f.shown), "> abc\n");
	ck_assert_uint_eq(f.line.len, 0);
	buf_clear(&f.shown);
	ck_assert_int_eq(READ(&f, "\x04"), 0);
	ck_assert_str_eq(buf_str(&f.shown), "> \n");
	ck_assert_int_eq(READ(&f, "abc\x04\b\b\b\x04"), 0);
	ck_assert_int_eq(READ(&f, "abc\x1b[\x03"), -ECANCELED);
	for (size_t i = 0; i < 3; i++) {
		const int ends[] = { -EPIPE, -ECANCELED, -ETIME };

		buf_clear(&f.shown);
		f.end = ends[i];
		ck_assert_int_eq(READ(&f, "abc"), ends[i]);
		ck_assert_uint_eq(f.line.len, 0);
		ck_assert_str_eq(buf_str(&f.shown), "> abc\n");
	}
	fixture_fini(&f);
}
END_TEST

/* max_line is 64 in the fixture. */
START_TEST(long_lines_are_dropped_to_their_end)
{
	char keys[200];
	struct fixture f;

	memset(keys, 'x', sizeof(keys));
	fixture_init(&f);
	keys[64] = '\n';
	ck_assert_int_eq(read_keys(&f, keys, 65), 1);
	ck_assert_uint_eq(f.line.len, 64);
	keys[64] = 'x';
	keys[65] = '\n';
	ck_assert_int_eq(read_keys(&f, keys, 66), -EMSGSIZE);
	ck_assert_uint_eq(f.line.len, 0);
	ck_assert_uint_eq(f.at, 66);
	/* Neither Backspace nor ^W nor ^D make sense of half a line; ^U begins a new one. */
	memcpy(keys + 100, "\b\x17\x04\n", 4);
	keys[65] = 'x';
	ck_assert_int_eq(read_keys(&f, keys, 104), -EMSGSIZE);
	memcpy(keys + 100, "\x15ok\n", 4);
	ck_assert_int_eq(read_keys(&f, keys, 104), 1);
	ck_assert_str_eq(buf_str(&f.line), "ok");
	/* The next line is not touched. */
	ck_assert_int_eq(READ(&f, "help\n"), 1);
	ck_assert_str_eq(buf_str(&f.line), "help");
	fixture_fini(&f);
}
END_TEST

START_TEST(a_character_at_the_limit_is_not_cut)
{
	char keys[70];
	struct fixture f;

	memset(keys, 'x', 63);
	memcpy(keys + 63, "\xc3\xbc\n", 3);
	fixture_init(&f);
	ck_assert_int_eq(read_keys(&f, keys, 66), -EMSGSIZE);
	memcpy(keys + 62, "\xc3\xbc\n", 3);
	ck_assert_int_eq(read_keys(&f, keys, 65), 1);
	ck_assert_uint_eq(f.line.len, 64);
	fixture_fini(&f);
}
END_TEST

START_TEST(a_small_buf_limits_the_line_too)
{
	struct fixture f;

	fixture_init(&f);
	f.line.max = 4;
	ck_assert_int_eq(READ(&f, "12345\n"), -EMSGSIZE);
	ck_assert_int_eq(READ(&f, "12345\x15"
				  "1234\n"),
			 1);
	ck_assert_str_eq(buf_str(&f.line), "1234");
	fixture_fini(&f);
}
END_TEST

static void
note(struct fixture *f)
{
	f->note = true;
}

static void
expect_note(bool echo, unsigned columns, const char *keys, const char *before, const char *after)
{
	_autobuf_ struct buf row = BUF_INIT(4096);
	struct fixture f;
	char *at;

	fixture_init(&f);
	lineedit_set_echo(f.e, echo);
	lineedit_set_window(f.e, columns, 24);
	f.hook = note;
	f.hook_at = strlen(keys);
	ck_assert_int_eq(read_keys(&f, keys, strlen(keys)), -EPIPE);
	at = strstr(buf_str(&f.shown), "a note\n");
	ck_assert_ptr_nonnull(at);
	ck_assert_str_eq(at + 7, after);
	f.shown.len = (size_t)(at - f.shown.data);
	screen_row(&f.shown, &row);
	ck_assert_str_eq(buf_str(&row), before);
	fixture_fini(&f);
}

START_TEST(notes_come_between_and_the_line_comes_back)
{
	expect_note(true, 80, "disk us", "", "> disk us\n");
	expect_note(true, 0, "", "", "> \n");
	expect_note(true, 80, "\xe6\x97\xa5", "", "> \xe6\x97\xa5\n");
	/* A line over the margin cannot be wiped from its end: it stays, the note follows below. */
	expect_note(true, 10, "1234567890", "", "> 1234567890\n");
	/* What a peer's own terminal shows is out of reach. */
	expect_note(false, 80, "disk us", "", "> \n");
}
END_TEST

static void
resize(struct fixture *f)
{
	lineedit_set_window(f->e, 40, 10);
	f->note = true;
}

START_TEST(a_new_window_changes_nothing)
{
	struct fixture f;

	fixture_init(&f);
	f.hook = resize;
	f.hook_at = 2;
	ck_assert_int_eq(READ(&f, "abcd\n"), 1);
	ck_assert_str_eq(buf_str(&f.shown), "> abcd\n");
	fixture_fini(&f);
	lineedit_free(NULL);
}
END_TEST

static Suite *
lineedit_suite(void)
{
	Suite *s = suite_create("lineedit");
	TCase *c = tcase_create("plain");

	tcase_add_test(c, lines_are_read_and_echoed);
	tcase_add_test(c, without_echo_only_the_prompt_is_shown);
	tcase_add_test(c, echo_may_end_while_typing);
	tcase_add_test(c, both_line_ends_count_once);
	tcase_add_test(c, backspace_takes_whole_characters);
	tcase_add_test(c, words_and_lines_are_killed);
	tcase_add_test(c, margins_get_a_fresh_row);
	tcase_add_test(c, redraw_shows_the_line_again);
	tcase_add_test(c, controls_do_nothing);
	tcase_add_test(c, escape_sequences_never_enter_the_line);
	tcase_add_test(c, enter_ends_an_open_sequence);
	tcase_add_test(c, a_pause_ends_a_sequence);
	tcase_add_test(c, what_is_no_text_is_replaced);
	tcase_add_test(c, combining_marks_do_not_pile_up);
	tcase_add_test(c, interrupt_and_end);
	tcase_add_test(c, long_lines_are_dropped_to_their_end);
	tcase_add_test(c, a_character_at_the_limit_is_not_cut);
	tcase_add_test(c, a_small_buf_limits_the_line_too);
	tcase_add_test(c, notes_come_between_and_the_line_comes_back);
	tcase_add_test(c, a_new_window_changes_nothing);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	SRunner *r;
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	r = srunner_create(lineedit_suite());
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
