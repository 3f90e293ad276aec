/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * state -- the XDG base directory rules: a relative $XDG_STATE_HOME counts as none, folders are the
 * user's alone.
 */
#include "state.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
put_state_home(struct buf *out)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	const struct passwd *pw;

	if (state && state[0] == '/')
		return buf_puts(out, state);
	if (!home || home[0] != '/') {
		pw = getpwuid(getuid());
		home = pw ? pw->pw_dir : NULL;
	}
	if (!home || home[0] != '/')
		return -ENOENT;
	return buf_printf(out, "%s/.local/state", home);
}

/* mkdir -p. */
static int
make_folders(char *path)
{
	for (char *p = path + 1;; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return -errno;
		*p = c;
		if (c == '\0')
			return 0;
	}
}

int
state_path(struct buf *out, const char *name)
{
	int r = put_state_home(out);

	if (r == 0)
		r = buf_puts(out, "/telmon");
	if (r == 0 && *buf_str(out))
		r = make_folders(out->data);
	return r == 0 ? buf_printf(out, "/%s", name) : r;
}
