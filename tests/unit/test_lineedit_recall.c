/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_lineedit_recall -- lines that come from elsewhere than the keys: history, its search, and
 * what completion puts into a line or shows below it, in both ways of reading.
 */
#include <locale.h>
#include <time.h>

#include "editor_box.h"

#include <check.h> /* last: it has a macro `fail` */

#define UP "\x1b[A"
#define DOWN "\x1b[B"
#define RIGHT "\x1b[C"
#define LEFT "\x1b[D"

static void
expect_line(const char *keys, size_t n, const char *expected)
{
	struct editor_box *b = editor_box_open("xterm", 80, 24);

	ck_assert_int_eq(editor_box_read(b, keys, n), 1);
	ck_assert_str_eq(buf_str(&b->line), expected);
	editor_box_close(b);
}

#define LINE(keys, expected) expect_line(keys "\n", sizeof(keys), expected)

/* --- what is kept --- */

static const struct lineedit_ops no_ops;

static const char *
kept(const struct lineedit *e, struct buf *out)
{
	buf_clear(out);
	for (const char *line = NULL; (line = lineedit_next_kept(e, line));)
		buf_printf(out, "%s\n", line);
	return buf_str(out);
}

static void
remember(struct lineedit *e, const char *line)
{
	lineedit_remember(e, line, strlen(line));
}

START_TEST(lines_are_kept)
{
	_autobuf_ struct buf out = BUF_INIT(1 << 20);
	struct lineedit *e = lineedit_new(&no_ops, NULL, 64);

	ck_assert_ptr_null(lineedit_next_kept(e, NULL));
	remember(e, "one");
	remember(e, "");
	remember(e, " secret");
	remember(e, "two");
	remember(e, "two");
	remember(e, "one");
	ck_assert_str_eq(kept(e, &out), "one\ntwo\none\n");
	lineedit_free(e);
}
END_TEST

START_TEST(the_oldest_lines_go)
{
	_autobuf_ struct buf out = BUF_INIT(1 << 20);
	static char long_line[40000];
	struct lineedit *e = lineedit_new(&no_ops, NULL, 64);
	size_t n = 0;

	for (int i = 0; i < 600; i++) {
		char line[24];

		snprintf(line, sizeof(line), "line %d", i);
		remember(e, line);
	}
	for (const char *line = NULL; (line = lineedit_next_kept(e, line));)
		n++;
	ck_assert_uint_eq(n, 500);
	ck_assert_str_eq(lineedit_next_kept(e, NULL), "line 100");
	memset(long_line, 'x', sizeof(long_line) - 1);
	remember(e, long_line);
	long_line[0] = 'y';
	remember(e, long_line);
	ck_assert_uint_eq(strlen(kept(e, &out)), sizeof(long_line));
	lineedit_free(e);
}
END_TEST

/* --- history --- */

static struct editor_box *
with_history(void)
{
	struct editor_box *b = editor_box_open("xterm", 80, 10);

	lineedit_remember(b->e, "first", 5);
	lineedit_remember(b->e, "second", 6);
	lineedit_remember(b->e, "the \xc3\xbc third", 12);
	return b;
}

static void
expect_recalled(const char *keys, const char *expected)
{
	struct editor_box *b = with_history();

	ck_assert_int_eq(editor_box_read(b, keys, strlen(keys)), 1);
	ck_assert_str_eq(buf_str(&b->line), expected);
	editor_box_close(b);
}

START_TEST(history_is_recalled)
{
	expect_recalled(UP "\n", "the \xc3\xbc third");
	expect_recalled("\x10\x10\n", "second");
	expect_recalled(UP UP UP UP UP UP "\n", "first");
	expect_recalled(UP UP DOWN "!\n", "the \xc3\xbc third!");
	/* The own line is kept meanwhile. */
	expect_recalled("own" UP UP DOWN DOWN "!\n", "own!");
	expect_recalled("own" UP "x" UP "\x0e\x0e\x0e!\n", "own!");
	expect_recalled("own\x1b<\n", "first");
	expect_recalled("own\x1b<\x1b>!\n", "own!");
	expect_recalled(DOWN "own\n", "own");
}
END_TEST

