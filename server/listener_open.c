/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * listener_open -- from configured listeners, whose names listener_resolve.c resolves, to sockets
 * that listen: options set that accepted sockets inherit, old sockets taken over. All or nothing:
 * unless everything that was asked for is open, the old set is as it was. Runs on main.
 *
 * An old socket that goes away may hold the port of a new one: 127.0.0.1 that of *. It is put to
 * rest then, which is what shutdown() does to a socket that listens: the port is free for others
 * who set SO_REUSEADDR, and listen() wakes it when the new set cannot be had. Its descriptor stays,
 * for the accept thread may be at it.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "listener_private.h"
#include "log.h"
#include "mem.h"

struct opening {
	const struct listener_addresses *wanted; /* of each configured listener */
	size_t n_wanted;
	struct listener_set *set, *old;
	struct listening **taken; /* sockets of old, by index in set; NULL = newly opened */
	struct buf *why;
};

/* --- addresses --- */

static in_port_t *
port_of(struct sockaddr_storage *sa)
{
	return sa->ss_family == AF_INET6 ? &((struct sockaddr_in6 *)sa)->sin6_port
					 : &((struct sockaddr_in *)sa)->sin_port;
}

static bool
is_wanted(const struct opening *o, const struct sockaddr_storage *asked)
{
	for (size_t i = 0; i < o->n_wanted; i++)
		for (size_t j = 0; j < o->wanted[i].n; j++)
			if (memcmp(&o->wanted[i].list[j], asked, sizeof(*asked)) == 0)
				return true;
	return false;
}

static socklen_t
size_of(const struct sockaddr_storage *sa)
{
	switch (sa->ss_family) {
	case AF_INET:
		return sizeof(struct sockaddr_in);
	case AF_INET6:
		return sizeof(struct sockaddr_in6);
	default:
		return sizeof(struct sockaddr_un);
	}
}

/* --- one socket --- */

/* Set here once; every accepted socket has them without a system call of its own. */
static int
set_options(int fd, int family)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ SOL_SOCKET, SO_REUSEADDR, 1 },   { SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ SOL_SOCKET, SO_OOBINLINE, 1 },   { IPPROTO_TCP, TCP_NODELAY, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, 60 }, { IPPROTO_TCP, TCP_KEEPINTVL, 30 },
		{ IPPROTO_TCP, TCP_KEEPCNT, 8 },   { IPPROTO_TCP, TCP_USER_TIMEOUT, 60000 },
		{ IPPROTO_IPV6, IPV6_V6ONLY, 1 },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if ((options[i].level != IPPROTO_IPV6 || family == AF_INET6) &&
		    setsockopt(fd, options[i].level, options[i].name, &options[i].value,
			       sizeof(options[i].value)) < 0)
			return -errno;
	return 0;
}

