/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * metric -- families of metrics. A set never changes once it is made: adding one makes a new set,
 * and both share the strings of the families that they have in common, so that a plugin which finds
 * a thousand metrics one by one does not copy a million strings. Any thread. Values are in
 * metric_snapshot.c.
 */
#include "metric.h"

#include <stdatomic.h>
#include <string.h>

#include "mem.h"
#include "text.h"

enum { MAX_METRICS = 10000, MAX_NAME_BYTES = 128, MAX_TEXT_BYTES = 1000 };

/* The strings of one family, in one piece, shared by all sets that contain it. */
struct metric_text {
	_Atomic unsigned refs;
	char *labels[METRIC_MAX_LABELS];
	char bytes[];
};

static bool
is_name(const char *s, size_t n, bool upper_first)
{
	if (n == 0 || n > MAX_NAME_BYTES)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool lower = s[i] >= 'a' && s[i] <= 'z';
		bool upper = (s[i] >= 'A' && s[i] <= 'Z') || s[i] == '_';
		bool digit = s[i] >= '0' && s[i] <= '9';

		if (!lower && !(upper && (i || upper_first)) && !(digit && i))
			return false;
	}
	return true;
}

/* Puts a word of the plugin's into an error sentence: cleaned, and no longer than a line takes. */
static void
quote(struct buf *why, const char *s, size_t n)
{
	buf_putc(why, '\'');
	text_clean(why, s, strnlen(s, n < 64 ? n : 64));
	buf_putc(why, '\'');
}

/* Checks "cpu,mode" and tells how many names it has; -1 with why. */
static int
check_labels(const struct telmon_metric *m, struct buf *why)
{
	const char *at = m->labels;
	int n = 0;

	if (!at || !*at)
		return 0;
	for (;; n++) {
		size_t len = strcspn(at, ",");

		if (n == METRIC_MAX_LABELS) {
			buf_printf(why, "metric '%s' has more than %d labels", m->name,
				   METRIC_MAX_LABELS);
			return -1;
		}
		/* Names that begin with two underscores belong to Prometheus itself. */
		if (!is_name(at, len, true) || strncmp(at, "__", 2) == 0) {
			buf_printf(why, "metric '%s': ", m->name);
			quote(why, at, len);
			buf_puts(why, " is no name for a label");
			return -1;
		}
		for (const char *p = m->labels; p < at; p += strcspn(p, ",") + 1) {
			if (strcspn(p, ",") == len && strncmp(p, at, len) == 0) {
				buf_printf(why, "metric '%s' has the label '%.*s' twice", m->name,
					   (int)len, at);
				return -1;
			}
		}
		if (!at[len])
			return n + 1;
		at += len + 1;
	}
}

static int
check_metric(const struct telmon_metric *m, struct buf *why)
{
	const char *name = m->name ? m->name : "";

	if (!is_name(name, strnlen(name, MAX_NAME_BYTES + 1), false)) {
		quote(why, name, MAX_NAME_BYTES);
		buf_puts(why, " is no name for a metric ([a-z][a-zA-Z0-9_]*)");
		return -1;
	}
	if ((unsigned)m->kind > TELMON_UNTYPED) {
		buf_printf(why, "metric '%s' has the unknown kind %u", name, (unsigned)m->kind);
		return -1;
	}
	if ((unsigned)m->unit > TELMON_WATTS) {
		buf_printf(why, "metric '%s' has the unknown unit %u", name, (unsigned)m->unit);
		return -1;
	}
	return check_labels(m, why);
}

static size_t
text_room(const char *s)
{
	return s ? strnlen(s, MAX_TEXT_BYTES) + 1 : 1;
}

/* Appends s cleaned, so that nobody who shows it has to think of that. Cleaning never makes it
 * longer. */
static char *
add_text(char **at, const char *s)
{
	_autobuf_ struct buf clean = BUF_INIT(MAX_TEXT_BYTES);
	char *start = *at;

	if (s)
		text_clean(&clean, s, strnlen(s, MAX_TEXT_BYTES));
	if (clean.len)
		memcpy(start, clean.data, clean.len);
	start[clean.len] = '\0';
	*at += clean.len + 1;
	return start;
}

