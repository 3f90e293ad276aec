/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session -- the life of a connection on its worker: opened, listed, told how its peer talks
 * (session_detect.c), ended, counted out. And what all sessions share. The ways of talking are
 * files of their own: session_script.c, session_framed.c, session_person.c with session_typed.c and
 * session_telnet.c; session_line.c answers a line for all of them.
 *
 * A session lives on its worker's stack and is small; what only people or only long answers need is
 * made when they need it.
 */
#include "session.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "net.h"
#include "session_private.h"

enum {
	JOB_MAGIC = 0x10b5e550,
	ARENA_BYTES = 4 << 20,
	DRAIN_MS = 200,
	LIVE_COLUMNS = 10, /* in a smaller window nothing is drawn or paged */
	LIVE_LINES = 3,
};

struct session_job {
	unsigned magic;
	int fd;
	enum session_mode mode;
	struct session_shared *shared;
	struct sockaddr_storage peer;
};

static_assert(sizeof(struct session) < 2048, "thousands of sessions wait at once");

/* --- what all share --- */

struct session_shared *
session_shared_new(struct pipeline *pipeline, struct registry *registry, struct roster *roster,
		   struct access *access, struct host *host, const struct session_limits *limits)
{
	struct session_shared *s;
	int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (stop_fd < 0)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->pipeline = pipeline;
	s->registry = registry;
	s->roster = roster;
	s->access = access;
	s->host = host;
	s->stop_fd = stop_fd;
	s->limits = *limits;
	lock_init(&s->lock, LOCK_LEAF);
	return s;
}

void
session_shared_free(struct session_shared *s)
{
	if (!s)
		return;
	close(s->stop_fd);
	lock_fini(&s->lock);
	free(s);
}

void
session_shared_set_limits(struct session_shared *s, const struct session_limits *limits)
{
	LOCKED(&s->lock)
		s->limits = *limits;
}

void
session_shared_set_banner(struct session_shared *s, session_banner_cb *cb, void *ctx)
{
	s->banner = cb;
	s->banner_ctx = ctx;
}

void
session_shared_stop(struct session_shared *s)
{
	static const uint64_t one = 1;

	atomic_store(&s->stopping, true);
	if (write(s->stop_fd, &one, sizeof(one)) < 0)
		log_err("the sessions cannot be told to stop");
}

/* --- jobs --- */

struct session_job *
session_job_new(struct session_shared *s, int fd, const struct sockaddr_storage *peer,
		enum session_mode mode)
{
	struct session_job *job = malloc(sizeof(*job));

	if (!job)
		return NULL;
	job->magic = JOB_MAGIC;
	job->fd = fd;
	job->mode = mode;
	job->shared = s;
	job->peer = *peer;
	return job;
}

static void
free_job(struct session_job *job)
{
	job->magic = 0;
	free(job);
}

void
session_job_refuse(struct session_job *job)
{
	assert(job->magic == JOB_MAGIC);
	access_leave(job->shared->access, &job->peer);
	conn_refuse(job->fd, "error: server busy (too many sessions; try again later)\n");
	free_job(job);
}

/* --- one session --- */

const char *
session_name(const struct session *s, struct buf *space)
{
	buf_clear(space);
	buf_printf(space, "session %u [", s->seat.id);
	net_format_address(space, &s->conn.peer);
	buf_putc(space, ']');
	return buf_str(space);
}

int
session_lost(struct session *s)
{
	s->lost = s->over = true;
	return -EPIPE;
}

static void
look_window(struct session *s, unsigned columns, unsigned lines)
{
	s->redraw |= columns != s->asker.columns || lines != s->asker.lines;
	s->asker.columns = columns;
	s->asker.lines = lines;
}

/* Keys come one by one only where we echo, and a framed session's program sees to it. */
static bool
is_live(const struct session *s)
{
	const struct person *p = s->person;

	if (!s->asker.person || s->asker.columns < LIVE_COLUMNS || s->asker.lines < LIVE_LINES)
		return false;
	return p ? p->ansi && p->windowed && telnet_echoes(p->telnet) : true;
}

void
session_look(struct session *s)
{
	const struct person *p = s->person;
	struct render_options *render = &s->asker.render;

	render->ascii = s->charset == CHOICE_OFF || (s->charset == CHOICE_AUTO && p && p->dumb);
	render->color = s->color == CHOICE_ON || (s->color == CHOICE_AUTO && p && p->colors);
	look_window(s, p ? p->columns : s->columns, p ? p->rows : s->rows);
	render->width = s->width ? s->width : s->asker.columns;
	s->asker.live = is_live(s);
}

void
session_is_person(struct session *s, const char *kind)
{
	s->asker.person = true;
	session_look(s);
	if (s->note_fd < 0)
		s->note_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	roster_update(&s->seat, kind, true, s->note_fd);
}

static void
open_session(struct session *s, const struct session_job *job)
{
	*s = (struct session){
		.magic = SESSION_MAGIC,
		.shared = job->shared,
		.reply = { .ops = &session_reply_ops, .asker = &s->asker },
		.key = -EAGAIN,
		.bell_fd = -1,
		.note_fd = -1,
	};
	LOCKED(&job->shared->lock)
		s->limits = job->shared->limits;
	conn_open(&s->conn, job->fd, &job->peer, s->limits.max_output);
	s->asker.admin = s->conn.admin;
	arena_init(&s->arena, ARENA_BYTES);
	roster_enter(job->shared->roster, &s->seat, &s->conn.peer);
}

static void
close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void
close_session(struct session *s)
{
	/* The roster rings no doorbell of a seat that has left. */
	roster_leave(&s->seat);
	/* Who has ended his side has nothing on its way that could turn the close into a reset. */
	conn_close(&s->conn, s->eof || s->lost ? 0 : DRAIN_MS);
	session_person_free(s);
	close_fd(s->bell_fd);
	close_fd(s->note_fd);
	arena_fini(&s->arena);
	buf_fini(&s->body);
	buf_fini(&s->keys);
	free(s->in);
	free(s->prompt);
	access_leave(s->shared->access, &s->conn.peer);
	s->magic = 0;
}

void
session_run(void *p)
{
	struct session_job *job = p;
	enum session_mode mode = job->mode;
	struct session s;

	assert(job->magic == JOB_MAGIC);
	open_session(&s, job);
	free_job(job);
	session_detect(&s, mode);
	close_session(&s);
}
