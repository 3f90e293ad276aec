/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of text: the sanitizer and widths. Numbers, quotes and matching are in the second
 * half.
 */
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* Its macro fail() must not meet the plugin's header. */
#include <check.h>

static void
assert_clean(const char *in, const char *want)
{
	_autobuf_ struct buf out = BUF_INIT(4096);

	ck_assert_int_eq(text_clean(&out, in, strlen(in)), 0);
	ck_assert_str_eq(buf_str(&out), want);
	ck_assert_int_eq(text_is_clean(in, strlen(in)), strcmp(in, want) == 0);
	/* What came out stays as it is. */
	ck_assert(text_is_clean(out.data, out.len));
}

START_TEST(clean_keeps_text)
{
	assert_clean("", "");
	assert_clean("x", "x");
	assert_clean("/usr/sbin/sshd -D [listener] ~", "/usr/sbin/sshd -D [listener] ~");
	assert_clean("M\xc3\xbcller \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80",
		     "M\xc3\xbcller \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x98\x80");
	assert_clean("\xc2\xa0\xe2\x80\xa6", "\xc2\xa0\xe2\x80\xa6");
}
END_TEST

START_TEST(clean_replaces_controls_at_any_place)
{
	char in[40], want[40];

	for (int c = 0; c < 256; c++) {
		for (size_t at = 0; at < 20; at++) {
			_autobuf_ struct buf out = BUF_INIT(100);

			memset(in, 'a', 20);
			in[at] = (char)c;
			memset(want, 'a', 20);
			want[at] = c >= 0x20 && c < 0x7f ? (char)c : '?';
			ck_assert_int_eq(text_clean(&out, in, 20), 0);
			ck_assert_uint_eq(out.len, 20);
			ck_assert_mem_eq(out.data, want, 20);
			ck_assert_int_eq(text_is_clean(in, 20), in[at] == want[at]);
		}
	}
}
END_TEST

START_TEST(clean_stops_terminal_sequences)
{
	assert_clean("\x1b[2J", "?[2J");
	assert_clean("\x1b]52;c;cm0=\x07", "?]52;c;cm0=?");
	assert_clean("\x1bP+q\x1b\\", "?P+q?\\");
	assert_clean("\x9b"
		     "2J",
		     "?2J");
	assert_clean("\xc2\x9b"
		     "2J",
		     "?2J");
	assert_clean("\xc2\x80\xc2\x9f\xc2\x85", "???");
	assert_clean("a\nroot 0\r\tb\x7f", "a?root 0??b?");
}
END_TEST

static void
assert_hidden(uint32_t c, bool hidden)
{
	char s[8];
	size_t n = 0;

	if (c < 0x800) {
		s[n++] = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			s[n++] = (char)(0xe0 | c >> 12);
		} else {
			s[n++] = (char)(0xf0 | c >> 18);
			s[n++] = (char)(0x80 | (c >> 12 & 0x3f));
		}
		s[n++] = (char)(0x80 | (c >> 6 & 0x3f));
	}
	s[n++] = (char)(0x80 | (c & 0x3f));
	s[n] = '\0';
	ck_assert_msg(text_is_clean(s, n) == !hidden, "U+%04X", c);
	assert_clean(s, hidden ? "?" : s);
}

START_TEST(clean_hides_format_characters)
{
	static const uint32_t ranges[][2] = {
		{ 0x80, 0x9f },		{ 0xad, 0xad },	      { 0x61c, 0x61c },
		{ 0x200b, 0x200f },	{ 0x2028, 0x202e },   { 0x2060, 0x2064 },
		{ 0x2066, 0x2069 },	{ 0xfeff, 0xfeff },   { 0xfff9, 0xfffb },
		{ 0xfdd0, 0xfdef },	{ 0xd800, 0xd8ff },   { 0xdf00, 0xdfff },
		{ 0xfffe, 0xffff },	{ 0xe0000, 0xe01ef }, { 0x1fffe, 0x1ffff },
		{ 0x10fffe, 0x10ffff },
	};
	static const uint32_t shown[] = {
		0xa0,	0xac,	0xae,	0x61b,	0x61d,	 0x200a,  0x2010,
		0x2027, 0x202f, 0x205f, 0x2070, 0xfdcf,	 0xfdf0,  0xfefc,
		0xfffd, 0xd7ff, 0xe000, 0xfffc, 0x1fffd, 0x20000, 0x10fffd
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		for (uint32_t c = ranges[i][0]; c <= ranges[i][1]; c++) {
			if (c < 0xd800 || c > 0xdfff)
				assert_hidden(c, true);
		}
	}
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		assert_hidden(shown[i], false);
}
END_TEST

