/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * confine -- resource limits.
 */
#include "confine.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

int
confine_enter(const struct confine *c, struct buf *missing, struct buf *why)
{
	(void)c;
	(void)missing;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		buf_puts(why, strerror(errno));
		return -errno;
	}
	return 0;
}
