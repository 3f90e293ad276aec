/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * nagios -- what a check in the Nagios sense prints: a line for people and, behind a bar, values
 * (the guidelines of monitoring-plugins.org). Pure; nothing is believed.
 */
#ifndef NAGIOS_H
#define NAGIOS_H

#include <stdbool.h>
#include <stddef.h>

#include <telmon/plugin.h>

#include "mem.h"

/* In base units: ms and us as seconds, KB to TB as bytes. NaN where it is not said, or is a range.
 */
struct nagios_value {
	const char *label;
	enum telmon_unit unit; /* NONE, SECONDS, PERCENT, BYTES */
	bool counter;
	double value, warn, crit, min, max;
};

/* Copies the first line's words for people, without the bar and what follows, into the arena. Never
 * NULL but when memory is out. */
const char *nagios_message(const char *output, struct arena *a);
/* All values of an output, in the arena: what stands behind the bar of the first line, and behind
 * the first bar of the lines that follow up to the end. NULL when memory is out. */
const char *nagios_values(const char *output, struct arena *a);
/* Takes the next of those, moving *at behind it. False: there are no more. Words that are no values
 * are passed over. */
bool nagios_next(const char **at, struct arena *a, struct nagios_value *ret);

#endif
