/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_key -- what terminals send for their keys, byte by byte.
 */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "key.h"
#include "text.h"

#include <check.h> /* last: it has a macro `fail` */

static size_t
read_all(const char *bytes, size_t n, uint32_t *keys)
{
	struct key_reader r = { 0 };
	size_t got = 0;

	for (size_t i = 0; i < n; i++)
		got += key_read(&r, (uint8_t)bytes[i], keys + got);
	return got;
}

/* The last one expected is 0. */
static void
expect(const char *bytes, size_t n, const uint32_t *expected)
{
	uint32_t keys[256];
	size_t got = read_all(bytes, n, keys), wanted = 0;

	while (expected[wanted])
		wanted++;
	ck_assert_msg(got == wanted, "\"%s\" makes %zu keys", bytes, got);
	for (size_t i = 0; i < got; i++)
		ck_assert_msg(keys[i] == expected[i], "key %zu of \"%s\" is %#x", i, bytes,
			      keys[i]);
}

#define KEYS(bytes, ...) expect(bytes, sizeof(bytes) - 1, (const uint32_t[]){ __VA_ARGS__, 0 })
#define NO_KEYS(bytes) expect(bytes "z", sizeof(bytes), (const uint32_t[]){ 'z', 0 })

START_TEST(characters)
{
	KEYS("a\x7f\x1f\n", 'a', 0x7f, 0x1f, '\n');
	KEYS("\xc3\xbc\xe6\x97\xa5\xf0\x9f\x98\x80", 0xfc, 0x65e5, 0x1f600);
	/* C1 */
	NO_KEYS("\xc2\x85\xc2\x80");
	ck_assert_uint_eq(read_all("\0", 1, (uint32_t[2]){ 1 }), 1);
}
END_TEST

START_TEST(what_is_no_character)
{
	KEYS("\xff\xfe", KEY_INVALID, KEY_INVALID);
	KEYS("\xc0\xaf", KEY_INVALID, KEY_INVALID);
	KEYS("\xe0\x80\xafz", KEY_INVALID, 'z');
	KEYS("\xed\xa0\x80z", KEY_INVALID, 'z');
	KEYS("\xe6\x97z", KEY_INVALID, 'z');
	KEYS("\xe6\x97\xc3\xbc", KEY_INVALID, 0xfc);
	KEYS("\xe6\x97\x1b[A", KEY_INVALID, KEY_UP);
	KEYS("\xe6\n", KEY_INVALID, '\n');
}
END_TEST

START_TEST(named_keys)
{
	KEYS("\x1b[A\x1b[B\x1b[C\x1b[D", KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT);
	KEYS("\x1bOA\x1bOB\x1bOC\x1bOD", KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT);
	KEYS("\x1b[H\x1b[F\x1bOH\x1bOF", KEY_HOME, KEY_END, KEY_HOME, KEY_END);
	KEYS("\x1b[1~\x1b[4~\x1b[7~\x1b[8~", KEY_HOME, KEY_END, KEY_HOME, KEY_END);
	KEYS("\x1b[2~\x1b[3~\x1b[5~\x1b[6~", KEY_INSERT, KEY_DELETE, KEY_PAGE_UP, KEY_PAGE_DOWN);
	KEYS("\x1b[200~a\x1b[201~", KEY_PASTE_BEGIN, 'a', KEY_PASTE_END);
	/* CSI as one character */
	KEYS("\xc2\x9b"
	     "A",
	     KEY_UP);
}
END_TEST

START_TEST(modifiers)
{
	KEYS("\x1b[1;5C\x1b[1;3D", KEY_CTRL | KEY_RIGHT, KEY_ALT | KEY_LEFT);
	KEYS("\x1b[1;2A\x1b[3;5~", KEY_SHIFT | KEY_UP, KEY_CTRL | KEY_DELETE);
	KEYS("\x1bO5C\x1bO1;5D", KEY_RIGHT, KEY_CTRL | KEY_LEFT);
	/* rxvt */
	KEYS("\x1bOc\x1b[d\x1b[3^", KEY_CTRL | KEY_RIGHT, KEY_SHIFT | KEY_LEFT,
	     KEY_CTRL | KEY_DELETE);
	KEYS("\x1b\x1b[C", KEY_ALT | KEY_RIGHT);
	KEYS("\x1b\x1b[C\x1b[C", KEY_ALT | KEY_RIGHT, KEY_RIGHT);
	KEYS("\x1b"
	     "b\x1b\x7f\x1b\b",
	     KEY_ALT | 'b', KEY_ALT | 0x7f, KEY_ALT | '\b');
}
END_TEST

START_TEST(other_sequences_are_swallowed)
{
	NO_KEYS("\x1bOP");
	NO_KEYS("\x1bOM");
	NO_KEYS("\x1bNx");
	NO_KEYS("\x1b[[A");
	NO_KEYS("\x1b[15~");
	NO_KEYS("\x1b[<0;1;1M");
	NO_KEYS("\x1b[1;2;3;4;5A");
	NO_KEYS("\x1b[99999999999999999999~");
	NO_KEYS("\x1b[?1;2c");
	NO_KEYS("\x1b]0;title\a");
	NO_KEYS("\x1b]0;\xc3\xbc\a");
	NO_KEYS("\x1bP1$r0m\x1b\\");
	NO_KEYS("\x1b(B");
	KEYS("\x1b]0;title\x1b[A", KEY_UP);
}
END_TEST

