/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_lineedit_edit -- the editor with libedit: what lines the keys make, and what a person sees
 * on the way.
 */
#include <fcntl.h>
#include <locale.h>
#include <sys/resource.h>
#include <unistd.h>

#include "editor_box.h"

#include <check.h> /* last: it has a macro `fail` */

#define RIGHT "\x1b[C"
#define LEFT "\x1b[D"

static void
expect_line(const char *keys, size_t n, const char *expected)
{
	struct editor_box *b = editor_box_open("xterm", 80, 24);

	ck_assert_int_eq(editor_box_read(b, keys, n), 1);
	ck_assert_str_eq(buf_str(&b->line), expected);
	ck_assert(text_is_clean(b->line.data, b->line.len));
	editor_box_close(b);
}

#define LINE(keys, expected) expect_line(keys "\n", sizeof(keys), expected)

/* What is seen when the keys are typed and Enter is not. */
static void
expect_screen(const char *keys, size_t n, unsigned columns, const char *expected, unsigned x,
	      unsigned y)
{
	struct editor_box *b = editor_box_open("xterm", columns, 10);

	ck_assert_int_eq(editor_box_read(b, keys, n), -EPIPE);
	ck_assert_str_eq(buf_str(&b->screen), expected);
	ck_assert_uint_eq(b->x, x);
	ck_assert_uint_eq(b->y, y);
	ck_assert_uint_eq(b->terminal.x, 0);
	editor_box_close(b);
}

#define SCREEN(keys, columns, expected, x, y)                                                      \
	expect_screen(keys, sizeof(keys) - 1, columns, expected, x, y)

/* --- terminals --- */

static int
try_terminal(const char *name)
{
	static const struct lineedit_ops ops;
	struct lineedit *e = lineedit_new(&ops, NULL, 64);
	int r = lineedit_open(e, name);

	ck_assert_int_eq(lineedit_is_open(e), r == 0);
	lineedit_free(e);
	return r;
}

START_TEST(known_and_unknown_terminals)
{
	ck_assert_int_eq(try_terminal("xterm"), 0);
	ck_assert_int_eq(try_terminal("vt100"), 0);
	ck_assert_int_eq(try_terminal("linux"), 0);
	ck_assert_int_eq(try_terminal("xterm-what-ever"), 0);
	ck_assert_int_eq(try_terminal("dumb"), -ENOTTY);
	ck_assert_int_eq(try_terminal("unknown"), -ENOTTY);
	ck_assert_int_eq(try_terminal("emacs"), -ENOTTY);
	ck_assert_int_eq(try_terminal("nonsense"), -ENOTTY);
	ck_assert_int_eq(try_terminal("../../../etc/passwd"), -ENOTTY);
	ck_assert_int_eq(try_terminal("-"), -ENOTTY);
	ck_assert_int_eq(try_terminal(""), -ENOTTY);
	ck_assert_int_eq(try_terminal("xterm-but-with-a-name-that-no-terminal-ever-had-so-long"),
			 -ENOTTY);
}
END_TEST

static int
descriptors(bool *ret_inherited)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++) {
		int flags = fcntl(fd, F_GETFD);

		n += flags >= 0;
		*ret_inherited |= fd > 2 && flags >= 0 && !(flags & FD_CLOEXEC);
	}
	return n;
}

START_TEST(descriptors_are_our_own)
{
	bool before = false, meanwhile = false;
	int n = descriptors(&before);
	struct editor_box *b = editor_box_open("xterm", 80, 24);

	ck_assert_int_eq(descriptors(&meanwhile), n + 2);
	ck_assert(before || !meanwhile);
	editor_box_close(b);
	ck_assert_int_eq(descriptors(&before), n);
}
END_TEST

