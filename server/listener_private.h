/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * listener_private -- the set of sockets, which listener_open.c makes and the accept thread of
 * listener.c reads. A set does not change any more once listener_open() has returned it, but for
 * `taken` and `rests`, which only main looks at.
 */
#ifndef LISTENER_PRIVATE_H
#define LISTENER_PRIVATE_H

#include "listener.h"

enum { LISTENER_BACKLOG = 1024, LISTENER_MAX_ADDRESSES = 16, LISTENER_RESOLVE_S = 5 };

struct listening {
	int fd;
	enum session_mode mode;
	struct net_prefix *allow;
	size_t n_allow;
	struct sockaddr_storage asked; /* what was asked for: port 0 stays 0 here */
	struct sockaddr_storage real;  /* what it is */
	char *url;		       /* likewise */
	dev_t dev;		       /* Unix sockets: the node in the file system that is ours */
	ino_t ino;
	bool taken; /* by a later set: neither closed nor removed with this one */
	bool rests; /* does not listen, so that a later set can have its port */
};

struct listener_set {
	size_t n;
	struct listening *sockets;
};

/* What a configured listener means: the addresses to bind. */
struct listener_addresses {
	size_t n;
	struct sockaddr_storage list[LISTENER_MAX_ADDRESSES];
	int error;	  /* the resolver's; 0 = none */
	int system_error; /* with EAI_SYSTEM */
};

/* listener_resolve.c. Those of n configs. Blocks up to LISTENER_RESOLVE_S where there are names,
 * less when a signal waits that ends the daemon; of those unknown by then it is EAI_AGAIN. */
void listener_resolve(const struct listener_config *configs, size_t n,
		      struct listener_addresses *ret);

/* listener_unix.c. A listening Unix socket at s->asked's path; fills fd, dev and ino. make_dir: its
 * directory is created when it is missing. 0 or -errno with the reason in why. */
int listener_unix_open(struct listening *s, bool make_dir, struct buf *why);
/* Removes the node in the file system if it is still the one that we made. */
void listener_unix_remove(const struct listening *s);

#endif
