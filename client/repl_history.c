/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl_history -- the lines of earlier days, in the user's state folder, for the user's eyes.
 * Written beside and moved into place, so that a crash or a full disk leaves the old file. What
 * cannot be kept is no reason to say anything.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repl_private.h"
#include "state.h"

enum { MAX_LINES = 500 };

void
repl_history_load(struct repl *r)
{
	_autobuf_ struct buf path = BUF_INIT(4096);
	HistEvent ev;

	history(r->history, &ev, H_SETSIZE, MAX_LINES);
	history(r->history, &ev, H_SETUNIQUE, 1);
	if (state_path(&path, "history") == 0)
		history(r->history, &ev, H_LOAD, buf_str(&path));
}

/* A line that begins with a blank is not kept, as shells have it. */
void
repl_history_add(struct repl *r, const char *line)
{
	HistEvent ev;

	if (line[0] != ' ' && line[0] != '\0')
		history(r->history, &ev, H_ENTER, line);
}

void
repl_history_save(struct repl *r)
{
	_autobuf_ struct buf path = BUF_INIT(4096), fresh = BUF_INIT(4200);
	HistEvent ev;
	mode_t mask;

	if (state_path(&path, "history") < 0 ||
	    buf_printf(&fresh, "%s.%ld", buf_str(&path), (long)getpid()) < 0)
		return;
	mask = umask(077);
	if (history(r->history, &ev, H_SAVE, buf_str(&fresh)) < 0 ||
	    rename(buf_str(&fresh), buf_str(&path)) < 0)
		unlink(buf_str(&fresh));
	umask(mask);
}
