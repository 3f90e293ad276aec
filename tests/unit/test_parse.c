/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of parse: a line is written back as [word][word]|[word] with the format in front, so
 * that each case is one pair of strings; then errors and limits, and where the cursor stands.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"

#include <check.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

static void
put_stage(struct buf *out, const struct parse_stage *stage)
{
	ck_assert_uint_ge(stage->n_words, 1);
	ck_assert_uint_le(stage->n_words, PARSE_MAX_WORDS);
	for (size_t i = 0; i < stage->n_words; i++)
		buf_printf(out, stage->words[i].quoted ? "<%s>" : "[%s]", stage->words[i].text);
}

static void
put_command(struct buf *out, const struct parse_command *c)
{
	static const char *const formats[] = { "", "json:", "csv:", "text:" };
	static const enum parse_format known[] = { PARSE_AS_SET, PARSE_JSON, PARSE_CSV,
						   PARSE_TEXT };

	for (size_t i = 0; i < N(known); i++)
		if (c->format == known[i])
			buf_puts(out, formats[i]);
	for (size_t i = 0; i < c->n_stages; i++) {
		if (i)
			buf_putc(out, '|');
		put_stage(out, c->stages[i]);
	}
}

/* All commands of a line, each behind a space; an error is its sentence behind a !. */
static void
read_back(struct buf *out, const char *line, size_t size)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct parse_command *c;
	struct arena arena;
	size_t at = 0;
	int r;

	arena_init(&arena, 1 << 20);
	for (;;) {
		size_t before = at;

		buf_clear(&why);
		r = parse_next(line, size, &at, &arena, &c, &why);
		ck_assert_uint_le(at, size);
		if (r == 0)
			break;
		ck_assert_uint_gt(at, before);
		if (out->len)
			buf_putc(out, ' ');
		if (r == 1)
			put_command(out, c);
		else
			buf_printf(out, "!%s", buf_str(&why));
		ck_assert(r == 1 || r == -EINVAL);
	}
	arena_fini(&arena);
}

static void
assert_parsed(const char *line, const char *want)
{
	_autobuf_ struct buf out = BUF_INIT(1 << 20);

	read_back(&out, line, strlen(line));
	ck_assert_str_eq(buf_str(&out), want);
}

START_TEST(words)
{
	assert_parsed("cpu", "[cpu]");
	assert_parsed("  cpu \t -n  5\t", "[cpu][-n][5]");
	assert_parsed("", "");
	assert_parsed(" \t ", "");
	assert_parsed("h\xc3\xa4ndler \xff\x01", "[h\xc3\xa4ndler][\xff\x01]");
	assert_parsed("%n%s", "[%n%s]");
}
END_TEST

START_TEST(quotes)
{
	assert_parsed("echo 'a b' \"c d\"", "[echo]<a b><c d>");
	assert_parsed("echo a'b c'd", "[echo]<ab cd>");
	assert_parsed("echo '' \"\"", "[echo]<><>");
	assert_parsed("echo 'a\\b' 'a\"b' \"a'b\"", "[echo]<a\\b><a\"b><a'b>");
	assert_parsed("echo \"a\\\"b\" \"a\\\\b\" \"a\\.b\"", "[echo]<a\"b><a\\b><a\\.b>");
	assert_parsed("echo a\\ b \\| \\; \\\\ \\'", "[echo]<a b><|><;><\\><'>");
	assert_parsed("echo '|;' \"|;\"", "[echo]<|;><|;>");
	assert_parsed("echo '-n' \\-n -n", "[echo]<-n><-n>[-n]");
}
END_TEST

START_TEST(pipes_and_semicolons)
{
	assert_parsed("a|b|c", "[a]|[b]|[c]");
	assert_parsed("a b | c d ; e|f", "[a][b]|[c][d] [e]|[f]");
	assert_parsed(";;a;; ;b;", "[a] [b]");
	assert_parsed("a;b;c", "[a] [b] [c]");
}
END_TEST

START_TEST(formats)
{
	assert_parsed("cpu --json", "json:[cpu]");
	assert_parsed("--csv cpu", "csv:[cpu]");
	assert_parsed("cpu | head 2 --json; mem --text", "json:[cpu]|[head][2] text:[mem]");
	assert_parsed("cpu --json --csv", "csv:[cpu]");
	assert_parsed("echo '--json' \\--json \"--json\" --js\"on\"",
		      "[echo]<--json><--json><--json><--json>");
	assert_parsed("echo --jsonx --jso json -json", "[echo][--jsonx][--jso][json][-json]");
}
END_TEST

