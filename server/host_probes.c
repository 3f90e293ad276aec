/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * host_probes -- asks filesystems how full they are, on helper threads, because a dead NFS or FUSE
 * server holds the asking thread until it answers, and nothing can free it. One helper answers one
 * question after another for everybody; another is made only while the helpers there are busy. A
 * question that passes its deadline stays listed as hanging: the same mount is not asked again
 * until it answers. The helpers own what they need, so that the host can go while one of them
 * hangs.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "host_private.h"

enum { HELPER_STACK_BYTES = 256 << 10 };

/* A question has so long for itself before the next one is asked beside it: a mount that lives
 * needs a fraction of it. A call that has lasted for a while hurries. */
static const int64_t alone_ns = 20 * NS_PER_MS, hurried_ns = NS_PER_MS, while_ns = 100 * NS_PER_MS;

/* One question. On the list from when it is asked until it is answered. */
struct probe {
	struct probe *next;
	unsigned waiters; /* callers that look at it; the last one frees it once it is done */
	bool taken, done, hanging;
	int result;
	struct telmon_statfs stat;
	int64_t deadline_ns;
	char path[];
};

struct host_probes {
	/* set before start */
	int root_fd;
	host_probe_fn *ask;
	void *ctx;
	int64_t deadline_ns;
	struct lock lock; /* LOCK_HOST, but never together with the host's */
	/* guarded by lock */
	pthread_cond_t asked, answered, left;
	struct probe *list;
	unsigned n_probes, n_hanging, n_untaken;
	unsigned threads, idle;
	bool stop;	 /* helpers shall go */
	bool gone;	 /* the host has: the last helper frees all this */
	bool has_leaver; /* each helper that leaves joins the one that left before it, the host
			    joins the last */
	pthread_t leaver;
};

