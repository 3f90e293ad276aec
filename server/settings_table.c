/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * settings_table -- every key of the configuration file as a row, how the text of a value is
 * checked and where it goes. Adding a key is adding a member and a row here, and a paragraph to the
 * manual.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "settings_private.h"
#include "text.h"

enum { MAX_PREFIX = 64 };

#define ROW(key, type, member, def, min, max)                                                      \
	{                                                                                          \
		key, SETTINGS_##type, offsetof(struct settings, member), def, min, max             \
	}
#define DAY 86400
#define YEAR (365.0 * DAY)

const struct settings_row settings_rows[] = {
	ROW("max_sessions", UNSIGNED, max_sessions, 1024, 1, 100000),
	ROW("max_per_source", UNSIGNED, max_per_source, 64, 1, 100000),
	ROW("max_line", UNSIGNED, max_line, 4096, 64, 1 << 20),
	ROW("max_editors", UNSIGNED, max_editors, 256, 0, 100000),
	ROW("max_output", SIZE, max_output, 1 << 20, 1 << 16, 1 << 30),
	ROW("max_answer", SIZE, max_answer, 64 << 20, 1 << 16, 16.0 * (1 << 30)),
	ROW("grace", SECONDS, grace_s, 0.2, 0, 10),
	ROW("probe_wait", SECONDS, probe_wait_s, 0.15, 0, 10),
	ROW("script_linger", SECONDS, script_linger_s, 0.3, 0, 3600),
	ROW("idle_timeout", SECONDS, idle_timeout_s, 600, 0, YEAR),
	ROW("command_timeout", SECONDS, command_timeout_s, 10, 0.1, DAY),
	ROW("login_timeout", SECONDS, login_timeout_s, 60, 1, DAY),
	ROW("cache", SECONDS, cache_s, 1, 0, 3600),
	ROW("metric_prefix", PREFIX, metric_prefix, 0, 0, 0),
	ROW("plugin_path", PATHS, plugin_path, 0, 0, 0),
	{ .name = NULL },
};

#undef ROW
#define ROW(key, type, member, def, min, max)                                                      \
	{                                                                                          \
		key, SETTINGS_##type, offsetof(struct settings_listener, member), def, min, max    \
	}

const struct settings_row settings_listener_rows[] = {
	ROW("mode", MODE, mode, SETTINGS_AUTO, 0, 0),
	ROW("allow", PREFIXES, allow, 0, 0, 0),
	{ .name = NULL },
};

#undef ROW
#define ROW(key, type, member, def, min, max)                                                      \
	{                                                                                          \
		key, SETTINGS_##type, offsetof(struct settings_plugin, member), def, min, max      \
	}

const struct settings_row settings_plugin_rows[] = {
	ROW("file", PATH, file, 0, 0, 0),
	ROW("enabled", BOOL, enabled, true, 0, 0),
	ROW("isolate", MAYBE, isolate, -1, 0, 0),
	ROW("interval", SECONDS, interval_s, 0, 0.1, DAY),
	ROW("deadline", SECONDS, deadline_s, 0, 0.1, DAY),
	ROW("settings", PAIRS, settings, 0, 0, 0),
	ROW("exec", WORDS, exec, 0, 0, 0),
	ROW("format", FORMAT, format, SETTINGS_NAGIOS, 0, 0),
	ROW("user", WORD, user, 0, 0, 0),
	ROW("read", PATHS, read, 0, 0, 0),
	ROW("network", BOOL, network, false, 0, 0),
	ROW("max_memory", SIZE, max_memory, SETTINGS_PLUGIN_MEMORY, 32 << 20, 64.0 * (1 << 30)),
	{ .name = NULL },
};

/* The number of a list that has one stands behind the pointer. */
_Static_assert(offsetof(struct settings_listener, n_allow) ==
		       offsetof(struct settings_listener, allow) + sizeof(struct net_prefix *),
	       "n_allow must follow allow");