START_TEST(clean_replaces_each_bad_byte)
{
	assert_clean("\xc0\x80", "??");	     /* overlong NUL */
	assert_clean("\xe0\x80\xaf", "???"); /* overlong slash */
	assert_clean("\xf0\x80\x80\xaf", "????");
	assert_clean("\xed\xa0\x80", "???");	       /* surrogate */
	assert_clean("\xf4\x90\x80\x80", "????");      /* past U+10FFFF */
	assert_clean("\xf8\x88\x80\x80\x80", "?????"); /* five bytes */
	assert_clean("a\xe2\x82", "a??");	       /* cut short */
	assert_clean("\xe2\x82"
		     "a",
		     "??a");
	assert_clean("\x80\xbf\xfe\xff", "????");
}
END_TEST

START_TEST(clean_limits_marks)
{
	_autobuf_ struct buf in = BUF_INIT(100000), out = BUF_INIT(100000);

	buf_putc(&in, 'e');
	for (int i = 0; i < 10000; i++)
		buf_puts(&in, "\xcc\x81");
	ck_assert_int_eq(text_clean(&out, in.data, in.len), 0);
	ck_assert_uint_eq(out.len, 1 + 8 * 2 + 9992);
	ck_assert_uint_eq(text_width(out.data, out.len), 1 + 9992);
	ck_assert(text_is_clean(out.data, out.len));
	ck_assert(text_is_clean(in.data, 1 + 8 * 2));
	ck_assert(!text_is_clean(in.data, 1 + 9 * 2));
	/* A letter begins anew. */
	assert_clean("e\xcc\x81\xcc\x81"
		     "e\xcc\x81",
		     "e\xcc\x81\xcc\x81"
		     "e\xcc\x81");
}
END_TEST

START_TEST(clean_reports_a_full_buf)
{
	_autobuf_ struct buf out = BUF_INIT(4);

	ck_assert_int_eq(text_clean(&out, "\n\n\n\n", 4), 0);
	ck_assert_int_eq(text_clean(&out, "x", 1), -EMSGSIZE);
	ck_assert_int_eq(text_clean(&out, "\n", 1), -EMSGSIZE);
	ck_assert_uint_eq(out.len, 4);
}
END_TEST

START_TEST(decode_takes_valid_characters_only)
{
	uint32_t c = 1;

	ck_assert_uint_eq(text_decode("", 0, &c), 0);
	ck_assert_uint_eq(text_decode("", 1, &c), 1);
	ck_assert_uint_eq(c, 0);
	ck_assert_uint_eq(text_decode("\xc3\xa9", 2, &c), 2);
	ck_assert_uint_eq(c, 0xe9);
	ck_assert_uint_eq(text_decode("\xe2\x82\xac", 3, &c), 3);
	ck_assert_uint_eq(c, 0x20ac);
	ck_assert_uint_eq(text_decode("\xf4\x8f\xbf\xbf", 4, &c), 4);
	ck_assert_uint_eq(c, 0x10ffff);
	ck_assert_uint_eq(text_decode("\xe2\x82\xac", 2, &c), 0);
	ck_assert_uint_eq(text_decode("\xc1\xbf", 2, &c), 0);
	ck_assert_uint_eq(text_decode("\xe0\x9f\xbf", 3, &c), 0);
	ck_assert_uint_eq(text_decode("\xf5\x80\x80\x80", 4, &c), 0);
}
END_TEST

