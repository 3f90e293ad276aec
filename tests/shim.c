/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * shim -- stands between a telmond under test and its C library (LD_PRELOAD) and does what a kernel
 * may do but seldom does: calls that fail, reads and writes of one byte, a wall clock that jumps.
 * What it does right now stands in a page that it shares with tests/abuse_shim.py, in the file that
 * TELMON_SHIM names, so that one daemon serves many tries. Only calls that the daemon and its
 * libraries make by name come past here; what the C library calls inside itself does not, except
 * for its allocations. Any thread.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/* What the file holds; abuse_shim.py knows the order. */
struct control {
	_Atomic uint64_t loaded;
	_Atomic uint64_t family;      /* which calls are counted, and may fail */
	_Atomic uint64_t count;	      /* of them so far */
	_Atomic uint64_t first, last; /* these fail, counted from 1 */
	_Atomic uint64_t failed;
	_Atomic uint64_t spared;      /* would have failed, but for who asked */
	_Atomic uint64_t one_byte;    /* reads and writes move no more */
	_Atomic uint64_t clock_jumps; /* the wall clock is never right */
};

enum family { FAMILY_NONE, FAMILY_MEMORY, FAMILY_DESCRIPTORS };

/* The C library's fortified names have no declaration. */
int __open_2(const char *path, int flags);
int __openat_2(int dir, const char *path, int flags);
ssize_t __read_chk(int fd, void *bytes, size_t n, size_t size);
ssize_t __recv_chk(int fd, void *bytes, size_t n, size_t size, int flags);

enum { FRAMES = 24 };

#define CALLS(X)                                                                                   \
	X(malloc)                                                                                  \
	X(calloc)                                                                                  \
	X(realloc)                                                                                 \
	X(reallocarray)                                                                            \
	X(posix_memalign)                                                                          \
	X(aligned_alloc)                                                                           \
	X(memalign)                                                                                \
	X(open)                                                                                    \
	X(__open_2)                                                                                \
	X(openat)                                                                                  \
	X(__openat_2)                                                                              \
	X(fopen)                                                                                   \
	X(opendir)                                                                                 \
	X(socket)                                                                                  \
	X(accept4)                                                                                 \
	X(dup)                                                                                     \
	X(fcntl)                                                                                   \
	X(epoll_create1)                                                                           \
	X(eventfd)                                                                                 \
	X(timerfd_create)                                                                          \
	X(signalfd)                                                                                \
	X(memfd_create)                                                                            \
	X(pipe2)                                                                                   \
	X(pthread_create)                                                                          \
	X(read)                                                                                    \
	X(__read_chk)                                                                              \
	X(recv)                                                                                    \
	X(__recv_chk)                                                                              \
	X(write)                                                                                   \
	X(send)                                                                                    \
	X(clock_gettime)

#define ENUMERATOR(name) CALL_##name,
#define NAME(name) [CALL_##name] = #name,
enum call { CALLS(ENUMERATOR) CALL__COUNT };
static const char *const names[] = { CALLS(NAME) };
static void *real[CALL__COUNT];

static struct control idle, *control = &idle;

/* Only before everything is found, in the one thread that there is then. What the search itself
 * may ask for, it can do without. */
static void *
find(enum call c)
{
	static bool searching;

	if (!real[c] && !searching) {
		searching = true;
		real[c] = dlsym(RTLD_NEXT, names[c]);
		searching = false;
	}
	return real[c];
}

#define REAL(name) ((__typeof__(&name))(real[CALL_##name] ? real[CALL_##name] : find(CALL_##name)))