START_TEST(errors_leave_the_next_command)
{
	assert_parsed("a | ; b", "!no filter behind | (try help) [b]");
	assert_parsed("a | | c ; b", "!no filter behind | (try help) [b]");
	assert_parsed("| a; b", "!no command before | (try help) [b]");
	assert_parsed("--json; b", "!no command before the format option (try help) [b]");
	assert_parsed("--json | head; b", "!no command before | (try help) [b]");
	assert_parsed("a | --csv; b", "!no filter behind | (try help) [b]");
	assert_parsed("a 'b; c", "!unbalanced quote: the ' at byte 3 is never closed");
	assert_parsed("b; a \"b\\\"; c", "[b] !unbalanced quote: the \" at byte 6 is never closed");
	assert_parsed("a \\", "!nothing follows the backslash that ends the line");
	assert_parsed("a 'b\\", "!unbalanced quote: the ' at byte 3 is never closed");
	assert_parsed("a \"b\\", "!unbalanced quote: the \" at byte 3 is never closed");
}
END_TEST

START_TEST(a_nul_byte_is_an_error)
{
	_autobuf_ struct buf out = BUF_INIT(1 << 16);

	read_back(&out, "a\0b; c; d '\0'", 13);
	ck_assert_str_eq(buf_str(&out), "!a NUL byte in the line [c] !a NUL byte in the line");
	buf_clear(&out);
	read_back(&out, "\0", 1);
	ck_assert_str_eq(buf_str(&out), "!a NUL byte in the line");
}
END_TEST

/* A line of n times `part`. */
static void
repeat(struct buf *line, const char *part, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_puts(line, part);
}

START_TEST(words_are_limited)
{
	_autobuf_ struct buf line = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);

	repeat(&line, "a ", PARSE_MAX_WORDS);
	read_back(&out, line.data, line.len);
	ck_assert_uint_eq(out.len, 3 * PARSE_MAX_WORDS);
	buf_puts(&line, "--json | b");
	buf_clear(&out);
	read_back(&out, line.data, line.len);
	ck_assert_uint_eq(out.len, strlen("json:") + 3 * PARSE_MAX_WORDS + strlen("|[b]"));
	buf_puts(&line, ";");
	repeat(&line, "a ", 10000);
	buf_puts(&line, "; c");
	buf_clear(&out);
	read_back(&out, line.data, line.len);
	ck_assert_ptr_nonnull(
		strstr(buf_str(&out), " !too many words (at most 64 in a command or filter) [c]"));
}
END_TEST

START_TEST(stages_are_limited)
{
	_autobuf_ struct buf line = BUF_INIT(1 << 16), out = BUF_INIT(1 << 16);

	buf_puts(&line, "a");
	repeat(&line, "|b", PARSE_MAX_STAGES - 1);
	read_back(&out, line.data, line.len);
	ck_assert_uint_eq(out.len, 4 * PARSE_MAX_STAGES - 1);
	buf_puts(&line, "|b;c");
	buf_clear(&out);
	read_back(&out, line.data, line.len);
	ck_assert_str_eq(buf_str(&out), "!too many filters (at most 15 behind a command) [c]");
}
END_TEST

START_TEST(places_and_text)
{
	const char *line = "  a; cpu  -n --json 5 | head ' --csv' --text ;b";
	_autobuf_ struct buf why = BUF_WHY;
	struct parse_command *c;
	struct arena arena;
	size_t at = 0;

	arena_init(&arena, 0);
	ck_assert_int_eq(parse_next(line, strlen(line), &at, &arena, &c, &why), 1);
	ck_assert_uint_eq(c->from, 2);
	ck_assert_uint_eq(c->to, 3);
	ck_assert_str_eq(c->text, "a");
	ck_assert_int_eq(parse_next(line, strlen(line), &at, &arena, &c, &why), 1);
	ck_assert_uint_eq(c->from, 5);
	ck_assert_uint_eq(c->to, 44);
	ck_assert_str_eq(c->text, "cpu  -n 5 | head ' --csv'");
	ck_assert_uint_eq(c->stages[0]->words[1].at, 10);
	ck_assert_uint_eq(c->stages[1]->words[1].at, 29);
	ck_assert_int_eq(c->format, PARSE_TEXT);
	ck_assert_int_eq(parse_next(line, strlen(line), &at, &arena, &c, &why), 1);
	ck_assert_str_eq(c->text, "b");
	ck_assert_int_eq(parse_next(line, strlen(line), &at, &arena, &c, &why), 0);
	at = 0;
	ck_assert_int_eq(parse_next("--json  cpu", 11, &at, &arena, &c, &why), 1);
	ck_assert_str_eq(c->text, "cpu");
	arena_fini(&arena);
}
END_TEST

START_TEST(a_short_line_costs_one_small_chunk)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct parse_command *c;
	struct arena arena;
	size_t at = 0;

	arena_init(&arena, 1024);
	ck_assert_int_eq(parse_next("cpu", 3, &at, &arena, &c, &why), 1);
	ck_assert_uint_le(arena.size_bytes, 512);
	arena_fini(&arena);
}
END_TEST

