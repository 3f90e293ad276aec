/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * plot_private -- the scale of a graph, which plot_scale.c makes and plot_graph.c draws with.
 */
#ifndef PLOT_PRIVATE_H
#define PLOT_PRIVATE_H

#include "plot.h"

/* Of values: low, low + step, ... high. */
struct plot_scale {
	double low, high, step;
	enum telmon_unit unit;
	bool distances; /* labels but the lowest are distances from it */
};
/* Round steps in the unit, at least two, around the points that are seen. */
void plot_scale_make(struct plot_scale *s, const struct plot *p, unsigned rows);
/* How many values bear a label, and the one of each. */
unsigned plot_scale_ticks(const struct plot_scale *s);
double plot_scale_tick(const struct plot_scale *s, unsigned i);
void plot_scale_label(const struct plot_scale *s, unsigned i, struct buf *out);

/* The first round number of seconds that is at least v. */
double plot_time_step(double v);
/* A finite point in the time that is shown. */
bool plot_is_seen(const struct plot *p, size_t i);

#endif
