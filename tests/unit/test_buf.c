/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of buf: limits, the sticky error, and the number writer.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"

#include <check.h>

START_TEST(an_empty_buf)
{
	struct buf b = BUF_INIT(0);

	ck_assert_ptr_null(b.data);
	ck_assert_int_eq(buf_put(&b, "", 0), 0);
	ck_assert_str_eq(buf_str(&b), "");
	ck_assert_int_eq(buf_putc(&b, 'x'), -EMSGSIZE);
	ck_assert_str_eq(buf_str(&b), "");
	buf_fini(&b);
	buf_init(&b, 5);
	ck_assert_uint_eq(b.max, 5);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_int_eq(b.error, 0);
}
END_TEST

START_TEST(whole_or_not_at_all_and_sticky)
{
	_autobuf_ struct buf b = BUF_INIT(5);

	ck_assert_int_eq(buf_puts(&b, "abc"), 0);
	ck_assert_int_eq(buf_puts(&b, "def"), -EMSGSIZE);
	ck_assert_str_eq(buf_str(&b), "abc");
	/* This one would fit. */
	ck_assert_int_eq(buf_putc(&b, 'x'), -EMSGSIZE);
	ck_assert_int_eq(buf_printf(&b, "y"), -EMSGSIZE);
	ck_assert_int_eq(buf_pad(&b, 'z', 1), -EMSGSIZE);
	ck_assert_int_eq(buf_put_i64(&b, 1), -EMSGSIZE);
	ck_assert_uint_eq(b.len, 3);
	buf_clear(&b);
	ck_assert_int_eq(buf_puts(&b, "12345"), 0);
	ck_assert_str_eq(buf_str(&b), "12345");
	ck_assert_int_eq(buf_reserve(&b, SIZE_MAX), -EMSGSIZE);
}
END_TEST

START_TEST(printf_fills_to_the_last_byte)
{
	for (size_t n = 60; n < 70; n++) {
		_autobuf_ struct buf b = BUF_INIT(n), c = BUF_INIT(n - 1);

		ck_assert_int_eq(buf_printf(&b, "%0*d", (int)n, 7), 0);
		ck_assert_uint_eq(b.len, n);
		ck_assert_uint_eq(strlen(buf_str(&b)), n);
		ck_assert_int_eq(buf_printf(&c, "%0*d", (int)n, 7), -EMSGSIZE);
		ck_assert_uint_eq(c.len, 0);
	}
}
END_TEST

START_TEST(consume_drops_the_front)
{
	_autobuf_ struct buf b = BUF_INIT(100);

	buf_puts(&b, "hello world");
	buf_consume(&b, 6);
	ck_assert_str_eq(buf_str(&b), "world");
	buf_consume(&b, 0);
	buf_consume(&b, 5);
	ck_assert_str_eq(buf_str(&b), "");
	ck_assert_int_eq(buf_pad(&b, '-', 3), 0);
	ck_assert_str_eq(buf_str(&b), "---");
	buf_release(&b);
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(b.max, 100);
	ck_assert_int_eq(buf_puts(&b, "again"), 0);
}
END_TEST

START_TEST(growing_keeps_the_content)
{
	_autobuf_ struct buf b = BUF_INIT(1 << 20);

	for (int i = 0; i < 100000; i++)
		ck_assert_int_eq(buf_putc(&b, (char)('a' + i % 26)), 0);
	ck_assert_uint_eq(b.len, 100000);
	for (int i = 0; i < 100000; i++)
		ck_assert_int_eq(b.data[i], 'a' + i % 26);
}
END_TEST

static void
assert_i64(int64_t v)
{
	_autobuf_ struct buf b = BUF_INIT(32);
	char want[32];

	snprintf(want, sizeof(want), "%lld", (long long)v);
	ck_assert_int_eq(buf_put_i64(&b, v), 0);
	ck_assert_str_eq(buf_str(&b), want);
}

START_TEST(integers)
{
	assert_i64(0);
	assert_i64(7);
	assert_i64(-1);
	assert_i64(1000000);
	assert_i64(INT64_MAX);
	assert_i64(INT64_MIN);
}
END_TEST

static void
assert_fixed(double v, unsigned decimals, const char *want)
{
	_autobuf_ struct buf b = BUF_INIT(400);

	ck_assert_int_eq(buf_put_fixed(&b, v, decimals), 0);
	ck_assert_str_eq(buf_str(&b), want);
}

