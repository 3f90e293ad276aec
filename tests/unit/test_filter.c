/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of filter: a pipeline of filters as one string over a small table, the names that are
 * left as another; then what is refused and why, and that no expression takes long.
 */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "filter.h"

#include <check.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct telmon_column columns[] = {
	{ .name = "name", .type = TELMON_TEXT },
	{ .name = "rx_bytes_per_s", .type = TELMON_REAL, .unit = TELMON_BYTES_PER_S },
	{ .name = "rx_packets", .type = TELMON_INT },
	{ .name = "used_bytes", .type = TELMON_INT, .unit = TELMON_BYTES },
	{ .name = "used_percent", .type = TELMON_REAL, .unit = TELMON_PERCENT },
};

static const struct {
	const char *name;
	double rate;
	int64_t packets, used;
	double percent;
} table[] = {
	{ "lo", 0, 10, 1024, 50 },
	{ "eth0", 1536, 300, 2048, 99.97 },
	{ "eth1", NAN, 20, INT64_C(9007199254740993), 10 },
	{ "wlan0", 2e6, 5, 0, NAN },
	{ "\x1b[2Jh\xc3\xa4", 3, 300, 4096, 50 },
	{ NULL, 7, 7, 7, 7 },
};

static void
fill(struct rows *r)
{
	rows_init(r, columns, N(columns), 0);
	for (size_t i = 0; i < N(table); i++) {
		rows_begin(r);
		rows_text(r, table[i].name);
		rows_real(r, table[i].rate);
		rows_int(r, table[i].packets);
		rows_int(r, table[i].used);
		rows_real(r, table[i].percent);
	}
}

enum { MAX_FILTERS = 15 };

struct chain {
	struct arena arena;
	struct filter *filters[MAX_FILTERS];
	size_t n;
};

/* 0, or -EINVAL with why. */
static int
chain_open(struct chain *c, const char *stages, bool exact, struct buf *why)
{
	_autobuf_ struct buf line = BUF_INIT(1 << 16), grammar = BUF_WHY;
	const struct telmon_column *now = columns;
	struct parse_command *command;
	size_t at = 0, n = N(columns);

	c->n = 0;
	arena_init(&c->arena, 0);
	buf_printf(&line, "x | %s", stages);
	ck_assert_int_eq(parse_next(line.data, line.len, &at, &c->arena, &command, &grammar), 1);
	for (size_t i = 1; i < command->n_stages; i++) {
		struct filter *f = filter_new(command->stages[i], exact, now, n, why);

		if (!f)
			return -EINVAL;
		c->filters[c->n++] = f;
		now = filter_columns(f, &n);
	}
	return 0;
}

static int
chain_apply(const struct chain *c, struct rows *rows)
{
	int r = 0;

	for (size_t i = 0; i < c->n && r == 0; i++)
		r = filter_apply(c->filters[i], rows);
	return r;
}

static void
chain_close(struct chain *c)
{
	for (size_t i = 0; i < c->n; i++)
		filter_free(c->filters[i]);
	arena_fini(&c->arena);
}

static void
put_rows(struct buf *out, const struct rows *rows)
{
	for (size_t i = 0; i < rows->n_rows; i++)
		for (size_t k = 0; k < rows->n_columns; k++) {
			const struct cell *c = rows_cell(rows, i, k);

			if (out->len)
				buf_putc(out, k ? ',' : ' ');
			if (c->type == CELL_INT)
				buf_put_i64(out, c->i);
			else if (c->type == CELL_TEXT)
				buf_puts(out, c->s);
			else if (c->type == CELL_REAL)
				buf_put_real(out, c->f);
			else
				buf_putc(out, '-');
		}
}

static void
assert_filtered(const char *stages, const char *want, bool exact)
{
	_autobuf_ struct buf why = BUF_WHY, out = BUF_INIT(1 << 16);
	struct chain chain;
	struct rows rows;

	fill(&rows);
	ck_assert_msg(chain_open(&chain, stages, exact, &why) == 0, "%s: %s", stages,
		      buf_str(&why));
	ck_assert_int_eq(chain_apply(&chain, &rows), 0);
	put_rows(&out, &rows);
	ck_assert_msg(strcmp(buf_str(&out), want) == 0, "%s: '%s' instead of '%s'", stages,
		      buf_str(&out), want);
	rows_fini(&rows);
	chain_close(&chain);
}

