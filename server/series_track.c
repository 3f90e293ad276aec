/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * series_track -- one series that points are kept of: what it is called, its points, and how it is
 * found again among others. Points are kept in pieces; one whose points are all the same is that
 * number alone. Memory is had and given back outside of the lock.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "lock.h"
#include "series_private.h"

static bool
put(struct track_key *key, const char *s)
{
	size_t n = strnlen(s, sizeof(key->text)) + 1;

	if (n > sizeof(key->text) - key->size)
		return false;
	memcpy(key->text + key->size, s, n);
	key->size += n;
	return true;
}

bool
track_key_make(struct track_key *key, const struct snapshot *s, size_t i, uint32_t seed)
{
	const struct sample *sample = &s->samples[i];
	const struct metric *m = &s->set->metrics[sample->metric];
	const char *value = s->text + sample->labels;
	bool fits;

	key->kind = m->kind;
	key->unit = m->unit;
	key->size = 0;
	fits = put(key, m->name);
	for (unsigned l = 0; fits && l < m->n_labels; l++) {
		fits = put(key, m->labels[l]) && put(key, value);
		value += strlen(value) + 1;
	}
	/* FNV-1a */
	key->hash = 2166136261u ^ seed;
	for (size_t at = 0; at < key->size; at++)
		key->hash = (key->hash ^ (unsigned char)key->text[at]) * 16777619u;
	key->hash ^= key->hash >> 15;
	return fits;
}

bool
track_is(const struct track *t, const struct track_key *key)
{
	return t->hash == key->hash && t->kind == key->kind && t->unit == key->unit &&
	       t->text_size == key->size && memcmp(t->text, key->text, key->size) == 0;
}

struct track *
track_new(const struct track_key *key, uint64_t tick)
{
	struct track *t = calloc(1, sizeof(*t) + key->size);

	if (!t)
		return NULL;
	atomic_init(&t->refs, 1);
	t->kind = key->kind;
	t->unit = key->unit;
	t->hash = key->hash;
	t->first = tick;
	t->gone = UINT64_MAX;
	t->text_size = key->size;
	memcpy(t->text, key->text, key->size);
	return t;
}

struct track *
track_copy(const struct track *t, struct lock *lock)
{
	struct track *c = calloc(1, sizeof(*c) + t->text_size);
	bool differ[PIECES] = { false }, good = c != NULL;

	if (!c)
		return NULL;
	atomic_init(&c->refs, 1);
	c->kind = t->kind;
	c->unit = t->unit;
	c->hash = t->hash;
	c->gone = UINT64_MAX;
	c->text_size = t->text_size;
	memcpy(c->text, t->text, t->text_size);
	for (size_t i = 0; i < PIECES; i++)
		good = (c->pieces[i] = malloc(sizeof(struct piece))) && good;
	LOCKED(lock) {
		c->first = t->first;
		memcpy(c->same, t->same, sizeof(c->same));
		for (size_t i = 0; good && i < PIECES; i++)
			if ((differ[i] = t->pieces[i]))
				memcpy(c->pieces[i], t->pieces[i], sizeof(struct piece));
	}
	for (size_t i = 0; i < PIECES; i++) {
		if (differ[i])
			continue;
		free(c->pieces[i]);
		c->pieces[i] = NULL;
	}
	if (good)
		return c;
	track_unref(c);
	return NULL;
}

struct track *
track_ref(struct track *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void
track_unref(struct track *t)
{
	if (atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < PIECES; i++)
		free(t->pieces[i]);
	free(t);
}

static unsigned
piece_of(uint64_t tick)
{
	return (unsigned)(tick / PIECE_POINTS % PIECES);
}

static bool
is_same(float a, float b)
{
	return a == b || (isnan(a) && isnan(b));
}

static bool
begins_piece(const struct track *t, uint64_t tick)
{
	return tick % PIECE_POINTS == 0 || tick == t->first;
}

void
track_prepare(struct track *t, uint64_t tick)
{
	unsigned at = piece_of(tick);

	if (begins_piece(t, tick) || t->pieces[at] || is_same(t->next, t->same[at]))
		return;
	t->spare = malloc(sizeof(*t->spare));
	for (size_t i = 0; t->spare && i < PIECE_POINTS; i++)
		t->spare->points[i] = t->same[at];
}

void
track_store_locked(struct track *t, uint64_t tick)
{
	unsigned at = piece_of(tick);

	if (begins_piece(t, tick)) {
		t->spare = t->pieces[at];
		t->pieces[at] = NULL;
		t->same[at] = t->next;
		/* What a counter lacks at its beginning is no point of it. */
		if (tick == t->first && isnan(t->next))
			t->first++;
		return;
	}
	if (t->spare) {
		t->pieces[at] = t->spare;
		t->spare = NULL;
	}
	if (t->pieces[at])
		t->pieces[at]->points[tick % PIECE_POINTS] = t->next;
	else if (!is_same(t->next, t->same[at]))
		t->same[at] = NAN; /* There was no memory: rather a gap than a wrong number. */
}

void
track_tidy(struct track *t)
{
	free(t->spare);
	t->spare = NULL;
}

float
track_point_locked(const struct track *t, uint64_t tick)
{
	unsigned at = piece_of(tick);

	if (tick < t->first || tick >= t->gone)
		return NAN;
	return t->pieces[at] ? t->pieces[at]->points[tick % PIECE_POINTS] : t->same[at];
}

const char *
track_metric(const struct track *t)
{
	return t->text;
}

enum telmon_kind
track_kind(const struct track *t)
{
	return t->kind;
}

enum telmon_unit
track_unit(const struct track *t)
{
	return t->unit;
}

const char *
track_label(const struct track *t, unsigned i, const char **ret_value)
{
	const char *at = t->text + strlen(t->text) + 1, *end = t->text + t->text_size, *value;

	for (; at < end; i--) {
		value = at + strlen(at) + 1;
		if (i == 0) {
			*ret_value = value;
			return at;
		}
		at = value + strlen(value) + 1;
	}
	return NULL;
}

struct track_list *
track_list_new(size_t n)
{
	struct track_list *l = malloc(sizeof(*l) + n * sizeof(struct track *));

	if (!l)
		return NULL;
	atomic_init(&l->refs, 1);
	l->n = 0;
	return l;
}

struct track_list *
track_list_ref(struct track_list *l)
{
	atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
	return l;
}

void
track_list_unref(struct track_list *l)
{
	if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < l->n; i++)
		track_unref(l->tracks[i]);
	free(l);
}