START_TEST(ascii_replaces_each_character_once)
{
	_autobuf_ struct buf out = BUF_INIT(100);

	ck_assert_int_eq(text_ascii(&out, "a\xc3\xa9z\xe6\x97\xa5\xff\n", 9), 0);
	ck_assert_str_eq(buf_str(&out), "a?z??\n");
}
END_TEST

static size_t
width(const char *s)
{
	return text_width(s, strlen(s));
}

START_TEST(width_counts_columns)
{
	ck_assert_uint_eq(width(""), 0);
	ck_assert_uint_eq(width("abc"), 3);
	ck_assert_uint_eq(width("M\xc3\xbcller"), 6);
	ck_assert_uint_eq(width("\xe6\x97\xa5\xe6\x9c\xac"), 4);
	ck_assert_uint_eq(width("e\xcc\x81"), 1);
	ck_assert_uint_eq(width("\xf0\x9f\x98\x80"), 2);
	ck_assert_uint_eq(width("\xee\x80\x80"), 1); /* private use */
}
END_TEST

static void
assert_fit(const char *s, size_t columns, const char *want)
{
	_autobuf_ struct buf out = BUF_INIT(100);

	ck_assert_int_eq(text_fit(&out, s, strlen(s), columns), 0);
	ck_assert_str_eq(buf_str(&out), want);
	ck_assert_uint_le(width(want), columns);
}

START_TEST(fit_cuts_with_an_ellipsis)
{
	assert_fit("abc", 3, "abc");
	assert_fit("abc", 9, "abc");
	assert_fit("abcd", 3, "ab\xe2\x80\xa6");
	assert_fit("abcd", 1, "\xe2\x80\xa6");
	assert_fit("abcd", 0, "");
	assert_fit("", 0, "");
	/* A wide character that does not fit leaves its place empty. */
	assert_fit("\xe6\x97\xa5\xe6\x9c\xac", 4, "\xe6\x97\xa5\xe6\x9c\xac");
	assert_fit("\xe6\x97\xa5\xe6\x9c\xac", 3, "\xe6\x97\xa5\xe2\x80\xa6");
	assert_fit("\xe6\x97\xa5\xe6\x9c\xac", 2, "\xe2\x80\xa6");
	/* Marks stay with their letter, also at the very end. */
	assert_fit("ae\xcc\x81", 2, "ae\xcc\x81");
	assert_fit("ae\xcc\x81xy", 3, "ae\xcc\x81\xe2\x80\xa6");
}
END_TEST

static void
assert_number(double v, enum telmon_unit unit, enum telmon_type type, const char *want)
{
	_autobuf_ struct buf out = BUF_INIT(100);

	ck_assert_int_eq(text_number(&out, v, unit, type), 0);
	ck_assert_str_eq(buf_str(&out), want);
}

START_TEST(number_bytes)
{
	assert_number(0, TELMON_BYTES, TELMON_INT, "0 B");
	assert_number(512, TELMON_BYTES, TELMON_INT, "512 B");
	assert_number(1023, TELMON_BYTES, TELMON_INT, "1023 B");
	assert_number(1024, TELMON_BYTES, TELMON_INT, "1 KiB");
	assert_number(1536, TELMON_BYTES, TELMON_INT, "1.5 KiB");
	assert_number(1.5 * (1 << 30), TELMON_BYTES, TELMON_REAL, "1.5 GiB");
	assert_number(15.64 * (1 << 20), TELMON_BYTES, TELMON_REAL, "15.6 MiB");
	assert_number(156.4 * (1 << 20), TELMON_BYTES, TELMON_REAL, "156 MiB");
	assert_number(1023.4 * (1 << 20), TELMON_BYTES, TELMON_REAL, "1023 MiB");
	assert_number(1023.9 * (1 << 20), TELMON_BYTES, TELMON_REAL, "1 GiB");
	assert_number(99.97 * (1 << 20), TELMON_BYTES, TELMON_REAL, "100 MiB");
	assert_number(ldexp(1, 62), TELMON_BYTES, TELMON_REAL, "4 EiB");
	assert_number(-2048, TELMON_BYTES, TELMON_INT, "-2 KiB");
	assert_number(1.5 * (1 << 20), TELMON_BYTES_PER_S, TELMON_REAL, "1.5 MiB/s");
	assert_number(0, TELMON_BYTES_PER_S, TELMON_REAL, "0 B/s");
	assert_number(1e9, TELMON_BITS_PER_S, TELMON_INT, "1 Gbit/s");
	assert_number(2.5e9, TELMON_BITS_PER_S, TELMON_INT, "2.5 Gbit/s");
	assert_number(999.9e6, TELMON_BITS_PER_S, TELMON_REAL, "1 Gbit/s");
}
END_TEST

