/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * confine_files -- Landlock: nothing may be written, and read only what a monitor is made of (proc,
 * sys, the names of users), what the linker needs for it, and what the administrator names. Each
 * kernel gets as much as it knows of: its answer to the first call is the version. A path that is
 * not there is no mistake.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine_private.h"
#include "mem.h"

/* Newer than some headers that this is built with. */
struct ruleset {
	uint64_t files, network, scoped;
};
enum {
	VERSION_REFER = 2,
	VERSION_TRUNCATE = 3,
	VERSION_NETWORK = 4,
	VERSION_IOCTL = 5,
	VERSION_SCOPE = 6,
};
#define ALL_OF_VERSION_1 ((UINT64_C(1) << 13) - 1)
#define REFER (UINT64_C(1) << 13)
#define TRUNCATE (UINT64_C(1) << 14)
#define IOCTL_DEV (UINT64_C(1) << 15)
#define BIND_AND_CONNECT_TCP UINT64_C(3)
#define ABSTRACT_SOCKETS_AND_SIGNALS UINT64_C(3)

static const uint64_t read_rights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

/* Below the root that is looked at. */
static const char *const machine[] = { "/proc", "/sys", "/etc/passwd", "/telmon", NULL };
/* Of this machine, whatever the root is. */
static const char *const libraries[] = { "/lib",
					 "/lib32",
					 "/lib64",
					 "/usr/lib",
					 "/usr/lib32",
					 "/usr/lib64",
					 "/usr/local/lib",
					 "/etc/ld.so.cache",
					 "/etc/ld.so.preload",
					 "/proc/self",
					 "/etc/localtime",
					 "/usr/share/zoneinfo",
					 NULL };
/* Names of hosts and who vouches for them. */
static const char *const network[] = { "/etc/resolv.conf",
				       "/etc/hosts",
				       "/etc/nsswitch.conf",
				       "/etc/services",
				       "/etc/ssl",
				       "/etc/host.conf",
				       "/etc/gai.conf",
				       "/run/systemd/resolve",
				       NULL };
static int
allow(int ruleset, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr beneath = { .allowed_access = rights };
	struct stat st;
	int fd = open(path, O_PATH | O_CLOEXEC), r = 0;

	if (fd < 0)
		return 0;
	/* A file has no rights of folders. */
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		beneath.allowed_access &= ~(uint64_t)LANDLOCK_ACCESS_FS_READ_DIR;
	beneath.parent_fd = fd;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int
allow_all(int ruleset, const char *below, const char *const *paths, uint64_t rights)
{
	int r = 0;

	for (; paths && *paths && r == 0; paths++) {
		_autofree_ char *path = xasprintf("%s%s", below ? below : "", *paths);

		r = allow(ruleset, path, rights);
	}
	return r;
}

static int
add_rules(int ruleset, const struct confine *c)
{
	int r = allow_all(ruleset, c->root, machine, read_rights);

	/* To be mapped they need not be run. */
	if (r == 0)
		r = allow_all(ruleset, NULL, libraries, read_rights);
	if (r == 0)
		r = allow_all(ruleset, NULL, (const char *const *)c->read, read_rights);
	if (r == 0 && c->network)
		r = allow_all(ruleset, NULL, network, read_rights);
	return r;
}

static int
make_ruleset(const struct confine *c, long version)
{
	struct ruleset set = { .files = ALL_OF_VERSION_1 };
	size_t size = sizeof(set.files);

	if (version >= VERSION_REFER)
		set.files |= REFER;
	if (version >= VERSION_TRUNCATE)
		set.files |= TRUNCATE;
	if (version >= VERSION_IOCTL)
		set.files |= IOCTL_DEV;
	if (version >= VERSION_NETWORK) {
		set.network = c->network ? 0 : BIND_AND_CONNECT_TCP;
		size = offsetof(struct ruleset, scoped);
	}
	if (version >= VERSION_SCOPE) {
		set.scoped = ABSTRACT_SOCKETS_AND_SIGNALS;
		size = sizeof(set);
	}
	return (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
}

int
confine_files(const struct confine *c, struct buf *why)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
			       LANDLOCK_CREATE_RULESET_VERSION);
	int ruleset, r;

	if (version < 0)
		return -ENOSYS;
	ruleset = make_ruleset(c, version);
	r = ruleset < 0 ? -errno : add_rules(ruleset, c);
	if (r == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		r = -errno;
	if (ruleset >= 0)
		close(ruleset);
	if (r < 0)
		buf_printf(why, "landlock: %s", strerror(-r));
	/* Not one of ours, which mean that the kernel has none. */
	return r == -ENOSYS ? -EIO : r;
}