/* The packets of the rows that are left: one number for each. */
static void
assert_left(const char *stages, const char *want)
{
	_autobuf_ struct buf full = BUF_INIT(4096);

	buf_printf(&full, "%s | columns rx_packets", stages);
	assert_filtered(buf_str(&full), want, true);
}

static void
assert_refused(const char *stages, bool exact, const char *want)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct chain chain;

	ck_assert_msg(chain_open(&chain, stages, exact, &why) == -EINVAL, "%s is taken", stages);
	ck_assert_int_eq(why.error, 0);
	ck_assert_msg(strstr(buf_str(&why), want), "%s: '%s' without '%s'", stages, buf_str(&why),
		      want);
	chain_close(&chain);
}

START_TEST(include_exclude_begin)
{
	assert_left("include eth", "300 20");
	assert_left("grep '^lo '", "10");
	assert_left("exclude eth", "10 5 300 7");
	assert_left("begin eth1", "20 5 300 7");
	assert_left("begin nothing", "");
	assert_left("include .", "10 300 20 5 300 7");
	assert_left("exclude .", "");
	assert_left("include '^(lo|wlan[0-9]) '", "10 5");
}
END_TEST

START_TEST(expressions_see_the_cleaned_cells)
{
	assert_left("include 'lo 0 B/s 10 1 KiB 50.0%$'", "10");
	assert_left("include 'eth0 1.5 KiB/s 300 2 KiB 99.9%'", "300");
	assert_left("include '^- 7 B/s 7 7 B 7.0%$'", "7");
	assert_left("include '^[?]\\[2Jh\xc3\xa4 '", "300");
	assert_left("include '^[?]\\[2Jh. '", "300");
	assert_left("include 'h[\xc3\xa0-\xc3\xbf] '", "300");
	assert_left("include 'h[^a] 3'", "300");
	assert_left("include '\\beth[[:digit:]]\\b'", "300 20");
}
END_TEST

START_TEST(head_and_tail)
{
	assert_left("head 2", "10 300");
	assert_left("tail 2", "300 7");
	assert_left("head 0", "");
	assert_left("tail 0", "");
	assert_left("head", "10 300 20 5 300 7");
	assert_left("tail", "10 300 20 5 300 7");
	assert_left("head 9223372036854775807", "10 300 20 5 300 7");
	assert_left("tail 6", "10 300 20 5 300 7");
	assert_left("head 3 | tail 1", "20");
}
END_TEST

START_TEST(ten_rows_are_the_default)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct chain chain;
	struct rows rows;

	rows_init(&rows, columns, N(columns), 0);
	for (int i = 0; i < 25; i++) {
		rows_begin(&rows);
		rows_null(&rows);
		rows_null(&rows);
		rows_int(&rows, i);
	}
	ck_assert_int_eq(chain_open(&chain, "tail|head", true, &why), 0);
	ck_assert_int_eq(chain_apply(&chain, &rows), 0);
	ck_assert_uint_eq(rows.n_rows, 10);
	ck_assert_int_eq(rows_cell(&rows, 0, 2)->i, 15);
	rows_fini(&rows);
	chain_close(&chain);
}
END_TEST

START_TEST(count_is_one_row)
{
	assert_filtered("count", "6", true);
	assert_filtered("exclude . | count", "0", true);
	assert_filtered("count | count", "1", true);
	assert_filtered("count | where count > 5 | sort count | columns count", "6", true);
	assert_filtered("columns name,used_bytes | count", "6", true);
}
END_TEST

