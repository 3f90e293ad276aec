/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * munin -- what a munin plugin prints, as `config` and when fetched: lines of FIELD.ATTRIBUTE
 * VALUE, under the graph that a line `multigraph NAME` began. Pure; nothing is believed.
 */
#ifndef MUNIN_H
#define MUNIN_H

#include <stdbool.h>
#include <stddef.h>

#include "mem.h"

struct munin_line {
	const char *graph;     /* "" for the only one; not of the arena, as long as `at`'s was */
	const char *field;     /* "" for what is the graph's own: graph_title */
	const char *attribute; /* value, type, label, info, warning, critical, ... */
	const char *value;
};

/* Takes the next line of this kind, moving *at behind it. graph keeps the name of the graph from
 * call to call: "" at first. Others are passed over. False: there are no more. */
bool munin_next(const char **at, const char **graph, struct arena *a, struct munin_line *ret);

#endif
