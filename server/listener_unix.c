/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * listener_unix -- a socket in the file system. It is made under a name of its own, has its mode
 * before it listens, and takes its place by rename: whoever connects finds the old daemon, nobody,
 * or us, and never a socket that is open to all. Of two daemons that start at once the lock on the
 * directory lets one look and act at a time. Runs on main.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "listener_private.h"
#include "lock.h"

enum { SOCKET_MODE = 0660, LOCK_WAIT_S = 2 };

static const char *
path_of(const struct listening *s)
{
	return ((const struct sockaddr_un *)&s->asked)->sun_path;
}

static int
fail(struct buf *why, int error, const char *what)
{
	char text[128];

	buf_printf(why, "%s: %s", what, strerror_r(error, text, sizeof(text)));
	return -error;
}

static int
refuse(struct buf *why, int error, const char *what)
{
	buf_puts(why, what);
	return -error;
}

/* The directory's own descriptor, so that all that follows is about one directory. */
static int
open_dir(const char *path, bool make, struct buf *why)
{
	char dir[sizeof(((struct sockaddr_un *)0)->sun_path)];
	size_t n = (size_t)(strrchr(path, '/') - path);
	mode_t mode = geteuid() == 0 ? 0755 : 0700;
	int fd;

	memcpy(dir, path, n);
	strcpy(dir + n, n ? "" : "/");
	if (make && mkdir(dir, mode) == 0)
		(void)!chmod(dir, mode); /* whatever the umask was */
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? fail(why, errno, "its directory cannot be opened") : fd;
}

static int
lock_dir(int dir, struct buf *why)
{
	static const struct timespec pause = { .tv_nsec = 10000000 };
	int64_t until_ns = now_ns() + LOCK_WAIT_S * NS_PER_S;

	while (flock(dir, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail(why, errno, "its directory cannot be locked");
		if (now_ns() >= until_ns)
			return refuse(why, EBUSY, "its directory is locked by another process");
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* 0 = somebody answers there. */
static int
try_connect(const struct listening *s)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), r = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&s->asked, sizeof(struct sockaddr_un)) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* What stands at the path already: nothing, or a socket that nobody listens on any more. */
static int
check_old(const struct listening *s, int dir, const char *name, struct buf *why)
{
	struct stat st;
	int r;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : fail(why, errno, "its path cannot be looked at");
	if (!S_ISSOCK(st.st_mode))
		return refuse(why, ENOTSOCK, "there is something at its path that is no socket");
	r = try_connect(s);
	if (r == -ECONNREFUSED || r == -ENOENT)
		return 0;
	if (r == 0 || r == -EAGAIN)
		return refuse(why, EADDRINUSE, "a running daemon listens there");
	return fail(why, -r, "its path cannot be tried");
}

/* A path that is always short enough, however long the directory's is. */
static int
bind_temporary(int fd, int dir, const char *temporary, struct buf *why)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	mode_t mask;
	int r;

	snprintf(un.sun_path, sizeof(un.sun_path), "/proc/self/fd/%d/%s", dir, temporary);
	unlinkat(dir, temporary, 0); /* of one that died here with our number */
	mask = umask(0177);
	r = bind(fd, (const struct sockaddr *)&un, sizeof(un));
	umask(mask);
	return r < 0 ? fail(why, errno, "cannot be made") : 0;
}

static int
take_place(struct listening *s, int dir, const char *name, struct buf *why)
{
	char temporary[32];
	struct stat st;
	int r;

	snprintf(temporary, sizeof(temporary), ".telmon.%d", (int)getpid());
	r = bind_temporary(s->fd, dir, temporary, why);
	if (r < 0)
		return r;
	if (fchmodat(dir, temporary, SOCKET_MODE, 0) < 0 || listen(s->fd, LISTENER_BACKLOG) < 0 ||
	    fstatat(dir, temporary, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    renameat(dir, temporary, dir, name) < 0) {
		r = fail(why, errno, "cannot take its place");
		unlinkat(dir, temporary, 0);
		return r;
	}
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	return 0;
}

int
listener_unix_open(struct listening *s, bool make_dir, struct buf *why)
{
	const char *path = path_of(s), *name = strrchr(path, '/') + 1;
	int dir = open_dir(path, make_dir, why), r;

	if (dir < 0)
		return dir;
	r = lock_dir(dir, why);
	if (r == 0)
		r = check_old(s, dir, name, why);
	if (r == 0) {
		s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		r = s->fd < 0 ? fail(why, errno, "no socket") : take_place(s, dir, name, why);
	}
	if (r < 0 && s->fd >= 0) {
		close(s->fd);
		s->fd = -1;
	}
	close(dir); /* and the lock with it */
	return r;
}

void
listener_unix_remove(const struct listening *s)
{
	struct stat st;

	if (lstat(path_of(s), &st) == 0 && S_ISSOCK(st.st_mode) && st.st_dev == s->dev &&
	    st.st_ino == s->ino)
		unlink(path_of(s));
}
