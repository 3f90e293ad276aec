/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * keeper -- the one thread that has children. Others hand it what to spawn and sleep until it has;
 * it sleeps in poll(2) over its door and a pidfd for each child, and reaps each as it ends. A
 * process is signalled under the lock only while it is not reaped, so that its number cannot be
 * somebody else's by then.
 */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock.h"
#include "mem.h"

enum { HIGH_FD = 16 }; /* descriptors to pass are moved behind the numbers they go to */

struct child {
	_Atomic unsigned refs;
	struct keeper_state *state; /* a reference: outlives the keeper */
	pid_t pid;
	int pidfd;
	TAILQ_ENTRY(child) link; /* guarded by the lock, while it lives */
	bool ended;		 /* guarded by the lock; the next two are constant afterwards */
	int code, status;
};
TAILQ_HEAD(children, child);

struct request {
	const struct keeper_spawn *what;
	struct child *child;
	int error;
	bool done;
	TAILQ_ENTRY(request) link;
};

/* What children need when the keeper is gone. */
struct keeper_state {
	_Atomic unsigned refs;
	struct lock lock;
	/* guarded by lock */
	pthread_cond_t changed; /* a request is done, a child has ended */
	struct children children;
	size_t n_children;
	TAILQ_HEAD(, request) requests;
	bool quit;
};

struct keeper {
	struct keeper_state *state;
	pthread_t thread;
	int door; /* an eventfd: there are requests, or quit */
};

static void
state_unref(struct keeper_state *s)
{
	if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	pthread_cond_destroy(&s->changed);
	lock_fini(&s->lock);
	free(s);
}

/* ---- spawning: the keeper's thread ---- */

static int
set_up(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attr, const struct keeper_spawn *w,
       const int *high)
{
	sigset_t all, none;
	int r = 0;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setpgroup(attr, 0);
	posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
					       POSIX_SPAWN_SETPGROUP);
	for (size_t i = 0; i < w->n_fds && r == 0; i++)
		r = posix_spawn_file_actions_adddup2(actions, high[i], w->fds[i].to);
	return -r;
}

