/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * plugin_open -- from a file to its declaration. The ELF header is looked at before the dynamic
 * linker gets the file: its own words for a text file or another architecture are hard to
 * understand, and a file that was cut short would kill the process with SIGBUS. Objects are never
 * unmapped. What is mapped is a private copy: the file may be overwritten while its code runs, and
 * the linker would hand out the old one when it is loaded again. Main's thread and administrators'
 * commands.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin_private.h"
#include "text.h"

#if defined(__x86_64__)
enum { OUR_MACHINE = EM_X86_64 };
#elif defined(__i386__)
enum { OUR_MACHINE = EM_386 };
#elif defined(__aarch64__)
enum { OUR_MACHINE = EM_AARCH64 };
#elif defined(__arm__)
enum { OUR_MACHINE = EM_ARM };
#elif defined(__riscv)
enum { OUR_MACHINE = EM_RISCV };
#elif defined(__powerpc64__)
enum { OUR_MACHINE = EM_PPC64 };
#elif defined(__s390x__)
enum { OUR_MACHINE = EM_S390 };
#else
enum { OUR_MACHINE = EM_NONE }; /* not compared */
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { OUR_DATA = ELFDATA2LSB };
#else
enum { OUR_DATA = ELFDATA2MSB };
#endif
enum { OUR_CLASS = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32 };

