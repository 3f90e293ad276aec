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

/* Somebody who sits in front of the answer. Each returns 0, or an error that ends relay(). */
struct relay_watcher {
	int (*interrupted)(void *ctx);			      /* talk_hear() said -EINTR */
	int (*show)(void *ctx, const struct talk_part *part); /* takes the part's text */
	void *ctx;
};

/* Sends a line and writes its answer as it comes, to stdout, or to stderr what has a status of 64
 * and more; with a watcher (may be NULL) it gets the parts. 0 and *ret_status; else an error of
 * talk.h or of the watcher, or -EIO: stdout takes no more. */
int relay(struct talk *t, const char *line, size_t n, const struct relay_watcher *watcher,
	  int *ret_status);
/* True for a line that ends the session: nothing answers what would come behind it. */
bool relay_is_leave(const char *line);
/* The same for a line of our own: the answer goes into `answer` (cleared first; NULL: dropped),
 * whatever the watcher shows. */
int relay_ask(struct talk *t, const char *line, struct buf *answer,
	      const struct relay_watcher *watcher, int *ret_status);

#endif
