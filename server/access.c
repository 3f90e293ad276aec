/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * access -- counts sessions, in all and by source, and says who may come in. A source is in the
 * table only while it has a session, so the table is never larger than max_sessions, whoever
 * knocks. Buckets are chosen with a random seed: a peer that owns many addresses cannot make one
 * chain of them. The accept thread enters, workers leave.
 */
#include "access.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lock.h"
#include "mem.h"

enum { BUCKETS = 1024, KEPT_FOR_UNIX = 16 };

struct source {
	struct source *next;
	struct net_prefix prefix;
	unsigned sessions;
};

struct access {
	uint64_t seed; /* set before start */
	struct lock lock;
	/* guarded by lock */
	struct access_limits limits;
	unsigned sessions; /* all of them */
	unsigned network;  /* those that hold none of the places for Unix sockets */
	struct source *buckets[BUCKETS];
};

struct access *
access_new(const struct access_limits *limits)
{
	struct access *a = xcalloc(1, sizeof(*a));

	/* Without entropy (early in the boot) the counts are right all the same. */
	if (getrandom(&a->seed, sizeof(a->seed), GRND_NONBLOCK) != sizeof(a->seed))
		a->seed = (uint64_t)now_ns();
	lock_init(&a->lock, LOCK_ACCESS);
	a->limits = *limits;
	return a;
}

void
access_free(struct access *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while (a->buckets[i]) {
			struct source *s = a->buckets[i];

			a->buckets[i] = s->next;
			free(s);
		}
	}
	lock_fini(&a->lock);
	free(a);
}

void
access_set_limits(struct access *a, const struct access_limits *limits)
{
	LOCKED(&a->lock)
		a->limits = *limits;
}

static bool
is_network(const struct sockaddr_storage *peer)
{
	return peer->ss_family == AF_INET || peer->ss_family == AF_INET6;
}

static bool
is_counted_by_source(const struct sockaddr_storage *peer)
{
	return is_network(peer) && !net_is_loopback(peer);
}

/* The list is the network listeners': who may use a Unix socket is a matter of its mode. */
static bool
is_allowed(const struct sockaddr_storage *peer, const struct net_prefix *allow, size_t n_allow)
{
	if (n_allow == 0 || !is_network(peer))
		return true;
	for (size_t i = 0; i < n_allow; i++) {
		if (net_prefix_match(&allow[i], peer))
			return true;
	}
	return false;
}

/* Where the chain's pointer to this source is, or the NULL at its end. */
static struct source **
find_locked(struct access *a, const struct net_prefix *prefix)
{
	uint64_t halves[2], h = a->seed;
	struct source **s;

	memcpy(halves, prefix->bytes, sizeof(halves));
	for (size_t i = 0; i < 2; i++) {
		/* splitmix64's finisher */
		h ^= halves[i];
		h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
		h ^= h >> 31;
	}
	s = &a->buckets[h % BUCKETS];
	while (*s && ((*s)->prefix.bits != prefix->bits ||
		      memcmp((*s)->prefix.bytes, prefix->bytes, 16) != 0))
		s = &(*s)->next;
	return s;
}

/* A limit of no more places than are kept is meant as it stands: then nothing is kept. */
static bool
is_full_locked(const struct access *a, bool network)
{
	unsigned max = a->limits.max_sessions;
	unsigned kept = max > KEPT_FOR_UNIX ? KEPT_FOR_UNIX : 0;

	return a->sessions >= max || (network && a->network >= max - kept);
}

static enum access_verdict
enter_source_locked(struct access *a, const struct sockaddr_storage *peer)
{
	struct net_prefix prefix = net_source(peer);
	struct source **s = find_locked(a, &prefix);

	if (*s && (*s)->sessions >= a->limits.max_per_source)
		return ACCESS_BUSY_SOURCE;
	if (!*s) {
		if (a->limits.max_per_source == 0)
			return ACCESS_BUSY_SOURCE;
		*s = xcalloc(1, sizeof(**s));
		(*s)->prefix = prefix;
	}
	(*s)->sessions++;
	return ACCESS_OK;
}

enum access_verdict
access_enter(struct access *a, const struct sockaddr_storage *peer, const struct net_prefix *allow,
	     size_t n_allow)
{
	enum access_verdict v = ACCESS_OK;

	if (!is_allowed(peer, allow, n_allow))
		return ACCESS_DENIED;
	LOCKED(&a->lock) {
		if (is_full_locked(a, is_network(peer)))
			return ACCESS_BUSY;
		if (is_counted_by_source(peer))
			v = enter_source_locked(a, peer);
		if (v == ACCESS_OK) {
			a->sessions++;
			a->network += is_network(peer);
		}
	}
	return v;
}

static void
leave_source_locked(struct access *a, const struct sockaddr_storage *peer)
{
	struct net_prefix prefix = net_source(peer);
	struct source **at = find_locked(a, &prefix), *s = *at;

	if (s && --s->sessions == 0) {
		*at = s->next;
		free(s);
	}
}

void
access_leave(struct access *a, const struct sockaddr_storage *peer)
{
	LOCKED(&a->lock) {
		a->sessions--;
		a->network -= is_network(peer);
		if (is_counted_by_source(peer))
			leave_source_locked(a, peer);
	}
}

unsigned
access_sessions(struct access *a)
{
	unsigned n = 0;

	LOCKED(&a->lock)
		n = a->sessions;
	return n;
}
