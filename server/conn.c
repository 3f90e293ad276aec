/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * conn -- reads, writes and the end of one accepted socket. What the peer does not take now waits
 * in a buf with a maximum; who waits for room, and for how long, is the session's business. The
 * session's worker thread runs it, and nobody else.
 *
 * No call here costs more system calls than its name says: options are inherited from the listening
 * socket, the clock is read only when the peer is slow, and an answer that fits goes out with one
 * send.
 */
#include "conn.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lock.h"

enum {
	FIRST_BYTES = 2048,    /* room that one short answer needs, so that it grows once */
	KEEP_BYTES = 64 << 10, /* a buffer that grew past this is given back once it is empty */
	DRAIN_PIECE_BYTES = 4096,
};

static void
credentials(struct conn *c)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	c->is_unix = true;
	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return;
	c->uid = cred.uid;
	c->pid = cred.pid;
	c->admin = cred.uid == 0 || cred.uid == geteuid();
}

void
conn_open(struct conn *c, int fd, const struct sockaddr_storage *peer, size_t max_output)
{
	*c = (struct conn){ .fd = fd, .uid = (uid_t)-1, .peer = *peer };
	buf_init(&c->out, max_output);
	if (peer->ss_family == AF_UNIX)
		credentials(c);
}

static ssize_t
receive(struct conn *c, char *bytes, size_t n, int flags)
{
	ssize_t got;

	do {
		got = recv(c->fd, bytes, n, flags);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	c->bytes_in += (uint64_t)got;
	return got;
}

ssize_t
conn_read(struct conn *c, char *bytes, size_t n)
{
	return receive(c, bytes, n, MSG_DONTWAIT);
}

ssize_t
conn_read_wait(struct conn *c, char *bytes, size_t n, int64_t timeout_ns)
{
	/* Rounded up: a timeout of zero would mean for ever. */
	int64_t us = (timeout_ns + 999) / 1000;
	struct timeval tv = { .tv_sec = us / 1000000, .tv_usec = us % 1000000 };

	if (c->wait_ns != timeout_ns) {
		/* All else says MSG_DONTWAIT, so the descriptor itself may block. */
		if (fcntl(c->fd, F_SETFL, 0) < 0 ||
		    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) < 0)
			return -errno;
		c->wait_ns = timeout_ns;
	}
	return receive(c, bytes, n, 0);
}

int
conn_put(struct conn *c, const void *bytes, size_t n)
{
	if (n > c->out.max || conn_waiting(c) > c->out.max - n)
		return -EMSGSIZE;
	/* The maximum counts what waits; what went already must not take its place. */
	if (c->sent && c->out.len > c->out.max - n) {
		buf_consume(&c->out, c->sent);
		c->sent = 0;
	}
	if (!c->out.data && n < FIRST_BYTES && c->out.max >= FIRST_BYTES)
		buf_reserve(&c->out, FIRST_BYTES);
	return buf_put(&c->out, bytes, n);
}

/* One send; -EAGAIN marks since when the peer has not taken anything. */
static ssize_t
send_some(struct conn *c, const char *bytes, size_t n)
{
	ssize_t went;

	do {
		went = send(c->fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (went < 0 && errno == EINTR);
	if (went >= 0) {
		c->bytes_out += (uint64_t)went;
		if ((size_t)went < n)
			c->progress_ns = now_ns();
		return went;
	}
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		return -errno;
	if (!c->progress_ns)
		c->progress_ns = now_ns();
	return -EAGAIN;
}

static void
emptied(struct conn *c)
{
	buf_clear(&c->out);
	c->sent = 0;
	c->progress_ns = 0;
	if (c->out.cap > KEEP_BYTES)
		buf_release(&c->out);
}

int
conn_flush(struct conn *c)
{
	while (conn_waiting(c)) {
		ssize_t went = send_some(c, c->out.data + c->sent, conn_waiting(c));

		if (went < 0)
			return (int)went;
		c->sent += (size_t)went;
	}
	emptied(c);
	return 0;
}

int
conn_send(struct conn *c, const void *bytes, size_t n)
{
	ssize_t went;
	int r;

	if (conn_waiting(c)) {
		r = conn_put(c, bytes, n);
		return r < 0 ? r : conn_flush(c);
	}
	if (n > c->out.max)
		return -EMSGSIZE;
	went = n ? send_some(c, bytes, n) : 0;
	if (went < 0 && went != -EAGAIN)
		return (int)went;
	if (went < 0)
		went = 0;
	if ((size_t)went == n) {
		c->progress_ns = 0;
		return 0;
	}
	r = conn_put(c, (const char *)bytes + went, n - (size_t)went);
	return r < 0 ? r : -EAGAIN;
}

/* Reads and forgets until the peer has ended too: closing with input unread is a reset, which may
 * overtake the answer. */
static void
drain(struct conn *c, int drain_ms)
{
	int64_t until = now_ns() + drain_ms * NS_PER_MS, left;
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	char bytes[DRAIN_PIECE_BYTES];
	ssize_t got;

	for (;;) {
		got = conn_read(c, bytes, sizeof(bytes));
		if (got == 0 || (got < 0 && got != -EAGAIN))
			return;
		left = until - now_ns();
		if (left <= 0)
			return;
		if (got == -EAGAIN)
			(void)poll(&p, 1, (int)((left + NS_PER_MS - 1) / NS_PER_MS));
	}
}

void
conn_close(struct conn *c, int drain_ms)
{
	if (c->fd < 0)
		return;
	if (conn_waiting(c))
		(void)conn_flush(c);
	if (drain_ms > 0 && shutdown(c->fd, SHUT_WR) == 0)
		drain(c, drain_ms);
	close(c->fd);
	c->fd = -1;
	buf_fini(&c->out);
	c->sent = 0;
}

int64_t
conn_round_trip_ns(const struct conn *c)
{
	struct tcp_info info;
	socklen_t size = sizeof(info);

	if (c->is_unix)
		return 0;
	memset(&info, 0, sizeof(info));
	if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0)
		return 0;
	return (int64_t)info.tcpi_rtt * 1000;
}

void
conn_release(struct conn *c)
{
	if (conn_waiting(c))
		return;
	buf_release(&c->out);
	c->sent = 0;
}

void
conn_refuse(int fd, const char *line)
{
	size_t left = line ? strlen(line) : 0, most = DRAIN_PIECE_BYTES;
	char bytes[DRAIN_PIECE_BYTES];
	ssize_t n;

	while (left && (n = send(fd, line, left, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0) {
		line += n;
		left -= (size_t)n;
	}
	if (line) {
		shutdown(fd, SHUT_WR);
		/* A command that is here already would turn the close into a reset. */
		while (most && (n = recv(fd, bytes, most, MSG_DONTWAIT)) > 0)
			most -= (size_t)n;
	}
	close(fd);
}
