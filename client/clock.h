/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * clock -- the client's one clock: CLOCK_MONOTONIC in nanoseconds; a deadline is a point on it, or
 * CLOCK_NEVER.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_NEVER INT64_MAX
#define CLOCK_SECOND INT64_C(1000000000)

static inline int64_t
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * CLOCK_SECOND + ts.tv_nsec;
}

/* So many seconds from now; 0 = never. */
static inline int64_t
clock_in(double seconds)
{
	return seconds > 0 && seconds < 1e9 ? clock_now() + (int64_t)(seconds * 1e9) : CLOCK_NEVER;
}

/* What is left until a deadline, for ppoll() and its like: NULL = for ever, else ret, zero once it
 * has passed. */
static inline struct timespec *
clock_left(int64_t until, struct timespec *ret)
{
	int64_t left = until == CLOCK_NEVER ? 0 : until - clock_now();

	if (left < 0)
		left = 0;
	*ret = (struct timespec){ .tv_sec = left / CLOCK_SECOND, .tv_nsec = left % CLOCK_SECOND };
	return until == CLOCK_NEVER ? NULL : ret;
}

#endif