START_TEST(sort_is_stable_and_nulls_come_last)
{
	assert_left("sort rx_packets", "5 7 10 20 300 300");
	assert_left("sort used_percent", "7 20 10 300 300 5");
	assert_left("sort -r used_percent", "300 10 300 20 7 5");
	assert_left("sort used_bytes", "5 7 10 300 300 20");
	assert_left("sort -r used_bytes", "20 300 300 10 7 5");
	assert_left("sort rx_bytes_per_s", "10 300 7 300 5 20");
	assert_left("sort -r rx_bytes_per_s", "5 300 7 300 10 20");
	assert_left("sort name", "300 300 20 10 5 7");
	assert_left("sort -r name", "5 10 20 300 300 7");
	assert_filtered("sort rx_packets | tail 2 | columns name", "eth0 \x1b[2Jh\xc3\xa4", true);
	assert_filtered("sort -r rx_packets | head 2 | columns name", "eth0 \x1b[2Jh\xc3\xa4",
			true);
	assert_left("head 1 | sort name", "10");
	assert_left("head 0 | sort name", "");
}
END_TEST

START_TEST(columns_are_picked_in_order)
{
	assert_filtered("head 2 | columns used_bytes,name", "1024,lo 2048,eth0", true);
	assert_filtered("head 2 | columns used_bytes name", "1024,lo 2048,eth0", true);
	assert_filtered("head 1 | columns used_percent, name,rx_packets used_bytes",
			"50,lo,10,1024", true);
	assert_filtered("head 1 | columns name | columns name", "lo", true);
	assert_filtered("columns name,rx_packets | where rx_packets = 5", "wlan0,5", true);
	assert_filtered("tail 1 | columns name,used_percent", "-,7", true);
}
END_TEST

START_TEST(where_compares_numbers)
{
	assert_left("where rx_packets = 300", "300 300");
	assert_left("where rx_packets == 300", "300 300");
	assert_left("where rx_packets != 300", "10 20 5 7");
	assert_left("where rx_packets < 10", "5 7");
	assert_left("where rx_packets <= 10", "10 5 7");
	assert_left("where rx_packets > 10.5", "300 20 300");
	assert_left("where rx_packets >= 300", "300 300");
	assert_left("where used_bytes >= 2K", "300 20 300");
	assert_left("where used_bytes = 1K", "10");
	assert_left("where rx_bytes_per_s > 1M", "5");
	assert_left("where used_percent > 50%", "300");
	assert_left("where used_percent >= 50%", "10 300 300");
	assert_left("where used_bytes = 9007199254740993", "20");
	assert_left("where used_bytes = 9007199254740992", "");
	assert_left("where rx_packets > -1", "10 300 20 5 300 7");
	assert_left("where rx_packets ~ '^30'", "300 300");
	assert_left("where used_percent ~ '%$'", "10 300 20 300 7");
}
END_TEST

START_TEST(where_compares_texts)
{
	assert_left("where name = eth0", "300");
	assert_left("where name != eth0", "10 20 5 300");
	assert_left("where name < eth1", "300 300");
	assert_left("where name > eth1", "10 5");
	assert_left("where name ~ '^eth[01]$'", "300 20");
	assert_left("where name !~ eth", "10 5 300");
	assert_left("where name = ''", "");
	assert_left("where name >= ''", "10 300 20 5 300");
	assert_left("where name = 300", "");
}
END_TEST

START_TEST(null_fulfils_nothing)
{
	assert_left("where name ~ -", "");
	assert_left("where name !~ x", "10 300 20 5 300");
	assert_left("where rx_bytes_per_s = 0", "10");
	assert_left("where rx_bytes_per_s != 0", "300 5 300 7");
	assert_left("where rx_bytes_per_s < 1T", "10 300 5 300 7");
}
END_TEST

START_TEST(people_may_shorten)
{
	assert_filtered("he 1 | col name", "lo", false);
	assert_filtered("w used_p > 50 | columns n", "eth0", false);
	assert_filtered("so -r rx_p | t 1 | columns n", "wlan0", false);
	assert_filtered("g lo | columns name,rx_p", "lo,10", false);
	/* A heading is no abbreviation. */
	assert_filtered("grep lo | columns rx", "0", true);
	assert_refused("c", false, "filter 'c' could be count or columns");
	assert_refused("he 1", true, "no filter 'he' (did you mean 'head'? try help)");
	assert_refused("sort rx_p", true, "no column 'rx_p'");
	assert_refused("sort use", false, "column 'use' could be used_bytes or used_percent");
	assert_refused("sort use", true, "column 'use' could be used_bytes or used_percent");
}
END_TEST

