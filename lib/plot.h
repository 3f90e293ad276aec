/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * plot -- numbers as pictures made of characters: a bar, a sparkline, a graph. UTF-8 blocks and
 * braille, or ASCII alone. Points that are no finite number are gaps. Pure functions, thread-safe;
 * all append and return 0 or buf's error.
 */
#ifndef PLOT_H
#define PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include <telmon/plugin.h>

#include "buf.h"

/* Exactly `columns` columns, filled from the left to the nearest eighth of a column: "███▌  ", in
 * ASCII "####--". The fraction is clamped to 0..1; NaN is a question mark and blanks. */
int plot_bar(struct buf *out, double fraction, unsigned columns, bool ascii);

/* One column a point, oldest first, of eight heights from min to max: "▁▂▅█", in ASCII ".:*@". What
 * is outside is clamped, a gap is a blank, and without a range (max <= min) all are lowest. */
int plot_spark(struct buf *out, const float *points, size_t n, double min, double max, bool ascii);

enum { PLOT_MAX_COLUMNS = 512, PLOT_MAX_ROWS = 128 };

/* What plot_graph() draws. The points are placed by their times, which are seconds of any origin,
 * ascending; what is left or right of from_s..to_s is cut off. */
struct plot {
	const double *times_s;
	const float *points;
	size_t n;
	double from_s, to_s;
	double now_s;	  /* what the time axis calls now */
	unsigned columns; /* of the whole picture; clamped to 16..512 */
	unsigned rows;	  /* of the picture without its time axis; clamped to 3..128 */
	enum telmon_unit unit;
	bool ascii;
};

/* `rows` lines with a scale on their left, and a line that is the time axis; each ends in LF, none
 * in a blank. A cell has 2 x 4 dots of braille, in ASCII 1 x 2 of . ' and :. A column of dots
 * stands for all points in its time, from the lowest to the highest, so that no spike is lost;
 * neighbours are joined, gaps are not. Where the scale begins at zero the area is filled. */
int plot_graph(struct buf *out, const struct plot *p);

#endif