START_TEST(without_a_pseudo_terminal_the_plain_reader_serves)
{
	struct editor_box *b = editor_box_open(NULL, 80, 24);
	struct rlimit limit, none;

	getrlimit(RLIMIT_NOFILE, &limit);
	for (rlim_t fds = 0; fds < 2; fds++) {
		none = limit;
		none.rlim_cur = (rlim_t)fcntl(0, F_DUPFD, 0) + fds;
		close((int)(none.rlim_cur - fds));
		setrlimit(RLIMIT_NOFILE, &none);
		ck_assert_int_eq(lineedit_open(b->e, "xterm"), -EMFILE);
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	ck_assert(!lineedit_is_open(b->e));
	ck_assert_int_eq(READ(b, "ab" LEFT "c\n"), 1);
	ck_assert_str_eq(buf_str(&b->line), "abc");
	editor_box_close(b);
}
END_TEST

/* --- lines --- */

START_TEST(lines_are_read)
{
	struct editor_box *b = editor_box_open("xterm", 80, 24);

	ck_assert_int_eq(READ(b, "help\nmore"), 1);
	ck_assert_str_eq(buf_str(&b->line), "help");
	ck_assert_uint_eq(b->at, 5);
	ck_assert_int_eq(READ(b, "\n"), 1);
	ck_assert_uint_eq(b->line.len, 0);
	/* The LF of CR LF; the next one is a line. */
	ck_assert_int_eq(READ(b, "a\r"), 1);
	ck_assert_int_eq(READ(b, "\nb\n"), 1);
	ck_assert_str_eq(buf_str(&b->line), "b");
	editor_box_look(b);
	ck_assert_str_eq(buf_str(&b->screen), "> help\n>\n> a\n> b");
	ck_assert_uint_eq(b->y, 4);
	editor_box_close(b);
}
END_TEST

START_TEST(keys_move)
{
	LINE("bc\x01"
	     "a\x05"
	     "d",
	     "abcd");
	LINE("bc\x1b[Ha\x1b[Fd", "abcd");
	LINE("bc\x1bOHa\x1bOFd", "abcd");
	LINE("bc\x1b[1~a\x1b[4~d", "abcd");
	LINE("bc\x1b[7~a\x1b[8~d", "abcd");
	LINE("ad" LEFT "c" LEFT "b" RIGHT RIGHT "e", "abcde");
	LINE("ad\x1bODc\x1bODb\x1bOC\x1bOCe", "abcde");
	LINE("ad\x02"
	     "c\x02"
	     "b\x06\x06"
	     "e",
	     "abcde");
	LINE("one two\x1b[1;5D\x1b[1;5D1\x1b[1;5C2", "1one2 two");
	LINE("one two\x1b"
	     "b\x1b"
	     "b1\x1b"
	     "f2",
	     "1one2 two");
	LINE("one two\x1b[1;3D1", "one 1two");
	LINE("a" LEFT LEFT LEFT "b" RIGHT RIGHT RIGHT "c", "bac");
	/* Whole characters, with what stands on them. */
	LINE("xe\xcc\x81" LEFT LEFT "1", "1xe\xcc\x81");
	LINE("xe\xcc\x81y\x01" RIGHT RIGHT "1", "xe\xcc\x81"
						"1y");
	SCREEN("\xe6\x97\xa5\xe6\x9c\xac" LEFT, 80, "> \xe6\x97\xa5\xe6\x9c\xac", 4, 0);
}
END_TEST

START_TEST(keys_delete)
{
	LINE("helx\x7fp", "help");
	LINE("helx\bp", "help");
	LINE("\b\x7f\x1b[3~ok", "ok");
	LINE("gr\xc3\xbc\bue", "grue");
	LINE("\xe6\x97\xa5\xe6\x9c\xac\b", "\xe6\x97\xa5");
	LINE("xe\xcc\x81\b", "x");
	LINE("xe\xcc\x81y\x01" RIGHT "\x1b[3~", "xy");
	LINE("abc" LEFT LEFT "\x1b[3~", "ac");
	LINE("abc" LEFT LEFT "\x04", "ac");
	LINE("abc\x04", "abc");
	LINE("one two  three\x17", "one two  ");
	LINE("one two  three\x17\x17", "one ");
	LINE("/mnt/a-b\x17", "");
	LINE("/mnt/a-b\x1b\x7f", "/mnt/a-");
	LINE("one two\x01\x1b"
	     "d",
	     " two");
	LINE("one two\x01\x1b[3;5~", " two");
	LINE("garbage\x15help", "help");
	LINE("one two" LEFT LEFT LEFT "\x0b", "one ");
	SCREEN("helx\bp", 80, "> help", 6, 0);
	SCREEN("disk usage\x17home", 80, "> disk home", 11, 0);
}
END_TEST

START_TEST(keys_yank)
{
	LINE("one two\x17\x19\x19", "one twotwo");
	LINE("one two\x15\x19", "one two");
	LINE("one two\x01\x1b"
	     "d\x05 \x19",
	     " two one");
	LINE("one\x19", "one");
	LINE("ab\x14", "ba");
	LINE("abc\x01" RIGHT "\x14", "bac");
	LINE("a\x14\x14", "a");
}
END_TEST

START_TEST(a_yank_stays_for_the_next_line)
{
	struct editor_box *b = editor_box_open("xterm", 80, 24);

	ck_assert_int_eq(READ(b, "one two\x17\n"), 1);
	ck_assert_int_eq(READ(b, "\x19!\n"), 1);
	ck_assert_str_eq(buf_str(&b->line), "two!");
	editor_box_close(b);
}
END_TEST

START_TEST(other_keys_do_nothing)
{
	/* A number with Alt repeats what follows in libedit, ^V takes the next key as it is, ^X and
	 * ESC begin sequences of its own. */
	LINE("\x1b"
	     "9\x1b"
	     "9a",
	     "a");
	LINE("a\x16\x1b[Ab\x18\x18z", "abz");
	LINE("a\x1b[5~\x1b[6~\x1b[2~\x1bOPz", "az");
	LINE("a\x1b[<0;1;1M\x1b]0;title\a\x1b(Bz", "az");
	LINE("a\x1bxz\x0f\x11\x1a\x1c\x1d\x1e\x1f", "az");
	LINE("a\xc2\x85z\xc2\x80", "az");
	LINE("a\x07z", "az");
}
END_TEST

START_TEST(what_is_no_text_is_replaced)
{
	LINE("a\xff\xfez", "a??z");
	LINE("\xe0\x80\xafz", "?z");
	LINE("a\xe6\x97", "a?");
	/* bidi override, zero width space; one that is no character yet */
	LINE("a\xe2\x80\xae\xe2\x80\x8bz", "a??z");
	LINE("a\xcd\xb8z", "a?z");
	LINE("a\xc2\xa0z", "a\xc2\xa0z");
}
END_TEST

START_TEST(marks_do_not_pile_up)
{
	LINE("a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
	     "a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81");
	/* With nothing to stand on they go. */
	LINE("\xcc\x81\xcc\x81x \xcc\x81y", "x y");
}
END_TEST

/* What is seen of a letter with its mark is the two behind each other, in one column. */
static void
expect_shown(const char *keys, const char *cluster, unsigned x)
{
	struct editor_box *b = editor_box_open("xterm", 80, 24);

	ck_assert_int_eq(editor_box_read(b, keys, strlen(keys)), -EPIPE);
	ck_assert_ptr_nonnull(strstr(buf_str(&b->shown), cluster));
	ck_assert_uint_eq(b->x, x);
	ck_assert(text_is_clean(b->screen.data, b->screen.len));
	editor_box_close(b);
}

#define E_ACUTE "e\xcc\x81"
#define GA "\xe3\x81\x8b\xe3\x82\x99" /* two columns */

START_TEST(marks_are_shown)
{
	expect_shown("x" E_ACUTE, E_ACUTE, 4);
	expect_shown("x" E_ACUTE "yz" LEFT LEFT, E_ACUTE, 4);
	expect_shown("xyz" LEFT LEFT E_ACUTE, E_ACUTE, 4);
	expect_shown("e" E_ACUTE LEFT "\xcc\x81", E_ACUTE, 3);
	expect_shown(GA "x", GA "x", 5);
	expect_shown("x" E_ACUTE GA "\x15-\x19", "x" E_ACUTE GA, 7);
	expect_shown("e\xcc\x81\xcc\xa7", "e\xcc\x81\xcc\xa7", 3);
}
END_TEST

START_TEST(marks_stay_on_their_letters)
{
	LINE("x" E_ACUTE "\x17\x19 \x19", "x" E_ACUTE " x" E_ACUTE);
	LINE("a" E_ACUTE "\x14", E_ACUTE "a");
	LINE("one " E_ACUTE "t" E_ACUTE "\x1b\x7f", "one ");
	LINE(E_ACUTE GA E_ACUTE LEFT LEFT "\x1b[3~", E_ACUTE E_ACUTE);
	/* Those that stand for such letters inside, typed. */
	LINE("\xf3\xb0\x80\x80" E_ACUTE "\xf0\x97\x80\x80\xf3\xb0\x80\x81",
	     "\xf3\xb0\x80\x80" E_ACUTE "\xf0\x97\x80\x80\xf3\xb0\x80\x81");
}
END_TEST

/* There is an end of different letters with marks in a line; past it the marks go. */
START_TEST(marks_have_an_end)
{
	_autobuf_ struct buf keys = BUF_INIT(1 << 16);
	struct editor_box *b = editor_box_open("xterm", 80, 24);

	for (unsigned i = 0; i < 400; i++)
		buf_printf(&keys, "%c\xcc%c\x7f", 'a' + i % 20, 0x80 + i / 20);
	buf_puts(&keys, "x\n");
	ck_assert_int_eq(editor_box_read(b, keys.data, keys.len), 1);
	ck_assert_str_eq(buf_str(&b->line), "x");
	ck_assert_int_eq(READ(b, E_ACUTE "\n"), 1);
	ck_assert_str_eq(buf_str(&b->line), E_ACUTE);
	editor_box_close(b);
}
END_TEST

START_TEST(interrupt_and_end)
{
	struct editor_box *b = editor_box_open("xterm", 80, 24);
	const int ends[] = { -EPIPE, -ECANCELED, -ETIME };

	ck_assert_int_eq(READ(b, "abc" LEFT "\x03"), -ECANCELED);
	ck_assert_uint_eq(b->line.len, 0);
	ck_assert_int_eq(READ(b, "\x04"), 0);
	ck_assert_int_eq(READ(b, "abc\x15\x04"), 0);
	for (size_t i = 0; i < 3; i++) {
		b->end = ends[i];
		ck_assert_int_eq(READ(b, "abc"), ends[i]);
		ck_assert_uint_eq(b->line.len, 0);
		ck_assert_uint_eq(b->terminal.x, 0);
	}
	ck_assert_int_eq(READ(b, "ok\n"), 1);
	ck_assert_str_eq(buf_str(&b->line), "ok");
	editor_box_close(b);
}
END_TEST

/* max_line is 64. */
START_TEST(long_lines_are_dropped_to_their_end)
{
	struct editor_box *b = editor_box_open("xterm", 80, 24);
	char keys[20000];

	memset(keys, 'x', sizeof(keys));
	keys[64] = '\n';
	ck_assert_int_eq(editor_box_read(b, keys, 65), 1);
	ck_assert_uint_eq(b->line.len, 64);
	keys[64] = 'x';
	keys[sizeof(keys) - 1] = '\n';
	ck_assert_int_eq(editor_box_read(b, keys, sizeof(keys)), -EMSGSIZE);
	ck_assert_uint_eq(b->line.len, 0);
	ck_assert_uint_eq(b->at, sizeof(keys));
	/* Nothing makes sense of half a line; ^U begins a new one. */
	memcpy(keys + 100, "\b\x17\x04\x19\n", 5);
	ck_assert_int_eq(editor_box_read(b, keys, 105), -EMSGSIZE);
	memcpy(keys + 100, "\x15ok\n", 4);
	ck_assert_int_eq(editor_box_read(b, keys, 104), 1);
	ck_assert_str_eq(buf_str(&b->line), "ok");
	/* What was killed does not fit twice. */
	memcpy(keys + 60, "\x15\x19\x19\n", 4);
	ck_assert_int_eq(editor_box_read(b, keys, 64), 1);
	ck_assert_uint_eq(b->line.len, 60);
	memcpy(keys + 62, "\xe6\x97\xa5\n", 4);
	memset(keys + 60, 'x', 2);
	ck_assert_int_eq(editor_box_read(b, keys, 66), -EMSGSIZE);
	memcpy(keys + 61, "\xe6\x97\xa5\n", 4);
	ck_assert_int_eq(editor_box_read(b, keys, 65), 1);
	ck_assert_uint_eq(b->line.len, 64);
	b->line.max = 4;
	ck_assert_int_eq(READ(b, "12345\n"), -EMSGSIZE);
	ck_assert_int_eq(READ(b, "1234\n"), 1);
	editor_box_close(b);
}
END_TEST

/* --- the screen --- */

START_TEST(lines_wrap)
{
	SCREEN("1234567", 10, "> 1234567", 9, 0);
	/* The cursor is never left in the margin. */
	SCREEN("12345678", 10, "> 12345678", 0, 1);
	SCREEN("123456789", 10, "> 12345678\n9", 1, 1);
	SCREEN("123456789\b\b", 10, "> 1234567", 9, 0);
	SCREEN("1234567890" LEFT LEFT LEFT, 10, "> 12345678\n90", 9, 0);
	SCREEN("1234567890\x01x", 10, "> x1234567\n890", 3, 0);
	SCREEN("1234567890\x01\x1b[3~", 10, "> 23456789\n0", 2, 0);
	SCREEN("1234567890\x15x", 10, "> x", 3, 0);
	/* A wide character does not fit into the last column. */
	SCREEN("1234567\xe6\x97\xa5", 10, "> 1234567\n\xe6\x97\xa5", 2, 1);
	SCREEN("1234567\xe6\x97\xa5" LEFT, 10, "> 1234567\n\xe6\x97\xa5", 0, 1);
	SCREEN("123456\xe6\x97\xa5z", 10, "> 123456\xe6\x97\xa5\nz", 1, 1);
	SCREEN("1234567\xe6\x97\xa5\b8", 10, "> 12345678", 0, 1);
	SCREEN("\xe6\x97\xa5\x01xy", 10, "> xy\xe6\x97\xa5", 4, 0);
	SCREEN("gr\xc3\xbc\xc3\x9f"
	       "e \xe6\x97\xa5\xe6\x9c\xac \xe2\x82\xac\x02\x02!",
	       80,
	       "> gr\xc3\xbc\xc3\x9f"
	       "e \xe6\x97\xa5\xe6\x9c\xac! \xe2\x82\xac",
	       13, 0);
}
END_TEST

/* libedit's own way to insert leaves its memory there. */
START_TEST(lines_may_be_higher_than_the_window)
{
	struct editor_box *b = editor_box_open("xterm", 10, 3);

	ck_assert_int_eq(READ(b, "1234567890abcdefghijklmnopqrstuvwxyz\x01"
				 "A\x05"
				 "Zabcdefghij\n"),
			 1);
	ck_assert_str_eq(buf_str(&b->line), "A1234567890abcdefghijklmnopqrstuvwxyzZabcdefghij");
	ck_assert_int_eq(READ(b, "1234567890abcdefghijklmnopqrstuvwxyz"), -EPIPE);
	ck_assert_str_eq(buf_str(&b->screen), "90abcdefgh\nijklmnopqr\nstuvwxyz");
	ck_assert_uint_eq(b->x, 8);
	editor_box_close(b);
}
END_TEST

START_TEST(redraw_clears_the_screen)
{
	struct editor_box *b = editor_box_open("xterm", 80, 24);

	ck_assert_int_eq(READ(b, "one\n"), 1);
	ck_assert_int_eq(READ(b, "two" LEFT "\x0c"), -EPIPE);
	ck_assert_str_eq(buf_str(&b->screen), "> two");
	ck_assert_uint_eq(b->x, 4);
	editor_box_close(b);
}
END_TEST

static bool
has_note(struct editor_box *b)
{
	editor_box_look(b);
	return true;
}

static void
expect_note(unsigned columns, const char *keys, const char *rest, const char *expected, unsigned x,
	    unsigned y)
{
	struct editor_box *b = editor_box_open("xterm", columns, 10);
	_autobuf_ struct buf all = BUF_INIT(1024);

	b->hook = has_note;
	b->hook_at = strlen(keys);
	buf_printf(&all, "%s%s", keys, rest);
	ck_assert_int_eq(editor_box_read(b, buf_str(&all), all.len), -EPIPE);
	ck_assert_str_eq(buf_str(&b->screen), expected);
	ck_assert_uint_eq(b->x, x);
	ck_assert_uint_eq(b->y, y);
	editor_box_close(b);
}

START_TEST(notes_come_above_the_line)
{
	expect_note(80, "", "", "a note\n>", 2, 1);
	expect_note(80, "disk us", "", "a note\n> disk us", 9, 1);
	expect_note(80, "disk us" LEFT LEFT, "x", "a note\n> disk xus", 8, 1);
	/* Nothing is left of a line of several rows, wherever the cursor is. */
	expect_note(10, "1234567890abcdefghij", "", "a note\n> 12345678\n90abcdefgh\nij", 2, 3);
	expect_note(10, "1234567890abcdefghij\x01", "x", "a note\n> x1234567\n890abcdefg\nhij", 3,
		    1);
	expect_note(10, "12345678", "", "a note\n> 12345678", 0, 2);
	expect_note(10, "1234567\xe6\x97\xa5", "", "a note\n> 1234567\n\xe6\x97\xa5", 2, 2);
}
END_TEST

static bool
narrower(struct editor_box *b)
{
	terminal_resize(&b->terminal, 10, 10);
	lineedit_set_window(b->e, 10, 10);
	return true;
}

static bool
wider(struct editor_box *b)
{
	terminal_resize(&b->terminal, 40, 10);
	lineedit_set_window(b->e, 40, 10);
	return true;
}

static bool
tiny(struct editor_box *b)
{
	terminal_resize(&b->terminal, 10, 2);
	lineedit_set_window(b->e, 10, 2);
	return true;
}

static void
expect_resized(bool (*hook)(struct editor_box *), const char *keys, const char *expected,
	       unsigned x, unsigned y)
{
	struct editor_box *b = editor_box_open("xterm", 20, 10);

	b->hook = hook;
	b->hook_at = strlen(keys);
	ck_assert_int_eq(editor_box_read(b, keys, strlen(keys)), -EPIPE);
	ck_assert_str_eq(buf_str(&b->screen), expected);
	ck_assert_uint_eq(b->x, x);
	ck_assert_uint_eq(b->y, y);
	editor_box_close(b);
}

/* In a terminal that cuts lines off, and lets no row go. */
START_TEST(windows_change)
{
	expect_resized(narrower, "1234", "> 1234", 6, 0);
	expect_resized(narrower, "1234" LEFT LEFT, "> 1234", 4, 0);
	expect_resized(wider, "1234", "> 1234", 6, 0);
	expect_resized(narrower, "1234567890ab", "> 12345678\n90ab", 4, 1);
	expect_resized(narrower, "1234567890ab\x01", "> 12345678\n90ab", 2, 0);
	/* What the terminal does to two rows is not known: no other line may be lost for it. */
	expect_resized(wider, "1234567890abcdefghij",
		       "> 1234567890abcdefgh\n> 1234567890abcdefghij", 22, 1);
	/* The cursor was below all that is left. */
	expect_resized(tiny, "1234567890abcdefghijklmnopqrstuvwxyz1234567890",
		       "stuvwxyz12\n34567890", 8, 1);
}
END_TEST

static Suite *
lineedit_edit_suite(void)
{
	Suite *s = suite_create("lineedit_edit");
	TCase *c = tcase_create("editor");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, known_and_unknown_terminals);
	tcase_add_test(c, descriptors_are_our_own);
	tcase_add_test(c, without_a_pseudo_terminal_the_plain_reader_serves);
	tcase_add_test(c, lines_are_read);
	tcase_add_test(c, keys_move);
	tcase_add_test(c, keys_delete);
	tcase_add_test(c, keys_yank);
	tcase_add_test(c, a_yank_stays_for_the_next_line);
	tcase_add_test(c, other_keys_do_nothing);
	tcase_add_test(c, what_is_no_text_is_replaced);
	tcase_add_test(c, marks_do_not_pile_up);
	tcase_add_test(c, marks_are_shown);
	tcase_add_test(c, marks_stay_on_their_letters);
	tcase_add_test(c, marks_have_an_end);
	tcase_add_test(c, interrupt_and_end);
	tcase_add_test(c, long_lines_are_dropped_to_their_end);
	tcase_add_test(c, lines_wrap);
	tcase_add_test(c, lines_may_be_higher_than_the_window);
	tcase_add_test(c, redraw_clears_the_screen);
	tcase_add_test(c, notes_come_above_the_line);
	tcase_add_test(c, windows_change);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	SRunner *r;
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	setenv("TERM", "vt100", 1);
	r = srunner_create(lineedit_edit_suite());
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
