/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * series_private -- the points of a plugin's series: the ring (series_ring.c) and the tracks that
 * stand in it (series_track.c).
 */
#ifndef SERIES_PRIVATE_H
#define SERIES_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "series.h"

struct lock;

/* So many points are one piece, which has no memory while all of them are the same: most series of
 * a machine hardly ever change. One piece more than is shown, for the one that is being filled. */
enum { PIECE_POINTS = 60, PIECES = SERIES_POINTS / PIECE_POINTS + 1 };

struct piece {
	float points[PIECE_POINTS];
};

struct track {
	_Atomic unsigned refs;
	enum telmon_kind kind;
	enum telmon_unit unit;
	uint32_t hash; /* of the text */

	/* writer only */
	uint64_t seen;	  /* the last tick at which the series was there; 0 = never yet */
	double value;	  /* of the series then */
	uint64_t claimed; /* the last sorting that found it there, and whether that kept it */
	bool kept;
	float next;	     /* the point of this tick, before it is stored */
	struct piece *spare; /* what storing it needs, or has left over */

	/* guarded by the ring's lock; the writer alone changes them, and reads them without it */
	uint64_t first; /* the tick of its first point that is known, or the next one */
	uint64_t gone;	/* from this tick on nothing is written */
	float same[PIECES];
	struct piece *pieces[PIECES]; /* NULL: all points are the same */

	/* immutable: the metric's name, then name and value of each label, each with its NUL */
	size_t text_size;
	char text[];
};

/* What a track is found by; points into the space that it was made in. */
struct track_key {
	enum telmon_kind kind;
	enum telmon_unit unit;
	uint32_t hash;
	size_t size;
	char text[SERIES_MAX_TRACK_BYTES];
};
/* False: it is too long. i is an index into s->samples, seed the ring's. */
bool track_key_make(struct track_key *key, const struct snapshot *s, size_t i, uint32_t seed);
bool track_is(const struct track *t, const struct track_key *key);
struct track *track_new(const struct track_key *key, uint64_t tick); /* NULL: no memory */
/* Another one with the points that it has; lock is its ring's. NULL: no memory. */
struct track *track_copy(const struct track *t, struct lock *lock);
struct track *track_ref(struct track *t);
void track_unref(struct track *t);
/* Stores t->next as the point of a tick: first without the lock, then under it, then without it. */
void track_prepare(struct track *t, uint64_t tick);
void track_store_locked(struct track *t, uint64_t tick);
void track_tidy(struct track *t);
float track_point_locked(const struct track *t, uint64_t tick);
/* Room for n; the caller fills in references, and n. NULL: no memory. */
struct track_list *track_list_new(size_t n);

struct track_list *track_list_ref(struct track_list *l);

/* series_sort.c: the track of each sample, or NULL, and the list of all that are kept from this
 * tick on; of the old list's tracks it sets `kept`. Owned by the caller; the map borrows from the
 * list. 0 or -ENOMEM. */
int ring_sort(const struct snapshot *snap, uint64_t tick, uint32_t seed,
	      const struct track_list *old, struct track ***ret_map, struct track_list **ret_list);

struct ring;
struct ring *ring_new(void);
void ring_free(struct ring *r); /* NULL is fine */
/* Borrows the snapshot; keeps a reference. One thread at a time. */
void ring_add(struct ring *r, struct snapshot *snap);
/* Copies old's points, up to those of its snapshot `newest`, into an empty ring that nobody else
 * has yet. What there is no memory for has no past. */
void ring_inherit(struct ring *r, struct ring *old, struct snapshot *newest);
/* As series_tracks() and series_points(). Thread-safe. */
struct track_list *ring_tracks(struct ring *r);
size_t ring_points(struct ring *r, const struct track *t, float ret_points[SERIES_POINTS],
		   int64_t ret_times_ns[SERIES_POINTS]);

#endif
