/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * feed -- commands from a file or a pipe, line by line.
 */
#ifndef FEED_H
#define FEED_H

#include <stdio.h>

#include "talk.h"

/* Runs each line of f, up to its end or a quit, when the one before has been answered. 0 and the
 * status of the last one (0 when there was none), or an error of relay(). */
int feed(struct talk *t, FILE *f, int *ret_status);

#endif
