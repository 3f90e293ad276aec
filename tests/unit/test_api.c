/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of what <telmon/plugin.h> computes by itself: taking text apart, rates, labels. The
 * host behind it is a table of three functions.
 */
#include <telmon/plugin.h>

#include <errno.h>
#include <stdio.h>

#include <check.h>

/* ---- text -------------------------------------------------------------------------------------
 */

START_TEST(lines_end_in_lf)
{
	const char *at = "one\n\nthree\nhalf";

	ck_assert_int_eq(strncmp(telmon_next_line(&at), "one\n", 4), 0);
	ck_assert_int_eq(*telmon_next_line(&at), '\n');
	ck_assert_int_eq(strncmp(telmon_next_line(&at), "three\n", 6), 0);
	ck_assert_ptr_null(telmon_next_line(&at));
	ck_assert_str_eq(at, "half");
	at = "";
	ck_assert_ptr_null(telmon_next_line(&at));
}
END_TEST

START_TEST(words_are_between_blanks)
{
	const char *at = " \tab  c\td\nnext";
	size_t n = 99;

	ck_assert_int_eq(strncmp(telmon_word(&at, &n), "ab", 2), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(*telmon_word(&at, &n), 'c');
	ck_assert_int_eq(*telmon_word(&at, &n), 'd');
	ck_assert_uint_eq(n, 1);
	ck_assert_ptr_null(telmon_word(&at, &n));
	ck_assert_ptr_null(telmon_word(&at, &n));
	ck_assert_str_eq(at, "\nnext");
	at = "   ";
	ck_assert_ptr_null(telmon_word(&at, &n));
}
END_TEST

/* What telmon_number() makes of a text, and where it stands then. */
static double
number(const char *text, const char *rest)
{
	const char *at = text;
	double v = telmon_number(&at);

	ck_assert_str_eq(at, rest);
	return v;
}

START_TEST(numbers)
{
	ck_assert_double_eq(number("0", ""), 0);
	ck_assert_double_eq(number("  \t42 7", " 7"), 42);
	ck_assert_double_eq(number("-1\n", "\n"), -1);
	ck_assert_double_eq(number("0.42 x", " x"), 0.42);
	ck_assert_double_eq(number("12.", ""), 12);
	ck_assert_double_eq(number("3/99", "/99"), 3);
	ck_assert_double_eq(number("254:0", ":0"), 254);
	ck_assert_double_eq(number("0-63", "-63"), 0);
	ck_assert_double_eq(number("9007199254740992", ""), 9007199254740992.0);
	ck_assert_double_eq(number("18446744073709551615", ""), 18446744073709551615.0);
}
END_TEST

START_TEST(what_is_no_number_is_not_taken)
{
	static const char *const bad[] = { "",	    "   ",    "\n5", "x",    "-",   "- 1",
					   "+1",    ".5",     "1e9", "12kB", "nan", "inf",
					   "1.2.3", "12\xc3", "--1", "0x10" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(isnan(number(bad[i], bad[i])), "'%s' is a number", bad[i]);
}
END_TEST

START_TEST(a_number_of_a_thousand_digits_is_none)
{
	char digits[1001];

	memset(digits, '9', sizeof(digits) - 1);
	digits[1000] = '\0';
	ck_assert(isnan(number(digits, digits)));
}
END_TEST

START_TEST(lines_are_found_by_how_they_begin)
{
	const char *text = "Total: 7\nNot MemTotal: 8\nMemTotal:  9 kB\nMemFree: 10", *at;

	at = telmon_find_line(text, "MemTotal:");
	ck_assert_double_eq(telmon_number(&at), 9);
	at = telmon_find_line(text, "");
	ck_assert_ptr_eq(at, text);
	ck_assert_ptr_null(telmon_find_line(text, "MemFree:")); /* cut off */
	ck_assert_ptr_null(telmon_find_line("", ""));
}
END_TEST

static const char *
unescaped(const char *text)
{
	static char copy[64];

	snprintf(copy, sizeof(copy), "%s", text);
	telmon_unescape(copy);
	return copy;
}

START_TEST(names_are_unescaped)
{
	ck_assert_str_eq(unescaped("/mnt/a\\040b\\011c\\012d\\134e"), "/mnt/a b\tc\nd\\e");
	ck_assert_str_eq(unescaped("\\134040"), "\\040");
	ck_assert_str_eq(unescaped("\\377"), "\377");
	ck_assert_str_eq(unescaped("\\400 \\08 \\9 \\"), "\\400 \\08 \\9 \\");
	ck_assert_str_eq(unescaped("\\04"), "\\04");
	ck_assert_str_eq(unescaped(""), "");
}
END_TEST

/* ---- an older host ----------------------------------------------------------------------------
 */

static int
mock_statfs(struct telmon *t, const char *path, struct telmon_statfs *ret)
{
	(void)t;
	if (strcmp(path, "/dead") == 0)
		return -ETIMEDOUT;
	ret->size_bytes = strlen(path);
	return 0;
}

static int
mock_statfs_many(struct telmon *t, const char *const *paths, size_t n, struct telmon_statfs *ret,
		 int *ret_errors)
{
	(void)t, (void)paths, (void)ret, (void)ret_errors;
	return n == 3 ? -ENOMEM : 0;
}

START_TEST(an_older_host_is_asked_for_one_mount_after_the_other)
{
	const struct telmon_host today = { .size = sizeof(today), .statfs_many = mock_statfs_many },
				 older = { .size = offsetof(struct telmon_host, statfs_many),
					   .statfs = mock_statfs };
	const char *const paths[] = { "/", "/dead", "/home" };
	struct telmon_statfs s[3] = { 0 };
	struct telmon t = { .host = &today };
	int errors[3] = { 1, 1, 1 };

	ck_assert_int_eq(telmon_statfs_many(&t, paths, 3, s, errors), -ENOMEM);
	t.host = &older;
	ck_assert_int_eq(telmon_statfs_many(&t, paths, 3, s, errors), 0);
	ck_assert_int_eq(errors[0], 0);
	ck_assert_int_eq(errors[1], -ETIMEDOUT);
	ck_assert_int_eq(errors[2], 0);
	ck_assert_uint_eq(s[0].size_bytes, 1);
	ck_assert_uint_eq(s[2].size_bytes, 5);
}
END_TEST

/* ---- values -----------------------------------------------------------------------------------
 */

static double now, before, interval;
static size_t n_put;
static const char *put_labels[4];

static double
mock_value(struct telmon *t, unsigned metric, size_t i)
{
	(void)t, (void)metric;
	return i == 0 ? now : NAN;
}

static double
mock_previous(struct telmon *t, unsigned metric, size_t i)
{
	(void)t, (void)metric, (void)i;
	return before;
}

static double
mock_interval(struct telmon *t)
{
	(void)t;
	return interval;
}

static long
mock_find(struct telmon *t, unsigned metric, const char *const *labels, size_t n)
{
	(void)t, (void)metric;
	return n == 1 && strcmp(labels[0], "here") == 0 ? 0 : -1;
}

static int
mock_put(struct telmon *t, unsigned metric, const char *const *labels, size_t n, double value)
{
	(void)t;
	n_put = n;
	for (size_t i = 0; i < n; i++)
		put_labels[i] = labels[i];
	return value == metric ? 0 : -EINVAL;
}

static const struct telmon_host host = {
	.size = sizeof(host),
	.value = mock_value,
	.previous = mock_previous,
	.interval = mock_interval,
	.find = mock_find,
	.put = mock_put,
};
static struct telmon telmon = { .host = &host };

START_TEST(rates_are_known_or_not)
{
	now = 150, before = 100, interval = 2;
	ck_assert_double_eq(telmon_delta(&telmon, 0, 0), 50);
	ck_assert_double_eq(telmon_rate(&telmon, 0, 0), 25);
	now = 100;
	ck_assert_double_eq(telmon_rate(&telmon, 0, 0), 0);
	now = 99; /* a counter that went back */
	ck_assert(isnan(telmon_delta(&telmon, 0, 0)));
	ck_assert(isnan(telmon_rate(&telmon, 0, 0)));
	now = 150, before = NAN;
	ck_assert(isnan(telmon_delta(&telmon, 0, 0)));
	before = 100, interval = NAN;
	ck_assert(isnan(telmon_rate(&telmon, 0, 0)));
	interval = 0;
	ck_assert(isnan(telmon_rate(&telmon, 0, 0)));
}
END_TEST

START_TEST(values_by_label)
{
	now = 7;
	ck_assert_double_eq(telmon_value1(&telmon, 0, "here"), 7);
	ck_assert(isnan(telmon_value1(&telmon, 0, "there")));
}
END_TEST

START_TEST(labels_keep_their_order)
{
	ck_assert_int_eq(telmon_put(&telmon, 3, 3), 0);
	ck_assert_uint_eq(n_put, 0);
	ck_assert_int_eq(telmon_put1(&telmon, 3, "a", 3), 0);
	ck_assert_uint_eq(n_put, 1);
	ck_assert_int_eq(telmon_put2(&telmon, 3, "a", "b", 4), -EINVAL);
	ck_assert_uint_eq(n_put, 2);
	ck_assert_str_eq(put_labels[0], "a");
	ck_assert_str_eq(put_labels[1], "b");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("api");
	TCase *c = tcase_create("fast");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, c);
	tcase_add_test(c, lines_end_in_lf);
	tcase_add_test(c, words_are_between_blanks);
	tcase_add_test(c, numbers);
	tcase_add_test(c, what_is_no_number_is_not_taken);
	tcase_add_test(c, a_number_of_a_thousand_digits_is_none);
	tcase_add_test(c, lines_are_found_by_how_they_begin);
	tcase_add_test(c, names_are_unescaped);
	tcase_add_test(c, an_older_host_is_asked_for_one_mount_after_the_other);
	tcase_add_test(c, rates_are_known_or_not);
	tcase_add_test(c, values_by_label);
	tcase_add_test(c, labels_keep_their_order);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
