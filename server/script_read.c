/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * script_read -- outputs as values: what the formats have in common, which is what metrics and rows
 * are made of. The Prometheus format has metrics of its own and is read where they are put.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "munin.h"
#include "nagios.h"
#include "script_private.h"
#include "text.h"

enum { MAX_VALUES = 10000 };

void
script_reading_clear(struct script_reading *r)
{
	arena_clear(&r->arena);
	r->n = 0;
	r->message = NULL;
	r->state = -1;
}

struct script_value *
script_add(struct script_reading *r)
{
	if (r->n == MAX_VALUES)
		return NULL;
	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 16;
		r->values = xrealloc(r->values, r->cap * sizeof(*r->values));
	}
	r->values[r->n] = (struct script_value){
		.group = "", .label = "", .value = NAN, .warn = NAN, .crit = NAN
	};
	return &r->values[r->n++];
}

/* ---- nagios ---- */

void
script_read_nagios(struct script_reading *r, const char *output, int status)
{
	const char *at = nagios_values(output, &r->arena);
	struct nagios_value v;
	struct script_value *s;

	r->message = nagios_message(output, &r->arena);
	r->state = status >= 0 && status <= 3 ? status : 3;
	while (at && nagios_next(&at, &r->arena, &v) && (s = script_add(r))) {
		s->label = v.label;
		s->value = v.value;
		s->unit = v.unit;
		s->counter = v.counter;
		s->warn = v.warn;
		s->crit = v.crit;
	}
}

/* ---- munin ---- */

static double
number(const char *text)
{
	char *end;
	double v = strtod(text, &end);

	/* U is what munin calls unknown. */
	return end == text ? (double)NAN : v;
}

static struct script_value *
find(struct script_reading *r, const struct munin_line *l)
{
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->values[i].label, l->field) == 0 &&
		    strcmp(r->values[i].group, l->graph) == 0)
			return &r->values[i];
	}
	return NULL;
}

static void
take_attribute(struct script_value *v, const struct munin_line *l)
{
	if (strcmp(l->attribute, "type") == 0)
		v->counter = strcasecmp(l->value, "COUNTER") == 0 ||
			     strcasecmp(l->value, "DERIVE") == 0;
	else if (strcmp(l->attribute, "label") == 0)
		v->info = l->value;
	else if (strcmp(l->attribute, "warning") == 0 && text_parse_double(l->value, &v->warn) < 0)
		v->warn = NAN; /* a range */
	else if (strcmp(l->attribute, "critical") == 0 && text_parse_double(l->value, &v->crit) < 0)
		v->crit = NAN;
}

static void
read_config(struct script_reading *r, const char *config)
{
	const char *at = config, *graph = "";
	struct munin_line l;

	while (munin_next(&at, &graph, &r->arena, &l)) {
		struct script_value *v;

		if (!*l.field || strcmp(l.attribute, "value") == 0)
			continue;
		v = find(r, &l);
		if (!v && (v = script_add(r))) {
			v->group = l.graph;
			v->label = l.field;
		}
		if (v)
			take_attribute(v, &l);
	}
}

void
script_read_munin(struct script_reading *r, const char *config, const char *output)
{
	const char *at = output, *graph = "";
	struct munin_line l;

	read_config(r, config);
	while (munin_next(&at, &graph, &r->arena, &l)) {
		struct script_value *v;

		if (!*l.field || strcmp(l.attribute, "value") != 0)
			continue;
		v = find(r, &l);
		if (!v && (v = script_add(r))) {
			v->group = l.graph;
			v->label = l.field;
		}
		if (v)
			v->value = number(l.value);
	}
}