START_TEST(a_full_arena_is_told)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct parse_command *c;
	struct parse_place place;
	struct arena arena;

	for (size_t max = 16; max < 512; max += 16) {
		size_t at = 0;
		int r;

		arena_init(&arena, max);
		r = parse_next("cpu --json | head 5", 19, &at, &arena, &c, &why);
		ck_assert(r == 1 || r == -ENOMEM);
		ck_assert_uint_eq(at, 19);
		arena_clear(&arena);
		r = parse_place("cpu | head ", 11, &arena, &place);
		ck_assert(r == 0 || r == -ENOMEM);
		if (max < 128)
			ck_assert_int_eq(r, -ENOMEM);
		arena_fini(&arena);
	}
}
END_TEST

/* The place as "STAGE.WORD@OFFSET PREFIX" with the words behind it. */
static void
assert_place(const char *line, const char *want)
{
	_autobuf_ struct buf out = BUF_INIT(1 << 20);
	struct parse_place p;
	struct arena arena;

	arena_init(&arena, 0);
	ck_assert_int_eq(parse_place(line, strlen(line), &arena, &p), 0);
	buf_printf(&out, "%zu.%zu@%zu%s '%s' ", p.stage, p.word, p.word_at, p.in_quotes ? "q" : "",
		   p.prefix);
	if (p.command)
		put_command(&out, p.command);
	else
		buf_puts(&out, "none");
	ck_assert_str_eq(buf_str(&out), want);
	arena_fini(&arena);
}

START_TEST(the_cursor_finds_its_word)
{
	assert_place("", "0.0@0 '' none");
	assert_place("  ", "0.0@2 '' none");
	assert_place("cpu;", "0.0@4 '' none");
	assert_place("cp", "0.0@0 'cp' [cp]");
	assert_place("cpu ", "0.1@4 '' [cpu][]");
	assert_place("a; cpu -n 5 x", "0.3@12 'x' [cpu][-n][5][x]");
	assert_place("cpu |", "1.0@5 '' [cpu]|[]");
	assert_place("cpu | he", "1.0@6 'he' [cpu]|[he]");
	assert_place("cpu | sort -r us", "1.2@14 'us' [cpu]|[sort][-r][us]");
	assert_place("cpu --json | ", "1.0@13 '' json:[cpu]|[]");
	assert_place("cpu --json", "0.1@4 '--json' [cpu][--json]");
	assert_place("cpu --json ", "0.1@11 '' json:[cpu][]");
}
END_TEST

START_TEST(completion_takes_what_is_unfinished)
{
	assert_place("echo 'a b", "0.1@5q 'a b' [echo]<a b>");
	assert_place("echo \"a\\\"", "0.1@5q 'a\"' [echo]<a\">");
	assert_place("echo 'a' ", "0.2@9 '' [echo]<a>[]");
	assert_place("echo 'a'", "0.1@5 'a' [echo]<a>");
	assert_place("echo a\\", "0.1@5 'a' [echo]<a>");
	assert_place("echo a\\ ", "0.1@5 'a ' [echo]<a >");
	assert_place("| | x", "2.0@4 'x' []|[]|[x]");
}
END_TEST

START_TEST(completion_survives_any_length)
{
	_autobuf_ struct buf line = BUF_INIT(1 << 20);
	struct parse_place p;
	struct arena arena;

	arena_init(&arena, 0);
	repeat(&line, "a ", 1000);
	buf_puts(&line, "z");
	ck_assert_int_eq(parse_place(line.data, line.len, &arena, &p), 0);
	ck_assert_uint_eq(p.word, PARSE_MAX_WORDS - 1);
	ck_assert_str_eq(p.prefix, "z");
	buf_clear(&line);
	repeat(&line, "a|", 1000);
	buf_puts(&line, "z");
	ck_assert_int_eq(parse_place(line.data, line.len, &arena, &p), 0);
	ck_assert_uint_eq(p.stage, PARSE_MAX_STAGES - 1);
	ck_assert_str_eq(p.prefix, "z");
	arena_fini(&arena);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("parse");
	TCase *fast = tcase_create("fast");
	SRunner *runner;
	int failed;

	tcase_add_test(fast, words);
	tcase_add_test(fast, quotes);
	tcase_add_test(fast, pipes_and_semicolons);
	tcase_add_test(fast, formats);
	tcase_add_test(fast, errors_leave_the_next_command);
	tcase_add_test(fast, a_nul_byte_is_an_error);
	tcase_add_test(fast, words_are_limited);
	tcase_add_test(fast, stages_are_limited);
	tcase_add_test(fast, places_and_text);
	tcase_add_test(fast, a_short_line_costs_one_small_chunk);
	tcase_add_test(fast, a_full_arena_is_told);
	tcase_add_test(fast, the_cursor_finds_its_word);
	tcase_add_test(fast, completion_takes_what_is_unfinished);
	tcase_add_test(fast, completion_survives_any_length);
	suite_add_tcase(s, fast);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