START_TEST(number_durations)
{
	assert_number(0, TELMON_SECONDS, TELMON_REAL, "0 s");
	assert_number(1.2e-3, TELMON_SECONDS, TELMON_REAL, "1.2 ms");
	assert_number(120e-6, TELMON_SECONDS, TELMON_REAL, "120 us");
	assert_number(5e-9, TELMON_SECONDS, TELMON_REAL, "5 ns");
	assert_number(0.9999, TELMON_SECONDS, TELMON_REAL, "1 s");
	assert_number(1.5, TELMON_SECONDS, TELMON_REAL, "1.5 s");
	assert_number(45, TELMON_SECONDS, TELMON_INT, "45 s");
	assert_number(59.97, TELMON_SECONDS, TELMON_REAL, "1 min");
	assert_number(60, TELMON_SECONDS, TELMON_INT, "1 min");
	assert_number(61, TELMON_SECONDS, TELMON_INT, "1 min 1 s");
	assert_number(3600 * 3 + 12 * 60 + 59, TELMON_SECONDS, TELMON_INT, "3 h 12 min");
	assert_number(3600 * 24 - 1, TELMON_SECONDS, TELMON_INT, "23 h 59 min");
	assert_number(86400 * 5 + 3600 * 3, TELMON_SECONDS, TELMON_INT, "5 d 3 h");
	assert_number(86400, TELMON_SECONDS, TELMON_INT, "1 d");
	assert_number(-90, TELMON_SECONDS, TELMON_INT, "-1 min 30 s");
	assert_number(1e300, TELMON_SECONDS, TELMON_REAL, "1.0000000000000001e+300 s");
}
END_TEST

START_TEST(number_others)
{
	assert_number(12.34, TELMON_PERCENT, TELMON_REAL, "12.3%");
	assert_number(0, TELMON_PERCENT, TELMON_REAL, "0.0%");
	assert_number(99.97, TELMON_PERCENT, TELMON_REAL, "99.9%");
	assert_number(99.6, TELMON_PERCENT, TELMON_INT, "99%");
	assert_number(99.97, TELMON_PERCENT, TELMON_INT, "99%");
	assert_number(100, TELMON_PERCENT, TELMON_REAL, "100.0%");
	assert_number(250, TELMON_PERCENT, TELMON_INT, "250%");
	assert_number(12.34, TELMON_PER_S, TELMON_REAL, "12.3/s");
	assert_number(0.03, TELMON_PER_S, TELMON_REAL, "0.03/s");
	assert_number(0, TELMON_PER_S, TELMON_REAL, "0.0/s");
	assert_number(12345.6, TELMON_PER_S, TELMON_REAL, "12346/s");
	assert_number(42, TELMON_NONE, TELMON_INT, "42");
	assert_number(-7, TELMON_NONE, TELMON_INT, "-7");
	assert_number(0.42, TELMON_NONE, TELMON_REAL, "0.42");
	assert_number(123.456, TELMON_NONE, TELMON_REAL, "123.5");
	assert_number(0.0004, TELMON_NONE, TELMON_REAL, "0.0004");
	assert_number(NAN, TELMON_BYTES, TELMON_REAL, "-");
	assert_number(INFINITY, TELMON_NONE, TELMON_REAL, "inf");
	assert_number(-INFINITY, TELMON_SECONDS, TELMON_REAL, "-inf");
	assert_number(0, TELMON_EPOCH, TELMON_INT, "1970-01-01 00:00:00");
	assert_number(1795183385, TELMON_EPOCH, TELMON_INT, "2026-11-20 14:03:05");
	assert_number(4398046511104.0, TELMON_EPOCH, TELMON_INT, "4398046511104");
	assert_number(45.25, TELMON_CELSIUS, TELMON_REAL, "45.2 C");
	assert_number(2.4e9, TELMON_HERTZ, TELMON_REAL, "2.4 GHz");
	assert_number(12.125, TELMON_VOLTS, TELMON_REAL, "12.125 V");
	assert_number(0.5, TELMON_AMPERES, TELMON_REAL, "0.5 A");
	assert_number(15, TELMON_WATTS, TELMON_REAL, "15 W");
}
END_TEST

