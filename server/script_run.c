/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * script_run -- one run of the program: an argument vector, never a shell; two pipes; a process
 * group of its own that is killed whole at the end of its time, and after its end too, for what it
 * may have left behind. What has left the group becomes our child when its parent ends, since this
 * process is where orphans of its descendants go, and is killed as one.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lock.h"
#include "script_private.h"

enum { MAX_WORDS = 64, LOOK_MS = 50, READ_BYTES = 16 << 10, MAX_LOOKS = 500, SPAWN_S = 1 };

/* The group that runs now; 0 = none. A process has one script. */
static _Atomic pid_t group;
/* Held while there may be one that `group` does not say yet. No row of lock.h: nothing else is
 * taken under it, and whoever ends the process does not wait for it for ever. */
static pthread_mutex_t spawning = PTHREAD_MUTEX_INITIALIZER;
static char children_path[64]; /* of the kernel's list of our children; set before the first */

/* ---- its end, and that of all that it has started: also in a signal's handler ---- */

/* Kills each child in the list. How many bytes it had. */
static ssize_t
kill_children(void)
{
	int fd = open(children_path, O_RDONLY | O_CLOEXEC);
	char list[4096];
	ssize_t n;
	pid_t pid = 0;

	if (fd < 0)
		return 0;
	n = read(fd, list, sizeof(list));
	close(fd);
	/* A number that is cut off has no blank behind it. */
	for (ssize_t i = 0; i < n; i++) {
		if (list[i] >= '0' && list[i] <= '9') {
			pid = pid * 10 + (list[i] - '0');
			continue;
		}
		if (pid > 0)
			kill(pid, SIGKILL);
		pid = 0;
	}
	return n;
}

/* What a child leaves behind at its end is there at the next look. */
static void
end_children(void)
{
	for (int i = 0; i < MAX_LOOKS && kill_children() > 0; i++) {
		poll(NULL, 0, i > 0);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

void
script_kill(void)
{
	pid_t pid = atomic_load(&group);

	if (pid > 0)
		kill(-pid, SIGKILL);
	end_children();
}

void
script_kill_last(void)
{
	struct timespec until;

	/* The program may lie where nothing answers. */
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += SPAWN_S;
	(void)pthread_mutex_clocklock(&spawning, CLOCK_MONOTONIC, &until);
	script_kill();
}

/* Orphans among what the program starts come to us, where the kernel says which these are: else
 * they would only pile up here. */
static void
adopt_locked(void)
{
	int fd;

	if (children_path[0])
		return;
	snprintf(children_path, sizeof(children_path), "/proc/self/task/%d/children",
		 (int)gettid());
	fd = open(children_path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	close(fd);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* ---- spawning ---- */

static int
spawn(const struct script_run *run, int out, int err, pid_t *ret)
{
	static const char *const base[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LC_ALL=C",
		"HOME=/",
		"MUNIN_LIBDIR=/usr/share/munin",
		"MUNIN_CAP_MULTIGRAPH=1",
		"MUNIN_STATEFILE=/dev/null"
	};
	const char *argv[MAX_WORDS + 2] = { 0 }, *envp[MAX_WORDS + 8] = { 0 };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	size_t n = 0;
	int r;

	for (char *const *word = run->options->argv; *word && n < MAX_WORDS; word++)
		argv[n++] = *word;
	argv[n] = run->word;
	n = 0;
	/* The first of a name is the one that counts: the administrator's. */
	for (char *const *word = run->options->env; *word && n < MAX_WORDS; word++)
		envp[n++] = *word;
	for (size_t i = 0; i < sizeof(base) / sizeof(base[0]); i++)
		envp[n++] = base[i];
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, err, 2);
	r = posix_spawn(ret, argv[0], &actions, &attr, (char **)argv, (char **)envp);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* Whoever is asked to end in between would leave behind what it does not know of yet. */
static int
spawn_known(const struct script_run *run, int out, int err, pid_t *ret)
{
	sigset_t end, before;
	int r;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &end, &before);
	pthread_mutex_lock(&spawning);
	adopt_locked();
	r = spawn(run, out, err, ret);
	if (r == 0)
		atomic_store(&group, *ret);
	pthread_mutex_unlock(&spawning);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r;
}

/* ---- its output ---- */

/* False at the end. ret_error NULL: what does not fit may be lost. */
static bool
take(int fd, struct buf *to, int *ret_error)
{
	size_t room = to->max - to->len;
	char bytes[READ_BYTES];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	/* What comes behind one would be lost to whoever reads a text. */
	for (ssize_t i = 0; i < n; i++)
		bytes[i] = bytes[i] ? bytes[i] : '?';
	if (!ret_error)
		buf_put(to, bytes, (size_t)n < room ? (size_t)n : room);
	else if (buf_put(to, bytes, (size_t)n) < 0)
		*ret_error = -EFBIG;
	return n > 0;
}

/* Until both ends are closed. 0, -EFBIG, -ETIMEDOUT, -ECANCELED. */
static int
read_all(const struct script_run *run, int out, int err)
{
	struct pollfd fds[] = { { out, POLLIN, 0 }, { err, POLLIN, 0 } };
	int error = 0;

	while (error == 0 && (fds[0].fd >= 0 || fds[1].fd >= 0)) {
		poll(fds, 2, LOOK_MS);
		if (fds[0].fd >= 0 && fds[0].revents && !take(out, run->out, &error))
			fds[0].fd = -1;
		/* Of complaints the first are enough. */
		if (fds[1].fd >= 0 && fds[1].revents && !take(err, run->err, NULL))
			fds[1].fd = -1;
		if (now_ns() >= run->until_ns)
			return -ETIMEDOUT;
		if (telmon_cancelled(run->telmon))
			return -ECANCELED;
	}
	return error;
}

/* What has closed its output may still live. */
static int
await(const struct script_run *run, pid_t pid, int *ret_status)
{
	struct timespec pause = { .tv_nsec = NS_PER_MS };
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now_ns() >= run->until_ns)
			return -ETIMEDOUT;
		if (telmon_cancelled(run->telmon))
			return -ECANCELED;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < LOOK_MS * NS_PER_MS)
			pause.tv_nsec *= 2;
	}
	*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return 0;
}

static int
watch(const struct script_run *run, pid_t pid, int out, int err, int *ret_status)
{
	int r = read_all(run, out, err);

	if (r == 0)
		r = await(run, pid, ret_status);
	kill(-pid, SIGKILL);
	if (r < 0)
		waitpid(pid, NULL, 0);
	end_children();
	return r;
}

int
script_run(const struct script_run *run, int *ret_status)
{
	int out[2], err[2], r;
	pid_t pid;

	buf_clear(run->out);
	buf_clear(run->err);
	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(err, O_CLOEXEC) < 0) {
		r = -errno;
		close(out[0]);
		close(out[1]);
		return r;
	}
	r = spawn_known(run, out[1], err[1], &pid);
	close(out[1]);
	close(err[1]);
	if (r == 0) {
		r = watch(run, pid, out[0], err[0], ret_status);
		atomic_store(&group, 0);
	}
	close(out[0]);
	close(err[0]);
	return r;
}
