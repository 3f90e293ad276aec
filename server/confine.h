/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * confine -- what a process gives up for good before it runs code that nobody vouches for: resource
 * limits, new privileges, files, system calls. Called by a child for itself, before it has a second
 * thread.
 */
#ifndef CONFINE_H
#define CONFINE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"

struct confine {
	const char *root;  /* whose proc, sys, etc/passwd and telmon may be read; NULL = / */
	char *const *read; /* further paths that may be read, NULL-terminated, or NULL */
	bool network;	   /* sockets but Unix ones may be made */
	bool programs; /* it runs other programs, which nobody knows: limits and no new privileges
			  only */
	int64_t max_memory; /* bytes of address space; 0 = no limit */
	unsigned max_descriptors;
};

/* Enters as much of it as the kernel has; what it does not have is named in `missing` ("landlock,
 * seccomp"), "" = nothing. 0, or -errno with why: then the process must not go on. */
int confine_enter(const struct confine *c, struct buf *missing, struct buf *why);

#endif
