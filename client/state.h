/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * state -- where the client keeps what outlives it.
 */
#ifndef STATE_H
#define STATE_H

#include "buf.h"

/* Appends the path of a file in the user's state folder, $XDG_STATE_HOME/telmon or
 * ~/.local/state/telmon, and makes the folders that are missing (mode 0700). 0 or -errno. */
int state_path(struct buf *out, const char *name);

#endif
