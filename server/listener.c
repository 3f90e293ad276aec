/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * listener -- the accept thread: waits on all sockets that listen, asks access, and hands each
 * connection to a worker. It reads no byte of a peer and writes only what turns one away. When
 * descriptors or memory are out it pauses instead of spinning, and turns peers away with a
 * descriptor that was put aside for that.
 */
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "conn.h"
#include "listener_private.h"
#include "lock.h"
#include "log.h"
#include "mem.h"

enum { BURST = 16, STACK_BYTES = 256 << 10 };

static const int64_t first_pause_ns = 100 * NS_PER_MS, last_pause_ns = 2 * NS_PER_S;
/* Two wake-ups nearer than this mean that more peers than one are coming. */
static const int64_t burst_ns = NS_PER_S / 20000;

static const char busy[] = "error: server busy (too many sessions; try again later)\n";
static const char busy_source[] =
	"error: server busy (too many sessions from your address; try again later)\n";

struct listener {
	/* set before start */
	struct session_shared *shared;
	struct access *access;
	struct pool *workers;
	int wake_fd;
	pthread_t thread;

	struct lock lock;
	pthread_cond_t changed;
	/* guarded by lock */
	struct listener_set *wanted, *current;
	bool stop;

	_Atomic uint64_t accepted, failed;

	/* accept thread only */
	struct pollfd *fds; /* of the current set, and wake_fd last */
	int spare_fd;
	size_t first;			  /* of the current set: which socket is looked at first */
	int64_t pause_ns, pause_until_ns; /* 0 = no pause */
	int64_t woken_ns;
	struct log_limit failure_log, denied_log;
};

/* --- connections --- */

static void
log_denied(struct listener *l, const struct sockaddr_storage *peer)
{
	_autobuf_ struct buf address = BUF_INIT(128);
	uint32_t held;

	if (!log_allow(&l->denied_log, &held))
		return;
	net_format_address(&address, peer);
	log_info("connection from %s denied (%u more since the last such line)", buf_str(&address),
		 held);
}

static void
hand_over(struct listener *l, const struct listening *s, int fd,
	  const struct sockaddr_storage *peer)
{
	struct session_job *job = NULL;

	switch (access_enter(l->access, peer, s->allow, s->n_allow)) {
	case ACCESS_OK:
		job = session_job_new(l->shared, fd, peer, s->mode);
		break;
	case ACCESS_DENIED:
		conn_refuse(fd, NULL);
		log_denied(l, peer);
		return;
	case ACCESS_BUSY:
		conn_refuse(fd, busy);
		return;
	case ACCESS_BUSY_SOURCE:
		conn_refuse(fd, busy_source);
		return;
	}
	if (!job) {
		access_leave(l->access, peer);
		conn_refuse(fd, busy);
	} else if (pool_submit(l->workers, job) < 0) {
		session_job_refuse(job);
	}
}

/* --- when accept fails --- */

