/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * host_names -- what is no number: uname, the host's name, users' names; and the clock, which a
 * captured tree may fix. Any thread; the host's lock is held only to exchange a pointer or copy a
 * name. Users come from the passwd file alone: the name service may ask the network, and wait for
 * it.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "host_private.h"
#include "text.h"

enum { NAME_FRESH_S = 10, MAX_USERS = 200000, MAX_SMALL_FILE = 64 << 10 };

struct user {
	uint32_t uid;
	uint32_t order; /* of two names for one number the first in the file counts */
	const char *name;
};

struct host_users {
	_Atomic unsigned refs;
	struct stat st; /* of the file it was read from */
	struct arena names;
	size_t n, cap;
	struct user *users; /* sorted by uid */
};

/* ---- lines of small files ----------------------------------------------------------------- */

/* The first n lines, cut apart in place; "" for those that are missing. */
static void
split_lines(char *text, char **ret_lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *line = strsep(&text, "\n");

		ret_lines[i] = line ? line : (char *)"";
	}
}

/* The first line of a file, or NULL when it cannot be read or is empty. */
static char *
first_line(struct host *h, struct arena *a, const char *path)
{
	_autobuf_ struct buf text = BUF_INIT(MAX_SMALL_FILE);

	if (host_read(h, path, &text, NULL) < 0)
		return NULL;
	return *buf_str(&text) && *text.data != '\n'
		       ? arena_strndup(a, text.data, strcspn(text.data, "\n"))
		       : NULL;
}

static const char *
first_of(struct host *h, struct arena *a, const char *path, const char *other_path,
	 const char *otherwise)
{
	const char *s = first_line(h, a, path);

	if (!s && other_path)
		s = first_line(h, a, other_path);
	return s ? s : arena_strdup(a, otherwise);
}

/* ---- uname -------------------------------------------------------------------------------- */

/* From ROOT/telmon/uname; -ENOENT when there is none. */
static int
uname_from_file(struct host *h, struct arena *a, struct telmon_uname *ret)
{
	_autobuf_ struct buf text = BUF_INIT(MAX_SMALL_FILE);
	char *lines[5];
	int r = host_read(h, "/telmon/uname", &text, NULL);

	if (r < 0)
		return r;
	split_lines((char *)buf_str(&text), lines, 5);
	*ret = (struct telmon_uname){ arena_strdup(a, lines[0]), arena_strdup(a, lines[1]),
				      arena_strdup(a, lines[2]), arena_strdup(a, lines[3]),
				      arena_strdup(a, lines[4]) };
	return 0;
}

int
host_uname(struct host *h, struct arena *a, struct telmon_uname *ret)
{
	struct telmon_uname u;
	struct utsname own;

	if (uname(&own) < 0)
		return -errno;
	if (!h->other) {
		u = (struct telmon_uname){ arena_strdup(a, own.sysname),
					   arena_strdup(a, own.nodename),
					   arena_strdup(a, own.release),
					   arena_strdup(a, own.version),
					   arena_strdup(a, own.machine) };
	} else if (uname_from_file(h, a, &u) < 0) {
		/* proc/sys/kernel/hostname comes last but one: in a live root it is the name of the
		 * reader's own container. */
		u.sysname = first_of(h, a, "/proc/sys/kernel/ostype", NULL, own.sysname);
		u.nodename = first_of(h, a, "/etc/hostname", "/proc/sys/kernel/hostname",
				      own.nodename);
		u.release = first_of(h, a, "/proc/sys/kernel/osrelease", NULL, own.release);
		u.version = first_of(h, a, "/proc/sys/kernel/version", NULL, own.version);
		u.machine = arena_strdup(a, own.machine);
	}
	if (!u.sysname || !u.nodename || !u.release || !u.version || !u.machine)
		return -ENOMEM;
	*ret = u;
	return 0;
}

