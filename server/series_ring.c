/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * series_ring -- the newest 600 points of each series of one plugin. A snapshot is a tick: all
 * series share its time and its place in the ring, so that what appears late or is absent for a
 * while needs no book-keeping beside its first tick and its NaNs. As a rule a snapshot has the
 * series of the one before, in the same order; then each point goes to its track without a look at
 * a label. Else the samples are sorted in anew (series_sort.c), and a new list is published.
 *
 * The writer does its reckoning without the lock; under it, it stores the numbers of one tick, and
 * a reader copies those of one track.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lock.h"
#include "mem.h"
#include "series_private.h"

struct ring {
	uint32_t seed; /* of hashes: a child may make its labels so that they collide; set before
			  start */
	struct lock lock;
	/* guarded by lock; the writer alone changes them, and reads them without it */
	uint64_t tick; /* of the newest snapshot; the first is 1 */
	int64_t times_ns[SERIES_POINTS];
	struct track_list *list; /* NULL: none yet */

	/* writer only */
	struct snapshot *last;
	struct track **map; /* for each sample of the last: its track or NULL; NULL: to be made */
	uint64_t absent;    /* the last tick of the longest absent track; UINT64_MAX: none is */
};

struct ring *
ring_new(void)
{
	struct ring *r = xcalloc(1, sizeof(*r));

	lock_init(&r->lock, LOCK_POINTS);
	r->absent = UINT64_MAX;
	/* Without entropy (early in the boot) it is only slower where somebody means it to be. */
	if (getrandom(&r->seed, sizeof(r->seed), GRND_NONBLOCK) != sizeof(r->seed))
		r->seed = (uint32_t)now_ns();
	return r;
}

void
ring_free(struct ring *r)
{
	if (!r)
		return;
	track_list_unref(r->list);
	snapshot_unref(r->last);
	free(r->map);
	lock_fini(&r->lock);
	free(r);
}

/* Series, labels and their order are the same. */
static bool
is_like(const struct snapshot *a, const struct snapshot *b)
{
	if (!a || a->set != b->set || a->n != b->n || a->text_size != b->text_size)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->samples[i].metric != b->samples[i].metric ||
		    a->samples[i].labels != b->samples[i].labels)
			return false;
	return memcmp(a->text, b->text, a->text_size) == 0;
}

/* No memory: the list stays, and there are no points until there is some. */
static struct track_list *
sort_in(struct ring *r, const struct snapshot *snap, uint64_t tick)
{
	struct track_list *list = NULL;

	free(r->map);
	r->map = NULL;
	if (ring_sort(snap, tick, r->seed, r->list, &r->map, &list) < 0)
		return NULL;
	r->absent = UINT64_MAX;
	for (size_t i = 0; i < list->n; i++)
		if (list->tracks[i]->claimed != tick && list->tracks[i]->seen < r->absent)
			r->absent = list->tracks[i]->seen;
	return list;
}

static float
point_of(const struct track *t, double value, uint64_t tick, double interval_s)
{
	if (t->kind != TELMON_COUNTER)
		return (float)value;
	if (t->seen + 1 != tick || value < t->value || !(interval_s > 0))
		return NAN;
	return (float)((value - t->value) / interval_s);
}

static void
reckon(const struct ring *r, const struct snapshot *snap, const struct track_list *list,
       uint64_t tick)
{
	double interval_s = r->last ? (double)(snap->time_ns - r->last->time_ns) / (double)NS_PER_S
				    : 0;

	for (size_t i = 0; list && i < list->n; i++)
		list->tracks[i]->next = NAN;
	for (size_t i = 0; r->map && i < snap->n; i++) {
		double value = snap->samples[i].value;
		struct track *t = r->map[i];

		if (!t)
			continue;
		t->next = point_of(t, value, tick, interval_s);
		t->value = value;
		t->seen = tick;
	}
	for (size_t i = 0; list && i < list->n; i++)
		track_prepare(list->tracks[i], tick);
}

/* From tick on nothing is written to those of the old list that are not in the new one: they were
 * neither there nor kept. */
static void
let_go_locked(const struct track_list *old, uint64_t tick)
{
	for (size_t i = 0; old && i < old->n; i++)
		if (!old->tracks[i]->kept)
			old->tracks[i]->gone = tick;
}