__attribute__((constructor)) static void
start(void)
{
	const char *path = getenv("TELMON_SHIM");
	void *page, *frames[FRAMES];
	int fd;

	for (enum call c = 0; c < CALL__COUNT; c++)
		find(c);
	backtrace(frames, FRAMES); /* which loads what it needs */
	fd = path ? REAL(open)(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	page = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (page == MAP_FAILED)
		return;
	control = page;
	atomic_store(&control->loaded, 1);
}

/* ---- calls that fail ---- */

/* Who takes for granted that there is memory, and cannot be mended here: libconfuse when it reads
 * a file (CHANGES.md says so), a sanitizer that asks where its new thread's stack is, and, where
 * lineedit_edit.c sees to it that there is some, libedit when it makes an editor or its screen and
 * libtinfo when it copies a name. */
static bool
is_spared(void)
{
	static const char *const functions[] = { "pthread_getattr_np", "el_init_fd", "el_resize",
						 "el_wset" };
	void *frames[FRAMES];
	bool copies = false;
	int n = backtrace(frames, FRAMES);

	for (int i = 0; i < n; i++) {
		Dl_info in;

		if (!dladdr(frames[i], &in) || !in.dli_fname)
			continue;
		if (strstr(in.dli_fname, "/libconfuse.so") ||
		    (copies && strstr(in.dli_fname, "/libtinfo.so")))
			return true;
		for (size_t k = 0; in.dli_sname && k < sizeof(functions) / sizeof(*functions);
		     k++) {
			if (strcmp(in.dli_sname, functions[k]) == 0)
				return true;
		}
		copies = in.dli_sname && strstr(in.dli_sname, "strdup");
	}
	return false;
}

static bool
fails(enum family family)
{
	uint64_t n;

	if (atomic_load(&control->family) != family)
		return false;
	n = atomic_fetch_add(&control->count, 1) + 1;
	if (n < atomic_load(&control->first) || n > atomic_load(&control->last))
		return false;
	if (family == FAMILY_MEMORY && is_spared()) {
		atomic_fetch_add(&control->spared, 1);
		return false;
	}
	atomic_fetch_add(&control->failed, 1);
	errno = family == FAMILY_MEMORY ? ENOMEM : EMFILE;
	return true;
}

void *
malloc(size_t size)
{
	if (fails(FAMILY_MEMORY) || !REAL(malloc))
		return NULL;
	return REAL(malloc)(size);
}

void *
calloc(size_t n, size_t size)
{
	if (fails(FAMILY_MEMORY) || !REAL(calloc))
		return NULL;
	return REAL(calloc)(n, size);
}

void *
realloc(void *old, size_t size)
{
	return fails(FAMILY_MEMORY) ? NULL : REAL(realloc)(old, size);
}

void *
reallocarray(void *old, size_t n, size_t size)
{
	return fails(FAMILY_MEMORY) ? NULL : REAL(reallocarray)(old, n, size);
}

int
posix_memalign(void **ret, size_t alignment, size_t size)
{
	return fails(FAMILY_MEMORY) ? ENOMEM : REAL(posix_memalign)(ret, alignment, size);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	return fails(FAMILY_MEMORY) ? NULL : REAL(aligned_alloc)(alignment, size);
}

void *
memalign(size_t alignment, size_t size)
{
	return fails(FAMILY_MEMORY) ? NULL : REAL(memalign)(alignment, size);
}

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & (O_CREAT | __O_TMPFILE))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return fails(FAMILY_DESCRIPTORS) ? -1 : REAL(open)(path, flags, mode);
}

int
__open_2(const char *path, int flags)
{
	return fails(FAMILY_DESCRIPTORS) ? -1 : REAL(__open_2)(path, flags);
}

int
openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & (O_CREAT | __O_TMPFILE))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return fails(FAMILY_DESCRIPTORS) ? -1 : REAL(openat)(dir, path, flags, mode);
}

int
__openat_2(int dir, const char *path, int flags)
{
	return fails(FAMILY_DESCRIPTORS) ? -1 : REAL(__openat_2)(dir, path, flags);
}

FILE *
fopen(const char *path, const char *mode)
{
	return fails(FAMILY_DESCRIPTORS) ? NULL : REAL(fopen)(path, mode);
}

DIR *
opendir(const char *path)
{
	return fails(FAMILY_DESCRIPTORS) ? NULL : REAL(opendir)(path);
}

int
socket(int domain, int type, int protocol)
{
	return fails(FAMILY_DESCRIPTORS) ? -1 : REAL(socket)(domain, type, protocol);
}

int
accept4(int fd, struct sockaddr *peer, socklen_t *size, int flags)
{
	return fails(FAMILY_DESCRIPTORS) ? -1 : REAL(accept4)(fd, peer, size, flags);
}

int
dup(int fd)
{
	return fails(FAMILY_DESCRIPTORS) ? -1 : REAL(dup)(fd);
}

