/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * keeper_child -- children as others hold them: counted, signalled, asked how they ended and what
 * they cost. And the meter: what a child uses while it is not busy is taken from a credit that
 * grows half as fast as time passes; whoever overdraws it is killed. A limit of the kernel's would
 * not do: its soft signal can be blocked, and its hard one counts the calls too. Any thread, apart
 * from keeper_child_meter().
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper_private.h"
#include "mem.h"

enum { MAX_THREADS = 256, REST_SHARE = 2 /* one of so many seconds */ };
static const int64_t credit_max_ns = NS_PER_S, obey_ns = 2 * NS_PER_S;

void
keeper_state_unref(struct keeper_state *s)
{
	if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	pthread_cond_destroy(&s->changed);
	lock_fini(&s->lock);
	free(s);
}

int
keeper_child_new(struct keeper_state *s, pid_t pid, bool metered, struct child **ret)
{
	int pidfd = pidfd_open(pid, 0);
	struct child *c;

	if (pidfd < 0)
		return -errno;
	c = xcalloc(1, sizeof(*c));
	atomic_init(&c->refs, 2);
	atomic_fetch_add(&s->refs, 1);
	c->state = s;
	c->pid = pid;
	c->pidfd = pidfd;
	/* It is there until it is reaped, so it has a clock. */
	clock_getcpuclockid(pid, &c->clock);
	c->metered = metered;
	c->busy = true;
	c->credit_ns = credit_max_ns;
	*ret = c;
	return 0;
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
	keeper_state_unref(c->state);
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
keeper_child_kill_locked(struct child *c, int sig)
{
	if (c->ended)
		return;
	/* It may have left its group, and its group may be without it. */
	kill(-c->pid, sig);
	kill(c->pid, sig);
}

void
child_kill(struct child *c, int sig)
{
	LOCKED(&c->state->lock)
		keeper_child_kill_locked(c, sig);
}

void
child_terminate(struct child *c)
{
	LOCKED(&c->state->lock) {
		keeper_child_kill_locked(c, SIGTERM);
		keeper_child_kill_locked(c, SIGCONT);
		if (!c->kill_ns)
			c->kill_ns = now_ns() + obey_ns;
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

/* ---- what it costs ---- */

static int64_t
cpu_ns(const struct child *c)
{
	struct timespec ts;

	if (clock_gettime(c->clock, &ts) < 0)
		return 0;
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* Of /proc/PID/stat, what stands behind the name: threads are the 20th word, pages the 24th. */
static bool
read_stat(pid_t pid, unsigned *ret_threads, long *ret_pages)
{
	char path[40], text[1024], *behind;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	behind = strrchr(text, ')');
	return behind && sscanf(behind,
				") %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
				"%*s %u %*s %*s %*s %ld",
				ret_threads, ret_pages) == 2;
}

bool
child_usage(struct child *c, struct child_usage *ret)
{
	struct child_usage usage = { .cpu_ns = cpu_ns(c) };
	long pages = 0;
	bool ended = true;

	if (read_stat(c->pid, &usage.threads, &pages))
		usage.rss_bytes = pages * sysconf(_SC_PAGESIZE);
	/* One that is not reaped now has had its number all the time. */
	LOCKED(&c->state->lock) {
		ended = c->ended;
		if (ended)
			usage = (struct child_usage){ .rss_bytes = c->max_rss_bytes };
	}
	*ret = usage;
	return !ended;
}

/* ---- the meter ---- */

static void
offend_locked(struct child *c, const char *offence)
{
	if (c->ended || c->offence)
		return;
	c->offence = offence;
	keeper_child_kill_locked(c, SIGKILL);
}

/* Takes what it has used since the last time from its credit, unless it was asked for it. */
static void
settle_locked(struct child *c)
{
	int64_t now = now_ns(), cpu = cpu_ns(c);

	if (!c->busy) {
		c->credit_ns += (now - c->mark_ns) / REST_SHARE - (cpu - c->mark_cpu_ns);
		if (c->credit_ns > credit_max_ns)
			c->credit_ns = credit_max_ns;
		if (c->credit_ns < 0)
			offend_locked(c, "too much processor time between calls");
	}
	c->mark_ns = now;
	c->mark_cpu_ns = cpu;
}

void
child_busy(struct child *c, bool busy)
{
	LOCKED(&c->state->lock) {
		if (!c->ended && c->metered)
			settle_locked(c);
		c->busy = busy;
	}
}

void
keeper_child_meter(struct child *c)
{
	unsigned threads = 0;
	long pages;

	if (!c->metered)
		return;
	read_stat(c->pid, &threads, &pages);
	LOCKED(&c->state->lock) {
		if (c->kill_ns && now_ns() >= c->kill_ns)
			keeper_child_kill_locked(c, SIGKILL);
		if (!c->busy)
			settle_locked(c);
		if (threads > MAX_THREADS)
			offend_locked(c, "too many threads");
	}
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

static void
say_signal(const struct child *c, struct buf *out)
{
	const char *name = sigabbrev_np(c->status);

	if (c->status == SIGSYS)
		buf_puts(out, "was killed (a system call that it may not use)");
	else if (c->status == SIGXCPU)
		buf_puts(out, "was killed (too much processor time)");
	else if (c->status == SIGXFSZ)
		buf_puts(out, "was killed (it may write no files)");
	else if (name)
		buf_printf(out, "was killed (SIG%s)", name);
	else
		buf_printf(out, "was killed (signal %d)", c->status);
}

void
child_say_end(const struct child *c, struct buf *out)
{
	if (c->code == CLD_EXITED)
		buf_printf(out, "ended by itself (exit status %d)", c->status);
	else if (c->offence && c->status == SIGKILL)
		buf_printf(out, "was killed (%s)", c->offence);
	else if (crash(c->status))
		buf_printf(out, "crashed (%s)", crash(c->status));
	else
		say_signal(c, out);
}