START_TEST(percentages_are_known_by_their_sign)
{
	for (int exact = 0; exact < 2; exact++) {
		assert_filtered("grep lo | columns used%,used", "50,1024", exact);
		assert_filtered("columns name,used% | sort -r used% | head 1 | columns used%",
				"99.97", exact);
		assert_refused("sort use%", exact, "no column 'use%'");
		assert_refused("sort rx%", exact, "no column 'rx%'");
	}
	assert_left("where used >= 2K", "300 20 300");
	assert_left("where used% > 50%", "300");
	assert_left("where used% > 50", "300");
	assert_left("where rx_packets > 100%", "300 300");
	assert_refused("where used > 90%", true, "'used_bytes' is no percentage, 'used%' is");
	assert_refused("where rx > 90%", true, "'rx_bytes_per_s' is no percentage, as '90%' is");
}
END_TEST

START_TEST(mistakes_are_told)
{
	assert_refused("heda", false, "no filter 'heda' (did you mean 'head'? try help)");
	assert_refused("zzz", false, "no filter 'zzz' (try help)");
	assert_refused("''", false, "no filter ''");
	assert_refused("head x", true, "head: 'x' is no number of rows (usage: head [N])");
	assert_refused("head -1", true, "is no number of rows");
	assert_refused("head 1 2", true, "usage: head [N]");
	assert_refused("tail 1.5", true, "is no number of rows");
	assert_refused("count x", true, "takes no words");
	assert_refused("sort", true, "usage: sort [-r] COLUMN");
	assert_refused("sort -r", true, "usage: sort [-r] COLUMN");
	assert_refused("sort name -r", true, "usage: sort [-r] COLUMN");
	assert_refused("sort '-r' name", true, "usage: sort [-r] COLUMN");
	assert_refused("sort '-r'", true, "no column '-r'");
	assert_refused("sort nmae", true,
		       "did you mean 'name'? columns: name, rx_bytes_per_s, rx_packets");
	assert_refused("columns", true, "usage: columns A,B");
	assert_refused("columns ,", true, "usage: columns A,B");
	assert_refused("columns name,name", true, "'name' is named twice");
	assert_refused("columns name used_bytes | sort rx_packets", true,
		       "sort: no column 'rx_packets'");
	assert_refused("count | sort name", true, "sort: no column 'name'");
	assert_refused("where", true, "usage: where COLUMN OP VALUE");
	assert_refused("where name = a b", true, "usage: where COLUMN OP VALUE");
	assert_refused("where name is a", true, "'is' is none of = != < <= > >= ~ !~");
	assert_refused("where rx_packets = many", true, "'many' is no number");
	assert_refused("where nobody = 1", true, "no column 'nobody'");
	assert_refused("include", true, "an expression is missing (usage: include RE)");
	assert_refused("include a b", true, "quoted if it holds blanks");
}
END_TEST

START_TEST(long_words_do_not_fill_the_sentence)
{
	_autobuf_ struct buf stages = BUF_INIT(1 << 16);

	buf_puts(&stages, "where ");
	buf_pad(&stages, 'x', 4000);
	buf_puts(&stages, " = 1");
	assert_refused(buf_str(&stages), true, "no column 'xxxxxxxx");
	buf_clear(&stages);
	buf_pad(&stages, 'y', 4000);
	assert_refused(buf_str(&stages), true, "no filter 'yyyyyyyy");
	buf_clear(&stages);
	buf_puts(&stages, "include ");
	buf_pad(&stages, 'z', 257);
	assert_refused(buf_str(&stages), true, "the expression is too long (at most 256 bytes)");
	buf_consume(&stages, 1);
	stages.data[0] = 'g';
	memcpy(stages.data, "grep    ", 8);
	assert_left(buf_str(&stages), "");
}
END_TEST

