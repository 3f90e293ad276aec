/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * builtins_select -- which series somebody means: METRIC{LABEL=VALUE}, as `metrics` shows them, and
 * as shell patterns. The words have been unquoted, so quotes around a value may be there or not;
 * a comma inside one is written as `?`.
 */
#include <errno.h>
#include <string.h>

#include "builtins_private.h"
#include "text.h"

static int
refuse(const char *word, const char *what, struct buf *why)
{
	buf_putc(why, '\'');
	builtins_put_word(why, word);
	buf_printf(why, "' %s (as in METRIC{LABEL=VALUE,LABEL!=VALUE})", what);
	return STATUS_USAGE;
}

/* "label=value" or "label!=value". */
static int
read_matcher(struct builtins_selector *s, char *text, struct buf *why)
{
	char *equals = strchr(text, '=');

	if (!equals || equals == text || (equals == text + 1 && *text == '!'))
		return refuse(s->word, "lacks a LABEL= before a value", why);
	if (s->n == METRIC_MAX_LABELS)
		return refuse(s->word, "has too many labels", why);
	s->matchers[s->n].other = equals[-1] == '!';
	s->matchers[s->n].label = text;
	s->matchers[s->n++].value = equals + 1;
	equals[equals[-1] == '!' ? -1 : 0] = '\0';
	return 0;
}

int
builtins_selector_read(struct builtins_selector *s, const char *word, struct arena *arena,
		       struct buf *why)
{
	size_t n = strcspn(word, "{"), len = strlen(word);
	char *at, *labels = NULL;
	int r = 0;

	*s = (struct builtins_selector){ .word = word, .name = arena_strndup(arena, word, n) };
	if (word[n]) {
		if (word[len - 1] != '}')
			return refuse(word, "lacks the } at its end", why);
		labels = arena_strndup(arena, word + n + 1, len - n - 2);
		if (!labels)
			return STATUS_FAILED;
	}
	if (!s->name)
		return STATUS_FAILED;
	while (r == 0 && (at = strsep(&labels, ",")))
		if (*at)
			r = read_matcher(s, at, why);
	return r;
}

static const char *
label_of(const struct track *t, const char *label)
{
	const char *name, *value;

	for (unsigned i = 0; (name = track_label(t, i, &value)); i++)
		if (strcmp(name, label) == 0)
			return value;
	return "";
}

bool
builtins_selector_fits(const struct builtins_env *env, const struct builtins_selector *s,
		       const struct track *t)
{
	if (!builtins_glob(env, s->name, track_metric(t)))
		return false;
	for (unsigned i = 0; i < s->n; i++)
		if (text_glob(s->matchers[i].value, label_of(t, s->matchers[i].label)) ==
		    s->matchers[i].other)
			return false;
	return true;
}

static const struct metric *
find_metric(const struct builtins_env *env, const char *glob, const struct metric_set *set)
{
	for (size_t i = 0; set && i < set->count; i++)
		if (builtins_glob(env, glob, set->metrics[i].name))
			return &set->metrics[i];
	return NULL;
}

/* The metric is there. */
static void
put_reason(const struct builtins_selector *s, const struct plugin *p, const struct metric *m,
	   struct buf *why)
{
	if (!p->sampled)
		buf_printf(why,
			   "no points are kept of %s: the plugin %s measures only when it is asked",
			   m->name, p->name);
	else if (m->kind == TELMON_INFO)
		buf_printf(why, "no points are kept of %s: an info metric is always 1", m->name);
	else if (s->n)
		buf_printf(why, "no series of %s has these labels (try metrics %s)", m->name,
			   m->name);
	else
		buf_printf(why, "no points of %s yet", m->name);
}

/* Tells of the first metric that is meant. False: there is none. */
static bool
put_first(const struct builtins_env *env, const struct builtins_selector *s,
	  const struct plugin_table *plugins, struct buf *why)
{
	for (size_t i = 0; i < plugins->count; i++) {
		struct metric_set *set = builtins_metric_set(plugins->plugins[i]);
		const struct metric *m = find_metric(env, s->name, set);

		if (m)
			put_reason(s, plugins->plugins[i], m, why);
		metric_set_unref(set);
		if (m)
			return true;
	}
	return false;
}

/* Some metric's name begins with it, as cpu's do. */
static bool
is_beginning(const struct builtins_env *env, const char *name, const struct plugin_table *plugins)
{
	_autobuf_ struct buf glob = BUF_INIT(1024);
	bool found = false;

	buf_printf(&glob, "%s*", name);
	for (size_t i = 0; i < plugins->count && !found; i++) {
		struct metric_set *set = builtins_metric_set(plugins->plugins[i]);

		found = find_metric(env, buf_str(&glob), set) != NULL;
		metric_set_unref(set);
	}
	return found;
}

int
builtins_selector_refuse(const struct builtins_env *env, const struct builtins_selector *s,
			 const struct command_table *table, struct buf *why)
{
	_autobuf_ struct buf nearest = BUF_WHY;

	if (put_first(env, s, table->plugins, why))
		return STATUS_UNAVAILABLE;
	buf_puts(why, "no metric '");
	builtins_put_word(why, s->name);
	if (*s->name && is_beginning(env, s->name, table->plugins))
		buf_printf(why, "' (try metrics %s*)", s->name);
	else if (builtins_nearest_metric(table, s->name, &nearest))
		buf_printf(why, "' (did you mean '%s'? try metrics)", buf_str(&nearest));
	else
		buf_puts(why, "' (try metrics)");
	return STATUS_USAGE;
}
