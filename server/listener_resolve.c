/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * listener_resolve -- from what listeners are called to the addresses to bind. A name may ask the
 * network, whose servers may be silent, and nothing can end that: so names are looked up on a
 * thread of their own, which is left behind when it takes too long, or when a signal waits that
 * ends the daemon. It owns what it writes to. Addresses need no thread. Runs on main.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "listener_private.h"
#include "lock.h"
#include "mem.h"

enum { STACK_BYTES = 512 << 10, LOOK_MS = 50 };

/* Names that are looked up, one after the other; counted. */
struct lookup {
	_Atomic unsigned refs;
	/* set before start */
	size_t n;
	struct net_url *urls;
	struct lock lock;
	/* guarded by lock */
	pthread_cond_t changed;
	size_t done; /* so many of the results are there */
	struct listener_addresses *results;
};

static void
add_any(struct listener_addresses *a, uint16_t port)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
				   .sin6_port = htons(port),
				   .sin6_addr = in6addr_any };

	memcpy(&a->list[a->n++], &v4, sizeof(v4));
	memcpy(&a->list[a->n++], &v6, sizeof(v6));
}

static void
add_path(struct listener_addresses *a, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	strcpy(un.sun_path, path); /* both ends of the same size */
	memcpy(&a->list[a->n++], &un, sizeof(un));
}

/* A name may stand for an address twice, which can be bound only once. */
static void
add_found(struct listener_addresses *a, const struct addrinfo *found)
{
	struct sockaddr_storage sa = { 0 };

	memcpy(&sa, found->ai_addr, found->ai_addrlen);
	for (size_t i = 0; i < a->n; i++)
		if (memcmp(&a->list[i], &sa, sizeof(sa)) == 0)
			return;
	if (a->n < LISTENER_MAX_ADDRESSES)
		a->list[a->n++] = sa;
}

static void
resolve(struct listener_addresses *a, const struct net_url *url, int flags)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC,
				  .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_NUMERICSERV | flags };
	struct addrinfo *found;
	char port[8];

	snprintf(port, sizeof(port), "%u", url->port);
	a->error = getaddrinfo(url->host, port, &hints, &found);
	a->system_error = errno;
	if (a->error)
		return;
	for (const struct addrinfo *i = found; i; i = i->ai_next)
		add_found(a, i);
	freeaddrinfo(found);
}

/* ---- names ---- */

static void
unref(struct lookup *l)
{
	if (atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1)
		return;
	pthread_cond_destroy(&l->changed);
	lock_fini(&l->lock);
	free(l->urls);
	free(l->results);
	free(l);
}

static void *
look_up(void *arg)
{
	struct lookup *l = arg;

	pthread_setname_np(pthread_self(), "resolve");
	for (size_t i = 0; i < l->n; i++) {
		struct listener_addresses found = { 0 };

		resolve(&found, &l->urls[i], 0);
		LOCKED(&l->lock) {
			l->results[i] = found;
			l->done = i + 1;
			pthread_cond_signal(&l->changed);
		}
	}
	unref(l);
	return NULL;
}

/* Whoever reads signals still finds it. */
static bool
is_ending(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

static void
await(struct lookup *l)
{
	int64_t until = now_ns() + LISTENER_RESOLVE_S * NS_PER_S;

	LOCKED(&l->lock) {
		while (l->done < l->n && now_ns() < until && !is_ending())
			lock_wait(&l->lock, &l->changed, now_ns() + LOOK_MS * NS_PER_MS);
	}
}

/* places: where each of the lookup's names stands in ret. */
static void
look_up_all(struct lookup *l, const size_t *places, struct listener_addresses *ret)
{
	struct listener_addresses none = { .error = EAI_AGAIN };
	pthread_t thread;
	int r;

	atomic_init(&l->refs, 2);
	lock_init(&l->lock, LOCK_LEAF);
	lock_cond_init(&l->changed);
	r = pool_thread_start(&thread, STACK_BYTES, look_up, l);
	if (r == 0) {
		pthread_detach(thread);
		await(l);
	} else {
		none = (struct listener_addresses){ .error = EAI_SYSTEM, .system_error = -r };
		unref(l);
	}
	LOCKED(&l->lock) {
		for (size_t i = 0; i < l->n; i++)
			ret[places[i]] = i < l->done ? l->results[i] : none;
	}
	unref(l);
}

void
listener_resolve(const struct listener_config *configs, size_t n, struct listener_addresses *ret)
{
	struct lookup *l = xcalloc(1, sizeof(*l));
	_autofree_ size_t *places = xcalloc(n, sizeof(*places));

	l->urls = xcalloc(n, sizeof(*l->urls));
	l->results = xcalloc(n, sizeof(*l->results));
	for (size_t i = 0; i < n; i++) {
		const struct net_url *url = &configs[i].url;

		ret[i] = (struct listener_addresses){ 0 };
		if (url->scheme == NET_UNIX)
			add_path(&ret[i], url->path);
		else if (strcmp(url->host, "*") == 0)
			add_any(&ret[i], url->port);
		else
			resolve(&ret[i], url, AI_NUMERICHOST);
		if (ret[i].error != EAI_NONAME)
			continue;
		places[l->n] = i;
		l->urls[l->n++] = *url;
	}
	if (l->n) {
		look_up_all(l, places, ret);
		return;
	}
	free(l->urls);
	free(l->results);
	free(l);
}