static int
bind_tcp(struct listening *s, const struct sockaddr_storage *to)
{
	int r;

	s->fd = socket(to->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	r = set_options(s->fd, to->ss_family);
	if (r == 0 && (bind(s->fd, (const struct sockaddr *)to, size_of(to)) < 0 ||
		       listen(s->fd, LISTENER_BACKLOG) < 0))
		r = -errno;
	if (r < 0) {
		close(s->fd);
		s->fd = -1;
	}
	return r;
}

/* port: what a sister of this socket got when any would do; 0 = none yet. */
static int
open_tcp(struct listening *s, in_port_t port, struct buf *why)
{
	struct sockaddr_storage to = s->asked;
	int r = -EADDRINUSE;

	if (port && !*port_of(&to)) {
		*port_of(&to) = port;
		r = bind_tcp(s, &to);
		*port_of(&to) = 0;
	}
	if (r == -EADDRINUSE)
		r = bind_tcp(s, &to);
	if (r < 0)
		buf_puts(why, strerror(-r));
	return r;
}

static void
set_url(struct listening *s)
{
	_autobuf_ struct buf url = BUF_WHY;
	socklen_t size = sizeof(s->real);

	s->real = s->asked;
	if (s->real.ss_family != AF_UNIX &&
	    getsockname(s->fd, (struct sockaddr *)&s->real, &size) < 0)
		s->real = s->asked;
	net_format_url(&url, &s->real);
	s->url = xstrdup(buf_str(&url));
}

/* --- rest --- */

/* Puts old sockets to rest that go away and have this port. False: there are none. */
static bool
rest_rivals(struct opening *o, struct sockaddr_storage to)
{
	bool any = false;

	for (size_t i = 0; o->old && i < o->old->n; i++) {
		struct listening *old = &o->old->sockets[i];

		if (old->rests || old->real.ss_family != to.ss_family ||
		    *port_of(&old->real) != *port_of(&to) || is_wanted(o, &old->asked) ||
		    shutdown(old->fd, SHUT_RD) < 0)
			continue;
		old->rests = any = true;
	}
	return any;
}

/* A port that the system chose is not kept over a rest. */
static int
wake(struct listening *s)
{
	if (!*port_of(&s->asked) &&
	    bind(s->fd, (const struct sockaddr *)&s->real, size_of(&s->real)) < 0)
		return -errno;
	return listen(s->fd, LISTENER_BACKLOG) < 0 ? -errno : 0;
}

static void
wake_rivals(struct listener_set *old)
{
	for (size_t i = 0; old && i < old->n; i++) {
		struct listening *s = &old->sockets[i];

		if (s->rests && wake(s) < 0)
			log_errx("cannot listen on %s any more", s->url);
		s->rests = false;
	}
}

/* --- the set --- */

static bool
is_taken(const struct opening *o, const struct listening *old)
{
	for (size_t i = 0; i < o->set->n; i++)
		if (o->taken[i] == old)
			return true;
	return old->taken;
}

/* The old socket of the same URL. Port 0 may be asked for twice: each is taken over once. */
static struct listening *
find_old(const struct opening *o, const struct listening *s)
{
	for (size_t i = 0; o->old && i < o->old->n; i++) {
		struct listening *old = &o->old->sockets[i];

		if (memcmp(&old->asked, &s->asked, sizeof(s->asked)) == 0 && !is_taken(o, old))
			return old;
	}
	return NULL;
}

static struct listening *
add(struct opening *o, const struct listener_config *config, const struct sockaddr_storage *to)
{
	struct listener_set *set = o->set;
	struct listening *s;

	set->sockets = xrealloc(set->sockets, (set->n + 1) * sizeof(*set->sockets));
	o->taken = xrealloc(o->taken, (set->n + 1) * sizeof(*o->taken));
	o->taken[set->n] = NULL;
	s = &set->sockets[set->n++];
	*s = (struct listening){
		.fd = -1, .mode = config->mode, .asked = *to, .n_allow = config->n_allow
	};
	s->allow = xcalloc(config->n_allow, sizeof(*s->allow));
	if (config->n_allow)
		memcpy(s->allow, config->allow, config->n_allow * sizeof(*s->allow));
	return s;
}

static void
drop_last(struct opening *o)
{
	struct listening *s = &o->set->sockets[--o->set->n];

	free(s->allow);
	free(s->url);
}

static int
open_address(struct opening *o, const struct listener_config *config,
	     const struct sockaddr_storage *to, in_port_t *port, struct buf *why)
{
	struct listening *s = add(o, config, to), *old = find_old(o, s);
	int r = 0;

	if (old) {
		s->fd = old->fd;
		s->dev = old->dev;
		s->ino = old->ino;
		o->taken[o->set->n - 1] = old;
	} else if (to->ss_family == AF_UNIX) {
		r = listener_unix_open(s, !config->asked, why);
	} else {
		r = open_tcp(s, *port, why);
		if (r == -EADDRINUSE && rest_rivals(o, *to)) {
			buf_clear(why);
			r = open_tcp(s, *port, why);
		}
	}
	if (r < 0) {
		drop_last(o);
		return r;
	}
	set_url(s);
	if (s->real.ss_family != AF_UNIX)
		*port = *port_of(&s->real);
	return 0;
}

/* A family that this machine does not have is no fault of who wrote `*` or a name. */
static bool
is_missing(int error)
{
	return error == -EAFNOSUPPORT || error == -EADDRNOTAVAIL;
}

/* 0, or -errno with the reason in why. */
static int
open_config(struct opening *o, const struct listener_config *config,
	    const struct listener_addresses *a, struct buf *why)
{
	in_port_t port = 0;
	size_t opened = 0;
	int r = -EADDRNOTAVAIL;

	if (a->error) {
		buf_puts(why, a->error == EAI_SYSTEM ? strerror(a->system_error)
						     : gai_strerror(a->error));
		return -EINVAL;
	}
	for (size_t i = 0; i < a->n; i++) {
		buf_clear(why);
		r = open_address(o, config, &a->list[i], &port, why);
		if (r == 0)
			opened++;
		else if (!is_missing(r))
			return r;
	}
	return opened ? 0 : r;
}

static void
free_set(struct listener_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		free(set->sockets[i].allow);
		free(set->sockets[i].url);
	}
	free(set->sockets);
	free(set);
}

static void
close_socket(const struct listening *s)
{
	/* Removed first: who comes in between finds nothing rather than nobody. */
	if (s->asked.ss_family == AF_UNIX)
		listener_unix_remove(s);
	close(s->fd);
}

static void
undo(struct opening *o)
{
	for (size_t i = 0; i < o->set->n; i++)
		if (!o->taken[i])
			close_socket(&o->set->sockets[i]);
	wake_rivals(o->old);
	free_set(o->set);
	o->set = NULL;
}

/* 0, or -errno when one that was asked for failed. */
static int
open_all(struct opening *o, const struct listener_config *configs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_autobuf_ struct buf why = BUF_WHY, url = BUF_WHY;
		int r = open_config(o, &configs[i], &o->wanted[i], &why);

		if (r == 0)
			continue;
		net_url_format(&url, &configs[i].url);
		buf_clear(o->why);
		buf_printf(o->why, "cannot listen on %s: %s", buf_str(&url), buf_str(&why));
		if (configs[i].asked)
			return r;
		log_warnx("%s, ignoring", buf_str(o->why));
	}
	/* With nothing to listen on the last reason says it all. */
	return n && !o->set->n ? -EADDRNOTAVAIL : 0;
}

struct listener_set *
listener_open(const struct listener_config *configs, size_t n, struct listener_set *old,
	      struct buf *why)
{
	_autofree_ struct listener_addresses *wanted = xcalloc(n, sizeof(*wanted));
	struct opening o = { .set = xcalloc(1, sizeof(struct listener_set)),
			     .wanted = wanted,
			     .n_wanted = n,
			     .old = old,
			     .why = why };

	listener_resolve(configs, n, wanted);
	if (open_all(&o, configs, n) < 0)
		undo(&o);
	for (size_t i = 0; o.set && i < o.set->n; i++)
		if (o.taken[i])
			o.taken[i]->taken = true;
	free(o.taken);
	return o.set;
}

void
listener_close(struct listener_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->n; i++)
		if (!set->sockets[i].taken)
			close_socket(&set->sockets[i]);
	free_set(set);
}

void
listener_each(const struct listener_set *set, void (*cb)(void *ctx, const char *url), void *ctx)
{
	for (size_t i = 0; i < set->n; i++)
		cb(ctx, set->sockets[i].url);
}
