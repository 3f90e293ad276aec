/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * dial -- finds the daemon and connects to it. Speaks no word.
 */
#ifndef DIAL_H
#define DIAL_H

#include <signal.h>
#include <stdint.h>

#include "buf.h"
#include "net.h"

enum { DIAL_PORT = 2323 };

/* Connects to url, or with NULL to the first of $XDG_RUNTIME_DIR/telmon.sock,
 * /run/telmon/telmon.sock and localhost:2323 that answers. Returns a non-blocking descriptor; else
 * -ETIMEDOUT when `until` (clock.h) has passed, or -errno, with what was tried in why:
 * "/run/telmon/telmon.sock: No such file or directory; localhost:2323: Connection refused". With a
 * mask a signal that it does not block ends the waiting: -EINTR. */
int dial(const struct net_url *url, int64_t until, const sigset_t *mask, struct buf *why);

#endif
