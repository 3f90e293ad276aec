/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * series -- the two newest snapshots of one plugin and the answers rendered from the newest; the
 * points are in series_ring.c, under a lock of their own. The executor writes, sessions read:
 * series_kept() is the whole path of a repeated question, so under the lock it compares a hash and
 * takes a reference, and nothing else. Whatever is dropped is freed after the lock is released.
 * Kept answers are few and short-lived, hence a list and no table.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lock.h"
#include "mem.h"
#include "series_private.h"

enum { MAX_KEPT = 32, MAX_KEPT_BYTES = 4 << 20 };

struct kept {
	struct blob *blob;
	size_t key_size;
	char key[];
};

struct series {
	struct lock lock;
	/* set before start */
	int64_t max_age_ns; /* 0 = no limit */
	struct ring *ring;  /* NULL: no points */
	/* guarded by lock */
	struct snapshot *newest, *previous;
	uint64_t hashes[MAX_KEPT]; /* of the keys: one or two cache lines tell most */
	struct kept *kept[MAX_KEPT];
	unsigned n_kept;
	unsigned next; /* the place that is taken next: the oldest once all are taken */
	size_t kept_bytes;
};

struct series *
series_new(double max_age_s)
{
	struct series *s = xcalloc(1, sizeof(*s));

	lock_init(&s->lock, LOCK_SERIES);
	s->max_age_ns = (int64_t)(max_age_s * (double)NS_PER_S);
	s->ring = s->max_age_ns ? NULL : ring_new();
	return s;
}

static void
kept_free(struct kept *k)
{
	if (!k)
		return;
	blob_unref(k->blob);
	free(k);
}

void
series_free(struct series *s)
{
	if (!s)
		return;
	snapshot_unref(s->newest);
	snapshot_unref(s->previous);
	for (unsigned i = 0; i < s->n_kept; i++)
		kept_free(s->kept[i]);
	ring_free(s->ring);
	lock_fini(&s->lock);
	free(s);
}

/* Takes the reference. */
static void
make_newest(struct series *s, struct snapshot *snap)
{
	struct snapshot *old[2] = { NULL, NULL };
	struct kept *dropped[MAX_KEPT];
	unsigned n = 0;

	LOCKED(&s->lock) {
		old[0] = s->previous;
		s->previous = s->newest;
		s->newest = snap;
		if (s->max_age_ns && s->previous &&
		    snap->time_ns - s->previous->time_ns > s->max_age_ns) {
			old[1] = s->previous;
			s->previous = NULL;
		}
		n = s->n_kept;
		memcpy(dropped, s->kept, n * sizeof(dropped[0]));
		s->n_kept = s->next = 0;
		s->kept_bytes = 0;
	}
	snapshot_unref(old[0]);
	snapshot_unref(old[1]);
	for (unsigned i = 0; i < n; i++)
		kept_free(dropped[i]);
}

void
series_add(struct series *s, struct snapshot *snap)
{
	/* First: who sees the snapshot may ask for its points. */
	if (s->ring)
		ring_add(s->ring, snap);
	make_newest(s, snap);
}

void
series_inherit(struct series *s, struct series *old, const struct metric_set *set)
{
	struct snapshot *newest, *previous;

	series_newest(old, &newest, &previous);
	if (newest && s->ring && old->ring)
		ring_inherit(s->ring, old->ring, newest);
	if (newest && metric_set_same(set, newest->set)) {
		if (previous)
			make_newest(s, previous);
		make_newest(s, newest);
		return;
	}
	snapshot_unref(newest);
	snapshot_unref(previous);
}

void
series_newest(struct series *s, struct snapshot **ret_newest, struct snapshot **ret_previous)
{
	LOCKED(&s->lock) {
		*ret_newest = s->newest ? snapshot_ref(s->newest) : NULL;
		if (ret_previous)
			*ret_previous = s->previous ? snapshot_ref(s->previous) : NULL;
	}
}

struct track_list *
series_tracks(struct series *s)
{
	return s->ring ? ring_tracks(s->ring) : NULL;
}

size_t
series_points(struct series *s, const struct track *t, float ret_points[SERIES_POINTS],
	      int64_t ret_times_ns[SERIES_POINTS])
{
	return s->ring ? ring_points(s->ring, t, ret_points, ret_times_ns) : 0;
}