static void
assert_parses(const char *word, double want)
{
	double v = -1;

	ck_assert_msg(text_parse_number(word, &v) == 0, "%s", word);
	ck_assert_double_eq_tol(v, want, 1e-9);
}

START_TEST(parse_number_knows_suffixes)
{
	static const char *const bad[] = { "",	  "x",	 "1x", "K",   "1 K", "1e3", "0x10",
					   "inf", "nan", "1.", "--1", "1KK", "1iB", "1Kib ",
					   "1mB", "1sB", "%",  "1%%", ".",   "+",   "1,5" };
	double v = 7;

	assert_parses("42", 42);
	assert_parses("-1.5", -1.5);
	assert_parses("+.5", 0.5);
	assert_parses("1K", 1024);
	assert_parses("1k", 1024);
	assert_parses("2M", 2097152);
	assert_parses("1.5GiB", 1.5 * (1 << 30));
	assert_parses("1TB", 1099511627776.0);
	assert_parses("1Ki", 1024);
	assert_parses("7B", 7);
	assert_parses("80%", 80);
	assert_parses("5s", 5);
	assert_parses("5m", 300);
	assert_parses("2h", 7200);
	assert_parses("1d", 86400);
	assert_parses("20ms", 0.02);
	assert_parses("3us", 3e-6);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(text_parse_number(bad[i], &v) == -EINVAL, "'%s'", bad[i]);
	ck_assert_double_eq(v, 7);
}
END_TEST

START_TEST(parse_number_refuses_what_overflows)
{
	char digits[400];
	double v;

	memset(digits, '9', sizeof(digits) - 1);
	digits[sizeof(digits) - 1] = '\0';
	ck_assert_int_eq(text_parse_number(digits, &v), -EINVAL);
	ck_assert_int_eq(text_parse_double(digits, &v), -EINVAL);
	/* Finite alone, but not with its unit. */
	memcpy(digits + 308, "T", 2);
	ck_assert_int_eq(text_parse_number(digits, &v), -EINVAL);
}
END_TEST

START_TEST(units_are_found_by_their_names)
{
	enum telmon_unit unit = TELMON_VOLTS;

	for (unsigned i = TELMON_NONE; i <= TELMON_WATTS; i++) {
		ck_assert(text_find_unit(text_unit((enum telmon_unit)i), &unit));
		ck_assert_uint_eq(unit, i);
	}
	ck_assert(!text_find_unit("furlongs", &unit));
	ck_assert_uint_eq(unit, TELMON_WATTS);
	ck_assert_str_eq(text_unit((enum telmon_unit)1000), "");
}
END_TEST

START_TEST(parse_plain_numbers)
{
	double v;
	int64_t i;

	ck_assert_int_eq(text_parse_double("1.25", &v), 0);
	ck_assert_double_eq(v, 1.25);
	ck_assert_int_eq(text_parse_double("10", &v), 0);
	ck_assert_double_eq(v, 10);
	ck_assert_int_eq(text_parse_double("10 ", &v), -EINVAL);
	ck_assert_int_eq(text_parse_double("", &v), -EINVAL);
	ck_assert_int_eq(text_parse_double("1e2", &v), -EINVAL);
	ck_assert_int_eq(text_parse_i64("-9223372036854775808", &i), 0);
	ck_assert_int_eq(i, INT64_MIN);
	ck_assert_int_eq(text_parse_i64("9223372036854775807", &i), 0);
	ck_assert_int_eq(i, INT64_MAX);
	ck_assert_int_eq(text_parse_i64("9223372036854775808", &i), -EINVAL);
	ck_assert_int_eq(text_parse_i64("12x", &i), -EINVAL);
	ck_assert_int_eq(text_parse_i64(" 12", &i), -EINVAL);
	ck_assert_int_eq(text_parse_i64("", &i), -EINVAL);
	ck_assert_int_eq(text_parse_i64("-", &i), -EINVAL);
}
END_TEST

