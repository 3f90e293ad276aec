/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_complete_seen -- names of metrics and plugins, and the values that labels have in the
 * newest snapshots. What is kept is read by reference: no plugin is asked, nothing is waited for.
 * Runs on the session's worker.
 */
#include <stdlib.h>
#include <string.h>

#include "series.h"
#include "session_complete_private.h"
#include "text.h"

enum { MOST_VALUES = 20000 }; /* looked at for one key */

/* --- metrics and plugins --- */

static void
offer_metrics_of(struct completion *c, const struct plugin *p)
{
	struct snapshot *now;

	series_newest(p->series, &now, NULL);
	/* Some metrics are known only at run time. */
	for (size_t i = 0; now && i < now->set->count; i++)
		complete_offer(c, now->set->metrics[i].name, now->set->metrics[i].help);
	for (size_t i = 0; !now && i < p->decl.n_metrics; i++)
		complete_offer(c, p->metrics[i].name, p->metrics[i].help);
	snapshot_unref(now);
}

void
complete_metrics(struct completion *c)
{
	for (size_t i = 0; i < c->table->plugins->count; i++)
		offer_metrics_of(c, c->table->plugins->plugins[i]);
}

void
complete_plugins(struct completion *c)
{
	for (size_t i = 0; i < c->table->plugins->count; i++)
		complete_offer(c, c->table->plugins->plugins[i]->name,
			       c->table->plugins->plugins[i]->decl.help);
}

/* --- labels --- */

/* A column is often called a little differently: mount of mountpoint, state of operstate. */
static bool
is_about(const char *label, const char *about)
{
	return strstr(label, about) || strstr(about, label);
}

static bool
names_any(const struct metric_set *set, const char *about)
{
	for (size_t m = 0; m < set->count; m++)
		for (size_t l = 0; l < set->metrics[m].n_labels; l++)
			if (is_about(set->metrics[m].labels[l], about))
				return true;
	return false;
}

static bool
has_label(const struct metric *metric, const char *label)
{
	for (size_t l = 0; l < metric->n_labels; l++)
		if (strcmp(metric->labels[l], label) == 0)
			return true;
	return false;
}

/* One that says which thing each number is about: the device of a network, called interface. Some
 * numbers may be about all of them; where most are, it is but a detail of one. */
static bool
is_shared(const struct metric_set *set, const char *label)
{
	size_t with = 0, of_all = 0;

	for (size_t m = 0; m < set->count; m++) {
		if (has_label(&set->metrics[m], label))
			with++;
		else if (set->metrics[m].n_labels == 0)
			of_all++;
		else
			return false;
	}
	return with > of_all;
}

struct values {
	const char **list; /* of the snapshot */
	size_t n, looked_at;
};

/* All values of one label of one metric. */
static void
collect(const struct snapshot *now, unsigned metric, size_t label, struct values *to)
{
	for (size_t i = 0; i < snapshot_count(now, metric); i++) {
		const char *value = snapshot_label(now, metric, i, label);

		if (++to->looked_at > MOST_VALUES)
			return;
		if (value && *value && (!to->n || strcmp(value, to->list[to->n - 1]) != 0))
			to->list[to->n++] = value;
	}
}

static void
collect_about(const struct snapshot *now, const char *about, struct values *to)
{
	const struct metric_set *set = now->set;
	bool named = names_any(set, about);

	for (unsigned m = 0; m < set->count; m++)
		for (size_t l = 0; l < set->metrics[m].n_labels; l++) {
			const char *label = set->metrics[m].labels[l];

			if (named ? is_about(label, about) : is_shared(set, label))
				collect(now, m, l, to);
		}
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each value once. */
static void
offer_values(struct completion *c, struct values *values)
{
	qsort(values->list, values->n, sizeof(*values->list), compare);
	for (size_t i = 0; i < values->n; i++)
		if ((i == 0 || strcmp(values->list[i], values->list[i - 1]) != 0) &&
		    text_is_clean(values->list[i], strlen(values->list[i])))
			complete_offer_value(c, values->list[i], "");
}

/* about NULL: of all columns that hold text. */
static void
offer_seen(struct completion *c, const struct snapshot *now, const char *about)
{
	struct values values = { .list = calloc(MOST_VALUES, sizeof(*values.list)) };

	if (!values.list)
		return;
	if (about)
		collect_about(now, about, &values);
	for (size_t i = 0; !about && i < c->command->n_columns; i++)
		if (c->command->columns[i].type == TELMON_TEXT)
			collect_about(now, c->command->columns[i].name, &values);
	offer_values(c, &values);
	free(values.list);
}

void
complete_labels(struct completion *c, const char *about)
{
	struct snapshot *now;

	if (!c->command || !c->command->plugin)
		return;
	series_newest(c->command->plugin->series, &now, NULL);
	if (now)
		offer_seen(c, now, about);
	snapshot_unref(now);
}
