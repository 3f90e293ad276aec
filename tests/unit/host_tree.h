/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * host_tree -- a host over a root of the test's own, for the tests of host: a folder in /tmp that
 * is made and removed around each test.
 */
#ifndef HOST_TREE_H
#define HOST_TREE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host.h"
#include "host_private.h"
#include "mem.h"

/* Last: it makes a macro of the word `fail`, which plugin.h uses. */
#include <check.h>

static char root[64];
static struct host *h;

static char *
below(const char *path)
{
	static char full[512];

	snprintf(full, sizeof(full), "%s%s", root, path);
	return full;
}

/* Writes a file and makes the directories above it. */
static void
file_n(const char *path, const char *text, size_t n)
{
	char *full = below(path);
	int fd;

	for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(full, 0755);
		*p = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	close(fd);
}

static void
file(const char *path, const char *text)
{
	file_n(path, text, strlen(text));
}

static void
setup(void)
{
	struct buf why = BUF_WHY;

	snprintf(root, sizeof(root), "/tmp/telmon-host-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	h = host_new(root, &why);
	ck_assert_ptr_nonnull(h);
}

static void
teardown(void)
{
	char command[128];

	host_free(h);
	h = NULL;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	ck_assert_int_eq(system(command), 0);
}

#endif
