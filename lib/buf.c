/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * buf -- growing bytes, and our own number writer: printf's %f costs more than everything else in a
 * short answer. Knows nothing of formats; those are in text, render and wire.
 */
#include "buf.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t powers[] = { 1,	   10,	    100,      1000,	 10000,
				   100000, 1000000, 10000000, 100000000, 1000000000 };

void
buf_init(struct buf *b, size_t max_bytes)
{
	*b = (struct buf)BUF_INIT(max_bytes);
}

void
buf_fini(struct buf *b)
{
	free(b->data);
	*b = (struct buf)BUF_INIT(b->max);
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->error = 0;
}

void
buf_release(struct buf *b)
{
	buf_fini(b);
}

int
buf_reserve(struct buf *b, size_t n)
{
	size_t cap;
	char *p;

	if (b->error)
		return b->error;
	if (n > b->max || b->len > b->max - n)
		return b->error = -EMSGSIZE;
	if (n <= b->cap - b->len)
		return 0;
	cap = b->cap ? b->cap : 64;
	while (cap < b->len + n)
		cap *= 2;
	p = realloc(b->data, cap + 1);
	if (!p)
		return b->error = -ENOMEM;
	b->data = p;
	b->cap = cap;
	return 0;
}

void
buf_consume(struct buf *b, size_t n)
{
	b->len -= n;
	memmove(b->data, b->data + n, b->len);
}

const char *
buf_str(struct buf *b)
{
	if (!b->data)
		return "";
	b->data[b->len] = '\0';
	return b->data;
}

int
buf_put(struct buf *b, const void *data, size_t n)
{
	int r = buf_reserve(b, n);

	if (r < 0 || n == 0)
		return r;
	memcpy(b->data + b->len, data, n);
	b->len += n;
	return 0;
}

int
buf_puts(struct buf *b, const char *s)
{
	return buf_put(b, s, strlen(s));
}

int
buf_putc(struct buf *b, char c)
{
	return buf_put(b, &c, 1);
}

int
buf_pad(struct buf *b, char c, size_t n)
{
	int r = buf_reserve(b, n);

	if (r < 0 || n == 0)
		return r;
	memset(b->data + b->len, c, n);
	b->len += n;
	return 0;
}

int
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n, r;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		return b->error = -EINVAL;
	r = buf_reserve(b, (size_t)n);
	if (r < 0 || n == 0)
		return r;
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
	return 0;
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = buf_vprintf(b, fmt, ap);
	va_end(ap);
	return r;
}

/* Writes v right-aligned before end; at least `digits` digits. Returns the first byte. */
static char *
digits_before(char *end, uint64_t v, unsigned digits)
{
	while (v || digits) {
		*--end = (char)('0' + v % 10);
		v /= 10;
		if (digits)
			digits--;
	}
	return end;
}

int
buf_put_i64(struct buf *b, int64_t v)
{
	char text[24], *end = text + sizeof(text), *p;

	p = digits_before(end, v < 0 ? -(uint64_t)v : (uint64_t)v, 1);
	if (v < 0)
		*--p = '-';
	return buf_put(b, p, (size_t)(end - p));
}

/* Splits v into whole and fraction parts rounded to `decimals`; false where doubles are too coarse.
 */
static bool
split_fixed(double v, unsigned decimals, uint64_t *ret_whole, uint64_t *ret_fraction)
{
	double a = fabs(v), whole;
	uint64_t fraction;

	if (!(a < 1e15))
		return false;
	/* Halves go to the even neighbour, so the whole part has a say when there is no fraction.
	 */
	if (decimals == 0)
		a = nearbyint(a);
	whole = floor(a);
	fraction = (uint64_t)nearbyint((a - whole) * (double)powers[decimals]);
	*ret_whole = (uint64_t)whole;
	if (fraction >= powers[decimals]) {
		fraction -= powers[decimals];
		++*ret_whole;
	}
	*ret_fraction = fraction;
	return true;
}

int
buf_put_fixed(struct buf *b, double v, unsigned decimals)
{
	char text[48], *end = text + sizeof(text), *p = end;
	uint64_t whole, fraction;

	if (!split_fixed(v, decimals, &whole, &fraction))
		return buf_printf(b, "%.17g", v);
	if (decimals) {
		p = digits_before(p, fraction, decimals);
		*--p = '.';
	}
	p = digits_before(p, whole, 1);
	if (v < 0 && (whole || fraction))
		*--p = '-';
	return buf_put(b, p, (size_t)(end - p));
}

int
buf_put_real(struct buf *b, double v)
{
	size_t start = b->len;
	int r;

	if (v != 0 && fabs(v) < 1e-3)
		return buf_printf(b, "%.6g", v);
	r = buf_put_fixed(b, v, 6);
	if (r < 0 || fabs(v) >= 1e15 || isnan(v))
		return r;
	while (b->len > start && b->data[b->len - 1] == '0')
		b->len--;
	if (b->data[b->len - 1] == '.')
		b->len--;
	return 0;
}

int
buf_put_exact(struct buf *b, double v)
{
	char text[32];
	uint64_t whole, fraction;
	int n = 0;

	if (isnan(v))
		return buf_puts(b, "NaN");
	if (isinf(v))
		return buf_puts(b, v > 0 ? "+Inf" : "-Inf");
	if (fabs(v) < 1e15 && v == floor(v))
		return buf_put_i64(b, (int64_t)v);
	/* Ticks and microseconds have few decimals: try those before printf. */
	if (split_fixed(v, 6, &whole, &fraction) && whole < (1u << 31) &&
	    (double)(whole * 1000000 + fraction) / 1e6 == fabs(v))
		return buf_put_real(b, v);
	for (int digits = 15; digits <= 17; digits++) {
		n = snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	return buf_put(b, text, (size_t)n);
}
