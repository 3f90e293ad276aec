/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * confine_private -- what the parts of confine share: confine.c (limits, order), confine_files.c
 * (Landlock), confine_calls.c (seccomp).
 */
#ifndef CONFINE_PRIVATE_H
#define CONFINE_PRIVATE_H

#include "confine.h"

/* Each: 0, -ENOSYS when the kernel has none, or -errno with why. */
int confine_files(const struct confine *c, struct buf *why);
int confine_calls(const struct confine *c, struct buf *why);

#endif
