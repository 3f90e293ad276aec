/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * plot -- bars and sparklines: a number becomes so many eighths of a character. Graphs are in
 * plot_graph.c. Pure functions, any thread.
 */
#include "plot.h"

#include <math.h>

enum { EIGHTHS = 8 };

int
plot_bar(struct buf *out, double fraction, unsigned columns, bool ascii)
{
	static const char *const parts[EIGHTHS] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	unsigned steps = ascii ? 1 : EIGHTHS, filled, used;

	if (columns == 0)
		return out->error;
	if (isnan(fraction)) {
		buf_putc(out, '?');
		return buf_pad(out, ' ', columns - 1);
	}
	fraction = fmin(fmax(fraction, 0), 1);
	filled = (unsigned)lround(fraction * columns * steps);
	used = filled / steps;
	if (ascii) {
		buf_pad(out, '#', used);
		return buf_pad(out, '-', columns - used);
	}
	for (unsigned i = 0; i < used; i++)
		buf_puts(out, "█");
	if (filled % EIGHTHS) {
		buf_puts(out, parts[filled % EIGHTHS]);
		used++;
	}
	return buf_pad(out, ' ', columns - used);
}

static unsigned
level(double v, double min, double max)
{
	double fraction = max > min ? fmin(fmax((v - min) / (max - min), 0), 1) : 0;

	return (unsigned)lround(fraction * (EIGHTHS - 1));
}

int
plot_spark(struct buf *out, const float *points, size_t n, double min, double max, bool ascii)
{
	static const char *const blocks[EIGHTHS] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char marks[EIGHTHS + 1] = ".:-=+*#@";

	for (size_t i = 0; i < n; i++) {
		unsigned at;

		if (!isfinite(points[i])) {
			buf_putc(out, ' ');
			continue;
		}
		at = level((double)points[i], min, max);
		if (ascii)
			buf_putc(out, marks[at]);
		else
			buf_puts(out, blocks[at]);
	}
	return out->error;
}
