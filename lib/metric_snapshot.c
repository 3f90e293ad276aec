/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * metric_snapshot -- values under their labels: a builder that one collect fills, and the immutable
 * snapshot it becomes. Sealing sorts by metric (by counting, so the order of putting stays) and
 * indexes the labels of large families, once, because every view afterwards looks for the previous
 * value of each series. Readers may be any threads; a builder belongs to one.
 */
#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "metric.h"

/* Families smaller than this are found faster by looking at each series. */
enum { INDEX_FROM = 12 };

struct snapshot_builder {
	struct metric_set *set;
	struct sample *samples;
	size_t n, cap;
	char *text;
	size_t text_len, text_cap;
	bool skip_index;
};

struct snapshot_builder *
snapshot_builder_new(struct metric_set *set)
{
	struct snapshot_builder *b = xcalloc(1, sizeof(*b));

	b->set = metric_set_ref(set);
	return b;
}

void
snapshot_builder_free(struct snapshot_builder *b)
{
	if (!b)
		return;
	metric_set_unref(b->set);
	free(b->samples);
	free(b->text);
	free(b);
}

void
snapshot_builder_set(struct snapshot_builder *b, struct metric_set *set)
{
	struct metric_set *old = b->set;

	b->set = metric_set_ref(set);
	metric_set_unref(old);
}

void
snapshot_builder_skip_index(struct snapshot_builder *b)
{
	b->skip_index = true;
}

/* The array, with room for `need` elements. What a plugin sizes may fail without an abort: NULL,
 * and it is as it was. */
static void *
grow(void *array, size_t *cap, size_t need, size_t size)
{
	size_t n = *cap ? *cap : 64;
	void *p;

	if (need <= *cap)
		return array;
	while (n < need)
		n *= 2;
	p = realloc(array, n * size);
	if (p)
		*cap = n;
	return p;
}

static int
add_labels(struct snapshot_builder *b, const char *const *labels, size_t n)
{
	size_t sizes[METRIC_MAX_LABELS], all = 0;
	char *text;

	for (size_t i = 0; i < n; i++) {
		sizes[i] = labels[i] ? strnlen(labels[i], METRIC_MAX_LABEL_BYTES) + 1 : 1;
		all += sizes[i];
	}
	if (all > METRIC_MAX_LABEL_BYTES - b->text_len)
		return -EMSGSIZE;
	text = grow(b->text, &b->text_cap, b->text_len + all, 1);
	if (!text)
		return -ENOMEM;
	b->text = text;
	for (size_t i = 0; i < n; i++) {
		if (labels[i])
			memcpy(b->text + b->text_len, labels[i], sizes[i] - 1);
		b->text[b->text_len + sizes[i] - 1] = '\0';
		b->text_len += sizes[i];
	}
	return 0;
}

int
snapshot_builder_put(struct snapshot_builder *b, unsigned metric, const char *const *labels,
		     size_t n, double value)
{
	size_t at = b->text_len;
	struct sample *samples;
	int r;

	if (metric >= b->set->count || n != b->set->metrics[metric].n_labels || (n && !labels))
		return -EINVAL;
	if (isnan(value))
		return 0;
	if (b->n == METRIC_MAX_VALUES)
		return -EMSGSIZE;
	samples = grow(b->samples, &b->cap, b->n + 1, sizeof(*samples));
	if (!samples)
		return -ENOMEM;
	b->samples = samples;
	r = n ? add_labels(b, labels, n) : 0;
	if (r < 0)
		return r;
	b->samples[b->n++] = (struct sample){ .metric = metric,
					      .labels = (uint32_t)at,
					      .value = value };
	return 0;
}

static uint32_t
hash_start(unsigned metric)
{
	return 2166136261u ^ (metric * 2654435761u);
}

/* FNV-1a over one label and its end. */
static uint32_t
hash_label(uint32_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h * 16777619u;
}

static uint32_t
hash_sample(const struct snapshot *s, const struct sample *sample)
{
	const char *at = s->text + sample->labels;
	uint32_t h = hash_start(sample->metric);

	for (unsigned i = 0; i < s->set->metrics[sample->metric].n_labels; i++) {
		h = hash_label(h, at);
		at += strlen(at) + 1;
	}
	return h ^ h >> 15;
}

static uint32_t
hash_labels(unsigned metric, const char *const *labels, size_t n)
{
	uint32_t h = hash_start(metric);

	for (size_t i = 0; i < n; i++)
		h = hash_label(h, labels[i] ? labels[i] : "");
	return h ^ h >> 15;
}

static bool
has_index(const struct snapshot *s, unsigned metric)
{
	return s->index && s->set->metrics[metric].n_labels &&
	       s->first[metric + 1] - s->first[metric] >= INDEX_FROM;
}

/* Slots hold the sample's place plus one. The first of two equal series is the one that is met
 * first. */
static void
make_index(struct snapshot *s)
{
	size_t indexed = 0, size = 16;

	for (size_t m = 0; m < s->set->count; m++) {
		size_t n = s->first[m + 1] - s->first[m];

		if (n >= INDEX_FROM && s->set->metrics[m].n_labels)
			indexed += n;
	}
	if (!indexed)
		return;
	while (size < 2 * indexed)
		size *= 2;
	s->index = xcalloc(size, sizeof(*s->index));
	s->index_mask = (uint32_t)(size - 1);
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t slot;

		if (!has_index(s, s->samples[i].metric))
			continue;
		slot = hash_sample(s, &s->samples[i]) & s->index_mask;
		while (s->index[slot])
			slot = (slot + 1) & s->index_mask;
		s->index[slot] = i + 1;
	}
}

