/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * pool -- threads that take jobs. Every connection passes here, so a hand-over is one short section
 * under the lock and at most one futex wake: each worker sleeps on a word of its own, and the
 * newest sleeper is called first (its stack is warm).
 *
 * A job waits only while a thread is on its way to it: `calling` is how many are, and never less
 * than the jobs that wait. Whoever is first takes it; mostly that is a worker that has just
 * finished another, which costs no context switch. The one that was called in vain serves the next
 * job without being called again, or sleeps on. A new thread brings its first job along.
 *
 * Any thread submits; workers run the jobs and end themselves, each joining the one that ended
 * before it.
 */
#include "pool.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lock.h"
#include "mem.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STACK_FACTOR = 4 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
	__has_feature(memory_sanitizer)
enum { STACK_FACTOR = 4 };
#else
enum { STACK_FACTOR = 1 };
#endif
#else
enum { STACK_FACTOR = 1 };
#endif

enum { IDLE_S = 60, DISMISSED_END_MS = 300 };

/* A worker's word. Others change it under the pool's lock; the worker itself goes AWAKE -> ASLEEP
 * without. */
enum {
	AWAKE, /* will look at its word again before it sleeps: needs no wake */
	ASLEEP,
	CALLED,
	DISMISSED, /* to end; no longer counted */
};

struct worker {
	_Atomic uint32_t word;
	struct pool *pool;
	void *first_job;
	unsigned number;
	bool retire; /* this thread only */
	/* guarded by the pool's lock */
	bool ready;
	TAILQ_ENTRY(worker) link;
};
TAILQ_HEAD(worker_list, worker);

struct pool {
	/* set before start */
	const char *name;
	pool_job_fn *run;
	size_t stack_bytes;
	unsigned keep;
	_Atomic int64_t idle_ns;
	_Atomic unsigned last_number;

	struct lock lock;
	/* guarded by lock */
	struct worker_list ready; /* without work, not called; the newest first */
	unsigned calling;	  /* called, have not looked for a job yet */
	void **jobs;		  /* a ring: n_waiting jobs from `next` on; n_waiting <= calling */
	unsigned next, n_waiting, ring_size;
	unsigned max, threads; /* threads: without those dismissed */
	unsigned alive;	       /* all that have not reached their end */
	bool stopping;
	bool has_gone;
	pthread_t gone; /* the last that ended: not yet joined */
	pthread_cond_t ended;
};

static _Thread_local struct worker *self;