START_TEST(without_history)
{
	LINE(UP DOWN "\x1b<\x1b>a", "a");
	LINE("a\x12z\x12\x07", "a");
}
END_TEST

START_TEST(history_is_searched)
{
	struct editor_box *b;

	expect_recalled("\x12se\n", "second");
	expect_recalled("\x12s\x05!\n", "second!");
	expect_recalled("\x12s\x12\x05!\n", "first!");
	expect_recalled("\x12s\x12\x13\x05!\n", "second!");
	expect_recalled("\x12s\x12\x12\x12\x05!\n", "first!");
	expect_recalled("\x12third\x7f\x7f\x7f\x7f\x7fse\n", "second");
	expect_recalled("\x12\xc3\xbc\n", "the \xc3\xbc third");
	expect_recalled("own\x12se\x07!\n", "own!");
	expect_recalled("own\x12zzz\x05!\n", "own!");
	expect_recalled("\x12nowhere\x05!\n", "second!");
	expect_recalled(UP UP "\x12th\x07!\n", "second!");
	/* The cursor stands where it matches. */
	expect_recalled("\x12"
			"con" LEFT RIGHT "!\n",
			"se!cond");
	b = with_history();
	ck_assert_int_eq(READ(b, "\x12ird"), -EPIPE);
	ck_assert_str_eq(buf_str(&b->screen), "search 'ird': the \xc3\xbc third");
	ck_assert_uint_eq(b->x, 14 + 8);
	ck_assert_int_eq(READ(b, "x\x12ird!"), -EPIPE);
	ck_assert_ptr_nonnull(strstr(buf_str(&b->screen), "not found 'ird!': the \xc3\xbc third"));
	ck_assert_int_eq(READ(b, "\x12se\x05"), -EPIPE);
	ck_assert_ptr_nonnull(strstr(buf_str(&b->screen), "\n> second"));
	editor_box_close(b);
}
END_TEST

/* libedit's own search would need stack for each of these keys. */
START_TEST(a_search_may_go_on_for_ever)
{
	struct editor_box *b = with_history();
	size_t n = 300000;
	char *keys = malloc(n);

	memset(keys, '\x12', n);
	keys[1] = 's';
	keys[n - 1] = '\n';
	ck_assert_int_eq(editor_box_read(b, keys, n), 1);
	ck_assert_str_eq(buf_str(&b->line), "first");
	free(keys);
	editor_box_close(b);
}
END_TEST

START_TEST(a_search_is_for_text)
{
	static char line[64];
	struct editor_box *b = editor_box_open("xterm", 80, 10);
	struct timespec then, now;

	memset(line, 'a', sizeof(line) - 1);
	lineedit_remember(b->e, line, sizeof(line) - 1);
	clock_gettime(CLOCK_MONOTONIC, &then);
	ck_assert_int_eq(READ(b, "\x12\\(a*\\)*\\1\\1b\n"), 1);
	clock_gettime(CLOCK_MONOTONIC, &now);
	ck_assert_int_lt(now.tv_sec - then.tv_sec, 10);
	ck_assert_str_eq(buf_str(&b->line), "");
	editor_box_close(b);
}
END_TEST

/* --- completion --- */

static const char *const some_words[] = { "disk", "network", "netstat", "'a b'", "HINT", NULL };

static void
choose(void *ctx, const char *line, size_t cursor, struct lineedit_choices *c)
{
	(void)ctx;
	c->from = cursor;
	while (c->from > 0 && line[c->from - 1] != ' ')
		c->from--;
	c->letter = c->from < cursor;
	c->list = arena_alloc(c->arena,
			      sizeof(some_words) / sizeof(*some_words) * sizeof(*c->list));
	for (size_t i = 0; some_words[i]; i++)
		if (strncmp(some_words[i], line + c->from, cursor - c->from) == 0)
			c->list[c->n++] = (struct menu_word){
				.word = some_words[i],
				.text = strcmp(some_words[i], "HINT") ? some_words[i] : NULL,
				.help = "what it is",
			};
}