static void
assert_quoted(int (*quote)(struct buf *, const char *), const char *s, const char *want)
{
	_autobuf_ struct buf out = BUF_INIT(100);

	buf_puts(&out, "\",\\"); /* what stands before is left alone */
	ck_assert_int_eq(quote(&out, s), 0);
	ck_assert_str_eq(buf_str(&out) + 3, want);
}

START_TEST(quote_json)
{
	assert_quoted(text_json, "", "\"\"");
	assert_quoted(text_json, "plain", "\"plain\"");
	assert_quoted(text_json, "a\"b\\c", "\"a\\\"b\\\\c\"");
	assert_quoted(text_json, "\"\"", "\"\\\"\\\"\"");
	assert_quoted(text_json, "a\nb\x1b\"", "\"a?b?\\\"\"");
	assert_quoted(text_json, "\xc2\x9b\xe2\x80\xa8\xff\xc3\xa9", "\"???\xc3\xa9\"");
}
END_TEST

START_TEST(quote_csv)
{
	assert_quoted(text_csv, "", "");
	assert_quoted(text_csv, "plain text", "plain text");
	assert_quoted(text_csv, "a,b", "\"a,b\"");
	assert_quoted(text_csv, "say \"x\"", "\"say \"\"x\"\"\"");
	assert_quoted(text_csv, "a\r\nb", "a??b");
}
END_TEST

START_TEST(quote_label)
{
	assert_quoted(text_label, "/mnt/x", "/mnt/x");
	assert_quoted(text_label, "a\"b\\c\nd\"", "a\\\"b\\\\c\\nd\\\"");
	assert_quoted(text_label, "\n", "\\n");
	assert_quoted(text_label, "\x1b\x9b", "??");
}
END_TEST

START_TEST(quote_reports_a_full_buf)
{
	for (size_t room = 0; room < 8; room++) {
		_autobuf_ struct buf a = BUF_INIT(room), b = BUF_INIT(room), c = BUF_INIT(room);

		ck_assert_int_eq(text_json(&a, "\"\"\""), room < 8 ? -EMSGSIZE : 0);
		ck_assert_int_eq(text_csv(&b, "\"\"\""), room < 8 ? -EMSGSIZE : 0);
		ck_assert_int_eq(text_label(&c, "\"\"\"\n"), -EMSGSIZE);
	}
}
END_TEST

static void
assert_heading(const char *column, const char *want)
{
	ck_assert_uint_eq(text_heading(column), strlen(want));
	ck_assert(strncmp(column, want, strlen(want)) == 0);
}

START_TEST(heading_drops_the_unit)
{
	assert_heading("used_bytes", "used");
	assert_heading("rx_bytes_per_s", "rx");
	assert_heading("rx_bits_per_s", "rx");
	assert_heading("reads_per_s", "reads");
	assert_heading("user_percent", "user");
	assert_heading("uptime_s", "uptime");
	assert_heading("name", "name");
	assert_heading("bytes", "bytes");
	assert_heading("_s", "_s");
	assert_heading("address", "address");
	ck_assert(text_is_percent("used_percent"));
	ck_assert(!text_is_percent("used_bytes"));
	ck_assert(!text_is_percent("percent"));
	ck_assert(!text_is_percent("_percent"));
	ck_assert(!text_is_percent("percent_s"));
}
END_TEST

