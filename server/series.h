/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * series -- what is kept of one plugin: its two newest snapshots, the rendered answers made of
 * them, and of a sampled one the newest points of each series. Written by the executor, one
 * snapshot at a time; read by any session. Does not know what a metric means. All functions are
 * thread-safe; they hold LOCK_SERIES for a few instructions, and a lock of the points' own while a
 * few thousand numbers are copied.
 */
#ifndef SERIES_H
#define SERIES_H

#include <stddef.h>
#include <stdint.h>

#include "metric.h"

struct series;

/* previous snapshots older than max_age_s before the newest count as none; 0 = no limit, and points
 * are kept (sampled plugins). */
struct series *series_new(double max_age_s);
void series_free(struct series *s);
/* Takes the reference on snap. Kept answers of older snapshots are dropped. */
void series_add(struct series *s, struct snapshot *snap);
/* What `old` has is the past of s, which is empty and nobody else's yet: copies of its points, and
 * its newest snapshots if their metrics are those of set. Snapshots may be added to old meanwhile.
 */
void series_inherit(struct series *s, struct series *old, const struct metric_set *set);
/* References on the newest two; NULL where there is none. *ret_previous may be NULL when not
 * wanted. */
void series_newest(struct series *s, struct snapshot **ret_newest, struct snapshot **ret_previous);

enum {
	SERIES_POINTS = 600,
	SERIES_MAX_TRACKS = 4096,
	SERIES_MAX_TRACK_BYTES = 1024, /* of a name and its labels */
};

/* One series and its points: a value for each snapshot, of a counter the rate per second since the
 * snapshot before. Counted; all that can be seen of it is immutable. */
struct track;
const char *track_metric(const struct track *t);
enum telmon_kind track_kind(const struct track *t);
enum telmon_unit track_unit(const struct track *t); /* of the metric */
/* Name and value of label i; NULL when there are no more. */
const char *track_label(const struct track *t, unsigned i, const char **ret_value);

struct track_list {
	_Atomic unsigned refs;
	size_t n;
	struct track *tracks[];
};
/* A reference on all series that points are kept of: in the order of the newest snapshot, then
 * those it has no longer. NULL: none, or no sampled plugin. A series that is absent for 600
 * snapshots is forgotten. Not kept are info metrics, series whose name and labels take more than
 * 1,024 bytes, and what does not fit into 4,096: there those that are gone go first, the longest
 * gone of them first, and then the place is whose was first. */
struct track_list *series_tracks(struct series *s);
void track_list_unref(struct track_list *l); /* NULL is fine */
/* Copies a track's points, the oldest first, and the times of their snapshots on CLOCK_MONOTONIC.
 * Returns how many, at most 600: as many for each track of the series. A point is NaN where the
 * series was absent, and for a counter that is new or went backwards. */
size_t series_points(struct series *s, const struct track *t, float ret_points[SERIES_POINTS],
		     int64_t ret_times_ns[SERIES_POINTS]);

/* A rendered answer: immutable bytes, counted. */
struct blob {
	_Atomic unsigned refs;
	int status;
	double interval_s;
	size_t size;
	char data[];
};
struct blob *blob_new(const char *data, size_t size, int status,
		      double interval_s); /* NULL: no memory */
struct blob *blob_ref(struct blob *b);
void blob_unref(struct blob *b); /* NULL is fine */

/* The answer kept for this key and made of the newest snapshot: a reference or NULL. *ret_time_ns
 * is the snapshot's time, written only when there is an answer. Keys are bytes (command line,
 * format, width). */
struct blob *series_kept(struct series *s, const char *key, size_t key_size, int64_t *ret_time_ns);
/* Keeps b (takes a reference) for key if the snapshot with this id is still the newest. At most 32
 * answers and 4 MiB. */
void series_keep(struct series *s, uint64_t snapshot_id, const char *key, size_t key_size,
		 struct blob *b);

#endif