START_TEST(fixed)
{
	assert_fixed(0, 0, "0");
	assert_fixed(0, 2, "0.00");
	assert_fixed(1.5, 1, "1.5");
	assert_fixed(0.05, 2, "0.05");
	assert_fixed(99.999, 2, "100.00");
	assert_fixed(-99.999, 2, "-100.00");
	assert_fixed(-0.001, 2, "0.00");
	assert_fixed(-0.0, 1, "0.0");
	assert_fixed(123456789.123456789, 9, "123456789.123456791");
	assert_fixed(2.5, 0, "2");
	assert_fixed(3.5, 0, "4");
	assert_fixed(999999999999999.0, 0, "999999999999999");
	assert_fixed(1e15, 2, "1000000000000000");
	assert_fixed(INFINITY, 2, "inf");
	assert_fixed(-INFINITY, 2, "-inf");
}
END_TEST

static void
assert_real(double v, const char *want)
{
	_autobuf_ struct buf b = BUF_INIT(400);

	ck_assert_int_eq(buf_put_real(&b, v), 0);
	ck_assert_str_eq(buf_str(&b), want);
}

START_TEST(reals_have_no_useless_zeros)
{
	assert_real(0, "0");
	assert_real(1, "1");
	assert_real(10, "10");
	assert_real(0.5, "0.5");
	assert_real(-12.25, "-12.25");
	assert_real(3.1415926535, "3.141593");
	assert_real(0.001, "0.001");
	assert_real(0.0000125, "1.25e-05");
	assert_real(100000000, "100000000");
	assert_real(1e300, "1.0000000000000001e+300");
}
END_TEST

static void
assert_exact(double v)
{
	_autobuf_ struct buf b = BUF_INIT(400);

	ck_assert_int_eq(buf_put_exact(&b, v), 0);
	ck_assert_msg(strtod(buf_str(&b), NULL) == v, "%.17g became %s", v, buf_str(&b));
	ck_assert_uint_le(b.len, 24);
}

START_TEST(exact_reads_back)
{
	_autobuf_ struct buf b = BUF_INIT(400);
	static const double values[] = { 0,
					 1,
					 -1,
					 0.1,
					 0.2 + 0.1,
					 1.0 / 3,
					 1e-9,
					 5e-324,
					 1e300,
					 12345678.87,
					 9007199254740993.0,
					 1e15,
					 0.000001,
					 100.25,
					 1763650000.123 };
	uint64_t bits = 88172645463325252;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		assert_exact(values[i]);
	for (int i = 0; i < 20000; i++) {
		double v;

		bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
		memcpy(&v, &bits, sizeof(v));
		if (isfinite(v))
			assert_exact(v);
		assert_exact((double)(bits % 100000000) / 100);
	}
	buf_put_exact(&b, 0.1);
	buf_putc(&b, ' ');
	buf_put_exact(&b, NAN);
	buf_putc(&b, ' ');
	buf_put_exact(&b, INFINITY);
	buf_putc(&b, ' ');
	buf_put_exact(&b, -INFINITY);
	buf_putc(&b, ' ');
	buf_put_exact(&b, 1e6);
	ck_assert_str_eq(buf_str(&b), "0.1 NaN +Inf -Inf 1000000");
}
END_TEST

START_TEST(numbers_report_a_full_buf)
{
	_autobuf_ struct buf b = BUF_INIT(3);

	ck_assert_int_eq(buf_put_i64(&b, 1234), -EMSGSIZE);
	buf_clear(&b);
	ck_assert_int_eq(buf_put_fixed(&b, 1.5, 2), -EMSGSIZE);
	buf_clear(&b);
	ck_assert_int_eq(buf_put_real(&b, 0.25), -EMSGSIZE);
	buf_clear(&b);
	ck_assert_int_eq(buf_put_exact(&b, 1.0 / 3), -EMSGSIZE);
	ck_assert_uint_eq(b.len, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("buf");
	TCase *fast = tcase_create("fast");
	SRunner *runner;
	int failed;

	tcase_add_test(fast, an_empty_buf);
	tcase_add_test(fast, whole_or_not_at_all_and_sticky);
	tcase_add_test(fast, printf_fills_to_the_last_byte);
	tcase_add_test(fast, consume_drops_the_front);
	tcase_add_test(fast, growing_keeps_the_content);
	tcase_add_test(fast, integers);
	tcase_add_test(fast, fixed);
	tcase_add_test(fast, reals_have_no_useless_zeros);
	tcase_add_test(fast, exact_reads_back);
	tcase_add_test(fast, numbers_report_a_full_buf);
	suite_add_tcase(s, fast);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