void
ring_add(struct ring *r, struct snapshot *snap)
{
	uint64_t tick = r->tick + 1;
	bool expired = r->absent != UINT64_MAX && tick - r->absent >= SERIES_POINTS;
	struct track_list *list = NULL, *now, *old = NULL;

	if (!r->map || expired || !is_like(r->last, snap))
		list = sort_in(r, snap, tick);
	now = list ? list : r->list;
	reckon(r, snap, now, tick);
	LOCKED(&r->lock) {
		if (list) {
			let_go_locked(r->list, tick);
			old = r->list;
			r->list = list;
		}
		for (size_t i = 0; now && i < now->n; i++)
			track_store_locked(now->tracks[i], tick);
		r->times_ns[tick % SERIES_POINTS] = snap->time_ns;
		r->tick = tick;
	}
	for (size_t i = 0; now && i < now->n; i++)
		track_tidy(now->tracks[i]);
	track_list_unref(old);
	snapshot_unref(r->last);
	r->last = snapshot_ref(snap);
}

/* The tick of a snapshot, which may not be the newest any more; 0: it is none of these. */
static uint64_t
find_tick(const struct ring *r, uint64_t newest, int64_t time_ns)
{
	for (uint64_t tick = newest; tick && newest - tick < SERIES_POINTS; tick--)
		if (r->times_ns[tick % SERIES_POINTS] == time_ns)
			return tick;
	return 0;
}

/* When a series was there last. One of which no point is known is forgotten next. */
static uint64_t
last_seen(const struct track *t, uint64_t tick)
{
	uint64_t end = tick > SERIES_POINTS ? tick - SERIES_POINTS : 0;

	while (tick > end + 1 && isnan(track_point_locked(t, tick)))
		tick--;
	return tick;
}

/* What the writer knows of them besides their points. */
static void
remember(struct ring *r, struct snapshot *newest, struct track_list *list)
{
	struct track_list *sorted;
	struct track **map;

	for (size_t i = 0; i < list->n; i++)
		list->tracks[i]->seen = last_seen(list->tracks[i], r->tick);
	r->last = snapshot_ref(newest);
	r->list = list;
	if (ring_sort(newest, r->tick, r->seed, list, &map, &sorted) < 0)
		return;
	for (size_t i = 0; i < newest->n; i++) {
		if (!map[i])
			continue;
		map[i]->seen = r->tick;
		map[i]->value = newest->samples[i].value;
	}
	free(map);
	track_list_unref(sorted);
}

void
ring_inherit(struct ring *r, struct ring *old, struct snapshot *newest)
{
	struct track_list *from = NULL, *list;
	struct track *t = NULL;

	LOCKED(&old->lock) {
		from = old->list ? track_list_ref(old->list) : NULL;
		r->tick = old->tick;
		memcpy(r->times_ns, old->times_ns, sizeof(r->times_ns));
	}
	r->tick = find_tick(r, r->tick, newest->time_ns);
	r->seed = old->seed;
	list = from && r->tick ? track_list_new(from->n) : NULL;
	for (size_t i = 0; list && i < from->n && (t = track_copy(from->tracks[i], &old->lock));
	     i++)
		list->tracks[list->n++] = t;
	if (list)
		remember(r, newest, list);
	else
		r->tick = 0;
	track_list_unref(from);
}

struct track_list *
ring_tracks(struct ring *r)
{
	struct track_list *list = NULL;

	LOCKED(&r->lock) {
		if (r->list)
			list = track_list_ref(r->list);
	}
	return list;
}

size_t
ring_points(struct ring *r, const struct track *t, float ret_points[SERIES_POINTS],
	    int64_t ret_times_ns[SERIES_POINTS])
{
	size_t n = 0;

	LOCKED(&r->lock) {
		uint64_t tick = r->tick > SERIES_POINTS ? r->tick - SERIES_POINTS + 1 : 1;

		for (; tick <= r->tick; tick++, n++) {
			ret_points[n] = track_point_locked(t, tick);
			ret_times_ns[n] = r->times_ns[tick % SERIES_POINTS];
		}
	}
	return n;
}
