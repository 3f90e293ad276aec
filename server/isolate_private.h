/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * isolate_private -- what the parts of isolate share: isolate.c (life of the child, back-off),
 * isolate_open.c (spawning, greeting, describing), isolate_call.c (calls), isolate_io.c (frames in
 * and out).
 */
#ifndef ISOLATE_PRIVATE_H
#define ISOLATE_PRIVATE_H

#include "frame.h"
#include "isolate.h"
#include "lock.h"
#include "mem.h"

/* What is known of a snapshot in the child. */
struct isolate_known {
	uint64_t id;  /* the daemon's */
	uint32_t seq; /* the child's; 0 = none */
};

struct isolate {
	/* set before start */
	struct keeper *keeper;
	struct host *host; /* for its log */
	char *program, *name, *root;
	char **settings, **read;
	int object_fd; /* -1: a program */
	char **exec;
	int format;
	int64_t uid, gid;
	double timeout_s;
	bool network;
	int64_t max_memory;

	/* of whoever calls */
	int socket, cancel_fd; /* -1 = no child */
	struct buf in, out;
	size_t in_at, out_at;
	int64_t until_ns;	/* so long the thread that is here has time; INT64_MAX: all of it */
	uint32_t call;		/* the number of the last one */
	enum frame_type doing;	/* what it asked for, until it is done; then 0 */
	const char *command;	/* of which command */
	unsigned logs;		/* lines that the child has written in this call */
	size_t room;		/* bytes that it may still send in this call */
	bool cancel_told;	/* in this call */
	bool started;		/* the plugin's start succeeded once */
	struct arena arena;	/* the description */
	struct buf description; /* its frames, to compare a later child's with */
	struct telmon_plugin decl;
	struct metric_set *declared;
	struct isolate_known known[2]; /* the newest first */
	uint32_t seq;
	int64_t spawned_ns;

	struct lock lock;
	/* guarded by lock */
	struct child *child; /* written by whoever calls */
	unsigned restarts;
	int64_t down_ns, next_try_ns, pause_ns;
	char cause[128];
	bool news;
	bool asked;  /* an administrator has ended the child */
	bool killed; /* for good */
	bool ending; /* it is being stopped, and not tried again */
};

/* ---- isolate.c ---- */

/* The child is gone, or has to go: ends it and notes why; reason NULL: as it ended itself. Returns
 * error, with the cause in why. Also where there could be no child, for that reason. */
int isolate_lose(struct isolate *i, int error, const char *reason, struct buf *why);
/* -EHOSTDOWN with why while the back-off lasts. */
int isolate_may_spawn(struct isolate *i, struct buf *why);
/* Whether an administrator has ended the child, which may still be dying. */
bool isolate_was_ended(struct isolate *i);
void isolate_set_child(struct isolate *i, struct child *c);
void isolate_end_child(struct isolate *i);

/* ---- isolate_open.c ---- */

/* Spawns and greets; the description is compared with the first one's, or becomes it. */
int isolate_open(struct isolate *i, int64_t deadline_ns, struct buf *why);

/* ---- isolate_io.c ---- */

/* Begins a call, for which there is time: its first frame is in out when this returns its place for
 * frame_end(). */
size_t isolate_begin(struct isolate *i, enum frame_type type);
/* Sends what is left of out. 0, or as isolate.h tells, or 1 at until_ns. */
int isolate_send(struct isolate *i, int64_t deadline_ns, struct buf *why);
/* The next frame of this call; lines for the log on the way are written. cancel may be NULL. Or 1
 * at until_ns. */
int isolate_receive(struct isolate *i, struct host_cancel *cancel, int64_t deadline_ns,
		    struct frame *ret, struct buf *why);
/* For a frame that makes no sense here. */
int isolate_garbage(struct isolate *i, struct buf *why);

#endif