int
settings_find_row(const struct settings_row *rows, const char *name)
{
	for (int i = 0; rows[i].name; i++) {
		if (strcmp(rows[i].name, name) == 0)
			return i;
	}
	return -1;
}

const char *
settings_nearest_row(const struct settings_row *rows, const char *name)
{
	const char *names[sizeof(settings_rows) / sizeof(settings_rows[0])];
	size_t n = 0;

	for (; rows[n].name; n++)
		names[n] = rows[n].name;
	return text_nearest(name, names, n);
}

bool
settings_is_list(const struct settings_row *row)
{
	return row->type == SETTINGS_PATHS || row->type == SETTINGS_WORDS ||
	       row->type == SETTINGS_PAIRS || row->type == SETTINGS_PREFIXES;
}

static void
store_number(const struct settings_row *row, double v, void *base)
{
	void *at = (char *)base + row->offset;

	switch (row->type) {
	case SETTINGS_UNSIGNED:
		*(unsigned *)at = (unsigned)v;
		break;
	case SETTINGS_SIZE:
		*(size_t *)at = (size_t)v;
		break;
	case SETTINGS_SECONDS:
		*(double *)at = v;
		break;
	case SETTINGS_BOOL:
		*(bool *)at = v != 0;
		break;
	case SETTINGS_MAYBE:
		*(int *)at = (int)v;
		break;
	case SETTINGS_MODE:
		*(enum settings_mode *)at = (enum settings_mode)(int)v;
		break;
	case SETTINGS_FORMAT:
		*(enum settings_format *)at = (enum settings_format)(int)v;
		break;
	case SETTINGS_PREFIX:
	case SETTINGS_WORD:
	case SETTINGS_WORDS:
	case SETTINGS_PATH:
	case SETTINGS_PATHS:
	case SETTINGS_PAIRS:
	case SETTINGS_PREFIXES:
		break;
	}
}

void
settings_defaults(const struct settings_row *rows, void *base)
{
	for (; rows->name; rows++)
		store_number(rows, rows->def, base);
}

static void
append_text(char ***list, const char *text)
{
	size_t n = 0;

	while (*list && (*list)[n])
		n++;
	*list = xrealloc(*list, (n + 2) * sizeof(**list));
	(*list)[n] = xstrdup(text);
	(*list)[n + 1] = NULL;
}

static void
store_text(const struct settings_row *row, const char *text, void *base)
{
	void *at = (char *)base + row->offset;

	if (settings_is_list(row)) {
		append_text(at, text);
	} else {
		free(*(char **)at);
		*(char **)at = xstrdup(text);
	}
}

/* 67108864, 65536K, 64M. */
static double
parse_size(const char *text)
{
	static const char units[] = "KMG";
	size_t n = strlen(text);
	const char *unit = n ? strchr(units, text[n - 1]) : NULL;
	_autofree_ char *number = xstrndup(text, unit ? n - 1 : n);
	int64_t whole;

	if (text_parse_i64(number, &whole) < 0)
		return NAN;
	return (double)whole * (unit ? (double)(INT64_C(1) << 10 * (unit - units + 1)) : 1);
}

static double
parse_number(const struct settings_row *row, const char *text)
{
	int64_t whole;
	double v;

	if (row->type == SETTINGS_SIZE)
		return parse_size(text);
	if (row->type == SETTINGS_SECONDS)
		return text_parse_double(text, &v) < 0 ? NAN : v;
	return text_parse_i64(text, &whole) < 0 ? NAN : (double)whole;
}

/* A limit of a size is a power of two. */
static void
put_limit(struct buf *out, const struct settings_row *row, double limit)
{
	unsigned unit = 0;

	for (; row->type == SETTINGS_SIZE && limit >= 1024 && unit < 3; unit++)
		limit /= 1024;
	buf_put_real(out, limit);
	if (unit)
		buf_putc(out, " KMG"[unit]);
}