START_TEST(expressions_are_checked)
{
	assert_refused("include '(a)\\1'", true, "back-reference");
	assert_refused("include '\\9'", true, "back-reference");
	assert_refused("include 'a\\'", true, "backslash");
	assert_refused("include '\\Qa'", true, "behind a backslash");
	assert_refused("include '\\x{41}'", true, "behind a backslash");
	assert_refused("include '(?i)a'", true, "(?");
	assert_refused("include '(a'", true, "never closed");
	assert_refused("include 'a)'", true, ") without its (");
	assert_refused("include '[a'", true, "never closed");
	assert_refused("include '[[:foo:]]'", true, "unknown class");
	assert_refused("include '[[:\xc3\xa4:]]'", true, "unknown class");
	assert_refused("include '[[.a.]]'", true, "[.");
	assert_refused("include '[z-a]'", true, "expression '[z-a]'");
	assert_refused("include '*a'", true, "repeats nothing");
	assert_refused("include 'a|+'", true, "repeats nothing");
	assert_refused("include 'a{'", true, "{N}, {N,} or {N,M}");
	assert_refused("include 'a{,5}'", true, "{N}, {N,} or {N,M}");
	assert_refused("include 'a{~2}'", true, "{N}, {N,} or {N,M}");
	assert_refused("include 'a{1,2~3}'", true, "{N}, {N,} or {N,M}");
	assert_refused("include 'a{5,4}'", true, "nothing fulfils");
	assert_refused("include 'a{0}'", true, "nothing fulfils");
	assert_refused("include '\xff'", true, "UTF-8");
	assert_refused("include '\xc0\x80'", true, "UTF-8");
	assert_refused("where name ~ '('", true, "never closed");
}
END_TEST

START_TEST(counts_are_limited)
{
	assert_left("include '^.{30,255}$'", "300");
	assert_refused("include 'a{256}'", true, "count above 255");
	assert_refused("include 'a{1,256}'", true, "count above 255");
	assert_refused("include 'a{99999999999999999999}'", true, "count above 255");
	assert_refused("include '((a{1,255}){1,255}){1,8}'", true, "too large");
	assert_refused("include '((((a{9}){9}){9}){9})'", true, "too large");
	assert_refused("include '(((){255}){255}){255}'", true, "too large");
	assert_refused("include '((^{255}){255}){255}'", true, "too large");
	assert_refused("include '(a?){255}'", true, "too large");
	assert_refused("include '(abcdefghijklmnopqrstuvwxyz){50}'", true, "too large");
	assert_left("include '(e{10}){10}'", "");
	assert_left("include '([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}'", "");
}
END_TEST

START_TEST(nesting_is_no_recursion)
{
	_autobuf_ struct buf stages = BUF_INIT(1 << 16);

	buf_puts(&stages, "include '");
	for (int i = 0; i < 120; i++)
		buf_putc(&stages, '(');
	buf_puts(&stages, "eth");
	for (int i = 0; i < 120; i++)
		buf_putc(&stages, ')');
	buf_puts(&stages, "'");
	assert_left(buf_str(&stages), "300 20");
	buf_clear(&stages);
	buf_puts(&stages, "include '");
	for (int i = 0; i < 256; i++)
		buf_putc(&stages, '(');
	buf_puts(&stages, "'");
	assert_refused(buf_str(&stages), true, "nested too deeply");
}
END_TEST

static double
now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

START_TEST(no_expression_is_exponential)
{
	static char *const patterns[] = {
		"(a*)*b",      "(a|a)*b",	  "(a|aa)+$b",		"(a*a*)*b",
		".*.*.*.*=.*", "a*a*a*a*a*a*a*b", "(((((a+)+)+)+)+)+b",
	};
	char text[65];
	struct rows rows;

	memset(text, 'a', 64);
	text[64] = '\0';
	rows_init(&rows, columns, 1, 0);
	for (int i = 0; i < 32000; i++) {
		rows_begin(&rows);
		rows_text(&rows, text);
	}
	for (size_t i = 0; i < N(patterns); i++) {
		struct parse_word words[2] = { { .text = (char[]){ "include" } },
					       { .text = patterns[i] } };
		struct parse_stage stage = { .words = words, .n_words = 2 };
		_autobuf_ struct buf why = BUF_WHY;
		struct filter *f;
		struct rows copy;
		double start;

		f = filter_new(&stage, true, columns, 1, &why);
		ck_assert_msg(f != NULL, "%s", buf_str(&why));
		ck_assert_int_eq(rows_copy(&copy, &rows), 0);
		start = now_s();
		ck_assert_int_eq(filter_apply(f, &copy), 0);
		/* A second where it is quick; sanitizers and valgrind are an order slower, the
		 * exponential is many. */
		ck_assert_msg(now_s() - start < 10, "%s took %.1f s", patterns[i], now_s() - start);
		ck_assert_uint_eq(copy.n_rows, 0);
		rows_fini(&copy);
		filter_free(f);
	}
	rows_fini(&rows);
}
END_TEST

