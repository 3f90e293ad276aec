/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_io -- all waiting of a session is in session_wait(): on the socket, on the one eventfd
 * that stops everybody, and on the session's own two where it has them. And the way in for who
 * sends lines: bytes, and complete lines out of them, in place. Does not know what a line means.
 * The way out is in session_output.c. Runs on the session's worker.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "session_private.h"

enum {
	IN_BYTES = 4096,
	IN_MAX_BYTES = 64 << 10,
};

static const int64_t release_ns = NS_PER_S / 20;

/* --- waiting --- */

static short
socket_events(unsigned want)
{
	return (short)((want & READY_IN ? POLLIN : 0) | (want & READY_OUT ? POLLOUT : 0) |
		       (want & READY_URGENT ? POLLPRI : 0) | (want & READY_HANGUP ? POLLRDHUP : 0));
}

static unsigned
socket_ready(short revents)
{
	return (revents & POLLIN ? READY_IN : 0) | (revents & POLLOUT ? READY_OUT : 0) |
	       (revents & POLLPRI ? READY_URGENT : 0) |
	       (revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL) ? READY_HANGUP : 0);
}

static int
poll_until(struct pollfd *fds, nfds_t n, int64_t until_ns)
{
	struct timespec ts, *timeout = NULL;
	int r;

	do {
		if (until_ns >= 0) {
			int64_t left = until_ns - now_ns();

			if (left < 0)
				left = 0;
			ts = (struct timespec){ .tv_sec = left / NS_PER_S,
						.tv_nsec = left % NS_PER_S };
			timeout = &ts;
		}
		r = ppoll(fds, n, timeout, NULL);
	} while (r < 0 && errno == EINTR);
	return r;
}

unsigned
session_wait(struct session *s, unsigned want, int64_t until_ns)
{
	struct pollfd fds[4] = {
		{ .fd = s->conn.fd, .events = socket_events(want) },
		{ .fd = s->shared->stop_fd, .events = POLLIN },
	};
	nfds_t n = 2, bell = 0, note = 0;
	int r;

	if ((want & READY_BELL) && s->bell_fd >= 0)
		fds[bell = n++] = (struct pollfd){ .fd = s->bell_fd, .events = POLLIN };
	if ((want & READY_NOTE) && s->note_fd >= 0)
		fds[note = n++] = (struct pollfd){ .fd = s->note_fd, .events = POLLIN };
	r = poll_until(fds, n, until_ns);
	if (r < 0)
		return READY_HANGUP; /* no memory in the kernel: this session cannot go on */
	if (r == 0)
		return 0;
	return socket_ready(fds[0].revents) | (fds[1].revents ? READY_STOP : 0) |
	       (bell && fds[bell].revents ? READY_BELL : 0) |
	       (note && fds[note].revents ? READY_NOTE : 0);
}

/* Thousands of sessions that wait must cost little: what they need to work comes back when they do.
 */
static void
release(struct session *s)
{
	if (s->in_at == s->in_end) {
		free(s->in);
		s->in = NULL;
		s->in_at = s->in_end = s->in_cap = 0;
	}
	conn_release(&s->conn);
	arena_fini(&s->arena);
	if (s->body.len == 0)
		buf_release(&s->body);
	if (s->person && s->person->typed_at == s->person->typed.len) {
		buf_release(&s->person->typed);
		s->person->typed_at = 0;
	}
	if (s->bell_fd >= 0)
		close(s->bell_fd);
	s->bell_fd = -1;
}

unsigned
session_wait_idle(struct session *s, unsigned want, int64_t until_ns)
{
	int64_t soon_ns = now_ns() + release_ns;
	unsigned ready;

	if (until_ns >= 0 && until_ns <= soon_ns)
		return session_wait(s, want, until_ns);
	ready = session_wait(s, want, soon_ns);
	if (ready)
		return ready;
	release(s);
	return session_wait(s, want, until_ns);
}

/* --- bytes and lines in --- */

static size_t
in_max(const struct session *s)
{
	size_t line = s->limits.max_line +
		      2; /* and CR, and one byte that shows that it is too long */

	return line > IN_MAX_BYTES ? line : IN_MAX_BYTES;
}

bool
session_may_fill(const struct session *s)
{
	return !s->eof && s->in_end - s->in_at < in_max(s);
}

static bool
make_room(struct session *s)
{
	size_t cap;
	char *p;

	if (s->in_at == s->in_end)
		s->in_at = s->in_end = 0;
	if (s->in_end < s->in_cap)
		return true;
	if (s->in_at > 0) {
		memmove(s->in, s->in + s->in_at, s->in_end - s->in_at);
		s->in_end -= s->in_at;
		s->in_at = 0;
		return true;
	}
	cap = s->in_cap ? s->in_cap * 2 : IN_BYTES;
	if (cap > in_max(s))
		cap = in_max(s);
	p = cap > s->in_cap ? realloc(s->in, cap) : NULL;
	if (!p)
		return false;
	s->in = p;
	s->in_cap = cap;
	return true;
}

/* timeout_ns 0 = without waiting. */
static ssize_t
fill(struct session *s, int64_t timeout_ns)
{
	ssize_t got;

	if (s->eof)
		return 0;
	if (!make_room(s))
		return s->in ? -ENOBUFS : session_lost(s);
	if (timeout_ns)
		got = conn_read_wait(&s->conn, s->in + s->in_end, s->in_cap - s->in_end,
				     timeout_ns);
	else
		got = conn_read(&s->conn, s->in + s->in_end, s->in_cap - s->in_end);
	if (got > 0) {
		s->in_end += (size_t)got;
		s->full = s->in_end == s->in_cap;
		return got;
	}
	s->full = false;
	if (got == 0)
		s->eof = true;
	return got == 0 || got == -EAGAIN ? got : session_lost(s);
}

ssize_t
session_fill(struct session *s)
{
	return fill(s, 0);
}

ssize_t
session_fill_wait(struct session *s, int64_t timeout_ns)
{
	return fill(s, timeout_ns);
}

static int
take(struct session *s, const char *from, size_t n, const char **ret, size_t *ret_n)
{
	if (n && from[n - 1] == '\r')
		n--;
	if (n > s->limits.max_line)
		return -EMSGSIZE;
	*ret = from;
	*ret_n = n;
	return 1;
}

static bool
is_too_long(const struct session *s, const char *from, size_t n)
{
	return n > s->limits.max_line + (n && from[n - 1] == '\r');
}

int
session_take_line(struct session *s, const char **ret, size_t *ret_n)
{
	while (s->in_at < s->in_end) {
		const char *from = s->in + s->in_at,
			   *end = memchr(from, '\n', s->in_end - s->in_at);

		if (!end) {
			bool too_long = !s->dropping && is_too_long(s, from, s->in_end - s->in_at);

			s->dropping |= too_long;
			if (s->dropping)
				s->in_at = s->in_end;
			return too_long ? -EMSGSIZE : 0;
		}
		s->in_at += (size_t)(end - from) + 1;
		if (!s->dropping)
			return take(s, from, (size_t)(end - from), ret, ret_n);
		s->dropping = false;
	}
	return 0;
}

int
session_take_rest(struct session *s, const char **ret, size_t *ret_n)
{
	size_t from = s->in_at, n = s->in_end - from;

	s->in_at = s->in_end;
	return n && !s->dropping ? take(s, s->in + from, n, ret, ret_n) : 0;
}