static int
take_number(const struct settings_row *row, const char *text, double *ret, struct buf *why)
{
	const char *what = row->type == SETTINGS_SECONDS ? "a number of seconds"
			   : row->type == SETTINGS_SIZE	 ? "a size in bytes"
							 : "a whole number";
	double v = parse_number(row, text);

	if (v >= row->min && v <= row->max) {
		*ret = v;
		return 0;
	}
	buf_printf(why, "must be %s from ", what);
	put_limit(why, row, row->min);
	buf_puts(why, " to ");
	put_limit(why, row, row->max);
	buf_printf(why, ", not '%.64s'", text);
	return -EINVAL;
}

/* One of some words; its place is the value. */
static int
take_word(const char *const *words, size_t n, const char *text, double *ret, struct buf *why)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret = (double)i;
			return 0;
		}
	}
	buf_puts(why, "must be ");
	for (size_t i = 0; i < n; i++)
		buf_printf(why, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", words[i]);
	buf_printf(why, ", not '%.64s'", text);
	return -EINVAL;
}

static int
check_prefix(const char *text, struct buf *why)
{
	for (size_t i = 0; text[i]; i++) {
		char c = text[i];
		bool digit = c >= '0' && c <= '9';
		bool letter = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == ':';

		if (i >= MAX_PREFIX || !(letter || (digit && i > 0))) {
			buf_printf(why,
				   "must be the beginning of a metric's name (letters, digits, _), "
				   "not '%.64s'",
				   text);
			return -EINVAL;
		}
	}
	return 0;
}

static int
check_path(const char *text, struct buf *why)
{
	if (text[0] == '/' && text_is_clean(text, strlen(text)))
		return 0;
	buf_printf(why, "must be an absolute path, not '%.200s'", text);
	return -EINVAL;
}

static int
check_pair(const char *text, struct buf *why)
{
	if (text[0] != '=' && strchr(text, '='))
		return 0;
	buf_printf(why, "must be a list of \"key=value\", not '%.64s'", text);
	return -EINVAL;
}

static int
take_prefix(const struct settings_row *row, const char *text, void *base, struct buf *why)
{
	struct net_prefix p, **list;
	size_t *n;

	buf_puts(why, "must be a list of addresses: ");
	if (net_prefix_parse(text, &p, why) < 0)
		return -EINVAL;
	buf_clear(why);
	if (base) {
		list = (struct net_prefix **)(void *)((char *)base + row->offset);
		n = (size_t *)(void *)(list + 1);
		*list = xrealloc(*list, (*n + 1) * sizeof(**list));
		(*list)[(*n)++] = p;
	}
	return 0;
}

static int
take_value(const struct settings_row *row, const char *text, double *ret, struct buf *why)
{
	static const char *const booleans[] = { "false", "true" };
	static const char *const modes[] = { "auto", "script", "telnet" };
	static const char *const formats[] = { "nagios", "munin", "prometheus" };

	switch (row->type) {
	case SETTINGS_UNSIGNED:
	case SETTINGS_SIZE:
	case SETTINGS_SECONDS:
		return take_number(row, text, ret, why);
	case SETTINGS_BOOL:
	case SETTINGS_MAYBE:
		return take_word(booleans, 2, text, ret, why);
	case SETTINGS_MODE:
		return take_word(modes, 3, text, ret, why);
	case SETTINGS_FORMAT:
		return take_word(formats, 3, text, ret, why);
	case SETTINGS_WORD:
	case SETTINGS_WORDS:
		return 0;
	case SETTINGS_PREFIX:
		return check_prefix(text, why);
	case SETTINGS_PAIRS:
		return check_pair(text, why);
	case SETTINGS_PATH:
	case SETTINGS_PATHS:
	case SETTINGS_PREFIXES:
		break;
	}
	return check_path(text, why);
}

int
settings_take(const struct settings_row *row, const char *text, void *base, struct buf *why)
{
	double v = NAN;

	if (row->type == SETTINGS_PREFIXES)
		return take_prefix(row, text, base, why);
	if (take_value(row, text, &v, why) < 0)
		return -EINVAL;
	if (base && isnan(v))
		store_text(row, text, base);
	else if (base)
		store_number(row, v, base);
	return 0;
}