/* Copies clean UTF-8 and cuts it between two characters. */
static void
copy_cut(char *to, size_t size, const char *s)
{
	size_t n = strlen(s);

	if (!size)
		return;
	if (n >= size) {
		n = size - 1;
		while (n && ((unsigned char)s[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(to, s, n);
	to[n] = '\0';
}

static void
read_name(struct host *h, char *ret, size_t size)
{
	_autobuf_ struct buf clean = BUF_INIT(1024);
	struct telmon_uname u;
	struct arena a;

	arena_init(&a, MAX_SMALL_FILE * 8);
	if (host_uname(h, &a, &u) == 0)
		text_clean(&clean, u.nodename, strnlen(u.nodename, 256));
	copy_cut(ret, size, clean.len ? buf_str(&clean) : "localhost");
	arena_fini(&a);
}

void
host_name(struct host *h, char *ret, size_t size)
{
	int64_t now = now_ns();
	char name[sizeof(h->name)];
	bool fresh = false;

	LOCKED(&h->lock) {
		fresh = h->name_ns && now - h->name_ns < NAME_FRESH_S * NS_PER_S;
		memcpy(name, h->name, sizeof(name));
	}
	if (!fresh) {
		read_name(h, name, sizeof(name));
		LOCKED(&h->lock) {
			memcpy(h->name, name, sizeof(name));
			h->name_ns = now;
		}
	}
	copy_cut(ret, size, name);
}

/* How many CPUs a list like "0-3,8" names; 0 when it is none. */
static unsigned
count_cpus(const char *list)
{
	unsigned n = 0;

	while (*list >= '0' && *list <= '9') {
		char *end;
		unsigned long from = strtoul(list, &end, 10), to = from;

		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		if (to < from || to - from > 65535)
			return 0;
		n += (unsigned)(to - from) + 1;
		list = *end == ',' ? end + 1 : end;
	}
	return n;
}

void
host_kernel(struct host *h, char *ret, size_t size)
{
	_autobuf_ struct buf text = BUF_INIT(1024);
	_autobuf_ struct buf clean = BUF_INIT(1024);
	struct telmon_uname u;
	const char *cpus;
	struct arena a;
	size_t n;

	arena_init(&a, MAX_SMALL_FILE * 8);
	if (host_uname(h, &a, &u) == 0) {
		/* Two numbers of the release say enough. */
		n = strspn(u.release, "0123456789");
		if (n && u.release[n] == '.')
			n += 1 + strspn(u.release + n + 1, "0123456789");
		buf_printf(&text, "%.64s %.*s", u.sysname, n ? (int)n : 32, u.release);
	}
	cpus = first_line(h, &a, "/sys/devices/system/cpu/online");
	n = cpus ? count_cpus(cpus) : 0;
	if (n)
		buf_printf(&text, "  %zu CPU%s", n, n == 1 ? "" : "s");
	text_clean(&clean, buf_str(&text), text.len);
	copy_cut(ret, size, buf_str(&clean));
	arena_fini(&a);
}

/* ---- users -------------------------------------------------------------------------------- */

static int
open_passwd(struct host *h)
{
	int fd;

	if (h->other) {
		fd = host_open(h, "/telmon/passwd", O_RDONLY);
		if (fd >= 0)
			return fd;
	}
	return host_open(h, "/etc/passwd", O_RDONLY);
}

static int
compare_users(const void *a, const void *b)
{
	const struct user *x = a, *y = b;

	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void
add_user(struct host_users *u, const struct passwd *pw)
{
	/* Lines of old that include a network directory are no users. */
	if (!pw->pw_name || *pw->pw_name == '+' || *pw->pw_name == '-')
		return;
	if (u->n == u->cap) {
		u->cap = u->cap ? u->cap * 2 : 64;
		u->users = xrealloc(u->users, u->cap * sizeof(*u->users));
	}
	u->users[u->n] = (struct user){ pw->pw_uid, (uint32_t)u->n,
					arena_strdup(&u->names, pw->pw_name) };
	if (u->users[u->n].name)
		u->n++;
}

/* A line too long for us is put back by fgetpwent_r(), and would be met again for ever. */
static void
skip_line(FILE *f)
{
	int c;

	do
		c = getc(f);
	while (c != EOF && c != '\n');
}

/* Takes fd. */
static struct host_users *
read_users(int fd, const struct stat *st)
{
	struct host_users *u = xcalloc(1, sizeof(*u));
	struct passwd pw, *found;
	FILE *f = fdopen(fd, "r");
	char line[4096];
	int r = 0;

	atomic_init(&u->refs, 1);
	u->st = *st;
	arena_init(&u->names, HOST_MAX_LIST);
	if (!f) {
		close(fd);
		return u;
	}
	while (u->n < MAX_USERS && (r == 0 || r == ERANGE)) {
		r = fgetpwent_r(f, &pw, line, sizeof(line), &found);
		if (r == 0)
			add_user(u, &pw);
		else if (r == ERANGE)
			skip_line(f);
	}
	fclose(f);
	if (u->n)
		qsort(u->users, u->n, sizeof(*u->users), compare_users);
	return u;
}

void
host_users_unref(struct host_users *u)
{
	if (!u || atomic_fetch_sub_explicit(&u->refs, 1, memory_order_acq_rel) != 1)
		return;
	arena_fini(&u->names);
	free(u->users);
	free(u);
}

static struct host_users *
users_ref(struct host_users *u)
{
	if (u)
		atomic_fetch_add_explicit(&u->refs, 1, memory_order_relaxed);
	return u;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

struct host_users *
host_users_get(struct host *h)
{
	struct host_users *now = NULL, *old = NULL;
	struct stat st;
	int fd = open_passwd(h);

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		LOCKED(&h->lock) {
			if (h->users && same_file(&h->users->st, &st))
				now = users_ref(h->users);
		}
		if (now) {
			close(fd);
			return now;
		}
		now = read_users(fd, &st);
	} else if (fd >= 0) {
		close(fd);
	}
	LOCKED(&h->lock) {
		old = h->users;
		h->users = users_ref(now);
	}
	host_users_unref(old);
	return now;
}

static int
compare_uid(const void *key, const void *user)
{
	uint32_t uid = *(const uint32_t *)key, other = ((const struct user *)user)->uid;

	return uid < other ? -1 : uid > other;
}

const char *
host_users_find(const struct host_users *u, uint32_t uid)
{
	const struct user *found;

	if (!u || !u->n)
		return NULL;
	found = bsearch(&uid, u->users, u->n, sizeof(*u->users), compare_uid);
	while (found && found > u->users && found[-1].uid == uid)
		found--;
	return found ? found->name : NULL;
}

/* ---- the clock ---------------------------------------------------------------------------- */

bool
host_fixed_clock(struct host *h, double *ret_clock_s, double *ret_wall_s)
{
	_autobuf_ struct buf text = BUF_INIT(1024);
	double clock_s, wall_s;

	if (!h->other || host_read(h, "/telmon/clock", &text, NULL) < 0)
		return false;
	if (sscanf(buf_str(&text), "%lf %lf", &clock_s, &wall_s) != 2)
		return false;
	*ret_clock_s = clock_s;
	*ret_wall_s = wall_s;
	return true;
}
