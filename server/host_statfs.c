/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * host_statfs -- asks filesystems how full they are, on helper threads, because a dead NFS or FUSE
 * server holds the asking thread until it answers, and nothing can free it. One helper answers one
 * question after another for everybody; another is made only while the helpers there are busy. A
 * question that passes its deadline stays listed as hanging: the same mount is not asked again
 * until it answers. The helpers own what they need, so that the host can go while one of them
 * hangs. Below another root a plain text file may stand in for the system.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "host_private.h"

enum { HELPER_STACK_BYTES = 256 << 10 };

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
	else
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

	if (p->n_probes == HOST_MAX_HANGING)
		return -EBUSY;
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

static int
await_locked(struct host_probes *p, struct probe *q, struct telmon_statfs *ret)
{
	int r;

	q->waiters++;
	while (!q->done && lock_wait(&p->lock, &p->answered, q->deadline_ns) == 0)
		;
	q->waiters--;
	if (!q->done) {
		if (!q->hanging)
			p->n_hanging++;
		q->hanging = true;
		return -ETIMEDOUT;
	}
	r = q->result;
	if (r == 0)
		*ret = q->stat;
	if (!q->waiters)
		free(q);
	return r;
}

static int
ask(struct host_probes *p, const char *path, struct telmon_statfs *ret)
{
	int r = 0;

	LOCKED(&p->lock) {
		struct probe *q = find_locked(p, path);

		if (q && q->hanging)
			r = -ETIMEDOUT;
		else if (!q)
			r = add_locked(p, path, &q);
		if (r == 0)
			r = await_locked(p, q, ret);
	}
	return r;
}

unsigned
host_hanging(struct host *h)
{
	unsigned n = 0;

	LOCKED(&h->probes->lock)
		n = h->probes->n_hanging;
	return n;
}

/* Undoes the octal escapes of mountinfo in place. */
static void
unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

static int
named_error(const char *name)
{
	for (int e = 1; e < 200; e++) {
		const char *known = strerrorname_np(e);

		if (known && strcmp(known, name) == 0)
			return -e;
	}
	return -EINVAL;
}

/* What stands behind the mount point: five numbers and maybe `ro`, or `hang`, or `error ENAME`. */
static int
parse_answer(const char *s, struct telmon_statfs *ret)
{
	unsigned long long size, free_bytes, available, files, files_free;
	char word[24] = "";
	int n;

	if (sscanf(s, " error %23s", word) == 1)
		return named_error(word);
	if (sscanf(s, " %23s", word) == 1 && strcmp(word, "hang") == 0)
		return -ETIMEDOUT;
	n = sscanf(s, "%llu %llu %llu %llu %llu %23s", &size, &free_bytes, &available, &files,
		   &files_free, word);
	if (n < 5 || (n == 6 && strcmp(word, "ro") != 0))
		return -EINVAL;
	*ret = (struct telmon_statfs){ size, free_bytes, available, files, files_free, n == 6 };
	return 0;
}

static int
look_up(char *text, const char *path, struct telmon_statfs *ret)
{
	char *line, *rest;

	while ((line = strsep(&text, "\n"))) {
		rest = line + strcspn(line, " \t");
		if (*rest)
			*rest++ = '\0';
		unescape(line);
		if (strcmp(line, path) == 0)
			return parse_answer(rest, ret);
	}
	return -ENOENT;
}

int
host_statfs(struct host *h, const char *path, struct telmon_statfs *ret)
{
	_autobuf_ struct buf text = BUF_INIT(HOST_MAX_FILE);
	int r = host_check_path(path);

	if (r < 0)
		return r;
	if (h->other) {
		r = host_read(h, "/telmon/statfs", &text, NULL);
		if (r != -ENOENT)
			return r < 0 ? r : look_up((char *)buf_str(&text), path, ret);
	}
	return ask(h->probes, path, ret);
}
