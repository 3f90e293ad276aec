/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * relay -- one line to the daemon, its answer to whoever reads us.
 */
#ifndef RELAY_H
#define RELAY_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "talk.h"

/* Called when a signal ended the waiting. 0 = go on waiting; else relay() returns it. */
typedef int relay_signal_cb(void *ctx);

/* Sends a line and writes its answer as it comes, to stdout, or to stderr what has a status of 64
 * and more. 0 and *ret_status; else an error of talk.h, of the callback (may be NULL), or -EIO:
 * stdout takes no more. */
int relay(struct talk *t, const char *line, size_t n, relay_signal_cb *cb, void *ctx,
	  int *ret_status);
/* True for a line that ends the session: nothing answers what would come behind it. */
bool relay_is_leave(const char *line);
/* The same for a line of our own: the answer goes into `answer` (cleared first; NULL: dropped). */
int relay_ask(struct talk *t, const char *line, struct buf *answer, int *ret_status);

#endif
