/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * wire -- the header lines of a framed session: TYPE STATUS LENGTH. Both ends use this file. Pure.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stddef.h>

#include "buf.h"

#define WIRE_VERSION 1
enum { WIRE_MAX_LENGTH = 16 << 20, WIRE_MAX_HEADER = 64 };

enum wire_type { WIRE_MORE, WIRE_DONE, WIRE_NOTE };

/* Statuses beyond 0..3, which are the command's own word: sysexits, and 130 for what was cancelled.
 */
enum {
	STATUS_OK = 0,
	STATUS_WARNING = 1,
	STATUS_CRITICAL = 2,
	STATUS_UNKNOWN = 3,
	STATUS_USAGE = 64,
	STATUS_NO_HOST = 68,
	STATUS_UNAVAILABLE = 69,
	STATUS_FAILED = 70,
	STATUS_TIMEOUT = 75,
	STATUS_DENIED = 77,
	STATUS_CANCELLED = 130,
};

/* Appends "done 0 123\n". 0 or buf's error. */
int wire_put_header(struct buf *out, enum wire_type type, int status, size_t length);
/* Parses a header line without its LF. 0 or -EINVAL (strict: one blank between, no sign, length <=
 * WIRE_MAX_LENGTH). */
int wire_parse_header(const char *line, size_t n, enum wire_type *ret_type, int *ret_status,
		      size_t *ret_length);

#endif