START_TEST(huge_cells_are_matched)
{
	size_t n = 1 << 20;
	char *text = malloc(n + 1);
	struct parse_word words[2] = { { .text = (char[]){ "include" } },
				       { .text = (char[]){ "a[^b]*\xc3\xa4$" } } };
	struct parse_stage stage = { .words = words, .n_words = 2 };
	_autobuf_ struct buf why = BUF_WHY;
	struct filter *f = filter_new(&stage, true, columns, 1, &why);
	struct rows rows;

	ck_assert_ptr_nonnull(f);
	memset(text, '\xff', n);
	text[0] = 'a';
	memcpy(text + n - 2, "\xc3\xa4", 3);
	rows_init(&rows, columns, 1, 0);
	rows_begin(&rows);
	rows_text(&rows, text);
	rows_begin(&rows);
	rows_text(&rows, "ab\xc3\xa4");
	ck_assert_int_eq(filter_apply(f, &rows), 0);
	ck_assert_uint_eq(rows.n_rows, 1);
	ck_assert_uint_eq(strlen(rows_cell(&rows, 0, 0)->s), n);
	rows_fini(&rows);
	filter_free(f);
	free(text);
}
END_TEST

static int
lose_patience(void *ctx)
{
	int *left = ctx;

	return --*left > 0 ? 0 : -ECANCELED;
}

/* How often one is asked to go on while one filter works, which is left when `left` is used up. */
static int
asked(const char *stage, struct rows *rows, int left, int result)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct chain chain;
	int begun = left;

	ck_assert_msg(chain_open(&chain, stage, true, &why) == 0, "%s", buf_str(&why));
	ck_assert_int_eq(filter_apply_while(chain.filters[0], rows, lose_patience, &left), result);
	chain_close(&chain);
	return begun - left;
}

START_TEST(sort_can_be_left)
{
	struct rows rows;

	rows_init(&rows, columns, N(columns), 0);
	for (int i = 0; i < 20000; i++) {
		rows_begin(&rows);
		rows_text(&rows, i % 2 ? "a" : "b");
	}
	ck_assert_int_eq(asked("sort name", &rows, 3, -ECANCELED), 3);
	ck_assert_int_ge(asked("sort name", &rows, 100000, 0), 20);
	ck_assert_str_eq(rows_cell(&rows, 9999, 0)->s, "a");
	ck_assert_str_eq(rows_cell(&rows, 10000, 0)->s, "b");
	rows_fini(&rows);
}
END_TEST

START_TEST(work_can_be_left)
{
	static const char *const stages[] = { "include x", "exclude x", "begin x",
					      "where name ~ x" };
	size_t n = 1 << 20;
	char *text = malloc(n + 1);
	struct rows rows;

	memset(text, 'a', n);
	text[n] = '\0';
	for (size_t i = 0; i < N(stages); i++) {
		fill(&rows);
		ck_assert_int_eq(asked(stages[i], &rows, 3, -ECANCELED), 3);
		rows_fini(&rows);
		/* At each row, where there are unknown names too. */
		fill(&rows);
		ck_assert_int_ge(asked(stages[i], &rows, 100, 0), (int)N(table) - 1);
		rows_fini(&rows);
		/* In the middle of one long text: */
		rows_init(&rows, columns, N(columns), 0);
		rows_begin(&rows);
		rows_text(&rows, text);
		ck_assert_int_ge(asked(stages[i], &rows, 100000, 0), 100);
		rows_fini(&rows);
		rows_init(&rows, columns, N(columns), 0);
		rows_begin(&rows);
		rows_text(&rows, text);
		ck_assert_int_eq(asked(stages[i], &rows, 50, -ECANCELED), 50);
		rows_fini(&rows);
	}
	free(text);
}
END_TEST

