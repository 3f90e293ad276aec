/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * keeper_private -- what the parts of keeper share: keeper.c (the thread: requests, reaping, the
 * end), keeper_spawn.c (a process from its description) and keeper_child.c (children as others hold
 * them: signals, ends in words, what they cost).
 */
#ifndef KEEPER_PRIVATE_H
#define KEEPER_PRIVATE_H

#include <sys/queue.h>
#include <time.h>

#include "keeper.h"
#include "lock.h"

/* What children need when the keeper is gone. */
struct keeper_state {
	_Atomic unsigned refs;
	struct lock lock;
	/* guarded by lock */
	pthread_cond_t changed; /* a request is done, a child has ended */
	TAILQ_HEAD(, keeper_request) requests;
	bool quit;
};

struct child {
	/* set before it is shared */
	_Atomic unsigned refs;
	struct keeper_state *state; /* a reference: outlives the keeper */
	pid_t pid;
	int pidfd;
	clockid_t clock; /* of the processor time that it uses */
	bool metered;
	TAILQ_ENTRY(child) link; /* the keeper's thread only */

	/* guarded by the state's lock */
	bool ended; /* the next three are constant afterwards */
	int code, status;
	int64_t max_rss_bytes;
	int64_t kill_ns;	      /* when it has to be gone; 0 = it need not */
	const char *offence;	      /* what it is killed for; NULL = nothing yet */
	bool busy;		      /* the meter rests */
	int64_t mark_ns, mark_cpu_ns; /* when it was read last, and what it said */
	int64_t credit_ns;	      /* of processor time */
};

/* ---- keeper_spawn.c: the keeper's thread ---- */

/* 0 or -errno. */
int keeper_spawn_process(const struct keeper_spawn *what, pid_t *ret_pid);

/* ---- keeper_child.c ---- */

void keeper_state_unref(struct keeper_state *s);
/* Takes a process that nobody has reaped, with two references: the caller's and the keeper's own. 0
 * or -errno, and then it is still the caller's. */
int keeper_child_new(struct keeper_state *s, pid_t pid, bool metered, struct child **ret);
void keeper_child_kill_locked(struct child *c, int sig);
/* Reads the meter of one that nobody has asked for anything. The keeper's thread. */
void keeper_child_meter(struct child *c);

#endif
