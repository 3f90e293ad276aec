/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * host_statfs -- how full filesystems are: asked of the system through the probes of host_probes.c,
 * or, below another root, of a plain text file that stands in for it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host_private.h"

static int
named_error(const char *name)
{
	for (int e = 1; e < 200; e++) {
		const char *known = strerrorname_np(e);

		if (known && strcmp(known, name) == 0)
			return -e;
	}
	return -EINVAL;
}

/* What stands behind the mount point: five numbers and maybe `ro`, or `hang`, or `error ENAME`. */
static int
parse_answer(const char *s, struct telmon_statfs *ret)
{
	unsigned long long size, free_bytes, available, files, files_free;
	char word[24] = "";
	int n;

	if (sscanf(s, " error %23s", word) == 1)
		return named_error(word);
	if (sscanf(s, " %23s", word) == 1 && strcmp(word, "hang") == 0)
		return -ETIMEDOUT;
	n = sscanf(s, "%llu %llu %llu %llu %llu %23s", &size, &free_bytes, &available, &files,
		   &files_free, word);
	if (n < 5 || (n == 6 && strcmp(word, "ro") != 0))
		return -EINVAL;
	*ret = (struct telmon_statfs){ size, free_bytes, available, files, files_free, n == 6 };
	return 0;
}

static int
look_up(const char *text, const char *path, struct telmon_statfs *ret)
{
	_autobuf_ struct buf copy = BUF_INIT(HOST_MAX_FILE);
	const char *end;

	for (; *text; text = end + (*end == '\n')) {
		char *line, *rest;

		end = strchrnul(text, '\n');
		buf_clear(&copy);
		buf_put(&copy, text, (size_t)(end - text));
		line = (char *)buf_str(&copy);
		rest = line + strcspn(line, " \t");
		if (*rest)
			*rest++ = '\0';
		telmon_unescape(line);
		if (strcmp(line, path) == 0)
			return parse_answer(rest, ret);
	}
	return -ENOENT;
}

int
host_statfs_many(struct host *h, const char *const *paths, size_t n, struct telmon_statfs *ret,
		 int *ret_errors)
{
	_autobuf_ struct buf text = BUF_INIT(HOST_MAX_FILE);
	int r = h->other ? host_read(h, "/telmon/statfs", &text, NULL) : -ENOENT;

	for (size_t i = 0; i < n; i++) {
		ret_errors[i] = host_check_path(paths[i]);
		if (ret_errors[i] == 0 && r != -ENOENT)
			ret_errors[i] = r < 0 ? r : look_up(buf_str(&text), paths[i], &ret[i]);
	}
	return r == -ENOENT ? host_probes_ask(h->probes, paths, n, ret, ret_errors) : 0;
}

int
host_statfs(struct host *h, const char *path, struct telmon_statfs *ret)
{
	int error = 0, r = host_statfs_many(h, &path, 1, ret, &error);

	return r < 0 ? r : error;
}