static void
wake(struct worker *w)
{
	/* The worker may be gone by now (it woke by itself and ended): the kernel only looks the
	 * address up. */
	syscall(SYS_futex, &w->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* Sleeps while the word is ASLEEP. False when the time is up. */
static bool
sleep_on(struct worker *w, int64_t timeout_ns)
{
	struct timespec ts = { .tv_sec = timeout_ns / NS_PER_S, .tv_nsec = timeout_ns % NS_PER_S };

	return syscall(SYS_futex, &w->word, FUTEX_WAIT_PRIVATE, ASLEEP, timeout_ns < 0 ? NULL : &ts,
		       NULL, 0) == 0 ||
	       errno != ETIMEDOUT;
}

static void
push_ready_locked(struct pool *p, struct worker *w)
{
	atomic_store_explicit(&w->word, AWAKE, memory_order_relaxed);
	TAILQ_INSERT_HEAD(&p->ready, w, link);
	w->ready = true;
}

/* Takes w from the ready ones and tells it why. True when it must be woken. */
static bool
pop_ready_locked(struct pool *p, struct worker *w, uint32_t word)
{
	TAILQ_REMOVE(&p->ready, w, link);
	w->ready = false;
	return atomic_exchange_explicit(&w->word, word, memory_order_relaxed) == ASLEEP;
}

static void
put_job_locked(struct pool *p, void *job)
{
	if (p->n_waiting == p->ring_size) {
		unsigned size = p->ring_size ? 2 * p->ring_size : 64;
		void **jobs = xmalloc(size * sizeof(*jobs));

		for (unsigned i = 0; i < p->n_waiting; i++)
			jobs[i] = p->jobs[(p->next + i) % p->ring_size];
		free(p->jobs);
		p->jobs = jobs;
		p->ring_size = size;
		p->next = 0;
	}
	p->jobs[(p->next + p->n_waiting++) % p->ring_size] = job;
}

static void *
take_job_locked(struct pool *p)
{
	void *job;

	if (p->n_waiting == 0)
		return NULL;
	job = p->jobs[p->next];
	p->next = (p->next + 1) % p->ring_size;
	p->n_waiting--;
	return job;
}

/* Tells ready workers to end, those that wait longest first, until `left` threads are left or
 * nobody is ready. */
static void
dismiss_locked(struct pool *p, unsigned left)
{
	struct worker *w;

	while (p->threads > left && (w = TAILQ_LAST(&p->ready, worker_list))) {
		p->threads--;
		if (pop_ready_locked(p, w, DISMISSED))
			wake(w);
	}
}

/* The idle time is over: true when the worker is to end. */
static bool
expire(struct worker *w)
{
	struct pool *p = w->pool;

	LOCKED(&p->lock) {
		if (!w->ready || p->threads <= p->keep)
			return false;
		pop_ready_locked(p, w, DISMISSED);
		p->threads--;
	}
	return true;
}

/* Sleeps until called. False: the worker is to end. */
static bool
await_call(struct worker *w)
{
	int64_t timeout_ns = atomic_load_explicit(&w->pool->idle_ns, memory_order_relaxed);

	for (;;) {
		uint32_t word = AWAKE;

		if (!atomic_compare_exchange_strong(&w->word, &word, ASLEEP) && word != ASLEEP)
			return word == CALLED;
		if (!sleep_on(w, timeout_ns)) {
			if (expire(w))
				return false;
			timeout_ns = -1; /* one of those to keep */
		}
	}
}

/* After a job, or after a call. NULL: the worker is ready again, or has *ret_end set and is to
 * end. */
static void *
next_job(struct worker *w, bool called, bool *ret_end)
{
	struct pool *p = w->pool;
	void *job = NULL;

	LOCKED(&p->lock) {
		p->calling -= called;
		*ret_end = w->retire || ((p->stopping || p->threads > p->max) && p->n_waiting == 0);
		if (*ret_end)
			p->threads--;
		else if (!(job = take_job_locked(p)))
			push_ready_locked(p, w);
	}
	return job;
}

/* A thread has reached its end, or could not be started. */
static void
count_out_locked(struct pool *p)
{
	p->alive--;
	if (p->stopping)
		pthread_cond_broadcast(&p->ended);
}

/* The thread's last act. One that ended waits for its joiner; the next to end, or pool_stop(), is
 * that. */
static void
end(struct worker *w)
{
	struct pool *p = w->pool;
	pthread_t before = pthread_self();
	bool has_before = false;

	LOCKED(&p->lock) {
		if (p->has_gone) {
			before = p->gone;
			has_before = true;
		}
		p->gone = pthread_self();
		p->has_gone = true;
		count_out_locked(p);
	}
	free(w);
	if (has_before)
		pthread_join(before, NULL);
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	struct pool *p = w->pool;
	char name[16];
	bool ended = false;
	void *job;

	snprintf(name, sizeof(name), "%s-%u", p->name, w->number);
	pthread_setname_np(pthread_self(), name);
	self = w;
	job = w->first_job;
	while (!ended) {
		bool called = !job;

		if (job)
			p->run(job);
		else if (!await_call(w))
			break;
		job = next_job(w, called, &ended);
	}
	end(w);
	return NULL;
}

int
pool_thread_start(pthread_t *ret, size_t stack_bytes, void *(*body)(void *), void *arg)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT };
	sigset_t block, old;
	pthread_attr_t attr;
	int r;

	stack_bytes *= STACK_FACTOR;
	if (stack_bytes < (size_t)PTHREAD_STACK_MIN)
		stack_bytes = (size_t)PTHREAD_STACK_MIN;
	sigfillset(&block);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&block, faults[i]);
	r = pthread_attr_init(&attr);
	if (r != 0)
		return -r;
	r = pthread_attr_setstacksize(&attr, stack_bytes);
	if (r == 0) {
		/* Inherited, so that there is no moment in which the new thread could take one. */
		pthread_sigmask(SIG_BLOCK, &block, &old);
		r = pthread_create(ret, &attr, body, arg);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	pthread_attr_destroy(&attr);
	return -r;
}

