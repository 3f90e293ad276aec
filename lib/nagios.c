/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * nagios -- values are 'LABEL'=NUMBER[UNIT];[WARN];[CRIT];[MIN];[MAX], blanks between. Limits may
 * be ranges, of which there is no one number to show.
 */
#include "nagios.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NUMBER_BYTES = 63 };

const char *
nagios_message(const char *output, struct arena *a)
{
	size_t n = strcspn(output, "|\n");

	while (n && (output[n - 1] == ' ' || output[n - 1] == '\t' || output[n - 1] == '\r'))
		n--;
	return arena_strndup(a, output, n);
}

const char *
nagios_values(const char *output, struct arena *a)
{
	size_t line = strcspn(output, "\n");
	const char *bar = memchr(output, '|', line), *rest = strchr(output + line, '|');
	size_t first = bar ? line - (size_t)(bar + 1 - output) : 0;

	return arena_printf(a, "%.*s %s", (int)first, bar ? bar + 1 : "", rest ? rest + 1 : "");
}

/* The number that a field begins with, and how many bytes it has; 0: none. */
static size_t
read_number(const char *field, size_t n, double *ret)
{
	char text[MAX_NUMBER_BYTES + 1], *end;
	size_t most = n < MAX_NUMBER_BYTES ? n : MAX_NUMBER_BYTES;

	memcpy(text, field, most);
	/* strtod() knows words, hexadecimal and blanks besides. */
	text[most] = '\0';
	text[strspn(text, "0123456789.+-eE")] = '\0';
	*ret = strtod(text, &end);
	if (end == text || !isfinite(*ret))
		*ret = NAN;
	return isnan(*ret) ? 0 : (size_t)(end - text);
}

struct unit {
	const char *name;
	enum telmon_unit unit;
	double factor;
	bool counter;
};

static const struct unit units[] = {
	{ "", TELMON_NONE, 1, false },
	{ "s", TELMON_SECONDS, 1, false },
	{ "ms", TELMON_SECONDS, 1e-3, false },
	{ "us", TELMON_SECONDS, 1e-6, false },
	{ "%", TELMON_PERCENT, 1, false },
	{ "B", TELMON_BYTES, 1, false },
	{ "KB", TELMON_BYTES, 1024, false },
	{ "MB", TELMON_BYTES, 1024.0 * 1024, false },
	{ "GB", TELMON_BYTES, 1024.0 * 1024 * 1024, false },
	{ "TB", TELMON_BYTES, 1024.0 * 1024 * 1024 * 1024, false },
	{ "KiB", TELMON_BYTES, 1024, false },
	{ "MiB", TELMON_BYTES, 1024.0 * 1024, false },
	{ "GiB", TELMON_BYTES, 1024.0 * 1024 * 1024, false },
	{ "TiB", TELMON_BYTES, 1024.0 * 1024 * 1024 * 1024, false },
	{ "c", TELMON_NONE, 1, true },
};

/* A unit that nobody knows is none. */
static const struct unit *
find_unit(const char *name, size_t n)
{
	for (size_t i = 1; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) == n && memcmp(units[i].name, name, n) == 0)
			return &units[i];
	}
	return &units[0];
}

/* The next field of those with ; between: its length, moving *at behind it. */
static size_t
next_field(const char **at, const char *end, const char **ret)
{
	const char *semicolon = memchr(*at, ';', (size_t)(end - *at));
	const char *stop = semicolon ? semicolon : end;

	*ret = *at;
	*at = semicolon ? semicolon + 1 : end;
	return (size_t)(stop - *ret);
}

static double
next_limit(const char **at, const char *end, double factor)
{
	const char *field;
	size_t n = next_field(at, end, &field);
	double v;

	return n && read_number(field, n, &v) == n ? v * factor : (double)NAN;
}

static bool
read_value(const char *at, const char *end, struct nagios_value *v)
{
	const struct unit *unit;
	const char *field;
	size_t n = next_field(&at, end, &field), digits = read_number(field, n, &v->value);

	if (digits == 0)
		return false;
	unit = find_unit(field + digits, n - digits);
	v->unit = unit->unit;
	v->counter = unit->counter;
	v->value *= unit->factor;
	v->warn = next_limit(&at, end, unit->factor);
	v->crit = next_limit(&at, end, unit->factor);
	v->min = next_limit(&at, end, unit->factor);
	v->max = next_limit(&at, end, unit->factor);
	return true;
}

/* A label in quotes, two of which stand for one: where it ends, its text in *ret. */
static const char *
quoted_label(const char *at, struct arena *a, const char **ret)
{
	char *label = arena_alloc(a, strlen(at) + 1), *to = label;

	*ret = label;
	for (at++; label && *at && *at != '\n'; at++) {
		if (*at == '\'' && *++at != '\'')
			break;
		*to++ = *at;
	}
	return at;
}

static const char *
take_label(const char *at, struct arena *a, const char **ret)
{
	size_t n;

	if (*at == '\'')
		return quoted_label(at, a, ret);
	n = strcspn(at, "= \t\r\n");
	*ret = arena_strndup(a, at, n);
	return at + n;
}

bool
nagios_next(const char **at, struct arena *a, struct nagios_value *ret)
{
	static const char blanks[] = " \t\r\n";
	const char *s = *at;

	while (*(s += strspn(s, blanks))) {
		const char *label, *end;

		s = take_label(s, a, &label);
		end = s + strcspn(s, blanks);
		if (*s == '=' && label && *label && read_value(s + 1, end, ret)) {
			ret->label = label;
			*at = end;
			return true;
		}
		/* Not even a label: passed over, so that each turn takes something. */
		s = end + (end == *at && *end != '\0');
		*at = s;
	}
	*at = s;
	return false;
}
