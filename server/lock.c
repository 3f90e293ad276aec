/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lock -- ranked mutexes. The rank check costs a thread-local word and exists only in debug builds;
 * a wrong order is then found by the first test that takes it, not by the first deadlock.
 */
#include "lock.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "log.h"

#ifdef LOCK_CHECK
static _Thread_local unsigned held; /* a bit for each rank */

static void
check_acquire(enum lock_rank rank)
{
	static const char *const names[] = {
#define X(name, what) #name,
		LOCK_LIST(X)
#undef X
	};

	if (held >> rank) {
		log_errx("lock %s taken while holding mask %#x", names[rank], held);
		abort();
	}
	held |= 1u << rank;
}

static void
check_release(enum lock_rank rank)
{
	held &= ~(1u << rank);
}
#else
#define check_acquire(rank) ((void)(rank))
#define check_release(rank) ((void)(rank))
#endif

/* No pthread call on a valid mutex fails; if one does, memory is corrupt. */
static void
must(int error)
{
	assert(error == 0);
	(void)error;
}

void
lock_init(struct lock *l, enum lock_rank rank)
{
	must(pthread_mutex_init(&l->mutex, NULL));
	l->rank = rank;
}

void
lock_fini(struct lock *l)
{
	must(pthread_mutex_destroy(&l->mutex));
}

void
lock_acquire(struct lock *l)
{
	check_acquire(l->rank);
	must(pthread_mutex_lock(&l->mutex));
}

void
lock_release(struct lock *l)
{
	/* Once it is unlocked, whoever takes it next may free it. */
	check_release(l->rank);
	must(pthread_mutex_unlock(&l->mutex));
}

void
lock_cond_init(pthread_cond_t *c)
{
	pthread_condattr_t attr;

	must(pthread_condattr_init(&attr));
	must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
	must(pthread_cond_init(c, &attr));
	must(pthread_condattr_destroy(&attr));
}

int
lock_wait(struct lock *l, pthread_cond_t *c, int64_t until_ns)
{
	struct timespec ts = { .tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S };
	int r;

	if (until_ns < 0)
		r = pthread_cond_wait(c, &l->mutex);
	else
		r = pthread_cond_timedwait(c, &l->mutex, &ts);
	if (r == ETIMEDOUT)
		return -ETIMEDOUT;
	must(r);
	return 0;
}

struct lock *
lock_enter(struct lock *l)
{
	lock_acquire(l);
	return l;
}

void
lock_releasep(struct lock **l)
{
	if (*l)
		lock_release(*l);
	*l = NULL;
}

int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}