/* Its argument, if any, is a number or a pointer, and travels in the same place. */
int
fcntl(int fd, int what, ...)
{
	long arg;
	va_list ap;

	va_start(ap, what);
	arg = va_arg(ap, long);
	va_end(ap);
	if ((what == F_DUPFD || what == F_DUPFD_CLOEXEC) && fails(FAMILY_DESCRIPTORS))
		return -1;
	return REAL(fcntl)(fd, what, arg);
}

int
epoll_create1(int flags)
{
	return fails(FAMILY_DESCRIPTORS) ? -1 : REAL(epoll_create1)(flags);
}

int
eventfd(unsigned value, int flags)
{
	return fails(FAMILY_DESCRIPTORS) ? -1 : REAL(eventfd)(value, flags);
}

int
timerfd_create(clockid_t clock, int flags)
{
	return fails(FAMILY_DESCRIPTORS) ? -1 : REAL(timerfd_create)(clock, flags);
}

int
signalfd(int fd, const sigset_t *mask, int flags)
{
	return fails(FAMILY_DESCRIPTORS) ? -1 : REAL(signalfd)(fd, mask, flags);
}

int
memfd_create(const char *name, unsigned flags)
{
	return fails(FAMILY_DESCRIPTORS) ? -1 : REAL(memfd_create)(name, flags);
}

int
pipe2(int fds[2], int flags)
{
	return fails(FAMILY_DESCRIPTORS) ? -1 : REAL(pipe2)(fds, flags);
}

int
pthread_create(pthread_t *ret, const pthread_attr_t *attr, void *(*body)(void *), void *arg)
{
	return fails(FAMILY_DESCRIPTORS) ? EAGAIN : REAL(pthread_create)(ret, attr, body, arg);
}

/* ---- one byte at a time ---- */

static bool
is_socket(int fd)
{
	int saved = errno, type;
	socklen_t size = sizeof(type);
	bool is = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;

	errno = saved;
	return is;
}

/* The kernel's own files give whole records, and some of them nothing behind the first read. */
static bool
is_plain_file(int fd)
{
	int saved = errno;
	struct stat st;
	struct statfs fs;
	bool is = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && fstatfs(fd, &fs) == 0 &&
		  fs.f_type != PROC_SUPER_MAGIC && fs.f_type != SYSFS_MAGIC;

	errno = saved;
	return is;
}

static size_t
in(int fd, size_t n)
{
	return n > 1 && atomic_load(&control->one_byte) && (is_socket(fd) || is_plain_file(fd)) ? 1
												: n;
}

static size_t
out(int fd, size_t n)
{
	return n > 1 && atomic_load(&control->one_byte) && is_socket(fd) ? 1 : n;
}

ssize_t
read(int fd, void *bytes, size_t n)
{
	return REAL(read)(fd, bytes, in(fd, n));
}

ssize_t
__read_chk(int fd, void *bytes, size_t n, size_t size)
{
	return REAL(__read_chk)(fd, bytes, in(fd, n), size);
}

ssize_t
recv(int fd, void *bytes, size_t n, int flags)
{
	return REAL(recv)(fd, bytes, in(fd, n), flags);
}

ssize_t
__recv_chk(int fd, void *bytes, size_t n, size_t size, int flags)
{
	return REAL(__recv_chk)(fd, bytes, in(fd, n), size, flags);
}

ssize_t
write(int fd, const void *bytes, size_t n)
{
	return REAL(write)(fd, bytes, out(fd, n));
}

ssize_t
send(int fd, const void *bytes, size_t n, int flags)
{
	return REAL(send)(fd, bytes, out(fd, n), flags);
}

/* ---- time ---- */

/* An hour back, ten years on, a year back, and so on. */
int
clock_gettime(clockid_t clock, struct timespec *ret)
{
	static const time_t jumps[] = { -3600, 315360000, -31536000 };
	static _Atomic unsigned asked;
	int r = REAL(clock_gettime)(clock, ret);

	if (r == 0 && clock == CLOCK_REALTIME && atomic_load(&control->clock_jumps))
		ret->tv_sec += jumps[atomic_fetch_add(&asked, 1) % 3];
	return r;
}
