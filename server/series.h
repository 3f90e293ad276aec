/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * series -- what is kept of one plugin: its two newest snapshots, and the rendered answers made of
 * them. Written by the executor, read by any session. Does not know what a metric means. All
 * functions are thread-safe and hold LOCK_SERIES for a few instructions only.
 */
#ifndef SERIES_H
#define SERIES_H

#include <stddef.h>
#include <stdint.h>

#include "metric.h"

struct series;

/* previous snapshots older than max_age_s before the newest count as none; 0 = no limit (sampled
 * plugins). */
struct series *series_new(double max_age_s);
void series_free(struct series *s);
/* Takes the reference on snap. Kept answers of older snapshots are dropped. */
void series_add(struct series *s, struct snapshot *snap);
/* References on the newest two; NULL where there is none. *ret_previous may be NULL when not
 * wanted. */
void series_newest(struct series *s, struct snapshot **ret_newest, struct snapshot **ret_previous);

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
