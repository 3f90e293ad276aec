/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl_history -- the lines of earlier days, in the user's state folder, for the user's eyes. Each
 * line is added to what the file holds by then, so that several clients keep theirs and one that is
 * killed loses none. Written beside and moved into place: a crash or a full disk leaves the old
 * file. What cannot be kept is no reason to say anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repl_private.h"
#include "state.h"

enum { MAX_LINES = 500, MAX_BYTES = 4096, LOCK_TRIES = 50, LOCK_PAUSE_MS = 10 };

static void
read_file(History *h, const char *path)
{
	HistEvent ev;

	history(h, &ev, H_SETSIZE, MAX_LINES);
	history(h, &ev, H_SETUNIQUE, 1);
	history(h, &ev, H_LOAD, path);
}

void
repl_history_load(struct repl *r)
{
	_autobuf_ struct buf path = BUF_INIT(4096);

	if (state_path(&path, "history") == 0)
		read_file(r->history, buf_str(&path));
}

/* The file is replaced each time, so its folder is what can be locked. A holder that was stopped
 * must not stop us: after a while there is none. A descriptor, or -1. */
static int
lock_folder(const char *file)
{
	_autobuf_ struct buf folder = BUF_INIT(4096);
	int fd;

	buf_put(&folder, file, (size_t)(strrchr(file, '/') - file));
	fd = open(buf_str(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; fd >= 0 && i < LOCK_TRIES && flock(fd, LOCK_EX | LOCK_NB) < 0; i++)
		poll(NULL, 0, LOCK_PAUSE_MS);
	return fd;
}

static void
write_file(History *h, const char *path)
{
	_autobuf_ struct buf fresh = BUF_INIT(4200);
	mode_t mask = umask(077);
	HistEvent ev;

	buf_printf(&fresh, "%s.%ld", path, (long)getpid());
	if (history(h, &ev, H_SAVE, buf_str(&fresh)) < 0 || rename(buf_str(&fresh), path) < 0)
		unlink(buf_str(&fresh));
	umask(mask);
}

static void
keep(const char *line)
{
	_autobuf_ struct buf path = BUF_INIT(4096);
	History *all = history_init();
	HistEvent ev;
	int lock = -1;

	if (all && state_path(&path, "history") == 0) {
		lock = lock_folder(buf_str(&path));
		read_file(all, buf_str(&path));
		history(all, &ev, H_ENTER, line);
		write_file(all, buf_str(&path));
	}
	if (lock >= 0)
		close(lock);
	if (all)
		history_end(all);
}

/* A line that begins with a blank is not kept, as shells have it. */
void
repl_history_add(struct repl *r, const char *line)
{
	HistEvent ev;

	if (line[0] == ' ' || line[0] == '\0' || strlen(line) > MAX_BYTES)
		return;
	history(r->history, &ev, H_ENTER, line);
	keep(line);
}