/* Starts a thread that is counted already; without a first job it is ready at once. */
static int
add_worker(struct pool *p, void *job)
{
	struct worker *w = calloc(1, sizeof(*w));
	pthread_t thread;
	int r = -ENOMEM;

	if (w) {
		w->pool = p;
		w->first_job = job;
		w->number = atomic_fetch_add(&p->last_number, 1) + 1;
		if (!job) {
			LOCKED(&p->lock)
				push_ready_locked(p, w);
		}
		r = pool_thread_start(&thread, p->stack_bytes, work, w);
		if (r == 0)
			return 0;
	}
	LOCKED(&p->lock) {
		if (w && !job)
			pop_ready_locked(p, w, DISMISSED);
		p->threads--;
		count_out_locked(p);
	}
	free(w);
	return r;
}

struct pool *
pool_new(const char *name, unsigned keep, unsigned max, size_t stack_bytes, pool_job_fn *run)
{
	struct pool *p = xcalloc(1, sizeof(*p));

	p->name = name;
	p->run = run;
	p->stack_bytes = stack_bytes;
	p->keep = keep;
	p->max = max;
	atomic_init(&p->idle_ns, IDLE_S * NS_PER_S);
	TAILQ_INIT(&p->ready);
	lock_init(&p->lock, LOCK_POOL);
	lock_cond_init(&p->ended);
	for (unsigned i = 0; i < keep && i < max; i++) {
		LOCKED(&p->lock) {
			p->threads++;
			p->alive++;
		}
		if (add_worker(p, NULL) < 0)
			break;
	}
	return p;
}

/* Hands job to a worker that is there: 0. Else -EAGAIN, and *ret_grow says that a thread was
 * counted in, to be started for it. */
static int
hand_over(struct pool *p, void *job, bool *ret_grow)
{
	struct worker *w = NULL;
	bool asleep = false;

	LOCKED(&p->lock) {
		*ret_grow = false;
		if (p->stopping)
			return -EAGAIN;
		if (p->n_waiting == p->calling) {
			w = TAILQ_FIRST(&p->ready);
			if (!w) {
				*ret_grow = p->threads < p->max;
				p->threads += *ret_grow;
				p->alive += *ret_grow;
				return -EAGAIN;
			}
			asleep = pop_ready_locked(p, w, CALLED);
			p->calling++;
		}
		put_job_locked(p, job);
	}
	if (asleep)
		wake(w);
	return 0;
}

int
pool_submit(struct pool *p, void *job)
{
	bool grow;

	assert(job);
	if (hand_over(p, job, &grow) == 0)
		return 0;
	if (!grow)
		return -EAGAIN;
	if (add_worker(p, job) == 0)
		return 0;
	return -EAGAIN;
}

void
pool_set_max(struct pool *p, unsigned max)
{
	LOCKED(&p->lock) {
		p->max = max;
		dismiss_locked(p, max);
	}
}

void
pool_set_idle(struct pool *p, int64_t idle_ns)
{
	atomic_store(&p->idle_ns, idle_ns);
}

void
pool_retire(void)
{
	if (self)
		self->retire = true;
}

unsigned
pool_stop(struct pool *p, int64_t until_ns)
{
	pthread_t gone = pthread_self();
	unsigned left = 0;
	bool join = false;
	int64_t end_ns;

	LOCKED(&p->lock) {
		p->stopping = true;
		dismiss_locked(p, 0);
		while (p->alive > 0 && lock_wait(&p->lock, &p->ended, until_ns) == 0)
			;
		end_ns = now_ns() + DISMISSED_END_MS * NS_PER_MS;
		/* Those without work end at once, whatever the others do. */
		while (p->alive > p->threads && lock_wait(&p->lock, &p->ended, end_ns) == 0)
			;
		left = p->alive;
		if (p->has_gone) {
			gone = p->gone;
			join = true;
			p->has_gone = false;
		}
	}
	if (join)
		pthread_join(gone, NULL);
	return left;
}

void
pool_free(struct pool *p)
{
	if (!p)
		return;
	lock_fini(&p->lock);
	pthread_cond_destroy(&p->ended);
	free(p->jobs);
	free(p);
}

unsigned
pool_threads(struct pool *p)
{
	LOCKED(&p->lock)
		return p->threads;
	return 0;
}
