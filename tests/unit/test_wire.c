/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of wire: what is written is read back, anything else is refused.
 */
#include <errno.h>
#include <string.h>

#include "wire.h"

#include <check.h>

static void
assert_round_trip(enum wire_type type, int status, size_t length, const char *want)
{
	_autobuf_ struct buf out = BUF_INIT(WIRE_MAX_HEADER);
	enum wire_type t;
	int s;
	size_t l;

	ck_assert_int_eq(wire_put_header(&out, type, status, length), 0);
	ck_assert_str_eq(buf_str(&out), want);
	ck_assert_int_eq(wire_parse_header(out.data, out.len - 1, &t, &s, &l), 0);
	ck_assert_int_eq(t, type);
	ck_assert_int_eq(s, status);
	ck_assert_uint_eq(l, length);
}

START_TEST(headers_round_trip)
{
	assert_round_trip(WIRE_DONE, 0, 123, "done 0 123\n");
	assert_round_trip(WIRE_MORE, STATUS_OK, 0, "more 0 0\n");
	assert_round_trip(WIRE_NOTE, 0, 7, "note 0 7\n");
	assert_round_trip(WIRE_DONE, STATUS_CANCELLED, WIRE_MAX_LENGTH, "done 130 16777216\n");
	assert_round_trip(WIRE_DONE, 255, 1, "done 255 1\n");
}
END_TEST

START_TEST(other_lines_are_refused)
{
	static const char *const bad[] = {
		"",
		"done",
		"done ",
		"done 0",
		"done 0 ",
		"done  0 1",
		"done 0  1",
		" done 0 1",
		"done 0 1 ",
		"done 0 1\r",
		"done 0 1\n",
		"Done 0 1",
		"dones 0 1",
		"don 0 1",
		"done +0 1",
		"done 0 +1",
		"done -1 1",
		"done 0 -1",
		"done 256 1",
		"done 0 16777217",
		"done 00 1",
		"done 0 01",
		"done 0 0x1",
		"done\t0\t1",
		"error: server",
		"done 99999999999999999999 1",
		"done 0 99999999999999999999999999",
		"done 0 1 2",
	};
	enum wire_type t = WIRE_NOTE;
	int s = 77;
	size_t l = 88;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(wire_parse_header(bad[i], strlen(bad[i]), &t, &s, &l) == -EINVAL,
			      "'%s'", bad[i]);
	ck_assert_int_eq(wire_parse_header("done 0 1\0", 9, &t, &s, &l), -EINVAL);
	ck_assert(t == WIRE_NOTE && s == 77 && l == 88);
}
END_TEST

START_TEST(the_length_is_believed_not_the_nul)
{
	enum wire_type t;
	int s;
	size_t l;

	ck_assert_int_eq(wire_parse_header("done 0 1234", 8, &t, &s, &l), 0);
	ck_assert_uint_eq(l, 1);
}
END_TEST

START_TEST(a_full_buf_is_told)
{
	_autobuf_ struct buf out = BUF_INIT(10);

	ck_assert_int_eq(wire_put_header(&out, WIRE_DONE, 0, 123), -EMSGSIZE);
	ck_assert_uint_eq(out.len, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("wire");
	TCase *fast = tcase_create("fast");
	SRunner *runner;
	int failed;

	tcase_add_test(fast, headers_round_trip);
	tcase_add_test(fast, other_lines_are_refused);
	tcase_add_test(fast, the_length_is_believed_not_the_nul);
	tcase_add_test(fast, a_full_buf_is_told);
	suite_add_tcase(s, fast);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
