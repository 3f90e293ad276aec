/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * keeper -- the one thread that has children. Others hand it what to spawn and sleep until it has;
 * it sleeps in poll(2) over its door and a pidfd for each child, and reaps each as it ends. A
 * process is signalled under the lock only while it is not reaped, so that its number cannot be
 * somebody else's by then. As long as it has metered ones it looks at them once a second.
 */
#include "keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper_private.h"
#include "mem.h"
#include "pool.h"

enum { STACK_BYTES = 128 << 10 };
static const int64_t meter_ns = NS_PER_S;
/* At the end. */
static const int64_t patience_ns = 2 * NS_PER_S;

struct keeper_request {
	const struct keeper_spawn *what;
	struct child *child;
	int error;
	bool done;
	TAILQ_ENTRY(keeper_request) link;
};

struct keeper {
	struct keeper_state *state;
	pthread_t thread;
	int door; /* an eventfd: there are requests, or quit */

	/* its thread only */
	TAILQ_HEAD(, child) children;
	size_t n_children, n_metered;
	int64_t meter_at_ns;
	int64_t end_ns; /* 0 = it goes on */
	struct pollfd *fds;
};

/* ---- spawning ---- */

static int
new_child(struct keeper_state *s, const struct keeper_spawn *w, struct child **ret)
{
	pid_t pid;
	int r = keeper_spawn_process(w, &pid);

	if (r < 0)
		return r;
	r = keeper_child_new(s, pid, w->metered, ret);
	if (r < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return r;
}

static struct keeper_request *
next_request(struct keeper_state *s)
{
	struct keeper_request *q = NULL;

	LOCKED(&s->lock) {
		q = TAILQ_FIRST(&s->requests);
		if (q)
			TAILQ_REMOVE(&s->requests, q, link);
	}
	return q;
}

static void
serve(struct keeper *k)
{
	struct keeper_state *s = k->state;
	struct keeper_request *q;

	while ((q = next_request(s))) {
		struct child *c = NULL;
		int r = k->end_ns ? -ESHUTDOWN : new_child(s, q->what, &c);

		if (c) {
			TAILQ_INSERT_TAIL(&k->children, c, link);
			k->n_children++;
			k->n_metered += c->metered;
		}
		LOCKED(&s->lock) {
			q->child = c;
			q->error = r;
			q->done = true;
			pthread_cond_broadcast(&s->changed);
		}
	}
}

/* ---- reaping ---- */

static void
forget(struct keeper *k, struct child *c)
{
	TAILQ_REMOVE(&k->children, c, link);
	k->n_children--;
	k->n_metered -= c->metered;
	child_unref(c);
}

static bool
reap_locked(struct child *c)
{
	siginfo_t info = { 0 };
	struct rusage usage = { 0 };

	if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid == 0)
		return false;
	/* What it left in its group goes with it, as long as the number is still its own. */
	kill(-c->pid, SIGKILL);
	wait4(c->pid, NULL, 0, &usage);
	c->code = info.si_code;
	c->status = info.si_status;
	c->max_rss_bytes = (int64_t)usage.ru_maxrss * 1024;
	c->ended = true;
	pthread_cond_broadcast(&c->state->changed);
	return true;
}

static void
reap(struct keeper *k)
{
	struct child *c, *next;

	for (c = TAILQ_FIRST(&k->children); c; c = next) {
		bool ended = false;

		next = TAILQ_NEXT(c, link);
		LOCKED(&k->state->lock)
			ended = reap_locked(c);
		if (ended)
			forget(k, c);
	}
}

static void
meter(struct keeper *k)
{
	struct child *c;

	if (k->n_metered == 0 || now_ns() < k->meter_at_ns)
		return;
	k->meter_at_ns = now_ns() + meter_ns;
	TAILQ_FOREACH(c, &k->children, link)
		keeper_child_meter(c);
}

/* ---- the thread ---- */

/* False: it is over. */
static bool
goes_on(struct keeper *k)
{
	bool quit = false, idle = false;
	struct child *c;

	LOCKED(&k->state->lock) {
		quit = k->state->quit;
		idle = k->n_children == 0 && TAILQ_EMPTY(&k->state->requests);
	}
	if (!quit)
		return true;
	if (k->end_ns == 0)
		k->end_ns = now_ns() + patience_ns;
	TAILQ_FOREACH(c, &k->children, link)
		child_kill(c, SIGKILL);
	return !idle && now_ns() < k->end_ns;
}

static int
wait_ms(const struct keeper *k)
{
	int64_t until = k->end_ns ? k->end_ns : k->n_metered ? k->meter_at_ns : 0;
	int64_t left = until - now_ns();

	return until == 0 ? -1 : left < 0 ? 0 : (int)(left / NS_PER_MS) + 1;
}

/* Sleeps until somebody is at the door, a child has ended, or it is time to look. */
static void
look(struct keeper *k)
{
	eventfd_t rings;
	struct child *c;
	nfds_t n = 1;

	k->fds = xrealloc(k->fds, (k->n_children + 1) * sizeof(*k->fds));
	k->fds[0] = (struct pollfd){ .fd = k->door, .events = POLLIN };
	TAILQ_FOREACH(c, &k->children, link)
		k->fds[n++] = (struct pollfd){ .fd = child_fd(c), .events = POLLIN };
	if (poll(k->fds, n, wait_ms(k)) > 0 && k->fds[0].revents)
		(void)!eventfd_read(k->door, &rings);
}

static void *
keep(void *arg)
{
	struct keeper *k = arg;

	pthread_setname_np(pthread_self(), "keeper");
	while (goes_on(k)) {
		look(k);
		serve(k);
		reap(k);
		meter(k);
	}
	/* What does not even die by SIGKILL hangs in the kernel. */
	while (!TAILQ_EMPTY(&k->children))
		forget(k, TAILQ_FIRST(&k->children));
	free(k->fds);
	return NULL;
}

/* ---- any thread ---- */

struct keeper *
keeper_new(void)
{
	struct keeper *k = xcalloc(1, sizeof(*k));
	struct keeper_state *s = xcalloc(1, sizeof(*s));
	int r;

	atomic_init(&s->refs, 1);
	lock_init(&s->lock, LOCK_KEEPER);
	lock_cond_init(&s->changed);
	TAILQ_INIT(&s->requests);
	TAILQ_INIT(&k->children);
	k->state = s;
	k->door = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = k->door < 0 ? -errno : pool_thread_start(&k->thread, STACK_BYTES, keep, k);
	if (r == 0)
		return k;
	if (k->door >= 0)
		close(k->door);
	keeper_state_unref(s);
	free(k);
	errno = -r;
	return NULL;
}

void
keeper_free(struct keeper *k)
{
	if (!k)
		return;
	LOCKED(&k->state->lock)
		k->state->quit = true;
	eventfd_write(k->door, 1);
	pthread_join(k->thread, NULL);
	close(k->door);
	keeper_state_unref(k->state);
	free(k);
}

int
keeper_spawn(struct keeper *k, const struct keeper_spawn *what, struct child **ret)
{
	struct keeper_state *s = k->state;
	struct keeper_request q = { .what = what };

	LOCKED(&s->lock) {
		if (s->quit)
			return -ESHUTDOWN;
		TAILQ_INSERT_TAIL(&s->requests, &q, link);
		eventfd_write(k->door, 1);
		while (!q.done)
			lock_wait(&s->lock, &s->changed, -1);
	}
	if (q.error == 0)
		*ret = q.child;
	return q.error;
}