static int
ask_system(void *ctx, int root_fd, const char *path, struct telmon_statfs *ret)
{
	struct statvfs st;
	int fd, r;

	(void)ctx;
	/* O_PATH without O_DIRECTORY does not wake an automounter. */
	path += strspn(path, "/");
	fd = openat(root_fd, *path ? path : ".", O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fstatvfs(fd, &st) < 0 ? -errno : 0;
	close(fd);
	if (r < 0)
		return r;
	*ret = (struct telmon_statfs){
		.size_bytes = (uint64_t)st.f_blocks * st.f_frsize,
		.free_bytes = (uint64_t)st.f_bfree * st.f_frsize,
		.available_bytes = (uint64_t)st.f_bavail * st.f_frsize,
		.files = st.f_files,
		.files_free = st.f_ffree,
		.read_only = st.f_flag & ST_RDONLY,
	};
	return 0;
}

struct host_probes *
host_probes_new(int root_fd)
{
	struct host_probes *p;
	int fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return NULL;
	p = xcalloc(1, sizeof(*p));
	p->root_fd = fd;
	p->ask = ask_system;
	p->deadline_ns = NS_PER_S;
	lock_init(&p->lock, LOCK_HOST);
	lock_cond_init(&p->asked);
	lock_cond_init(&p->answered);
	lock_cond_init(&p->left);
	return p;
}

void
host_probes_set(struct host_probes *p, host_probe_fn *fn, void *ctx, int64_t deadline_ns)
{
	p->ask = fn;
	p->ctx = ctx;
	p->deadline_ns = deadline_ns;
}

static void
fini(struct host_probes *p)
{
	pthread_cond_destroy(&p->asked);
	pthread_cond_destroy(&p->answered);
	pthread_cond_destroy(&p->left);
	lock_fini(&p->lock);
	close(p->root_fd);
	free(p);
}

void
host_probes_free(struct host_probes *p)
{
	bool last = false, join = false;
	pthread_t leaver;

	if (!p)
		return;
	LOCKED(&p->lock) {
		p->stop = true;
		pthread_cond_broadcast(&p->asked);
		while (p->threads > p->n_hanging)
			lock_wait(&p->lock, &p->left, -1);
		p->gone = true;
		last = p->threads == 0;
		join = p->has_leaver;
		leaver = p->leaver;
		p->has_leaver = false;
	}
	if (join)
		pthread_join(leaver, NULL);
	if (last)
		fini(p);
}

unsigned
host_probes_threads(struct host_probes *p)
{
	unsigned n = 0;

	LOCKED(&p->lock)
		n = p->threads;
	return n;
}

static struct probe *
take_locked(struct host_probes *p)
{
	for (struct probe *q = p->list; q; q = q->next) {
		if (!q->taken) {
			q->taken = true;
			p->n_untaken--;
			return q;
		}
	}
	return NULL;
}

static void
answer_locked(struct host_probes *p, struct probe *q, int result, const struct telmon_statfs *stat)
{
	struct probe **at = &p->list;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	p->n_probes--;
	if (q->hanging)
		p->n_hanging--;
	q->result = result;
	q->stat = *stat;
	q->done = true;
	if (!q->waiters)
		free(q);
	/* Others may wait for its place. */
	pthread_cond_broadcast(&p->answered);
}

/* Lets go of the lock while it asks and while it waits. */
static void
answer_all_locked(struct host_probes *p)
{
	struct telmon_statfs stat;
	struct probe *q;
	int r;

	for (;;) {
		while ((q = take_locked(p))) {
			lock_release(&p->lock);
			stat = (struct telmon_statfs){ 0 };
			r = p->ask(p->ctx, p->root_fd, q->path, &stat);
			lock_acquire(&p->lock);
			answer_locked(p, q, r, &stat);
		}
		if (p->stop || p->idle)
			break;
		p->idle++;
		lock_wait(&p->lock, &p->asked, -1);
		p->idle--;
	}
}

/* Takes questions until the host goes, or until it is the second one without work. */
static void *
help(void *arg)
{
	struct host_probes *p = arg;
	pthread_t before;
	bool last, join;

	pthread_setname_np(pthread_self(), "statfs");
	lock_acquire(&p->lock);
	answer_all_locked(p);
	p->threads--;
	last = p->gone && p->threads == 0;
	join = p->has_leaver;
	before = p->leaver;
	p->has_leaver = true;
	p->leaver = pthread_self();
	pthread_cond_broadcast(&p->left);
	lock_release(&p->lock);
	if (join)
		pthread_join(before, NULL);
	if (last) {
		pthread_detach(pthread_self());
		fini(p);
	}
	return NULL;
}

static int
start_helper_locked(struct host_probes *p)
{
	sigset_t all, before;
	pthread_attr_t attr;
	pthread_t thread;
	int r;

	r = pthread_attr_init(&attr);
	if (r)
		return -r;
	pthread_attr_setstacksize(&attr, HELPER_STACK_BYTES);
	/* Signals are main's: a thread inherits the mask of the one that makes it. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&thread, &attr, help, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (r == 0)
		p->threads++;
	return -r;
}

static struct probe *
find_locked(struct host_probes *p, const char *path)
{
	struct probe *q = p->list;

	while (q && strcmp(q->path, path) != 0)
		q = q->next;
	return q;
}

static int
add_locked(struct host_probes *p, const char *path, struct probe **ret)
{
	size_t n = strlen(path) + 1;
	struct probe *q;
	int r = 0;

	if (p->idle > p->n_untaken)
		pthread_cond_signal(&p->asked);
	else
		r = start_helper_locked(p);
	if (r < 0)
		return r;
	q = xcalloc(1, sizeof(*q) + n);
	memcpy(q->path, path, n);
	q->deadline_ns = now_ns() + p->deadline_ns;
	q->next = p->list;
	p->list = q;
	p->n_probes++;
	p->n_untaken++;
	*ret = q;
	return 0;
}

/* One call for many paths. */
struct round {
	const char *const *paths;
	struct probe **asked;	    /* what is not yet ended; NULL for the others */
	bool dead;		    /* one that hangs has been met */
	int64_t began_ns, until_ns; /* and how long places are waited for */
};

/* The last place is for those that have no unanswered question before them in their call: whoever
 * asks first of what cannot hang is answered whatever becomes of the others. */
static bool
has_place_locked(const struct host_probes *p, const struct round *r, size_t at)
{
	if (p->n_probes < HOST_MAX_HANGING - 1)
		return true;
	while (at > 0 && (!r->asked[at - 1] || r->asked[at - 1]->done))
		at--;
	return p->n_probes < HOST_MAX_HANGING && !r->dead && at == 0;
}

/* Asks, or joins who asks already. Waits for a place as long as one may come. */
static int
begin_locked(struct host_probes *p, struct round *r, size_t at)
{
	unsigned places = HOST_MAX_HANGING - r->dead;
	struct probe *q;
	int error = 0;

	while (!(q = find_locked(p, r->paths[at])) && !has_place_locked(p, r, at))
		if (p->n_hanging >= places || lock_wait(&p->lock, &p->answered, r->until_ns) < 0)
			return -EBUSY;
	if (!q)
		error = add_locked(p, r->paths[at], &q);
	else if (q->hanging)
		error = -ETIMEDOUT;
	if (error < 0)
		return error;
	q->waiters++;
	r->asked[at] = q;
	return 0;
}

/* True once it is answered. */
static bool
await_locked(struct host_probes *p, struct probe *q, int64_t until_ns)
{
	while (!q->done && lock_wait(&p->lock, &p->answered, until_ns) == 0)
		;
	return q->done;
}

/* Gives up what begin_locked() took. What is not answered by now hangs. */
static int
end_locked(struct host_probes *p, struct round *r, size_t at, struct telmon_statfs *ret)
{
	struct probe *q = r->asked[at];
	int error;

	r->asked[at] = NULL;
	q->waiters--;
	if (!q->done) {
		if (!q->hanging)
			p->n_hanging++;
		q->hanging = true;
		return -ETIMEDOUT;
	}
	error = q->result;
	if (error == 0)
		*ret = q->stat;
	if (!q->waiters)
		free(q);
	return error;
}

/* Begins all questions, and ends those that are answered soon. */
static void
begin_all_locked(struct host_probes *p, struct round *r, size_t n, struct telmon_statfs *ret,
		 int *ret_errors)
{
	for (size_t i = 0; i < n; i++) {
		int64_t now;

		if (ret_errors[i] == 0)
			ret_errors[i] = begin_locked(p, r, i);
		if (ret_errors[i] == -ETIMEDOUT)
			r->dead = true;
		now = now_ns();
		if (r->asked[i] &&
		    await_locked(p, r->asked[i],
				 now + (now - r->began_ns < while_ns ? alone_ns : hurried_ns)))
			ret_errors[i] = end_locked(p, r, i, &ret[i]);
	}
}

int
host_probes_ask(struct host_probes *p, const char *const *paths, size_t n,
		struct telmon_statfs *ret, int *ret_errors)
{
	struct round r = { .paths = paths, .asked = calloc(n + 1, sizeof(struct probe *)) };

	if (!r.asked)
		return -ENOMEM;
	r.began_ns = now_ns();
	r.until_ns = r.began_ns + p->deadline_ns / 2;
	LOCKED(&p->lock) {
		begin_all_locked(p, &r, n, ret, ret_errors);
		for (size_t i = 0; i < n; i++) {
			if (!r.asked[i])
				continue;
			await_locked(p, r.asked[i], r.asked[i]->deadline_ns);
			ret_errors[i] = end_locked(p, &r, i, &ret[i]);
		}
	}
	free(r.asked);
	return 0;
}

unsigned
host_hanging(struct host *h)
{
	unsigned n = 0;

	LOCKED(&h->probes->lock)
		n = h->probes->n_hanging;
	return n;
}
