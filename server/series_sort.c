/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * series_sort -- which track each sample of a snapshot belongs to, when series have come or gone.
 * Places are few: who is there keeps his, then come the new ones in their order, and what is left
 * is for those that are gone, the last gone first. Run by the writer alone, which holds no lock;
 * what a plugin sizes may lack memory, and then nothing is changed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "series_private.h"

/* Borrows its tracks. */
struct table {
	struct track **slots;
	size_t mask;
};

struct sorting {
	const struct snapshot *snap;
	uint64_t tick;
	uint32_t seed;
	struct table table;
	struct track **map;
	size_t n; /* tracks that are there */
};

static int
table_init(struct table *table, size_t n)
{
	size_t size = 16;

	while (size < 2 * n)
		size *= 2;
	table->slots = calloc(size, sizeof(struct track *));
	table->mask = size - 1;
	return table->slots ? 0 : -ENOMEM;
}

static void
table_put(struct table *table, struct track *t)
{
	size_t at = t->hash & table->mask;

	while (table->slots[at])
		at = (at + 1) & table->mask;
	table->slots[at] = t;
}

static struct track *
table_find(const struct table *table, const struct track_key *key)
{
	size_t at = key->hash & table->mask;

	while (table->slots[at] && !track_is(table->slots[at], key))
		at = (at + 1) & table->mask;
	return table->slots[at];
}

/* Info metrics are ones for ever. */
static bool
make_key(const struct sorting *s, size_t i, struct track_key *ret)
{
	const struct snapshot *snap = s->snap;

	return snap->set->metrics[snap->samples[i].metric].kind != TELMON_INFO &&
	       track_key_make(ret, snap, i, s->seed);
}

/* A series that was put twice has its first value. */
static void
claim(struct sorting *s, size_t i, struct track *t)
{
	if (t->claimed == s->tick)
		return;
	t->claimed = s->tick;
	s->map[i] = t;
	s->n++;
}

static void
claim_known(struct sorting *s)
{
	struct track_key key;
	struct track *t;

	for (size_t i = 0; i < s->snap->n; i++)
		if (make_key(s, i, &key) && (t = table_find(&s->table, &key)))
			claim(s, i, t);
}

static void
claim_new(struct sorting *s)
{
	struct track_key key;
	struct track *t;

	for (size_t i = 0; i < s->snap->n && s->n < SERIES_MAX_TRACKS; i++) {
		if (s->map[i] || !make_key(s, i, &key) || table_find(&s->table, &key))
			continue;
		t = track_new(&key, s->tick);
		if (!t)
			return;
		table_put(&s->table, t);
		claim(s, i, t);
	}
}

/* In the order of the samples. References on those that were seen before; the new ones' own. */
static void
list_present(const struct sorting *s, struct track_list *list)
{
	for (size_t i = 0; i < s->snap->n; i++)
		if (s->map[i])
			list->tracks[list->n++] = s->map[i]->seen ? track_ref(s->map[i])
								  : s->map[i];
}

/* The last gone first, and those of one tick in an order that does not change. */
static int
compare_gone(const void *a, const void *b)
{
	const struct track *x = *(struct track *const *)a, *y = *(struct track *const *)b;
	size_t size = x->text_size < y->text_size ? x->text_size : y->text_size;

	if (x->seen != y->seen)
		return x->seen < y->seen ? 1 : -1;
	return memcmp(x->text, y->text, size);
}

static void
list_absent(const struct sorting *s, const struct track_list *old, struct track_list *list)
{
	size_t from = list->n, n;

	for (size_t i = 0; old && i < old->n; i++) {
		struct track *t = old->tracks[i];

		t->kept = t->claimed == s->tick;
		if (!t->kept && s->tick - t->seen < SERIES_POINTS)
			list->tracks[list->n++] = t;
	}
	qsort(list->tracks + from, list->n - from, sizeof(struct track *), compare_gone);
	n = list->n < SERIES_MAX_TRACKS ? list->n : SERIES_MAX_TRACKS;
	for (size_t i = from; i < n; i++)
		track_ref(list->tracks[i])->kept = true;
	list->n = n;
}

int
ring_sort(const struct snapshot *snap, uint64_t tick, uint32_t seed, const struct track_list *old,
	  struct track ***ret_map, struct track_list **ret_list)
{
	size_t n_new = snap->n < SERIES_MAX_TRACKS ? snap->n : SERIES_MAX_TRACKS;
	size_t n = (old ? old->n : 0) + n_new;
	struct sorting s = { .snap = snap, .tick = tick, .seed = seed };
	struct track_list *list = track_list_new(n);
	int r = table_init(&s.table, n);

	s.map = calloc(snap->n + 1, sizeof(struct track *));
	if (r < 0 || !list || !s.map) {
		track_list_unref(list);
		free(s.map);
		free(s.table.slots);
		return -ENOMEM;
	}
	for (size_t i = 0; old && i < old->n; i++)
		table_put(&s.table, old->tracks[i]);
	claim_known(&s);
	claim_new(&s);
	free(s.table.slots);
	list_present(&s, list);
	list_absent(&s, old, list);
	*ret_map = s.map;
	*ret_list = list;
	return 0;
}
