/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * metric -- families of metrics, known at run time, and snapshots of their values. Both are
 * immutable once made and counted by reference; any thread may read what it holds a reference on.
 */
#ifndef METRIC_H
#define METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <telmon/plugin.h>

#include "buf.h"

enum { METRIC_MAX_VALUES = 100000, METRIC_MAX_LABEL_BYTES = 16 << 20, METRIC_MAX_LABELS = 16 };

struct metric {
	char *name, *help, *source, *formula; /* help and source "" when not given; formula NULL */
	enum telmon_kind kind;
	enum telmon_unit unit;
	char **labels;
	unsigned n_labels;
	struct metric_text *text; /* the strings; shared between sets, private to metric.c */
};

/* The metrics of one plugin, in the order of declaration, which is their index. */
struct metric_set {
	_Atomic unsigned refs;
	size_t count;
	struct metric metrics[];
};

/* At most 10,000 metrics. From a plugin's table whose elements have `stride` bytes (older headers'
 * are shorter; missing members are zero). Texts are copied, cleaned and cut to 1,000 bytes. NULL
 * with a sentence in why: bad or repeated name (at most 128 bytes), bad or repeated label name, too
 * many labels, unknown kind or unit. */
struct metric_set *metric_set_new(const void *table, size_t n, size_t stride, struct buf *why);
/* A new set with one more; the old one stays as it was. *ret_index is its place (of the one that
 * bears the name already, and then a reference on the old set is returned). NULL with why. */
struct metric_set *metric_set_add(struct metric_set *old, const struct telmon_metric *m,
				  unsigned *ret_index, struct buf *why);
struct metric_set *metric_set_ref(struct metric_set *s);
void metric_set_unref(struct metric_set *s); /* NULL is fine */
/* Whether an index means the same in both: names and numbers of labels are equal. */
bool metric_set_same(const struct metric_set *a, const struct metric_set *b);
/* Index or -1. */
long metric_set_find(const struct metric_set *s, const char *name);

struct sample {
	uint32_t metric;
	uint32_t labels; /* offset in text: n_labels strings, each with its NUL */
	double value;
};

struct snapshot {
	_Atomic unsigned refs;
	struct metric_set *set;
	int64_t time_ns; /* CLOCK_MONOTONIC when the collect began */
	double wall_s;	 /* seconds since 1970 then */
	uint64_t id;	 /* never used twice in a process */
	size_t n;
	struct sample *samples; /* by metric, then in the order they were put */
	uint32_t *first; /* first[m] .. first[m + 1]: samples of metric m; set->count + 1 of them */
	uint32_t *index; /* private: hash table over the labels of large families; NULL = none */
	uint32_t index_mask;
	char *text;
	size_t text_size;
};

/* Collects values, in any order, for one snapshot. One thread. */
struct snapshot_builder;
struct snapshot_builder *snapshot_builder_new(struct metric_set *set); /* takes a reference */
void snapshot_builder_free(struct snapshot_builder *b);
/* Changes the set to a larger one whose first members are the same (a metric was added during
 * collect). */
void snapshot_builder_set(struct snapshot_builder *b, struct metric_set *set);
/* Nobody is going to look for series by their labels: spares the index, of which labels that are
 * put thousands of times make long work. */
void snapshot_builder_skip_index(struct snapshot_builder *b);
/* As telmon_put_labels() documents. */
int snapshot_builder_put(struct snapshot_builder *b, unsigned metric, const char *const *labels,
			 size_t n, double value);
/* Takes the builder (frees it). Never NULL. */
struct snapshot *snapshot_builder_seal(struct snapshot_builder *b, int64_t time_ns, double wall_s);

struct snapshot *snapshot_ref(struct snapshot *s);
void snapshot_unref(struct snapshot *s); /* NULL is fine */

/* Readers; out of range gives 0, NULL, NaN. s may be NULL. */
size_t snapshot_count(const struct snapshot *s, unsigned metric);
double snapshot_value(const struct snapshot *s, unsigned metric, size_t i);
const char *snapshot_label(const struct snapshot *s, unsigned metric, size_t i, size_t which);
/* Series of a metric with these labels: index (of the first, if they were put twice) or -1. hint is
 * where to look first; in a large family a wrong one costs a look into a hash table. A NULL label
 * is the empty one. */
long snapshot_find(const struct snapshot *s, unsigned metric, const char *const *labels, size_t n,
		   size_t hint);
/* Value that series i of `now` has in `before` (same metric name and labels; the sets may differ);
 * NaN if none. */
double snapshot_match(const struct snapshot *before, const struct snapshot *now, unsigned metric,
		      size_t i);

#endif