/* Reads exactly n bytes. */
static bool
read_at(int fd, void *to, size_t n, uint64_t at)
{
	char *p = to;

	while (n) {
		ssize_t got = pread(fd, p, n, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return true;
}

static const char *
check_header(const ElfW(Ehdr) * e)
{
	if (memcmp(e->e_ident, ELFMAG, SELFMAG) != 0)
		return "is not a shared object (no ELF header)";
	if (e->e_ident[EI_CLASS] != OUR_CLASS)
		return OUR_CLASS == ELFCLASS64
			       ? "is a 32-bit object, this daemon is a 64-bit program"
			       : "is a 64-bit object, this daemon is a 32-bit program";
	if (e->e_ident[EI_DATA] != OUR_DATA)
		return "was built for the other byte order";
	if (OUR_MACHINE != EM_NONE && e->e_machine != OUR_MACHINE)
		return "was built for another processor";
	if (e->e_type != ET_DYN)
		return "is an ELF file but not a shared object (build it with cc -shared -fPIC)";
	if (e->e_phentsize != sizeof(ElfW(Phdr)))
		return "has a damaged ELF header";
	return NULL;
}

/* Whether a part of the file lies within it. */
static bool
is_inside(uint64_t size, uint64_t at, uint64_t n)
{
	return at <= size && n <= size - at;
}

static const char *
check_segments(int fd, const ElfW(Ehdr) * e, uint64_t size)
{
	static const char cut[] = "is cut short (is it still being written?)";

	if (!is_inside(size, e->e_shoff, (uint64_t)e->e_shnum * e->e_shentsize))
		return cut;
	for (unsigned i = 0; i < e->e_phnum; i++) {
		ElfW(Phdr) p;

		if (!read_at(fd, &p, sizeof(p), e->e_phoff + (uint64_t)i * sizeof(p)) ||
		    !is_inside(size, p.p_offset,
			       p.p_type == PT_LOAD || p.p_type == PT_DYNAMIC ? p.p_filesz : 0))
			return cut;
	}
	return NULL;
}

static const char *
check_file(int fd)
{
	ElfW(Ehdr) e = { 0 };
	const char *wrong;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "is not a file";
	if (st.st_size == 0)
		return "is empty";
	if (!read_at(fd, &e, sizeof(e), 0)) {
		/* Shorter than a header: a small text, or the beginning of an object. */
		if (!read_at(fd, e.e_ident, SELFMAG, 0) || memcmp(e.e_ident, ELFMAG, SELFMAG) != 0)
			return "is not a shared object (no ELF header)";
		return "is cut short (is it still being written?)";
	}
	wrong = check_header(&e);
	return wrong ? wrong : check_segments(fd, &e, (uint64_t)st.st_size);
}

/* Whether somebody else than root and our own user and group may write it. */
static bool
is_foreign(const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return true;
	if ((st->st_mode & S_IWGRP) && st->st_gid != 0 && st->st_gid != getegid())
		return true;
	/* In a folder like /tmp others can add files but not replace them. */
	return (st->st_mode & S_IWOTH) && !(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX));
}

/* Code that others can change is theirs, not the administrator's. */
static const char *
check_writers(const char *path, int fd)
{
	char folder[PATH_MAX];
	struct stat st;
	char *slash;

	if (fstat(fd, &st) < 0)
		return strerror(errno);
	if (is_foreign(&st))
		return "can be written by others (it must be root's or the daemon's own, and not "
		       "writable for the rest)";
	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	slash[slash == folder] = '\0';
	if (stat(folder, &st) < 0)
		return strerror(errno);
	return is_foreign(&st) ? "lies in a folder that others can write" : NULL;
}

static int
copy_file(int from, int to)
{
	off_t at = 0;
	ssize_t n;

	do
		n = sendfile(to, from, &at, 1 << 20);
	while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

static int
private_copy(int from)
{
	/* Kernels with noexec memory files want to be told; older ones do not know the word. */
#ifdef MFD_EXEC
	int fd = memfd_create("telmon-plugin", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC), r;

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("telmon-plugin", MFD_CLOEXEC | MFD_ALLOW_SEALING);
#else
	int fd = memfd_create("telmon-plugin", MFD_CLOEXEC | MFD_ALLOW_SEALING), r;
#endif

	if (fd < 0)
		return -errno;
	r = copy_file(from, fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

/*
 * The linker remembers objects by the words of their path, and descriptors are used again: so each
 * copy gets a spelling of its own. A one is written as "./" and a zero as "/", which says nothing
 * to the kernel.
 */
static void
spell_path(char *to, size_t size, const char *folder, int length, const char *name)
{
	static _Atomic uint32_t copies;
	size_t n = (size_t)snprintf(to, size, "%.*s", length, folder);

	for (uint32_t id = atomic_fetch_add(&copies, 1) + 1; id; id >>= 1)
		n += (size_t)snprintf(to + n, size - n, id & 1 ? "/." : "/");
	snprintf(to + n, size - n, "/%s", name);
}

static void *
open_mapped(const char *path, const char **ret_error)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

	if (!handle)
		*ret_error = dlerror();
	return handle;
}

static void *
open_copy(int from, const char **ret_error)
{
	static const char folder[] = "/proc/self/fd";
	int fd = private_copy(from);
	char path[160], name[16];
	void *handle;

	if (fd < 0) {
		*ret_error = strerror(-fd);
		return NULL;
	}
	snprintf(name, sizeof(name), "%d", fd);
	spell_path(path, sizeof(path), folder, sizeof(folder) - 1, name);
	handle = open_mapped(path, ret_error);
	close(fd);
	return handle;
}

/* A debugger finds symbols by the file's name, which a copy does not have. */
static bool
is_debugged(void)
{
	return secure_getenv("TELMON_DEBUG") != NULL;
}

static const char *
find_declaration(void *handle, const void **ret, size_t *ret_size)
{
	void *symbol = dlsym(handle, "telmon_plugin");
	const ElfW(Sym) *entry = NULL;
	Dl_info info;

	if (!symbol)
		return "has no symbol telmon_plugin (it is no plugin, or was built with hidden "
		       "symbols)";
	if (!dladdr1(symbol, &info, (void **)&entry, RTLD_DL_SYMENT) || !entry ||
	    info.dli_saddr != symbol)
		return "has a symbol telmon_plugin that cannot be described";
	if (ELF64_ST_TYPE(entry->st_info) != STT_OBJECT)
		return "has a symbol telmon_plugin that is not data (it is declared with "
		       "TELMON_PLUGIN = { ... })";
	*ret = symbol;
	*ret_size = entry->st_size;
	return NULL;
}

/* A path without a slash would be looked for in the system's library folders. */
static int
in_place(const char *path, char *to, size_t size)
{
	int n = snprintf(to, size, "%s%s", strchr(path, '/') ? "" : "./", path);

	return n < 0 || (size_t)n >= size ? -1 : 0;
}

/* What a child is given has been copied already, and lies in no folder. */
static bool
is_copy(const char *path)
{
	static const char descriptors[] = "/proc/self/fd/";

	return strncmp(path, descriptors, sizeof(descriptors) - 1) == 0;
}

static int
open_file(const char *path, char *place, size_t size, const char **ret_wrong)
{
	int fd;

	if (in_place(path, place, size) < 0) {
		*ret_wrong = strerror(ENAMETOOLONG);
		return -1;
	}
	fd = open(place, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	*ret_wrong = fd < 0 ? strerror(errno) : check_file(fd);
	if (!*ret_wrong && !is_copy(place))
		*ret_wrong = check_writers(place, fd);
	return fd;
}

int
plugin_check_program(const char *path, struct buf *why)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	const char *wrong = fd < 0 ? strerror(errno) : check_writers(path, fd);
	struct stat st;

	if (!wrong && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)))
		wrong = "is no program";
	else if (!wrong && !(st.st_mode & 0111))
		wrong = "is not executable (chmod +x)";
	if (fd >= 0)
		close(fd);
	if (!wrong)
		return 0;
	text_clean(why, wrong, strlen(wrong));
	return -1;
}

int
plugin_copy(const char *path, struct buf *why)
{
	const char *wrong = NULL;
	char place[PATH_MAX];
	int fd = open_file(path, place, sizeof(place), &wrong), copy = -1;

	if (!wrong) {
		copy = private_copy(fd);
		if (copy < 0)
			wrong = strerror(-copy);
		else
			fcntl(copy, F_ADD_SEALS,
			      F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
	}
	if (fd >= 0)
		close(fd);
	if (!wrong)
		return copy;
	text_clean(why, wrong, strlen(wrong));
	return -1;
}

int
plugin_open(const char *path, void **ret_handle, const void **ret_declaration, size_t *ret_size,
	    struct buf *why)
{
	const char *wrong = NULL;
	char place[PATH_MAX];
	void *handle = NULL;
	int fd = open_file(path, place, sizeof(place), &wrong);

	if (!wrong)
		handle = is_copy(place)	 ? open_mapped(place, &wrong)
			 : is_debugged() ? open_mapped(place, &wrong)
					 : open_copy(fd, &wrong);
	if (handle)
		wrong = find_declaration(handle, ret_declaration, ret_size);
	if (fd >= 0)
		close(fd);
	if (wrong) {
		text_clean(why, wrong, strlen(wrong));
		return -1;
	}
	*ret_handle = handle;
	return 0;
}