START_TEST(failed_or_other_rows_are_refused)
{
	struct parse_word word = { .text = (char[]){ "count" } };
	struct parse_stage stage = { .words = &word, .n_words = 1 };
	_autobuf_ struct buf why = BUF_WHY;
	struct filter *f = filter_new(&stage, true, columns, 2, &why);
	struct rows rows;

	rows_init(&rows, columns, 2, 8);
	ck_assert_int_eq(rows_begin(&rows), -EMSGSIZE);
	ck_assert_int_eq(filter_apply(f, &rows), -EMSGSIZE);
	rows_fini(&rows);
	rows_init(&rows, columns, 1, 0);
	ck_assert_int_eq(filter_apply(f, &rows), -EINVAL);
	rows_fini(&rows);
	filter_free(f);
	filter_free(NULL);
}
END_TEST

START_TEST(filters_keep_status_and_plain)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct chain chain;
	struct rows rows;

	fill(&rows);
	rows.status = 2;
	rows.plain = true;
	ck_assert_int_eq(chain_open(&chain, "include eth | columns name | count", true, &why), 0);
	ck_assert_int_eq(chain_apply(&chain, &rows), 0);
	ck_assert_int_eq(rows.status, 2);
	ck_assert(rows.plain);
	ck_assert_str_eq(rows.columns[0].name, "count");
	rows_fini(&rows);
	chain_close(&chain);
}
END_TEST

START_TEST(the_table_says_what_there_is)
{
	size_t n;
	const struct filter_info *table_of = filter_table(&n);

	ck_assert_uint_eq(n, 10);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(
			strncmp(table_of[i].usage, table_of[i].name, strlen(table_of[i].name)), 0);
		ck_assert_uint_gt(strlen(table_of[i].help), 0);
		ck_assert_int_eq(table_of[i].takes_columns,
				 strcmp(table_of[i].name, "sort") == 0 ||
					 strcmp(table_of[i].name, "columns") == 0 ||
					 strcmp(table_of[i].name, "where") == 0);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("filter");
	TCase *fast = tcase_create("fast"), *slow = tcase_create("slow");
	SRunner *runner;
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	tcase_add_test(fast, include_exclude_begin);
	tcase_add_test(fast, expressions_see_the_cleaned_cells);
	tcase_add_test(fast, head_and_tail);
	tcase_add_test(fast, ten_rows_are_the_default);
	tcase_add_test(fast, count_is_one_row);
	tcase_add_test(fast, sort_is_stable_and_nulls_come_last);
	tcase_add_test(fast, columns_are_picked_in_order);
	tcase_add_test(fast, where_compares_numbers);
	tcase_add_test(fast, where_compares_texts);
	tcase_add_test(fast, null_fulfils_nothing);
	tcase_add_test(fast, people_may_shorten);
	tcase_add_test(fast, percentages_are_known_by_their_sign);
	tcase_add_test(fast, mistakes_are_told);
	tcase_add_test(fast, long_words_do_not_fill_the_sentence);
	tcase_add_test(fast, expressions_are_checked);
	tcase_add_test(fast, counts_are_limited);
	tcase_add_test(fast, nesting_is_no_recursion);
	tcase_add_test(fast, huge_cells_are_matched);
	tcase_add_test(fast, sort_can_be_left);
	tcase_add_test(fast, work_can_be_left);
	tcase_add_test(fast, failed_or_other_rows_are_refused);
	tcase_add_test(fast, filters_keep_status_and_plain);
	tcase_add_test(fast, the_table_says_what_there_is);
	suite_add_tcase(s, fast);
	tcase_set_timeout(slow, 120);
	tcase_add_test(slow, no_expression_is_exponential);
	suite_add_tcase(s, slow);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
