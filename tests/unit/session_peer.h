/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_peer -- peers that talk to a session over a socket pair or loopback; the session runs on
 * a thread of its own. Every read has a deadline.
 */
#ifndef SESSION_PEER_H
#define SESSION_PEER_H

#include "session_box.h"

static void
box_limits(void)
{
	session_shared_set_limits(box.shared, &box.limits);
}

struct peer {
	int fd;
	pthread_t thread;
	struct buf got; /* read and not expected yet */
	bool ended;	/* the session's side, cleanly */
	bool reset;
};

static void *
run_session(void *job)
{
	session_run(job);
	return NULL;
}

static void
tcp_pair(int fds[2])
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(in);
	int one = 1, listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(listening, SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one));
	ck_assert_int_eq(bind(listening, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(listen(listening, 1), 0);
	ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&in, &size), 0);
	fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(fds[1], (struct sockaddr *)&in, sizeof(in)), 0);
	fds[0] = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ck_assert_int_ge(fds[0], 0);
	close(listening);
}

/* first: bytes that are there before the session looks; NULL = none. */
static void
peer_open(struct peer *p, int family, enum session_mode mode, const char *first)
{
	struct sockaddr_storage sa = { .ss_family = (sa_family_t)family };
	int fds[2];

	if (family == AF_UNIX) {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
		fcntl(fds[0], F_SETFL, O_NONBLOCK);
	} else {
		tcp_pair(fds);
		((struct sockaddr_in *)&sa)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	}
	*p = (struct peer){ .fd = fds[1] };
	buf_init(&p->got, 64 << 20);
	if (first)
		ck_assert_int_eq(write(p->fd, first, strlen(first)), (ssize_t)strlen(first));
	ck_assert_int_eq(access_enter(box.access, &sa, NULL, 0), ACCESS_OK);
	ck_assert_int_eq(pthread_create(&p->thread, NULL, run_session,
					session_job_new(box.shared, fds[0], &sa, mode)),
			 0);
}

static void
peer_send_bytes(struct peer *p, const char *bytes, size_t n)
{
	ck_assert_int_eq(send(p->fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Literals with NULs inside. */
#define peer_send(p, literal) peer_send_bytes(p, literal, sizeof(literal) - 1)

static void __attribute__((unused)) peer_end_input(struct peer *p)
{
	ck_assert_int_eq(shutdown(p->fd, SHUT_WR), 0);
}

/* False at the end, a reset or when nothing came for timeout_ms. */
static bool
peer_read(struct peer *p, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = p->fd, .events = POLLIN };
	char bytes[65536];
	ssize_t n;

	if (p->ended || p->reset || poll(&poll_fd, 1, timeout_ms) <= 0)
		return false;
	n = read(p->fd, bytes, sizeof(bytes));
	if (n > 0)
		buf_put(&p->got, bytes, (size_t)n);
	p->ended = n == 0;
	p->reset = n < 0;
	return n > 0;
}

/* The next bytes are exactly these. */
static void
peer_expect_bytes(struct peer *p, const char *bytes, size_t n)
{
	while (p->got.len < n && peer_read(p, DEADLINE_MS))
		continue;
	if (n == 0)
		return;
	if (p->got.len < n || memcmp(p->got.data, bytes, n) != 0)
		ck_abort_msg("expected \"%.*s\", got \"%s\"%s", (int)n, bytes, buf_str(&p->got),
			     p->ended	? " and the end"
			     : p->reset ? " and a reset"
					: "");
	buf_consume(&p->got, n);
}

#define peer_expect(p, literal) peer_expect_bytes(p, literal, sizeof(literal) - 1)

static void __attribute__((unused)) peer_expect_prompt(struct peer *p)
{
	peer_expect_bytes(p, box.prompt, strlen(box.prompt));
}

/* Reads until this comes, and takes all up to its end. */
static void __attribute__((unused)) peer_skip_to(struct peer *p, const char *text)
{
	char *found = NULL;

	while (!(p->got.len && (found = memmem(p->got.data, p->got.len, text, strlen(text)))))
		if (!peer_read(p, DEADLINE_MS))
			ck_abort_msg("expected \"%s\" somewhere in \"%s\"", text, buf_str(&p->got));
	buf_consume(&p->got, (size_t)(found - p->got.data) + strlen(text));
}

/* Nothing more, a clean end, and the session has gone. */
static void
peer_expect_end(struct peer *p)
{
	while (peer_read(p, DEADLINE_MS))
		continue;
	ck_assert_str_eq(buf_str(&p->got), "");
	ck_assert(p->ended);
	close(p->fd);
	pthread_join(p->thread, NULL);
	buf_fini(&p->got);
}

/* Goes away; what the session still says is nobody's. */
static void
peer_leave(struct peer *p)
{
	close(p->fd);
	pthread_join(p->thread, NULL);
	buf_fini(&p->got);
}

#endif
