/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * confine -- resource limits, capabilities, and the order of it all: first what takes effect on
 * later steps (no new privileges, which the others ask for), last the list of system calls, which
 * allows none of these steps any more.
 */
#include "confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine_private.h"
#include "mem.h"

static int
limit(int resource, const char *name, rlim_t most, struct buf *why)
{
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t)resource, &now) == 0) {
		/* One that is lower already stays: raising it is not for everybody. */
		if (now.rlim_max != RLIM_INFINITY && now.rlim_max < most)
			most = now.rlim_max;
		now = (struct rlimit){ .rlim_cur = most, .rlim_max = most };
		if (setrlimit((__rlimit_resource_t)resource, &now) == 0)
			return 0;
	}
	buf_printf(why, "limit of %s: %s", name, strerror(errno));
	return -errno;
}

static int
set_limits(const struct confine *c, struct buf *why)
{
	int r = limit(RLIMIT_CORE, "core files", 0, why);

	if (r == 0 && !c->programs)
		r = limit(RLIMIT_FSIZE, "written files", 0, why);
	if (r == 0 && c->max_descriptors)
		r = limit(RLIMIT_NOFILE, "descriptors", c->max_descriptors, why);
	/* The address space of a sanitizer's shadow has no sensible limit. */
	if (r == 0 && c->max_memory && !MEM_SANITIZED)
		r = limit(RLIMIT_AS, "memory", (rlim_t)c->max_memory, why);
	return r;
}

/* Root's powers go, but for reading what the modes of files would hide: which files may be read is
 * said elsewhere. Where there are none the call itself may be forbidden. */
static int
drop_capabilities(struct buf *why)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3] = { 0 },
				      kept[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &head, now) == 0) {
		kept[0].permitted = now[0].permitted & (UINT32_C(1) << CAP_DAC_READ_SEARCH);
		kept[0].effective = kept[0].permitted;
		if (memcmp(now, kept, sizeof(now)) == 0 || syscall(SYS_capset, &head, kept) == 0)
			return 0;
	}
	buf_printf(why, "capabilities: %s", strerror(errno));
	return -errno;
}

static int
enter(const struct confine *c, const char *name, int (*part)(const struct confine *, struct buf *),
      struct buf *missing, struct buf *why)
{
	int r = part(c, why);

	if (r != -ENOSYS)
		return r;
	buf_printf(missing, "%s%s", missing->len ? ", " : "", name);
	return 0;
}

int
confine_enter(const struct confine *c, struct buf *missing, struct buf *why)
{
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		buf_printf(why, "no new privileges: %s", strerror(errno));
		return -errno;
	}
	r = set_limits(c, why);
	if (r < 0 || c->programs)
		return r;
	r = drop_capabilities(why);
	if (r == 0)
		r = enter(c, "landlock", confine_files, missing, why);
	if (r == 0)
		r = enter(c, "seccomp", confine_calls, missing, why);
	return r;
}
