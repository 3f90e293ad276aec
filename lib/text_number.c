/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * text_number -- numbers as people read and type them. Machines get base units from buf's writers;
 * here a value takes the unit that leaves it between 1 and 1024 or 1000, and about three digits.
 * Digits never depend on the locale: a program sets LC_CTYPE only, and %f is not used.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "text.h"
#include "text_private.h"

/* As buf_put_fixed(), without zeros at the end of the fraction. */
static int
put_short(struct buf *out, double v, unsigned decimals)
{
	size_t from = out->len;
	int r = buf_put_fixed(out, v, decimals);

	if (r < 0 || decimals == 0 || !(fabs(v) < 1e15))
		return r;
	while (out->len > from && out->data[out->len - 1] == '0')
		out->len--;
	if (out->data[out->len - 1] == '.')
		out->len--;
	return 0;
}

static int
put_unit(struct buf *out, const char *unit)
{
	buf_putc(out, ' ');
	return buf_puts(out, unit);
}

/* v in the largest of the units that it fills: "1.5 GiB". The step is 1024 or 1000. */
static int
put_scaled(struct buf *out, double v, double step, const char *const *units, size_t n)
{
	size_t i = 0;
	unsigned decimals;

	/* What would round up to a full step is one of the next unit. */
	while (i + 1 < n && fabs(v) >= (i == 0 ? step - 0.05 : step - 0.5)) {
		v /= step;
		i++;
	}
	decimals = fabs(v) < 99.95 ? 1 : 0;
	put_short(out, v, decimals);
	return put_unit(out, units[i]);
}

static int
put_bytes(struct buf *out, double v, bool rate)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };

	put_scaled(out, v, 1024, units, sizeof(units) / sizeof(units[0]));
	return rate ? buf_puts(out, "/s") : out->error;
}

static int
put_bits(struct buf *out, double v)
{
	static const char *const units[] = { "bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s" };

	return put_scaled(out, v, 1000, units, sizeof(units) / sizeof(units[0]));
}

static int
put_hertz(struct buf *out, double v)
{
	static const char *const units[] = { "Hz", "kHz", "MHz", "GHz" };

	return put_scaled(out, v, 1000, units, sizeof(units) / sizeof(units[0]));
}

/* Below a minute: one unit. */
static int
put_moment(struct buf *out, double s)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };

	if (s == 0)
		return buf_puts(out, "0 s");
	if (s >= 0.99995)
		return put_short(out, s, 1), buf_puts(out, " s");
	return put_scaled(out, s * 1e9, 1000, units, sizeof(units) / sizeof(units[0]));
}

/* A minute and more: the two largest units, the second one rounded down and left out when zero. */
static int
put_duration(struct buf *out, double v)
{
	static const struct {
		int64_t large, small;
		const char *large_name, *small_name;
	} scale[] = {
		{ 86400, 3600, "d", "h" },
		{ 3600, 60, "h", "min" },
		{ 60, 1, "min", "s" },
	};
	int64_t s;
	size_t i = 0;

	if (v < 0)
		buf_putc(out, '-');
	v = fabs(v);
	if (v < 59.95)
		return put_moment(out, v);
	if (v >= 1e15)
		return put_short(out, v, 0), buf_puts(out, " s");
	s = v < 60 ? 60 : (int64_t)v;
	while (s < scale[i].large)
		i++;
	buf_put_i64(out, s / scale[i].large);
	put_unit(out, scale[i].large_name);
	s = s % scale[i].large / scale[i].small;
	if (s == 0)
		return out->error;
	buf_putc(out, ' ');
	buf_put_i64(out, s);
	return put_unit(out, scale[i].small_name);
}

static int
put_percent(struct buf *out, double v, enum telmon_type type)
{
	/* 99.97 is not 100: something is left. */
	if (v < 100 && v > (type == TELMON_INT ? 99 : 99.9))
		v = type == TELMON_INT ? 99 : 99.9;
	buf_put_fixed(out, v, type == TELMON_INT ? 0 : 1);
	return buf_putc(out, '%');
}

static int
put_epoch(struct buf *out, double v)
{
	time_t t = (time_t)v;
	struct tm tm;
	char text[32];

	/* The year 9999 is far enough. */
	if (fabs(v) > 253402300799.0 || !gmtime_r(&t, &tm))
		return buf_put_fixed(out, v, 0);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	return buf_puts(out, text);
}

/* A number without a unit: two decimals, fewer for large ones. */
static int
put_plain(struct buf *out, double v, enum telmon_type type)
{
	double a = fabs(v);

	if (type == TELMON_INT)
		return buf_put_fixed(out, v, 0);
	if (a != 0 && a < 0.01)
		return buf_printf(out, "%.2g", v);
	return buf_put_fixed(out, v, a < 100 ? 2 : a < 1000 ? 1 : 0);
}