/* Copies "cpu,mode"; commas become the ends of the names. */
static void
add_labels(struct metric *to, char *at, const char *labels)
{
	memcpy(at, labels, strlen(labels) + 1);
	for (unsigned i = 0; i < to->n_labels; i++) {
		to->labels[i] = at;
		at += strcspn(at, ",");
		*at++ = '\0';
	}
}

/* Copies a family that was checked. */
static void
describe(struct metric *to, const struct telmon_metric *m, unsigned n_labels)
{
	const char *labels = m->labels ? m->labels : "";
	char *at;

	to->text = xcalloc(1, sizeof(*to->text) + text_room(m->name) + text_room(m->help) +
				      text_room(m->source) + text_room(m->formula) +
				      strlen(labels) + 1);
	atomic_init(&to->text->refs, 1);
	at = to->text->bytes;
	to->name = add_text(&at, m->name);
	to->help = add_text(&at, m->help);
	to->source = add_text(&at, m->source);
	to->formula = m->formula ? add_text(&at, m->formula) : NULL;
	to->kind = m->kind;
	to->unit = m->unit;
	to->labels = to->text->labels;
	to->n_labels = n_labels;
	add_labels(to, at, labels);
}

static struct metric_set *
set_alloc(size_t n)
{
	struct metric_set *s = xcalloc(1, sizeof(*s) + n * sizeof(s->metrics[0]));

	atomic_init(&s->refs, 1);
	return s;
}

struct metric_set *
metric_set_new(const void *table, size_t n, size_t stride, struct buf *why)
{
	struct metric_set *s;

	if (n > MAX_METRICS) {
		buf_printf(why, "%zu metrics are more than %d", n, MAX_METRICS);
		return NULL;
	}
	s = set_alloc(n);
	for (size_t i = 0; i < n; i++) {
		struct telmon_metric m = { 0 };
		int labels;

		memcpy(&m, (const char *)table + i * stride,
		       stride < sizeof(m) ? stride : sizeof(m));
		labels = check_metric(&m, why);
		if (labels < 0)
			goto fail;
		if (metric_set_find(s, m.name) >= 0) {
			buf_printf(why, "metric '%s' is declared twice", m.name);
			goto fail;
		}
		describe(&s->metrics[s->count++], &m, (unsigned)labels);
	}
	return s;
fail:
	metric_set_unref(s);
	return NULL;
}

struct metric_set *
metric_set_add(struct metric_set *old, const struct telmon_metric *m, unsigned *ret_index,
	       struct buf *why)
{
	int labels = check_metric(m, why);
	struct metric_set *s;
	long at;

	if (labels < 0)
		return NULL;
	at = metric_set_find(old, m->name);
	if (at >= 0) {
		*ret_index = (unsigned)at;
		return metric_set_ref(old);
	}
	if (old->count == MAX_METRICS) {
		buf_printf(why, "metric '%s' would be one more than %d", m->name, MAX_METRICS);
		return NULL;
	}
	s = set_alloc(old->count + 1);
	for (; s->count < old->count; s->count++) {
		s->metrics[s->count] = old->metrics[s->count];
		atomic_fetch_add_explicit(&s->metrics[s->count].text->refs, 1,
					  memory_order_relaxed);
	}
	*ret_index = (unsigned)s->count;
	describe(&s->metrics[s->count++], m, (unsigned)labels);
	return s;
}

struct metric_set *
metric_set_ref(struct metric_set *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void
metric_set_unref(struct metric_set *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < s->count; i++) {
		struct metric_text *t = s->metrics[i].text;

		if (atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) == 1)
			free(t);
	}
	free(s);
}

bool
metric_set_same(const struct metric_set *a, const struct metric_set *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->metrics[i].name, b->metrics[i].name) != 0 ||
		    a->metrics[i].n_labels != b->metrics[i].n_labels)
			return false;
	}
	return true;
}

long
metric_set_find(const struct metric_set *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->metrics[i].name, name) == 0)
			return (long)i;
	}
	return -1;
}