START_TEST(controls_end_a_sequence)
{
	KEYS("\x1b\n", '\n');
	KEYS("\x1b[1;\n", '\n');
	KEYS("\x1b]0;title\n", '\n');
	KEYS("\x1b[\x15z", 0x15, 'z');
	KEYS("\x1b[\x1b[A", KEY_UP);
	KEYS("\x1b\xc3\xbcz", 0xfc, 'z');
	KEYS("\x1b[1\xc3\xbc", 0xfc);
}
END_TEST

/* Whatever comes: never more than two keys at once, and none but characters and named ones. */
START_TEST(any_bytes)
{
	struct key_reader r = { 0 };
	unsigned seed = 1;
	uint32_t keys[2];

	for (unsigned i = 0; i < 1000000; i++) {
		static const uint8_t usual[] = "\x1b\x1b[[O;;1925~AcNP]\\\a\n\xe6\x97\xa5\xc2\x9b";
		unsigned x = (seed = seed * 1103515245 + 12345) >> 16;
		uint8_t byte = x & 1 ? usual[(x >> 1) % (sizeof(usual) - 1)] : (uint8_t)(x >> 1);
		size_t n = key_read(&r, byte, keys);

		ck_assert_uint_le(n, 2);
		for (size_t k = 0; k < n; k++) {
			uint32_t bare = keys[k] & 0xffffff;

			ck_assert_uint_le(bare, KEY_PASTE_END);
			ck_assert(bare < 0x80 || bare >= 0xa0);
		}
	}
}
END_TEST

START_TEST(what_was_begun_ends_with_time)
{
	struct key_reader r = { 0 };
	uint32_t keys[2];

	ck_assert(!key_is_begun(&r));
	ck_assert_uint_eq(key_read(&r, 0x1b, keys), 0);
	ck_assert(key_is_begun(&r));
	ck_assert(key_end(&r));
	ck_assert(!key_is_begun(&r));
	ck_assert_uint_eq(key_read(&r, 0x1b, keys), 0);
	ck_assert_uint_eq(key_read(&r, '[', keys), 0);
	ck_assert(key_is_begun(&r));
	ck_assert(!key_end(&r));
	ck_assert_uint_eq(key_read(&r, 0xe2, keys), 0);
	ck_assert(key_is_begun(&r));
	ck_assert(!key_end(&r));
	ck_assert_uint_eq(key_read(&r, 'A', keys), 1);
	ck_assert_uint_eq(keys[0], 'A');
	ck_assert(!key_is_begun(&r));
}
END_TEST

/* Of the bytes typed behind a pause, how many are characters. */
static size_t
behind_pause(const char *begun, const char *typed)
{
	struct key_reader r = { 0 };
	uint32_t keys[2];
	size_t n = 0;

	for (const char *c = begun; *c; c++)
		ck_assert_uint_eq(key_read(&r, (uint8_t)*c, keys), 0);
	key_pause(&r);
	for (const char *c = typed; *c; c++)
		n += key_read(&r, (uint8_t)*c, keys) == 1 && keys[0] == (uint8_t)*c;
	return n;
}

START_TEST(a_pause_ends_a_sequence)
{
	ck_assert_uint_eq(behind_pause("\033]", "cpu"), 3);
	ck_assert_uint_eq(behind_pause("\033P1", "cpu"), 3);
	ck_assert_uint_eq(behind_pause("\033[", "cpu"), 3);
	ck_assert_uint_eq(behind_pause("\033[1;", "cpu"), 3);
	ck_assert_uint_eq(behind_pause("\033O", "cpu"), 3);
	ck_assert_uint_eq(behind_pause("\033 ", "cpu"), 3);
	ck_assert_uint_eq(behind_pause("", "cpu"), 3);
	/* Typed for Alt. */
	ck_assert_uint_eq(behind_pause("\033", "cpu"), 2);
}
END_TEST

START_TEST(characters_are_encoded)
{
	static const uint32_t some[] = { 'a', 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff };

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		char s[4];
		uint32_t c;
		size_t n = key_encode(some[i], s);

		ck_assert_uint_eq(text_decode(s, n, &c), n);
		ck_assert_uint_eq(c, some[i]);
	}
}
END_TEST

static Suite *
key_suite(void)
{
	Suite *s = suite_create("key");
	TCase *c = tcase_create("fast");

	tcase_add_test(c, characters);
	tcase_add_test(c, what_is_no_character);
	tcase_add_test(c, named_keys);
	tcase_add_test(c, modifiers);
	tcase_add_test(c, other_sequences_are_swallowed);
	tcase_add_test(c, controls_end_a_sequence);
	tcase_add_test(c, any_bytes);
	tcase_add_test(c, what_was_begun_ends_with_time);
	tcase_add_test(c, a_pause_ends_a_sequence);
	tcase_add_test(c, characters_are_encoded);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	SRunner *r;
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	r = srunner_create(key_suite());
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
