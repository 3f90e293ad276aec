/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * pool -- threads that take jobs: ready ones wait, the newest first; the pool grows up to its limit
 * and shrinks after a minute without work. Serves sessions and, as a second pool, the executor.
 * Thread-safe (LOCK_POOL).
 */
#ifndef POOL_H
#define POOL_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

typedef void pool_job_fn(void *job);

struct pool;

/* Threads are named name-N (name is borrowed), block all signals, have stack_bytes of stack (four
 * times that under sanitizers). `keep` of them are started now and never leave; as many as can be
 * had. */
struct pool *pool_new(const char *name, unsigned keep, unsigned max, size_t stack_bytes,
		      pool_job_fn *run);
/* Hands job to a ready thread or a new one. 0, or -EAGAIN when all `max` are busy or no thread can
 * be had: the job was not taken. Never waits for a job to end. */
int pool_submit(struct pool *p, void *job);
/* Threads past it leave when they are next without work. */
void pool_set_max(struct pool *p, unsigned max);
/* How long a thread past `keep` waits for work before it leaves; 60 s unless set. */
void pool_set_idle(struct pool *p, int64_t idle_ns);
/* From inside a job: this thread ends after it (its stack is touched). */
void pool_retire(void);
/* Takes no more jobs and waits until until_ns for running ones, and a moment for threads without
 * work; returns how many still run (their threads are left behind). May be called again to wait
 * longer. */
unsigned pool_stop(struct pool *p, int64_t until_ns);
/* After pool_stop() that returned 0. */
void pool_free(struct pool *p);
unsigned pool_threads(struct pool *p);

/* Starts a thread outside any pool the way that the pool starts its own: joinable, all signals
 * blocked but those that a fault of its own raises. The thread names itself. 0 or -errno. */
int pool_thread_start(pthread_t *ret, size_t stack_bytes, void *(*body)(void *), void *arg);

#endif