static int
open_spare(void)
{
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Nobody is accepted without one: a session would take the last descriptor, and whoever came behind
 * it would be told nothing. It may have been lost to another thread while it was closed. */
static bool
has_spare(struct listener *l)
{
	if (l->spare_fd < 0)
		l->spare_fd = open_spare();
	return l->spare_fd >= 0 || (errno != EMFILE && errno != ENFILE);
}

/* One peer less in the queue, and it knows why. */
static void
turn_away(struct listener *l, const struct listening *s)
{
	int fd;

	if (l->spare_fd >= 0) {
		close(l->spare_fd);
		fd = accept4(s->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			conn_refuse(fd, busy);
	}
	l->spare_fd = open_spare();
}

static void
begin_pause(struct listener *l, int error)
{
	uint32_t held;

	l->pause_ns = l->pause_ns ? l->pause_ns * 2 : first_pause_ns;
	if (l->pause_ns > last_pause_ns)
		l->pause_ns = last_pause_ns;
	l->pause_until_ns = now_ns() + l->pause_ns;
	if (log_allow(&l->failure_log, &held)) {
		errno = error;
		log_warn("cannot accept connections, pausing (%u more since the last such line)",
			 held);
	}
}

static void
accept_failed(struct listener *l, const struct listening *s, int error)
{
	if (error == EAGAIN || error == EWOULDBLOCK || error == EINTR)
		return;
	atomic_fetch_add_explicit(&l->failed, 1, memory_order_relaxed);
	switch (error) {
	/* The peer's or the network's misfortune: accept(2) hands on errors of the connection
	 * itself. */
	case ECONNABORTED:
	case EPROTO:
	case EPERM:
	case ENETDOWN:
	case ENETUNREACH:
	case ENONET:
	case EHOSTDOWN:
	case EHOSTUNREACH:
	case ENOPROTOOPT:
	case EOPNOTSUPP:
	case ETIMEDOUT:
	/* Put to rest by main: it is about to go away. */
	case EINVAL:
		break;
	case EMFILE:
	case ENFILE:
		turn_away(l, s);
		begin_pause(l, error);
		break;
	default:
		begin_pause(l, error);
		break;
	}
}

/* --- the thread --- */

static void
accept_some(struct listener *l, const struct listening *s, unsigned most)
{
	if (!has_spare(l)) {
		accept_failed(l, s, errno);
		return;
	}
	for (unsigned i = 0; i < most; i++) {
		struct sockaddr_storage peer;
		socklen_t size = sizeof(peer);
		int fd = accept4(s->fd, (struct sockaddr *)&peer, &size,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			accept_failed(l, s, errno);
			return;
		}
		l->pause_ns = 0;
		atomic_fetch_add_explicit(&l->accepted, 1, memory_order_relaxed);
		hand_over(l, s, fd, &peer);
	}
}

/* Takes the set that is wanted. False when the thread shall end. */
static bool
take_set(struct listener *l)
{
	struct listener_set *set = NULL;
	bool stop = false;

	LOCKED(&l->lock) {
		set = l->wanted;
		stop = l->stop;
		l->current = set;
		pthread_cond_broadcast(&l->changed);
	}
	if (stop)
		return false;
	l->fds = xrealloc(l->fds, (set->n + 1) * sizeof(*l->fds));
	for (size_t i = 0; i < set->n; i++)
		l->fds[i] = (struct pollfd){ .fd = set->sockets[i].fd, .events = POLLIN };
	l->fds[set->n] = (struct pollfd){ .fd = l->wake_fd, .events = POLLIN };
	l->first = 0;
	return true;
}

/* A failed accept4() costs more than a poll(), so a second one is tried only when peers come in
 * bursts. */
static unsigned
how_many(struct listener *l)
{
	int64_t now = now_ns(), since = now - l->woken_ns;

	l->woken_ns = now;
	return since < burst_ns ? BURST : 1;
}

static int
pause_left_ms(struct listener *l)
{
	int64_t left = l->pause_until_ns ? l->pause_until_ns - now_ns() : 0;

	if (left > 0)
		return (int)((left + NS_PER_MS - 1) / NS_PER_MS);
	l->pause_until_ns = 0;
	return -1;
}

static void
look_at(struct listener *l, const struct listener_set *set, size_t i, unsigned most)
{
	/* At rest: not looked at any more, unless this set is to be used anew. */
	if (l->fds[i].revents & POLLHUP)
		l->fds[i].fd = -1;
	else if (l->fds[i].revents)
		accept_some(l, &set->sockets[i], most);
	/* Where many knock nobody else would have a turn between two pauses. */
	if (l->pause_until_ns)
		l->first = i + 1;
}

/* Waits once and accepts. False when there is something else to do: another set, or the end. */
static bool
turn(struct listener *l, const struct listener_set *set)
{
	int pause_ms = pause_left_ms(l);
	uint64_t wakes;
	unsigned most;

	/* While it pauses the sockets are not looked at: they would be ready all the time. */
	if (pause_ms >= 0)
		poll(&l->fds[set->n], 1, pause_ms);
	else
		poll(l->fds, set->n + 1, -1);
	if (l->fds[set->n].revents) {
		(void)!read(l->wake_fd, &wakes, sizeof(wakes));
		return false;
	}
	if (pause_ms >= 0)
		return true;
	most = how_many(l);
	for (size_t i = 0; i < set->n && !l->pause_until_ns; i++)
		look_at(l, set, (l->first + i) % set->n, most);
	return true;
}

static void *
run(void *arg)
{
	struct listener *l = arg;

	pthread_setname_np(pthread_self(), "accept");
	while (take_set(l))
		/* current is this thread's own until the next take_set() */
		while (turn(l, l->current))
			continue;
	return NULL;
}

/* --- life cycle --- */

static void
free_listener(struct listener *l)
{
	if (l->wake_fd >= 0)
		close(l->wake_fd);
	if (l->spare_fd >= 0)
		close(l->spare_fd);
	pthread_cond_destroy(&l->changed);
	lock_fini(&l->lock);
	free(l->fds);
	free(l);
}

struct listener *
listener_start(struct listener_set *set, struct session_shared *shared, struct access *access,
	       struct pool *workers)
{
	struct listener *l = xcalloc(1, sizeof(*l));

	l->shared = shared;
	l->access = access;
	l->workers = workers;
	l->wanted = l->current = set;
	lock_init(&l->lock, LOCK_LEAF);
	lock_cond_init(&l->changed);
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->spare_fd = open_spare();
	if (l->wake_fd < 0 || pool_thread_start(&l->thread, STACK_BYTES, run, l) < 0) {
		free_listener(l);
		return NULL;
	}
	return l;
}

static void
wake(struct listener *l)
{
	static const uint64_t one = 1;

	(void)!write(l->wake_fd, &one, sizeof(one));
}

void
listener_use(struct listener *l, struct listener_set *set)
{
	LOCKED(&l->lock) {
		l->wanted = set;
		wake(l);
		while (l->current != set)
			lock_wait(&l->lock, &l->changed, -1);
	}
}

void
listener_stop(struct listener *l)
{
	if (!l)
		return;
	LOCKED(&l->lock)
		l->stop = true;
	wake(l);
	pthread_join(l->thread, NULL);
	free_listener(l);
}

void
listener_counts(struct listener *l, uint64_t *ret_accepted, uint64_t *ret_failed)
{
	*ret_accepted = atomic_load_explicit(&l->accepted, memory_order_relaxed);
	*ret_failed = atomic_load_explicit(&l->failed, memory_order_relaxed);
}