START_TEST(glob_matches)
{
	ck_assert(text_glob("", ""));
	ck_assert(!text_glob("", "a"));
	ck_assert(text_glob("*", ""));
	ck_assert(text_glob("cpu_*", "cpu_seconds_total"));
	ck_assert(!text_glob("cpu_*", "xcpu_seconds"));
	ck_assert(text_glob("*_total", "cpu_seconds_total"));
	ck_assert(!text_glob("*_total", "cpu_total_seconds"));
	ck_assert(text_glob("a?c", "abc"));
	ck_assert(!text_glob("a?c", "ac"));
	ck_assert(text_glob("a?c", "a\xc3\xa9"
				   "c"));
	ck_assert(!text_glob("a??c", "a\xc3\xa9"
				     "c"));
	ck_assert(!text_glob("*??", "\xc3\xa9"));
	ck_assert(text_glob("load[15]", "load1"));
	ck_assert(!text_glob("load[15]", "load2"));
	ck_assert(text_glob("sd[a-c]", "sdb"));
	ck_assert(!text_glob("sd[!a-c]", "sdb"));
	ck_assert(text_glob("sd[^a-c]", "sdz"));
	ck_assert(text_glob("[]x]", "]"));
	ck_assert(text_glob("[a", "[a"));
	ck_assert(text_glob("*a*b*", "xxaxxbxx"));
	ck_assert(!text_glob("[a-z]", ""));
}
END_TEST

START_TEST(glob_is_not_exponential)
{
	char pattern[513], s[4097];

	for (size_t i = 0; i + 1 < sizeof(pattern); i += 2)
		memcpy(pattern + i, "*a", 2);
	pattern[512] = '\0';
	memset(s, 'a', 4096);
	s[4096] = '\0';
	ck_assert(text_glob(pattern, s));
	s[4095] = 'b';
	ck_assert(!text_glob(pattern, s));
}
END_TEST

START_TEST(nearest_finds_typing_errors)
{
	static const char *const names[] = { "cpu", "disk", "interval", "memory", "network" };
	char longest[300];

	ck_assert_str_eq(text_nearest("cpuu", names, 5), "cpu");
	ck_assert_str_eq(text_nearest("intervall", names, 5), "interval");
	ck_assert_str_eq(text_nearest("dsik", names, 5), "disk");
	ck_assert_str_eq(text_nearest("Memory", names, 5), "memory");
	ck_assert_str_eq(text_nearest("nework", names, 5), "network");
	ck_assert_ptr_null(text_nearest("xyz", names, 5));
	ck_assert_ptr_null(text_nearest("", names, 5));
	ck_assert_ptr_null(text_nearest("cpu", names, 0));
	memset(longest, 'a', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	ck_assert_ptr_null(text_nearest(longest, names, 5));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("text");
	TCase *fast = tcase_create("fast");
	SRunner *runner;
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	tcase_add_test(fast, clean_keeps_text);
	tcase_add_test(fast, clean_replaces_controls_at_any_place);
	tcase_add_test(fast, clean_stops_terminal_sequences);
	tcase_add_test(fast, clean_hides_format_characters);
	tcase_add_test(fast, clean_replaces_each_bad_byte);
	tcase_add_test(fast, clean_limits_marks);
	tcase_add_test(fast, clean_reports_a_full_buf);
	tcase_add_test(fast, decode_takes_valid_characters_only);
	tcase_add_test(fast, ascii_replaces_each_character_once);
	tcase_add_test(fast, width_counts_columns);
	tcase_add_test(fast, fit_cuts_with_an_ellipsis);
	tcase_add_test(fast, number_bytes);
	tcase_add_test(fast, number_durations);
	tcase_add_test(fast, number_others);
	tcase_add_test(fast, parse_number_knows_suffixes);
	tcase_add_test(fast, parse_number_refuses_what_overflows);
	tcase_add_test(fast, units_are_found_by_their_names);
	tcase_add_test(fast, parse_plain_numbers);
	tcase_add_test(fast, quote_json);
	tcase_add_test(fast, quote_csv);
	tcase_add_test(fast, quote_label);
	tcase_add_test(fast, quote_reports_a_full_buf);
	tcase_add_test(fast, heading_drops_the_unit);
	tcase_add_test(fast, glob_matches);
	tcase_add_test(fast, glob_is_not_exponential);
	tcase_add_test(fast, nearest_finds_typing_errors);
	suite_add_tcase(s, fast);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