struct blob *
blob_new(const char *data, size_t size, int status, double interval_s)
{
	struct blob *b = malloc(sizeof(*b) + size);

	if (!b)
		return NULL;
	atomic_init(&b->refs, 1);
	b->status = status;
	b->interval_s = interval_s;
	b->size = size;
	if (size)
		memcpy(b->data, data, size);
	return b;
}

struct blob *
blob_ref(struct blob *b)
{
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

void
blob_unref(struct blob *b)
{
	if (b && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
		free(b);
}

/* Eight bytes a step: keys are a few dozen bytes, and a collision costs only a comparison. */
static uint64_t
hash_key(const char *key, size_t size)
{
	uint64_t h = size * UINT64_C(0x9e3779b97f4a7c15), word;

	for (; size >= sizeof(word); key += sizeof(word), size -= sizeof(word)) {
		memcpy(&word, key, sizeof(word));
		h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, key, size);
	h = (h ^ word) * UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 32;
}

static struct kept *
find_locked(struct series *s, uint64_t hash, const char *key, size_t key_size)
{
	for (unsigned i = 0; i < s->n_kept; i++) {
		struct kept *k = s->kept[i];

		if (s->hashes[i] == hash && k && k->key_size == key_size &&
		    memcmp(k->key, key, key_size) == 0)
			return k;
	}
	return NULL;
}

struct blob *
series_kept(struct series *s, const char *key, size_t key_size, int64_t *ret_time_ns)
{
	uint64_t hash = hash_key(key, key_size);
	struct blob *found = NULL;

	LOCKED(&s->lock) {
		struct kept *k = find_locked(s, hash, key, key_size);

		if (k) {
			found = blob_ref(k->blob);
			*ret_time_ns = s->newest->time_ns;
		}
	}
	return found;
}

static size_t
cost(const struct kept *k)
{
	return sizeof(*k) + k->key_size + sizeof(*k->blob) + k->blob->size;
}

/* Takes the oldest one out of its place and returns it. */
static struct kept *
drop_oldest_locked(struct series *s)
{
	for (unsigned i = 0; i < s->n_kept; i++) {
		unsigned at = (s->next + i) % s->n_kept;
		struct kept *k = s->kept[at];

		if (k) {
			s->kept[at] = NULL;
			s->kept_bytes -= cost(k);
			return k;
		}
	}
	return NULL;
}

/* Puts k where the oldest stood; returns the one that had to go from there, or NULL. */
static struct kept *
store_locked(struct series *s, uint64_t hash, struct kept *k)
{
	unsigned at = s->next;
	struct kept *old = NULL;

	if (at == s->n_kept)
		s->n_kept++;
	else
		old = s->kept[at];
	if (old)
		s->kept_bytes -= cost(old);
	s->hashes[at] = hash;
	s->kept[at] = k;
	s->kept_bytes += cost(k);
	s->next = (at + 1) % MAX_KEPT;
	return old;
}

void
series_keep(struct series *s, uint64_t snapshot_id, const char *key, size_t key_size,
	    struct blob *b)
{
	struct kept *k, *dropped[MAX_KEPT + 1];
	uint64_t hash = hash_key(key, key_size);
	unsigned n = 0;

	if (key_size > MAX_KEPT_BYTES || b->size > MAX_KEPT_BYTES)
		return;
	k = malloc(sizeof(*k) + key_size);
	if (!k)
		return;
	k->blob = blob_ref(b);
	k->key_size = key_size;
	memcpy(k->key, key, key_size);
	LOCKED(&s->lock) {
		bool current = s->newest && s->newest->id == snapshot_id;

		/* Two sessions may have rendered the same answer at the same time. */
		if (!current || cost(k) > MAX_KEPT_BYTES || find_locked(s, hash, key, key_size)) {
			dropped[n++] = k;
		} else {
			while (s->kept_bytes + cost(k) > MAX_KEPT_BYTES)
				dropped[n++] = drop_oldest_locked(s);
			dropped[n++] = store_locked(s, hash, k);
		}
	}
	for (unsigned i = 0; i < n; i++)
		kept_free(dropped[i]);
}
