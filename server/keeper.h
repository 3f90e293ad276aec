/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * keeper -- spawns, reaps and kills children, on a thread of its own that lives as long as any of
 * them: a child's parent-death signal follows the thread that spawned it. Knows nothing of what
 * children do, but sees to it that those who are metered rest between calls. All functions are
 * thread-safe (LOCK_KEEPER).
 */
#ifndef KEEPER_H
#define KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "buf.h"

struct keeper;
struct child; /* one process, counted; its number is not used again before it is reaped */

/* NULL, with errno set: no thread or descriptor to be had. */
struct keeper *keeper_new(void);
/* Kills what still lives and waits 2 s for it: what cannot die by then is left to init. References
 * on children stay good. NULL is fine. */
void keeper_free(struct keeper *k);

/* What a child gets: these descriptors under these numbers (at most 16, below 16), /dev/null for
 * those of the first three that are not among them, and no other; an environment of these words;
 * all signals at their default and none blocked; a process group of its own. */
struct keeper_spawn {
	const char *path;
	char *const *argv;
	char *const *envp;
	const struct keeper_fd {
		int from, to;
	} * fds;
	size_t n_fds;
	bool metered; /* see child_busy() */
};
/* 0 and a reference, or -errno of what posix_spawn(3) said. Blocks until the child has exec'ed. */
int keeper_spawn(struct keeper *k, const struct keeper_spawn *what, struct child **ret);

struct child *child_ref(struct child *c);
void child_unref(struct child *c); /* does not end it; NULL is fine */
pid_t child_pid(const struct child *c);
/* A signal to it and its whole process group, unless it was reaped. */
void child_kill(struct child *c, int sig);
/* Lets it end by itself, also when it was stopped: SIGTERM. A metered one that has not obeyed two
 * seconds later is killed. */
void child_terminate(struct child *c);
/* A descriptor that is readable once it has ended; the child's own. */
int child_fd(const struct child *c);
/* Whether it was reaped; waits for that until until_ns (CLOCK_MONOTONIC, 0 = not at all). */
bool child_ended(struct child *c, int64_t until_ns);
/* How it ended, as waitid(2) has it: CLD_EXITED and the exit status, or CLD_KILLED, CLD_DUMPED and
 * the signal. Once child_ended(). */
void child_end(const struct child *c, int *ret_code, int *ret_status);
/* Appends the same in words: "crashed (segmentation fault)", "ended by itself (exit status 3)",
 * "was killed (too much processor time between calls)". */
void child_say_end(const struct child *c, struct buf *out);

/* What it costs. */
struct child_usage {
	int64_t cpu_ns; /* so far */
	int64_t rss_bytes;
	unsigned threads;
};
/* False once it has ended: then rss_bytes is the most it ever had, and the rest is zero. */
bool child_usage(struct child *c, struct child_usage *ret);

/* Whether somebody waits for an answer of it; it begins so. While a metered child is not busy it
 * may use half a core, with one second in advance, and have 256 threads at any time. The keeper
 * looks once a second, and each call of this settles what was used before it; who uses more is
 * killed. */
void child_busy(struct child *c, bool busy);

#endif
