/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * text_unit -- what units are called where they stand alone: in a column of their own, in help.
 * Beside a number they are written by text_number.c. Pure functions.
 */
#include <string.h>

#include "text.h"

static const char *const names[] = {
	[TELMON_NONE] = "",
	[TELMON_BYTES] = "bytes",
	[TELMON_SECONDS] = "seconds",
	[TELMON_PERCENT] = "percent",
	[TELMON_PER_S] = "per second",
	[TELMON_BYTES_PER_S] = "bytes per second",
	[TELMON_BITS_PER_S] = "bits per second",
	[TELMON_EPOCH] = "seconds since 1970",
	[TELMON_CELSIUS] = "degrees Celsius",
	[TELMON_HERTZ] = "hertz",
	[TELMON_VOLTS] = "volts",
	[TELMON_AMPERES] = "amperes",
	[TELMON_WATTS] = "watts",
};
enum { UNITS = sizeof(names) / sizeof(names[0]) };

const char *
text_unit(enum telmon_unit unit)
{
	return (unsigned)unit < UNITS ? names[unit] : "";
}

bool
text_find_unit(const char *name, enum telmon_unit *ret)
{
	for (unsigned i = 0; i < UNITS; i++) {
		if (strcmp(names[i], name) == 0) {
			*ret = (enum telmon_unit)i;
			return true;
		}
	}
	return false;
}
