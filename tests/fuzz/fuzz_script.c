/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * fuzz_script -- any text as what a program printed, in each of the three formats. What must hold:
 * every call moves on and ends, and texts are no longer than the input.
 */
#include <string.h>

#include "exposition.h"
#include "fuzz.h"
#include "munin.h"
#include "nagios.h"

static void
check_nagios(const char *text, struct arena *a, size_t size)
{
	const char *at = nagios_values(text, a), *before = at;
	struct nagios_value v;

	MUST(strlen(nagios_message(text, a)) <= size);
	while (nagios_next(&at, a, &v)) {
		MUST(at > before && *v.label && strlen(v.label) <= size);
		before = at;
	}
	MUST(*at == '\0');
}

static void
check_munin(const char *text, struct arena *a, size_t size)
{
	const char *at = text, *before = at, *graph = "";
	struct munin_line l;

	while (munin_next(&at, &graph, a, &l)) {
		MUST(at > before && strlen(l.value) <= size && strlen(l.graph) <= size);
		before = at;
	}
	MUST(*at == '\0');
}

static void
check_exposition(const char *text, struct arena *a, size_t size)
{
	const char *at = text, *before = at;
	struct exposition_line l;

	while (exposition_next(&at, a, &l)) {
		MUST(at > before && *l.name && strlen(l.name) <= size);
		MUST(l.n_labels <= EXPOSITION_MAX_LABELS);
		for (size_t i = 0; i < l.n_labels; i++)
			MUST(*l.labels[i] && strlen(l.values[i]) <= size);
		before = at;
	}
	MUST(*at == '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	char *text;

	arena_init(&a, 0);
	text = arena_strndup(&a, (const char *)data, size);
	check_nagios(text, &a, size);
	check_munin(text, &a, size);
	check_exposition(text, &a, size);
	arena_fini(&a);
	return 0;
}
