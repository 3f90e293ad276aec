/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * host_read -- files and directories below the root, and which file a path means when the root is
 * another machine's. Runs on whatever thread runs the callback. Reads files whole: open, read, and
 * for files of /proc the owner; the process table is a thousand of them, so nothing else is asked.
 * Below another root links are resolved as that machine would (openat2), so that neither a link nor
 * `..` in a captured tree leads out of it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "host_private.h"

static int
open_in_root(struct host *h, const char *rel, int flags)
{
	struct open_how how = { .flags = (uint64_t)flags, .resolve = RESOLVE_IN_ROOT };
	long fd;

	/* The kernel says EAGAIN when a rename somewhere made `..` doubtful. */
	for (int tries = 0; tries < 16; tries++) {
		fd = syscall(SYS_openat2, h->root_fd, rel, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		if (errno != EAGAIN && errno != EINTR)
			break;
	}
	return -errno;
}

/* The walk through all processes goes no farther than it must: not from the root each time. */
static int
open_quickly(struct host *h, const char *rel, int flags)
{
	static const char proc[] = "proc/";
	const char *in_proc = rel + sizeof(proc) - 1;

	if (!h->other && h->proc_fd >= 0 && strncmp(rel, proc, sizeof(proc) - 1) == 0 &&
	    *in_proc != '\0' && *in_proc != '/')
		return openat(h->proc_fd, in_proc, flags);
	return openat(h->root_fd, rel, flags);
}

/* rel has no slash in front. */
static int
open_below(struct host *h, const char *rel, int flags)
{
	int fd;

	/* NONBLOCK: a fifo without a writer must not hold a callback; files do not care. */
	flags |= O_CLOEXEC | ((flags & O_PATH) ? 0 : O_NOCTTY | O_NONBLOCK);
	if (!*rel)
		rel = ".";
	if (h->other && !h->no_openat2) {
		fd = open_in_root(h, rel, flags);
		if (fd != -ENOSYS && fd != -EPERM)
			return fd;
		/* EPERM may be the file's or a system call filter's: only if the root cannot be
		 * opened it is the filter's. */
		if (fd == -EPERM) {
			int root = open_in_root(h, ".", O_PATH | O_CLOEXEC);

			if (root >= 0) {
				close(root);
				return fd;
			}
		}
		h->no_openat2 = true;
	}
	do
		fd = open_quickly(h, rel, flags);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

static bool
exists(struct host *h, const char *rel)
{
	int fd = open_below(h, rel, O_PATH);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* What stands behind a directory's name in a path: "" or "/..."; NULL if it is not in it. */
static const char *
behind(const char *rel, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(rel, dir, n) == 0 && (rel[n] == '/' || !rel[n]) ? rel + n : NULL;
}

/* Both proc/net and proc/self show whoever reads: below another root the first process stands in
 * for it. */
static int
open_mapped(struct host *h, const char *rel, int flags)
{
	const char *net = behind(rel, "proc/net"), *self = behind(rel, "proc/self");
	char path[PATH_MAX];
	int n, fd;

	if (!net && !self)
		return open_below(h, rel, flags);
	n = snprintf(path, sizeof(path), "proc/1%s%s", net ? "/net" : "", net ? net : self);
	if (n >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open_below(h, path, flags);
	if (fd != -ENOENT && fd != -ENOTDIR)
		return fd;
	/* No such file, or no such namespace? A file missing there must not come from here. */
	if (net && exists(h, "proc/1/net"))
		return fd;
	return open_below(h, rel, flags);
}

static bool
has_dotdot(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p += 2) {
		if ((p == path || p[-1] == '/') && (p[2] == '/' || !p[2]))
			return true;
	}
	return false;
}

int
host_check_path(const char *path)
{
	return path && *path == '/' && !has_dotdot(path) ? 0 : -EINVAL;
}

int
host_open(struct host *h, const char *path, int flags)
{
	int r = host_check_path(path);

	if (r < 0)
		return r;
	path += strspn(path, "/");
	return h->other ? open_mapped(h, path, flags) : open_below(h, path, flags);
}

/*
 * Files that the kernel writes in one piece: when less came than there was room for, that was all,
 * and the read that would only say so can be saved. Others come a page at a time. Only what is read
 * for each process is worth a place here.
 */
static bool
comes_whole(const char *path)
{
	static const char *const names[] = { "stat", "statm", "status", "io", "comm", "cmdline" };
	const char *p = path + strlen("/proc/");

	if (strncmp(path, "/proc/", strlen("/proc/")) != 0 || *p < '0' || *p > '9')
		return false;
	p += strspn(p, "0123456789");
	if (*p++ != '/')
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(p, names[i]) == 0)
			return true;
	}
	return false;
}

/* Room for what may come next; *ret_room is 0 when out has reached its maximum. */
static int
make_room(struct buf *out, size_t *ret_room)
{
	size_t want = out->cap - out->len, most = out->max - out->len;

	if (want < 1024 || !out->len)
		want = want > HOST_READ_START ? want : HOST_READ_START + out->len;
	*ret_room = want < most ? want : most;
	return buf_reserve(out, *ret_room);
}

static ssize_t
read_at(int fd, void *bytes, size_t n, size_t at)
{
	ssize_t got;

	do
		got = pread(fd, bytes, n, (off_t)at);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

static int
read_all(int fd, struct buf *out, bool whole)
{
	size_t room = 0;
	ssize_t got;
	char more;
	int r;

	for (;;) {
		r = make_room(out, &room);
		if (r < 0)
			return r;
		if (!room) {
			got = read_at(fd, &more, 1, out->len);
			return got > 0 ? -EFBIG : (int)got;
		}
		got = read_at(fd, out->data + out->len, room, out->len);
		/* A device that has no more for now has no more for us. */
		if (got == -EAGAIN && out->len)
			return 0;
		if (got <= 0)
			return (int)got;
		out->len += (size_t)got;
		if (whole && (size_t)got < room)
			return 0;
	}
}

/*
 * The owner of a process is that of its directory: the files in it belong to root as soon as the
 * process has changed its user, because it is not dumpable then.
 */
static int64_t
owner_of(struct host *h, int fd, const char *path)
{
	static const char proc[] = "/proc/";
	const char *pid = path + sizeof(proc) - 1;
	char dir[16];
	struct stat st;
	size_t n;
	int r;

	if (h->proc_fd < 0 || strncmp(path, proc, sizeof(proc) - 1) != 0)
		return -1;
	n = strspn(pid, "0123456789");
	if (n > 0 && n < sizeof(dir) && pid[n] == '/') {
		memcpy(dir, pid, n);
		dir[n] = '\0';
		r = fstatat(h->proc_fd, dir, &st, AT_SYMLINK_NOFOLLOW);
	} else {
		r = fstat(fd, &st);
	}
	return r < 0 ? -1 : (int64_t)st.st_uid;
}

int
host_read(struct host *h, const char *path, struct buf *out, int64_t *ret_owner)
{
	int fd, r;

	if (!out->max)
		out->max = HOST_MAX_FILE;
	buf_clear(out);
	fd = host_open(h, path, O_RDONLY);
	if (fd < 0)
		return fd;
	r = read_all(fd, out, comes_whole(path));
	if (r == 0 && ret_owner)
		*ret_owner = owner_of(h, fd, path);
	close(fd);
	return r;
}

static int
add_names(const char *entries, size_t size, struct buf *names)
{
	int n = 0;

	for (size_t at = 0; at < size;) {
		const struct dirent64 *d = (const struct dirent64 *)(entries + at);

		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0) {
			buf_put(names, d->d_name, strlen(d->d_name) + 1);
			n++;
		}
		at += d->d_reclen;
	}
	return n;
}

int
host_list(struct host *h, const char *path, struct buf *scratch, struct buf *names)
{
	int fd, r, n = 0;
	ssize_t got;

	buf_clear(scratch);
	r = buf_reserve(scratch, HOST_READ_START);
	if (r < 0)
		return r;
	fd = host_open(h, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	while ((got = getdents64(fd, scratch->data, scratch->cap)) > 0)
		n += add_names(scratch->data, (size_t)got, names);
	r = got < 0 ? -errno : names->error;
	close(fd);
	return r < 0 ? r : n;
}
