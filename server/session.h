/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session -- a connection from its first byte to its last: decides how the peer talks (DESIGN 1.2),
 * reads lines, runs its own slash words and gives commands to pipeline. One worker thread runs one
 * session.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "access.h"
#include "buf.h"
#include "host.h"
#include "pipeline.h"
#include "roster.h"

enum session_mode { SESSION_AUTO, SESSION_SCRIPT, SESSION_TELNET };

/* Copied at the start of each session; a reload changes the next ones. */
struct session_limits {
	int64_t grace_ns, probe_wait_ns, script_linger_ns, idle_timeout_ns; /* idle 0 = never */
	int64_t first_line_ns; /* 10 s from the first byte to the first complete line of a script */
	int64_t stall_ns;      /* 30 s in which a peer takes nothing of what waits for it */
	int64_t suboption_ns, urgent_ns; /* 10 s for a telnet peer to end what it began */
	size_t max_line, max_output;
	unsigned max_editors;
};

struct session_shared; /* what all sessions share. Thread-safe. */
struct session_shared *session_shared_new(struct pipeline *pipeline, struct registry *registry,
					  struct roster *roster, struct access *access,
					  struct host *host, const struct session_limits *limits);
void session_shared_free(struct session_shared *s);
void session_shared_set_limits(struct session_shared *s, const struct session_limits *limits);
/* Appends the lines that greet a person (LF line ends, clean text); called on the session's thread,
 * must not wait. Set before start. */
typedef void session_banner_cb(void *ctx, struct buf *out);
void session_shared_set_banner(struct session_shared *s, session_banner_cb *cb, void *ctx);
/* Tells every session to end: people read the notice, plain ones are woken by the one eventfd. */
void session_shared_stop(struct session_shared *s);

/* What the listener hands over; made by session_job_new(), run and freed by session_run(). */
struct session_job *session_job_new(struct session_shared *s, int fd,
				    const struct sockaddr_storage *peer, enum session_mode mode);
/* Gives a job back that no worker takes: says busy, closes, counts out. Never blocks. */
void session_job_refuse(struct session_job *job);
/* The worker's function (a pool_job_fn). */
void session_run(void *job);

#endif
