/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * dial -- one deadline covers everything: the resolver (which glibc lets run aside), each address
 * of a name, each of the usual places. Every failure is kept for the one sentence that tells a
 * person where we looked.
 */
#include "dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"

struct patience {
	int64_t until;
	bool stops; /* a signal ends it */
};

/* A socket that is being connected: 0, or -errno. */
static int
finish_connect(int fd, const struct patience *p)
{
	struct pollfd poll = { .fd = fd, .events = POLLOUT };
	struct timespec left;
	socklen_t size = sizeof(int);
	int error, r;

	do {
		r = ppoll(&poll, 1, clock_left(p->until, &left), NULL);
	} while (r < 0 && errno == EINTR && !p->stops);
	if (r <= 0)
		return r < 0 ? -errno : -ETIMEDOUT;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -errno;
	return -error;
}

/* A descriptor or -errno. */
static int
dial_address(const struct sockaddr *sa, socklen_t size, const struct patience *p)
{
	int fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1,
	    r = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, sa, size) < 0)
		r = errno == EINPROGRESS || errno == EINTR ? finish_connect(fd, p) : -errno;
	if (r < 0) {
		close(fd);
		return r;
	}
	/* Without these we are slower, and later to see a dead peer; no more than that. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	return fd;
}

/* A full backlog answers a non-blocking connect with EAGAIN and no event says when there is room,
 * so this one blocks. */
static int
dial_unix(const char *path, const struct patience *p)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct timespec left;
	struct timeval limit = { 0 };
	int fd, r;

	if (clock_left(p->until, &left))
		limit = (struct timeval){ .tv_sec = left.tv_sec,
					  .tv_usec = left.tv_nsec / 1000 + 1 };
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	do {
		r = connect(fd, (struct sockaddr *)&sa, sizeof(sa));
	} while (r < 0 && errno == EINTR && !p->stops);
	if (r == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
		return fd;
	r = errno == EAGAIN ? -ETIMEDOUT : -errno;
	close(fd);
	return r;
}

/* An error of the resolver, or 0 and the addresses in request->ar_result. EAI_INPROGRESS: time is
 * up; EAI_INTR: a signal came. */
static int
resolve(struct gaicb *request, const struct patience *p)
{
	struct gaicb *list[] = { request };
	const struct gaicb *wait[] = { request };
	struct timespec left;
	int r = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);

	while (r == 0 && (r = gai_error(request)) == EAI_INPROGRESS) {
		r = gai_suspend(wait, 1, clock_left(p->until, &left));
		if (r == EAI_AGAIN)
			return EAI_INPROGRESS;
		if (r == EAI_INTR && p->stops)
			return r;
		r = 0;
	}
	return r;
}

static int
dial_addresses(const struct addrinfo *list, const struct patience *p)
{
	int left = 0, r = -EADDRNOTAVAIL;

	for (const struct addrinfo *a = list; a; a = a->ai_next)
		left++;
	/* Each address gets its share of the time, so that a silent first one leaves some to the
	 * others. */
	for (const struct addrinfo *a = list; a; a = a->ai_next, left--) {
		struct patience share = *p;
		int64_t now = clock_now();

		if (p->until != CLOCK_NEVER)
			share.until = now + (p->until - now) / left;
		r = dial_address(a->ai_addr, a->ai_addrlen, &share);
		if (r >= 0 || r == -EINTR)
			return r;
	}
	return r;
}

/* A request that still runs when time is up cannot be taken back: its memory is left to it. */
struct lookup {
	struct gaicb request;
	struct addrinfo hints;
	char host[256], port[8];
};

static int
dial_name(const struct net_url *url, const struct patience *p, const char **ret_text)
{
	struct lookup *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->hints = (struct addrinfo){ .ai_socktype = SOCK_STREAM };
	snprintf(l->host, sizeof(l->host), "%s", url->host);
	snprintf(l->port, sizeof(l->port), "%u", url->port);
	l->request = (struct gaicb){ .ar_name = l->host,
				     .ar_service = l->port,
				     .ar_request = &l->hints };
	r = resolve(&l->request, p);
	if (r == EAI_INPROGRESS || r == EAI_INTR)
		return r == EAI_INTR ? -EINTR : -ETIMEDOUT;
	if (r == 0) {
		r = dial_addresses(l->request.ar_result, p);
		freeaddrinfo(l->request.ar_result);
	} else {
		*ret_text = gai_strerror(r);
		r = -EHOSTUNREACH;
	}
	free(l);
	return r;
}

/* An address needs no resolver, which costs a thread and may keep us waiting. */
static int
dial_telnet(const struct net_url *url, const struct patience *p, const char **ret_text)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	struct addrinfo *list;
	char port[8];
	int r;

	snprintf(port, sizeof(port), "%u", url->port);
	if (getaddrinfo(url->host, port, &hints, &list) != 0)
		return dial_name(url, p, ret_text);
	r = dial_addresses(list, p);
	freeaddrinfo(list);
	return r;
}

static void
put_place(struct buf *why, const struct net_url *url)
{
	if (why->len)
		buf_puts(why, "; ");
	if (url->scheme == NET_UNIX)
		buf_puts(why, url->path);
	else
		buf_printf(why, strchr(url->host, ':') ? "[%s]:%u" : "%s:%u", url->host, url->port);
}

static int
dial_one(const struct net_url *url, const struct patience *p, struct buf *why)
{
	const char *text = NULL;
	int r = url->scheme == NET_UNIX ? dial_unix(url->path, p) : dial_telnet(url, p, &text);

	if (r < 0 && r != -EINTR) {
		put_place(why, url);
		buf_printf(why, ": %s", text ? text : strerror(-r));
	}
	return r;
}

/* The usual places; a runtime folder that is not set or not usable is none. */
static size_t
usual_places(struct net_url ret[3])
{
	_autobuf_ struct buf path = BUF_INIT(4096), why = BUF_WHY;
	const char *dir = getenv("XDG_RUNTIME_DIR");
	size_t n = 0;

	if (dir && dir[0] == '/' && buf_printf(&path, "unix:%s/telmon.sock", dir) == 0 &&
	    net_target_parse(buf_str(&path), DIAL_PORT, &ret[n], &why) == 0)
		n++;
	ret[n] = (struct net_url){ .scheme = NET_UNIX, .path = "/run/telmon/telmon.sock" };
	ret[n + 1] = (struct net_url){ .scheme = NET_TELNET,
				       .host = "localhost",
				       .port = DIAL_PORT };
	return n + 2;
}

int
dial(const struct net_url *url, int64_t until, const sigset_t *mask, struct buf *why)
{
	struct patience p = { .until = until, .stops = mask != NULL };
	struct net_url places[3];
	size_t n = url ? 1 : usual_places(places);
	sigset_t before;
	int r = -ENOENT;

	if (url)
		places[0] = *url;
	/* Whatever waits here is interrupted; a signal that comes between two waits is not lost on
	 * the caller, only late by at most the time that is left. */
	if (mask)
		sigprocmask(SIG_SETMASK, mask, &before);
	for (size_t i = 0; i < n; i++) {
		r = dial_one(&places[i], &p, why);
		if (r >= 0 || r == -EINTR)
			break;
	}
	if (mask)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return r < 0 && r != -EINTR && clock_now() >= until ? -ETIMEDOUT : r;
}
