/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * wire -- header lines of framed sessions. The reader is strict because what follows is trusted for
 * its length: anything that is not written exactly as wire_put_header() writes it is refused.
 * Pure, any thread.
 */
#include "wire.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static const char *const names[] = {
	[WIRE_MORE] = "more",
	[WIRE_DONE] = "done",
	[WIRE_NOTE] = "note",
};

/* The largest status: one byte, as exit statuses have. */
enum { MAX_STATUS = 255 };

int
wire_put_header(struct buf *out, enum wire_type type, int status, size_t length)
{
	return buf_printf(out, "%s %d %zu\n", names[type], status, length);
}

/* Digits up to the end or a blank; no sign, no needless zero, at most max. */
static bool
take_number(const char **at, const char *end, size_t max, size_t *ret)
{
	const char *first = *at;
	size_t v = 0;

	while (*at < end && **at >= '0' && **at <= '9') {
		v = v * 10 + (size_t)(*(*at)++ - '0');
		if (v > max)
			return false;
	}
	*ret = v;
	return *at > first && (*first != '0' || *at == first + 1);
}

static bool
take_type(const char **at, const char *end, enum wire_type *ret)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		if ((size_t)(end - *at) >= len && memcmp(*at, names[i], len) == 0) {
			*at += len;
			*ret = (enum wire_type)i;
			return true;
		}
	}
	return false;
}

static bool
take_blank(const char **at, const char *end)
{
	return *at < end && *(*at)++ == ' ';
}

int
wire_parse_header(const char *line, size_t n, enum wire_type *ret_type, int *ret_status,
		  size_t *ret_length)
{
	const char *end = line + n;
	enum wire_type type;
	size_t status, length;

	if (n >= WIRE_MAX_HEADER || !take_type(&line, end, &type) || !take_blank(&line, end) ||
	    !take_number(&line, end, MAX_STATUS, &status) || !take_blank(&line, end) ||
	    !take_number(&line, end, WIRE_MAX_LENGTH, &length) || line != end)
		return -EINVAL;
	*ret_type = type;
	*ret_status = (int)status;
	*ret_length = length;
	return 0;
}
