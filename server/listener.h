/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * listener -- the sockets that listen and the thread that accepts. It waits on all of them and
 * hands each connection to a ready worker. Opening happens on main; the set can be exchanged while
 * the thread runs.
 */
#ifndef LISTENER_H
#define LISTENER_H

#include <stdbool.h>
#include <stddef.h>

#include "access.h"
#include "buf.h"
#include "net.h"
#include "pool.h"
#include "session.h"

/* One configured listener; `*` and names open several sockets. */
struct listener_config {
	struct net_url url;
	enum session_mode mode;
	const struct net_prefix *allow; /* copied */
	size_t n_allow;
	bool asked; /* failing is an error; else a warning */
};

struct listener_set;
/* Opens (bind, listen, options that sockets inherit) everything in configs; sockets of `old` (may
 * be NULL) with the same URL are taken over and stay open. One that goes away and has the port of a
 * new one ceases to listen at once. NULL with why when one that was asked for fails: then old is as
 * it was, and whoever accepts from it has to be told with listener_use(). Names are resolved here:
 * blocks up to 5 s. The Unix socket has mode 0660 before anyone can connect; a stale one is
 * replaced, a live one refused, a link never followed. */
struct listener_set *listener_open(const struct listener_config *configs, size_t n,
				   struct listener_set *old, struct buf *why);
/* Closes the sockets that were not taken over, and removes Unix sockets that are still ours. */
void listener_close(struct listener_set *set); /* NULL is fine */
/* Calls cb with the URL of each socket that listens (the real port). */
void listener_each(const struct listener_set *set, void (*cb)(void *ctx, const char *url),
		   void *ctx);

struct listener;
/* Starts the accept thread over set, which stays the caller's. */
struct listener *listener_start(struct listener_set *set, struct session_shared *shared,
				struct access *access, struct pool *workers);
/* The thread goes on with another set; returns once it has let go of the old one. */
void listener_use(struct listener *l, struct listener_set *set);
void listener_stop(struct listener *l); /* joins the thread; NULL is fine */
/* Connections accepted, and accepts that failed. Thread-safe. */
void listener_counts(struct listener *l, uint64_t *ret_accepted, uint64_t *ret_failed);

#endif