static int
spawn_with(const struct keeper_spawn *w, const int *high, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	r = set_up(&actions, &attr, w, high);
	if (r == 0)
		r = -posix_spawn(ret_pid, w->path, &actions, &attr, w->argv, w->envp);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

/* The numbers that descriptors have and those that they go to may be the same ones. */
static int
spawn(const struct keeper_spawn *w, pid_t *ret_pid)
{
	int high[HIGH_FD], r = 0;
	size_t n;

	if (w->n_fds > HIGH_FD)
		return -EINVAL;
	for (n = 0; n < w->n_fds && r == 0; n++) {
		high[n] = fcntl(w->fds[n].from, F_DUPFD_CLOEXEC, HIGH_FD);
		if (high[n] < 0)
			r = -errno;
	}
	if (r == 0)
		r = spawn_with(w, high, ret_pid);
	while (n--)
		if (high[n] >= 0)
			close(high[n]);
	return r;
}

static void
kill_now(pid_t pid, int sig)
{
	/* The group is made by the child itself, but before it execs. */
	if (kill(-pid, sig) < 0)
		kill(pid, sig);
}

static int
new_child(struct keeper_state *s, const struct keeper_spawn *w, struct child **ret)
{
	struct child *c;
	pid_t pid;
	int r = spawn(w, &pid), pidfd;

	if (r < 0)
		return r;
	pidfd = pidfd_open(pid, 0);
	if (pidfd < 0) {
		r = -errno;
		kill_now(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return r;
	}
	c = xcalloc(1, sizeof(*c));
	/* The caller's, and the list's while it lives. */
	atomic_init(&c->refs, 2);
	atomic_fetch_add(&s->refs, 1);
	c->state = s;
	c->pid = pid;
	c->pidfd = pidfd;
	*ret = c;
	return 0;
}

static void
serve(struct keeper_state *s)
{
	struct request *q = NULL;

	for (;;) {
		struct child *c = NULL;
		int r;

		LOCKED(&s->lock) {
			q = TAILQ_FIRST(&s->requests);
			if (q)
				TAILQ_REMOVE(&s->requests, q, link);
		}
		if (!q)
			return;
		r = new_child(s, q->what, &c);
		LOCKED(&s->lock) {
			if (c) {
				TAILQ_INSERT_TAIL(&s->children, c, link);
				s->n_children++;
			}
			q->child = c;
			q->error = r;
			q->done = true;
			pthread_cond_broadcast(&s->changed);
		}
	}
}

/* ---- reaping: the keeper's thread ---- */

/* True when it has ended: the list's reference is then the caller's. */
static bool
reap_locked(struct keeper_state *s, struct child *c)
{
	siginfo_t info = { 0 };

	if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid == 0)
		return false;
	/* What it left in its group goes with it, as long as the number is still its own. */
	kill(-c->pid, SIGKILL);
	waitid(P_PID, (id_t)c->pid, &info, WEXITED);
	c->code = info.si_code;
	c->status = info.si_status;
	c->ended = true;
	TAILQ_REMOVE(&s->children, c, link);
	s->n_children--;
	pthread_cond_broadcast(&s->changed);
	return true;
}

static void
reap(struct keeper_state *s)
{
	struct child *c, *next, *dead;

	do {
		dead = NULL;
		LOCKED(&s->lock) {
			for (c = TAILQ_FIRST(&s->children); c && !dead; c = next) {
				next = TAILQ_NEXT(c, link);
				dead = reap_locked(s, c) ? c : NULL;
			}
		}
		child_unref(dead);
	} while (dead);
}

/* Sleeps until somebody is at the door or a child has ended. */
static void
look(struct keeper *k, struct pollfd **fds)
{
	struct keeper_state *s = k->state;
	struct child *c;
	eventfd_t rings;
	nfds_t n = 1;

	LOCKED(&s->lock) {
		*fds = xrealloc(*fds, (s->n_children + 1) * sizeof(**fds));
		TAILQ_FOREACH(c, &s->children, link)
			(*fds)[n++] = (struct pollfd){ .fd = c->pidfd, .events = POLLIN };
	}
	(*fds)[0] = (struct pollfd){ .fd = k->door, .events = POLLIN };
	if (poll(*fds, n, -1) > 0 && (*fds)[0].revents)
		(void)!eventfd_read(k->door, &rings);
}

static void
kill_all(struct keeper_state *s)
{
	struct child *c;

	LOCKED(&s->lock) {
		TAILQ_FOREACH(c, &s->children, link)
			kill_now(c->pid, SIGKILL);
	}
}

static void *
keep(void *arg)
{
	struct keeper *k = arg;
	struct keeper_state *s = k->state;
	struct pollfd *fds = NULL;
	bool quit = false;
	size_t left = 1;

	while (!quit || left) {
		serve(s);
		if (quit)
			kill_all(s);
		reap(s);
		LOCKED(&s->lock) {
			quit = s->quit;
			left = s->n_children;
		}
		if (!quit)
			look(k, &fds);
	}
	free(fds);
	return NULL;
}

/* ---- any thread ---- */

struct keeper *
keeper_new(void)
{
	struct keeper *k = xcalloc(1, sizeof(*k));
	struct keeper_state *s = xcalloc(1, sizeof(*s));
	int r = 0;

	atomic_init(&s->refs, 1);
	lock_init(&s->lock, LOCK_KEEPER);
	lock_cond_init(&s->changed);
	TAILQ_INIT(&s->children);
	TAILQ_INIT(&s->requests);
	k->state = s;
	k->door = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (k->door < 0)
		r = errno;
	else
		r = pthread_create(&k->thread, NULL, keep, k);
	if (r == 0) {
		pthread_setname_np(k->thread, "keeper");
		return k;
	}
	if (k->door >= 0)
		close(k->door);
	state_unref(s);
	free(k);
	errno = r;
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
	state_unref(k->state);
	free(k);
}

int
keeper_spawn(struct keeper *k, const struct keeper_spawn *what, struct child **ret)
{
	struct keeper_state *s = k->state;
	struct request q = { .what = what, .error = -ESHUTDOWN };

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

struct child *
child_ref(struct child *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void
child_unref(struct child *c)
{
	if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	close(c->pidfd);
	state_unref(c->state);
	free(c);
}

pid_t
child_pid(const struct child *c)
{
	return c->pid;
}

int
child_fd(const struct child *c)
{
	return c->pidfd;
}

void
child_kill(struct child *c, int sig)
{
	LOCKED(&c->state->lock) {
		if (!c->ended)
			kill_now(c->pid, sig);
	}
}

bool
child_ended(struct child *c, int64_t until_ns)
{
	bool ended = false;

	LOCKED(&c->state->lock) {
		while (!c->ended && until_ns &&
		       lock_wait(&c->state->lock, &c->state->changed, until_ns) == 0)
			;
		ended = c->ended;
	}
	return ended;
}

void
child_end(const struct child *c, int *ret_code, int *ret_status)
{
	*ret_code = c->code;
	*ret_status = c->status;
}

/* ---- in words ---- */

static const char *
crash(int sig)
{
	switch (sig) {
	case SIGSEGV:
		return "segmentation fault";
	case SIGBUS:
		return "bus error";
	case SIGFPE:
		return "arithmetic fault";
	case SIGILL:
		return "illegal instruction";
	case SIGABRT:
		return "abort";
	case SIGTRAP:
		return "trap";
	default:
		return NULL;
	}
}

void
child_say_end(const struct child *c, struct buf *out)
{
	const char *name;

	if (c->code == CLD_EXITED) {
		buf_printf(out, "ended by itself (exit status %d)", c->status);
		return;
	}
	name = crash(c->status);
	if (name)
		buf_printf(out, "crashed (%s)", name);
	else if (c->status == SIGSYS)
		buf_puts(out, "was killed (a system call that it may not use)");
	else if (c->status == SIGXCPU)
		buf_puts(out, "was killed (too much processor time)");
	else if (c->status == SIGXFSZ)
		buf_puts(out, "was killed (it may write no files)");
	else
		buf_printf(out, "was killed (SIG%s)",
			   (name = sigabbrev_np(c->status)) ? name : "?");
}
