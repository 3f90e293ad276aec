/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * access -- who may connect and how many: allow lists, sessions in all and by source. Thread-safe
 * (LOCK_ACCESS).
 */
#ifndef ACCESS_H
#define ACCESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net.h"

enum access_verdict {
	ACCESS_OK,
	ACCESS_DENIED,	    /* not in the listener's list: close without a word */
	ACCESS_BUSY,	    /* max_sessions */
	ACCESS_BUSY_SOURCE, /* max_per_source */
};

struct access_limits {
	unsigned max_sessions;	 /* 16 of them are kept for Unix sockets */
	unsigned max_per_source; /* not for loopback and Unix sockets */
};

struct access *access_new(const struct access_limits *limits);
void access_free(struct access *a);
void access_set_limits(struct access *a, const struct access_limits *limits);
/* Counts the session in when the answer is ACCESS_OK; access_leave() with the same address counts
 * it out. */
enum access_verdict access_enter(struct access *a, const struct sockaddr_storage *peer,
				 const struct net_prefix *allow, size_t n_allow);
void access_leave(struct access *a, const struct sockaddr_storage *peer);
unsigned access_sessions(struct access *a);

#endif
