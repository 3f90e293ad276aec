/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * keeper_spawn -- a process from its description, by posix_spawn(3): a threaded process must not
 * run code of its own between fork and exec. What the child inherits is told here by number, and
 * everything else is closed, also what whoever started the daemon left open.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include "keeper_private.h"

enum { MAX_FDS = 16 }; /* descriptors to pass are moved behind the numbers they go to */

static bool
is_passed(const struct keeper_spawn *w, int to)
{
	for (size_t i = 0; i < w->n_fds; i++) {
		if (w->fds[i].to == to)
			return true;
	}
	return false;
}

/* What has none of the numbers it goes to yet is in `high`. Positive errno, as these calls do. */
static int
set_descriptors(posix_spawn_file_actions_t *actions, const struct keeper_spawn *w, const int *high)
{
	int r = 0;

	for (size_t i = 0; i < w->n_fds && r == 0; i++)
		r = posix_spawn_file_actions_adddup2(actions, high[i], w->fds[i].to);
	for (int fd = 0; fd < MAX_FDS && r == 0; fd++) {
		if (is_passed(w, fd))
			continue;
		r = fd <= STDERR_FILENO
			    ? posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0)
			    : posix_spawn_file_actions_addclose(actions, fd);
	}
	return r ? r : posix_spawn_file_actions_addclosefrom_np(actions, MAX_FDS);
}

static int
set_attributes(posix_spawnattr_t *attr)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(attr, &all);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setpgroup(attr, 0);
	return posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETPGROUP);
}

static int
spawn_with(const struct keeper_spawn *w, const int *high, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	r = set_attributes(&attr);
	if (r == 0)
		r = set_descriptors(&actions, w, high);
	if (r == 0)
		r = posix_spawn(ret_pid, w->path, &actions, &attr, w->argv, w->envp);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* The numbers that descriptors have and those that they go to may be the same ones. */
int
keeper_spawn_process(const struct keeper_spawn *w, pid_t *ret_pid)
{
	int high[MAX_FDS] = { 0 }, r = 0;
	size_t n;

	if (w->n_fds > MAX_FDS)
		return -EINVAL;
	for (n = 0; n < w->n_fds && r == 0; n++) {
		high[n] = fcntl(w->fds[n].from, F_DUPFD_CLOEXEC, MAX_FDS);
		if (high[n] < 0)
			r = -errno;
		else if (w->fds[n].to < 0 || w->fds[n].to >= MAX_FDS)
			r = -EINVAL;
	}
	if (r == 0)
		r = spawn_with(w, high, ret_pid);
	while (n--)
		if (high[n] >= 0)
			close(high[n]);
	return r;
}