/* Counting sort: first[] becomes the start of each family and, while samples are placed, its next
 * free place. */
static void
sort_samples(struct snapshot *s, const struct sample *unsorted)
{
	uint32_t at = 0;

	for (size_t i = 0; i < s->n; i++)
		s->first[unsorted[i].metric]++;
	for (size_t m = 0; m <= s->set->count; m++) {
		uint32_t n = s->first[m];

		s->first[m] = at;
		at += n;
	}
	for (size_t i = 0; i < s->n; i++)
		s->samples[s->first[unsorted[i].metric]++] = unsorted[i];
	memmove(s->first + 1, s->first, s->set->count * sizeof(*s->first));
	s->first[0] = 0;
}

struct snapshot *
snapshot_builder_seal(struct snapshot_builder *b, int64_t time_ns, double wall_s)
{
	/* Only so that no two snapshots of a process are ever taken for one. */
	static _Atomic uint64_t ids;
	struct snapshot *s = xcalloc(1, sizeof(*s));

	atomic_init(&s->refs, 1);
	s->set = b->set;
	s->time_ns = time_ns;
	s->wall_s = wall_s;
	s->id = atomic_fetch_add(&ids, 1) + 1;
	s->n = b->n;
	s->samples = xmalloc(b->n * sizeof(*s->samples));
	s->first = xcalloc(b->set->count + 1, sizeof(*s->first));
	s->text = b->text ? b->text : xcalloc(1, 1);
	s->text_size = b->text_len;
	sort_samples(s, b->samples);
	if (!b->skip_index)
		make_index(s);
	free(b->samples);
	free(b);
	return s;
}

struct snapshot *
snapshot_ref(struct snapshot *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void
snapshot_unref(struct snapshot *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	metric_set_unref(s->set);
	free(s->samples);
	free(s->first);
	free(s->index);
	free(s->text);
	free(s);
}

size_t
snapshot_count(const struct snapshot *s, unsigned metric)
{
	return s && metric < s->set->count ? s->first[metric + 1] - s->first[metric] : 0;
}

double
snapshot_value(const struct snapshot *s, unsigned metric, size_t i)
{
	return i < snapshot_count(s, metric) ? s->samples[s->first[metric] + i].value : (double)NAN;
}

const char *
snapshot_label(const struct snapshot *s, unsigned metric, size_t i, size_t which)
{
	const char *at;

	if (i >= snapshot_count(s, metric) || which >= s->set->metrics[metric].n_labels)
		return NULL;
	at = s->text + s->samples[s->first[metric] + i].labels;
	while (which--)
		at += strlen(at) + 1;
	return at;
}

static bool
same_labels(const struct snapshot *s, const struct sample *sample, const char *const *labels,
	    size_t n)
{
	const char *at = s->text + sample->labels;

	for (size_t i = 0; i < n; i++) {
		const char *want = labels[i] ? labels[i] : "";
		size_t len = strlen(at);

		/* With its end: the text of a sample is never shorter than its labels. */
		if (strncmp(at, want, len + 1) != 0)
			return false;
		at += len + 1;
	}
	return true;
}

static long
find_indexed(const struct snapshot *s, unsigned metric, const char *const *labels, size_t n)
{
	uint32_t slot = hash_labels(metric, labels, n) & s->index_mask;

	for (; s->index[slot]; slot = (slot + 1) & s->index_mask) {
		const struct sample *sample = &s->samples[s->index[slot] - 1];

		if (sample->metric == metric && same_labels(s, sample, labels, n))
			return (long)(s->index[slot] - 1 - s->first[metric]);
	}
	return -1;
}

long
snapshot_find(const struct snapshot *s, unsigned metric, const char *const *labels, size_t n,
	      size_t hint)
{
	size_t count = snapshot_count(s, metric);
	const struct sample *family;

	if (!count || n != s->set->metrics[metric].n_labels || (n && !labels))
		return -1;
	family = s->samples + s->first[metric];
	if (hint < count && same_labels(s, &family[hint], labels, n))
		return (long)hint;
	if (has_index(s, metric))
		return find_indexed(s, metric, labels, n);
	for (size_t i = 0; i < count; i++) {
		if (same_labels(s, &family[i], labels, n))
			return (long)i;
	}
	return -1;
}

static bool
same_family(const struct metric *a, const struct metric *b)
{
	if (a->text == b->text)
		return true;
	if (strcmp(a->name, b->name) != 0 || a->n_labels != b->n_labels)
		return false;
	for (unsigned i = 0; i < a->n_labels; i++) {
		if (strcmp(a->labels[i], b->labels[i]) != 0)
			return false;
	}
	return true;
}

double
snapshot_match(const struct snapshot *before, const struct snapshot *now, unsigned metric, size_t i)
{
	const char *labels[METRIC_MAX_LABELS], *at;
	const struct metric *family;
	unsigned place = metric;
	long found;

	if (!before || i >= snapshot_count(now, metric))
		return (double)NAN;
	family = &now->set->metrics[metric];
	/* Sets only grow at their end, so the same place is right but after a plugin was loaded
	 * anew. */
	if (place >= before->set->count || !same_family(family, &before->set->metrics[place])) {
		found = metric_set_find(before->set, family->name);
		if (found < 0 || !same_family(family, &before->set->metrics[found]))
			return (double)NAN;
		place = (unsigned)found;
	}
	at = snapshot_label(now, metric, i, 0);
	for (unsigned l = 0; l < family->n_labels; l++) {
		labels[l] = at;
		at += strlen(at) + 1;
	}
	found = snapshot_find(before, place, labels, family->n_labels, i);
	return found < 0 ? (double)NAN : snapshot_value(before, place, (size_t)found);
}
