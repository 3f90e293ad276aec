/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * plot_scale -- which numbers stand beside a graph. Steps are round in the unit, and the scale is
 * widened to whole ones. Labels that text_number() would write alike become distances from the
 * lowest ("10 GiB", "+2 MiB"), and where even those are alike the scale is widened. Pure functions.
 */
#include <math.h>
#include <string.h>

#include "plot_private.h"
#include "text.h"

enum { LABEL_BYTES = 512, MAX_WIDENINGS = 8 };

/* The first of 1, 2, 5, 10, ... that is at least v. */
static double
round_step(double v)
{
	double decade = pow(10, floor(log10(v)));
	static const double steps[] = { 1, 2, 5 };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (v <= steps[i] * decade * (1 + 1e-9))
			return steps[i] * decade;
	return 10 * decade;
}

static double
binary_step(double v)
{
	double unit = 1, step;

	while (v / unit > 512)
		unit *= 1024;
	if (unit > v)
		return unit;
	step = round_step(v / unit);
	return step > 512 ? unit * 1024 : step * unit;
}

double
plot_time_step(double v)
{
	static const double steps[] = { 1,   2,	  5,	10,   15,   30,	   60,	  120,	 300,
					600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400 };

	if (v < 1)
		return round_step(v);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (v <= steps[i])
			return steps[i];
	return 86400 * round_step(v / 86400);
}

static double
step_of(double v, enum telmon_unit unit)
{
	if (unit == TELMON_BYTES || unit == TELMON_BYTES_PER_S)
		return binary_step(v);
	return unit == TELMON_SECONDS || unit == TELMON_EPOCH ? plot_time_step(v) : round_step(v);
}

bool
plot_is_seen(const struct plot *p, size_t i)
{
	return isfinite(p->points[i]) && p->times_s[i] >= p->from_s && p->times_s[i] <= p->to_s;
}

double
plot_scale_tick(const struct plot_scale *s, unsigned i)
{
	double v = s->low + i * s->step;

	/* 0.3 - 3 * 0.1 is not quite zero. */
	return fabs(v) < s->step * 1e-6 ? 0 : v;
}

unsigned
plot_scale_ticks(const struct plot_scale *s)
{
	return (unsigned)lround((s->high - s->low) / s->step) + 1;
}

static void
put_distance(const struct plot_scale *s, unsigned i, struct buf *out)
{
	enum telmon_unit unit = s->unit == TELMON_EPOCH ? TELMON_SECONDS : s->unit;

	buf_putc(out, '+');
	text_number(out, plot_scale_tick(s, i) - plot_scale_tick(s, 0), unit, TELMON_REAL);
}

void
plot_scale_label(const struct plot_scale *s, unsigned i, struct buf *out)
{
	if (s->distances && i > 0)
		put_distance(s, i, out);
	else
		text_number(out, plot_scale_tick(s, i), s->unit, TELMON_REAL);
}

/* Two labels that follow each other read the same. */
static bool
are_alike(const struct plot_scale *s)
{
	for (unsigned i = 0; i + 1 < plot_scale_ticks(s); i++) {
		_autobuf_ struct buf one = BUF_INIT(LABEL_BYTES), other = BUF_INIT(LABEL_BYTES);

		if (s->distances)
			put_distance(s, i, &one);
		else
			plot_scale_label(s, i, &one);
		plot_scale_label(s, i + 1, &other);
		if (strcmp(buf_str(&one), buf_str(&other)) == 0)
			return true;
	}
	return false;
}

/* From zero, unless the values keep to the farther half: there it is their change that matters, but
 * for percentages. */
static void
find_range(const struct plot *p, double *ret_low, double *ret_high)
{
	double low = INFINITY, high = -INFINITY;

	for (size_t i = 0; i < p->n; i++) {
		if (plot_is_seen(p, i)) {
			low = fmin(low, (double)p->points[i]);
			high = fmax(high, (double)p->points[i]);
		}
	}
	if (low > high)
		low = high = 0;
	if (low > 0 && (low < high / 2 || p->unit == TELMON_PERCENT))
		low = 0;
	if (high < 0 && high > low / 2)
		high = 0;
	if (low == 0 && high == 0)
		high = 1;
	*ret_low = low;
	*ret_high = high;
}

static void
set(struct plot_scale *s, double low, double high, unsigned rows)
{
	s->step = step_of((high - low) / (rows / 3 > 2 ? rows / 3 : 2), s->unit);
	s->low = floor(low / s->step + 1e-6) * s->step;
	s->high = ceil(high / s->step - 1e-6) * s->step;
	s->distances = false;
	if (are_alike(s))
		s->distances = true;
}

void
plot_scale_make(struct plot_scale *s, const struct plot *p, unsigned rows)
{
	double low, high, range, more;

	s->unit = p->unit;
	find_range(p, &low, &high);
	/* Less than that is what a float makes of a number; a constant is no change at all. */
	range = fmax(high - low, fmax(fabs(low), fabs(high)) * (low < high ? 1e-5 : 0.1));
	for (int i = 0; i < MAX_WIDENINGS; i++, range *= 5) {
		more = (range - (high - low)) / 2;
		set(s, low - more, high + more, rows);
		if (!are_alike(s))
			return;
	}
}
