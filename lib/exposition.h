/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * exposition -- reads the Prometheus text format, version 0.0.4 (render_prometheus.c writes it).
 * Pure; nothing is believed.
 */
#ifndef EXPOSITION_H
#define EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>

#include <telmon/plugin.h>

#include "mem.h"

enum { EXPOSITION_MAX_LABELS = 16, EXPOSITION_MAX_WRONG = 60 };

enum exposition_type { EXPOSITION_HELP, EXPOSITION_TYPE, EXPOSITION_SAMPLE, EXPOSITION_WRONG };

struct exposition_line {
	enum exposition_type type;
	const char *name;      /* WRONG: the line's first bytes */
	const char *help;      /* HELP */
	enum telmon_kind kind; /* TYPE; of a histogram or summary UNTYPED */
	/* SAMPLE */
	size_t n_labels;
	const char *labels[EXPOSITION_MAX_LABELS], *values[EXPOSITION_MAX_LABELS];
	double value; /* may be NaN */
};

/* Takes the next line that says something, moving *at behind it; empty ones and comments are passed
 * over. False: there are no more. Texts are in the arena. */
bool exposition_next(const char **at, struct arena *a, struct exposition_line *ret);

#endif
