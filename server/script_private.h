/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * script_private -- what the parts of script share: script.c (the plugin), script_run.c (running
 * the program), script_read.c (what it printed).
 */
#ifndef SCRIPT_PRIVATE_H
#define SCRIPT_PRIVATE_H

#include <stdint.h>

#include "buf.h"
#include "mem.h"
#include "row.h"
#include "script.h"

/* Runs argv with one more word (may be NULL) and waits for its end. Its output, and as much as fits
 * of what it wrote to stderr. telmon_cancelled() is asked now and then. 0 and how it ended (as exit
 * statuses go; 128 and the signal), or -ETIMEDOUT, -ECANCELED, -EFBIG, or what spawning said. */
struct script_run {
	const struct script_options *options;
	const char *word;
	int64_t until_ns;      /* when it is killed */
	struct telmon *telmon; /* whose telmon_cancelled() is asked */
	struct buf *out, *err;
};
int script_run(const struct script_run *run, int *ret_status);

/* One value of an output. */
struct script_value {
	const char *group, *label; /* munin: graph and field; else "" and the label */
	double value;
	enum telmon_unit unit;
	bool counter;
	double warn, crit;
	const char *info;
};
/* What was read of one output, in an arena. */
struct script_reading {
	struct arena arena;
	const char *message; /* NULL = it says nothing in words */
	int state;	     /* 0..3, or -1 */
	struct script_value *values;
	size_t n, cap;
};
void script_reading_clear(struct script_reading *r);
struct script_value *script_add(struct script_reading *r);
void script_read_nagios(struct script_reading *r, const char *output, int status);
void script_read_munin(struct script_reading *r, const char *config, const char *output);

#endif