static void
expect_chosen(unsigned columns, const char *keys, const char *expected, unsigned x, unsigned y)
{
	struct editor_box *b = editor_box_open("xterm", columns, 10);

	b->ops.complete = choose;
	ck_assert_int_eq(editor_box_read(b, keys, strlen(keys)), -EPIPE);
	ck_assert_str_eq(buf_str(&b->screen), expected);
	ck_assert_uint_eq(b->x, x);
	ck_assert_uint_eq(b->y, y);
	editor_box_close(b);
}

START_TEST(tab_completes)
{
	expect_chosen(40, "d\t", "> disk", 7, 0);
	expect_chosen(40, "x d\t", "> x disk", 9, 0);
	expect_chosen(40, "\xc3\xbc d\tz", "> \xc3\xbc disk z", 10, 0);
	expect_chosen(40, "ne\t", "> net", 5, 0);
	expect_chosen(40, "net\t", "> net\nnetwork  netstat\n> net", 5, 2);
	expect_chosen(40, "ne\t\ts\t", "> net\nnetwork  netstat\n> netstat", 10, 2);
	expect_chosen(40, "z\t", "> z", 3, 0);
	expect_chosen(40, "'a\t", "> 'a b'", 8, 0);
	/* In mid-line; a blank that is there is not doubled. */
	expect_chosen(40, "d x" LEFT LEFT "\t", "> disk x", 6, 0);
	expect_chosen(40, "net x" LEFT LEFT "\t", "> net x\nnetwork  netstat\n> net x", 5, 2);
	/* A line of several rows, the cursor in the first. */
	expect_chosen(10, "123 net 890" LEFT LEFT LEFT LEFT "\t",
		      "> 123 net\n890\nnetwork\nnetstat\n> 123 net\n890", 9, 4);
	expect_chosen(40, "\x1b[200~d\t?\x1b[201~x", "> d ?x", 6, 0);
	LINE("d\tx", "dx");
}
END_TEST

START_TEST(a_completed_word_must_fit)
{
	struct editor_box *b = editor_box_open("xterm", 100, 10);
	char keys[BOX_LINE + 10];

	b->ops.complete = choose;
	memset(keys, 'x', sizeof(keys));
	memcpy(keys + BOX_LINE - 4, " d\t\n", 4);
	ck_assert_int_eq(editor_box_read(b, keys, BOX_LINE), 1);
	ck_assert_uint_eq(b->line.len, BOX_LINE - 2);
	memcpy(keys + BOX_LINE - 6, " d\t\n", 4);
	ck_assert_int_eq(editor_box_read(b, keys, BOX_LINE - 2), 1);
	ck_assert_uint_eq(b->line.len, BOX_LINE);
	editor_box_close(b);
}
END_TEST

START_TEST(a_question_mark_explains)
{
	expect_chosen(40, "?",
		      ">\n  disk     what it is\n  network  what it is\n  netstat  what it is\n"
		      "  'a b'    what it is\n  HINT     what it is\n>",
		      2, 6);
	expect_chosen(40, "x y" LEFT "?",
		      "> x y\n  disk     what it is\n  network  what it is\n  netstat  what it is\n"
		      "  'a b'    what it is\n  HINT     what it is\n> x y",
		      4, 6);
	expect_chosen(40, "x n?", "> x n?", 6, 0);
	expect_chosen(16, "x ?", "> x\n  disk\n  network\n  netstat\n  'a b'\n  HINT\n> x", 4, 6);
}
END_TEST

static void
choose_many(void *ctx, const char *line, size_t cursor, struct lineedit_choices *c)
{
	(void)ctx;
	(void)line;
	(void)cursor;
	c->list = arena_alloc(c->arena, 1000 * sizeof(*c->list));
	for (c->n = 0; c->n < 1000; c->n++) {
		char *word = arena_printf(c->arena, "w%03zu", c->n);

		c->list[c->n] = (struct menu_word){ word, word, "\xe6\x97\xa5 help" };
	}
}