static int
put_rate(struct buf *out, double v)
{
	double a = fabs(v);

	buf_put_fixed(out, v, a != 0 && a < 0.1 ? 2 : a < 1000 ? 1 : 0);
	return buf_puts(out, "/s");
}

static int
put_measure(struct buf *out, double v, unsigned decimals, const char *unit)
{
	put_short(out, v, decimals);
	return put_unit(out, unit);
}

bool
text_is_whole(double v)
{
	return fabs(v) < 0x1p53 && v == trunc(v);
}

int
text_number(struct buf *out, double v, enum telmon_unit unit, enum telmon_type type)
{
	if (isnan(v))
		return buf_putc(out, '-');
	if (isinf(v))
		return buf_puts(out, v > 0 ? "inf" : "-inf");
	switch (unit) {
	case TELMON_BYTES:
	case TELMON_BYTES_PER_S:
		return put_bytes(out, v, unit == TELMON_BYTES_PER_S);
	case TELMON_BITS_PER_S:
		return put_bits(out, v);
	case TELMON_SECONDS:
		return put_duration(out, v);
	case TELMON_PERCENT:
		return put_percent(out, v, type);
	case TELMON_PER_S:
		return put_rate(out, v);
	case TELMON_EPOCH:
		return put_epoch(out, v);
	case TELMON_HERTZ:
		return put_hertz(out, v);
	case TELMON_CELSIUS:
		return put_measure(out, v, 1, "C");
	case TELMON_VOLTS:
		return put_measure(out, v, 3, "V");
	case TELMON_AMPERES:
		return put_measure(out, v, 3, "A");
	case TELMON_WATTS:
		return put_measure(out, v, 1, "W");
	case TELMON_NONE:
		break;
	}
	return put_plain(out, v, type);
}

/* Sign, digits and fraction at the start of s; NULL when there is no digit or the number is too
 * large. strtod() alone would take hexadecimal numbers, infinities and exponents. */
static const char *
read_decimal(const char *s, double *ret)
{
	const char *p = s, *first;
	double v;

	if (*p == '+' || *p == '-')
		p++;
	first = p;
	while (text_is_digit(*p))
		p++;
	if (*p == '.') {
		const char *fraction = ++p;

		while (text_is_digit(*p))
			p++;
		if (p == fraction)
			return NULL;
	} else if (p == first) {
		return NULL;
	}
	v = strtod(s, NULL);
	if (!isfinite(v))
		return NULL;
	*ret = v;
	return p;
}

/* K or Ki and their like: *factor becomes what they stand for. Returns what is behind. */
static const char *
read_binary_prefix(const char *word, double *factor)
{
	/* A small m is minutes. */
	static const char letters[] = { 'K', 'M', 'G', 'T', 'k', '\0', 'g', 't' };
	const char *at = *word ? memchr(letters, *word, sizeof(letters)) : NULL;

	if (!at)
		return word;
	for (ptrdiff_t i = (at - letters) % 4; i >= 0; i--)
		*factor *= 1024;
	return word[1] == 'i' ? word + 2 : word + 1;
}

int
text_parse_number(const char *word, double *ret)
{
	static const struct {
		const char *name;
		double factor;
	} times[] = {
		{ "%", 1 },    { "s", 1 },     { "m", 60 },    { "min", 60 },
		{ "h", 3600 }, { "d", 86400 }, { "ms", 1e-3 }, { "us", 1e-6 },
	};
	double v, factor = 1;
	const char *rest = read_decimal(word, &v);

	if (!rest)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		if (strcmp(rest, times[i].name) == 0) {
			*ret = v * times[i].factor;
			return 0;
		}
	}
	rest = read_binary_prefix(rest, &factor);
	if (*rest == 'B')
		rest++;
	if (*rest || !isfinite(v * factor))
		return -EINVAL;
	*ret = v * factor;
	return 0;
}

int
text_parse_double(const char *word, double *ret)
{
	double v;
	const char *rest = read_decimal(word, &v);

	if (!rest || *rest)
		return -EINVAL;
	*ret = v;
	return 0;
}

int
text_parse_i64(const char *word, int64_t *ret)
{
	const char *p = word;
	char *end;
	int64_t v;

	if (*p == '+' || *p == '-')
		p++;
	if (!text_is_digit(*p))
		return -EINVAL;
	errno = 0;
	v = strtoimax(word, &end, 10);
	if (*end || errno == ERANGE)
		return -EINVAL;
	*ret = v;
	return 0;
}
