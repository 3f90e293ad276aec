/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lock -- mutexes with a rank. The list below is the lock order of the daemon: a thread takes locks
 * only from top to bottom. Builds with --enable-debug abort when that is broken. doc/THREADS.md
 * tells it in prose.
 */
#ifndef LOCK_H
#define LOCK_H

#include <pthread.h>
#include <stdint.h>

/*	name		what it guards */
#define LOCK_LIST(X)                                                                               \
	X(REGISTRY, "the published plugin and command tables")                                     \
	X(ROSTER, "the list of sessions and their notes")                                          \
	X(POOL, "idle workers and waiting jobs of one pool")                                       \
	X(EXECUTOR, "queues, stuck calls and statistics of plugins")                               \
	X(CALL, "one call: state, watchers")                                                       \
	X(ISOLATE, "the child of one isolated plugin, as others see it")                           \
	X(KEEPER, "children that live, and requests for more")                                     \
	X(SERIES, "newest snapshots and kept answers of one plugin")                               \
	X(POINTS, "points of the series of one plugin")                                            \
	X(ACCESS, "counts of sessions by source")                                                  \
	X(HOST, "statfs probes and name caches")                                                   \
	X(LIBEDIT, "libedit and the terminal database")                                            \
	X(LEAF, "anything that takes no other lock")

enum lock_rank {
#define X(name, what) LOCK_##name,
	LOCK_LIST(X)
#undef X
		LOCK__COUNT
};

struct lock {
	pthread_mutex_t mutex;
	enum lock_rank rank;
};

/* For one that belongs to the process. */
#define LOCK_INIT(its_rank)                                                                        \
	{                                                                                          \
		.mutex = PTHREAD_MUTEX_INITIALIZER, .rank = (its_rank)                             \
	}
void lock_init(struct lock *l, enum lock_rank rank);
void lock_fini(struct lock *l);
void lock_acquire(struct lock *l);
void lock_release(struct lock *l);
/* A condition that is waited for on CLOCK_MONOTONIC. */
void lock_cond_init(pthread_cond_t *c);
/* until_ns on CLOCK_MONOTONIC, negative = for ever. 0 or -ETIMEDOUT. */
int lock_wait(struct lock *l, pthread_cond_t *c, int64_t until_ns);

/* LOCKED(&x->lock) { ... }: released on any exit from the block. */
#define LOCKED(l)                                                                                  \
	for (struct lock *_held __attribute__((cleanup(lock_releasep))) = lock_enter(l); _held;    \
	     lock_releasep(&_held))
struct lock *lock_enter(struct lock *l);
void lock_releasep(struct lock **l);

/* CLOCK_MONOTONIC in nanoseconds: the one clock inside. */
int64_t now_ns(void);
#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

#endif