START_TEST(a_list_fits_the_window)
{
	struct editor_box *b = editor_box_open("xterm", 20, 10);

	b->ops.complete = choose_many;
	ck_assert_int_eq(READ(b, "\t\t"), -EPIPE);
	ck_assert_str_eq(buf_str(&b->screen),
			 "> w\nw000  w007  w014\nw001  w008  w015\nw002  w009  w016\n"
			 "w003  w010  w017\nw004  w011  w018\n"
			 "w005  w012  w019\nw006  w013  w020\n-- 979 more\n"
			 "> w");
	ck_assert_int_eq(READ(b, "?"), -EPIPE);
	ck_assert_ptr_nonnull(strstr(buf_str(&b->screen), "  w006  \xe6\x97\xa5 help\n"
							  "-- 993 more\n>"));
	editor_box_close(b);
}
END_TEST

/* --- completion in the plain reader --- */

static void
expect_plain(bool echo, const char *keys, const char *expected)
{
	struct editor_box *b = editor_box_open(NULL, 40, 10);

	b->ops.complete = choose;
	lineedit_set_echo(b->e, echo);
	ck_assert_int_eq(editor_box_read(b, keys, strlen(keys)), -EPIPE);
	ck_assert_str_eq(buf_str(&b->shown), expected);
	editor_box_close(b);
}

START_TEST(plain_tab_completes)
{
	expect_plain(true, "d\t", "> disk \n");
	expect_plain(true, "x d\t", "> x disk \n");
	expect_plain(true, "ne\t", "> net\n");
	expect_plain(true, "ne\t\t", "> net\nnetwork  netstat\n> net\n");
	expect_plain(true, "z\t", "> z\n");
	/* It was not typed, or the peer's own terminal shows the line. */
	expect_plain(true, "\x1b[200~d\t\x1b[201~", "> d \n");
	expect_plain(false, "d\t", "> \n");
}
END_TEST

START_TEST(plain_question_mark_explains)
{
#define EXPLAINED                                                                                  \
	"  disk     what it is\n  network  what it is\n  netstat  what it is\n"                    \
	"  'a b'    what it is\n  HINT     what it is\n"
	expect_plain(true, "?", "> \n" EXPLAINED "> \n");
	expect_plain(true, "x n?", "> x n?\n");
	expect_plain(true, "x ?", "> x \n" EXPLAINED "> x \n");
	expect_plain(false, "?", "> \n");
	expect_plain(true, "\x1b[200~?", "> ?\n");
}
END_TEST

/* Without echo the line comes as a whole. */
START_TEST(a_line_may_end_in_a_question)
{
	struct editor_box *b = editor_box_open(NULL, 40, 10);

	b->ops.complete = choose;
	lineedit_set_echo(b->e, false);
	ck_assert_int_eq(READ(b, "x ?\n"), -ECANCELED);
	ck_assert_str_eq(buf_str(&b->shown), "> " EXPLAINED);
	ck_assert_int_eq(READ(b, "x?\n"), 1);
	ck_assert_str_eq(buf_str(&b->line), "x?");
	editor_box_close(b);
}
END_TEST

static Suite *
lineedit_recall_suite(void)
{
	Suite *s = suite_create("lineedit_recall");
	TCase *c = tcase_create("recall");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, lines_are_kept);
	tcase_add_test(c, the_oldest_lines_go);
	tcase_add_test(c, history_is_recalled);
	tcase_add_test(c, without_history);
	tcase_add_test(c, history_is_searched);
	tcase_add_test(c, a_search_may_go_on_for_ever);
	tcase_add_test(c, a_search_is_for_text);
	tcase_add_test(c, tab_completes);
	tcase_add_test(c, a_completed_word_must_fit);
	tcase_add_test(c, a_question_mark_explains);
	tcase_add_test(c, a_list_fits_the_window);
	tcase_add_test(c, plain_tab_completes);
	tcase_add_test(c, plain_question_mark_explains);
	tcase_add_test(c, a_line_may_end_in_a_question);
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
	r = srunner_create(lineedit_recall_suite());
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
