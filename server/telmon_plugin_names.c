/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon_plugin_names -- what a declaration says, against what people and Prometheus expect: units
 * in names, counters that end in _total, a help everywhere, a source to look a number up. What the
 * daemon refuses is not looked for again.
 */
#include <string.h>

#include "telmon_plugin_private.h"

static bool
ends_in(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n >= k && strcmp(s + n - k, suffix) == 0;
}

/* Whether one of the words between underscores is this one. */
static bool
has_word(const char *name, const char *word)
{
	size_t k = strlen(word);

	for (const char *at = name; (at = strstr(at, word)); at++) {
		if ((at == name || at[-1] == '_') && (at[k] == '_' || at[k] == '\0'))
			return true;
	}
	return false;
}

static const struct {
	enum telmon_unit unit;
	const char *metric, *column; /* NULL: none */
} units[] = {
	{ TELMON_BYTES, "bytes", "_bytes" },
	{ TELMON_SECONDS, "seconds", "_s" },
	{ TELMON_PERCENT, "percent", "_percent" },
	{ TELMON_PER_S, NULL, "_per_s" },
	{ TELMON_BYTES_PER_S, "bytes", "_bytes_per_s" },
	{ TELMON_BITS_PER_S, NULL, "_bits_per_s" },
	{ TELMON_EPOCH, "seconds", NULL },
	{ TELMON_CELSIUS, "celsius", NULL },
	{ TELMON_HERTZ, "hertz", NULL },
	{ TELMON_VOLTS, "volts", NULL },
	{ TELMON_AMPERES, "amperes", NULL },
	{ TELMON_WATTS, "watts", NULL },
};
enum { N_UNITS = sizeof(units) / sizeof(units[0]) };

static bool
is_empty(const char *s)
{
	return !s || !*s;
}

static void
judge_help(struct phase *p, const char *about, const char *help)
{
	if (is_empty(help))
		phase_say(p, FINDING_WARNING, about, "has no help");
	else if (ends_in(help, "."))
		phase_say(p, FINDING_NOTE, about, "has a help that ends in a full stop");
}

/* ---- metrics ------------------------------------------------------------------------------ */

static void
judge_scale(struct phase *p, const char *about, const char *name)
{
	static const char *const words[] = { "kb",	   "kib",   "mb",	    "mib",
					     "gb",	   "gib",   "kilobytes",    "ms",
					     "msec",	   "msecs", "milliseconds", "usec",
					     "us",	   "ns",    "nsec",	    "minutes",
					     "hours",	   "khz",   "mhz",	    "ghz",
					     "millivolts", "mv",    "jiffies",	    NULL };

	for (const char *const *w = words; *w; w++) {
		if (has_word(name, *w))
			phase_say(p, FINDING_WARNING, about,
				  "is in '%s': values travel in base units (bytes, seconds)", *w);
	}
}

static void
judge_metric_unit(struct phase *p, const char *about, const struct metric *m)
{
	for (size_t i = 0; i < N_UNITS; i++) {
		if (units[i].unit != m->unit)
			continue;
		if (!units[i].metric)
			phase_say(p, FINDING_WARNING, about,
				  "is a rate: put the counter, and let a view or Prometheus make "
				  "the rate of it");
		else if (!has_word(m->name, units[i].metric))
			phase_say(p, FINDING_WARNING, about,
				  "has a unit that its name does not say: _%s is missing",
				  units[i].metric);
	}
	for (size_t i = 0; m->unit == TELMON_NONE && i < 3; i++) {
		if (ends_in(m->name, units[i].metric))
			phase_say(
				p, FINDING_WARNING, about,
				"ends in %s and has no unit in its table: people see a bare number",
				units[i].metric);
	}
	judge_scale(p, about, m->name);
}

static void
judge_metric(struct phase *p, const struct metric *m)
{
	_autobuf_ struct buf about = BUF_WHY;
	const char *a;

	buf_printf(&about, "metric '%s'", m->name);
	a = buf_str(&about);
	judge_help(p, a, m->help);
	if (is_empty(m->source))
		phase_say(p, FINDING_WARNING, a,
			  "has no source: explain cannot say where it comes from");
	if (m->kind == TELMON_COUNTER && !ends_in(m->name, "_total"))
		phase_say(p, FINDING_WARNING, a, "is a counter: its name ends in _total");
	if (m->kind != TELMON_COUNTER && ends_in(m->name, "_total"))
		phase_say(p, FINDING_WARNING, a, "ends in _total and is no counter");
	if (m->kind == TELMON_INFO && !ends_in(m->name, "_info"))
		phase_say(p, FINDING_WARNING, a, "is an info metric: its name ends in _info");
	if (strncmp(m->name, "telmon_", 7) == 0)
		phase_say(p, FINDING_WARNING, a,
			  "begins with the prefix that telmon puts there itself");
	for (unsigned i = 0; i < m->n_labels; i++) {
		if (strcmp(m->labels[i], "le") == 0 || strcmp(m->labels[i], "quantile") == 0)
			phase_say(p, FINDING_WARNING, a,
				  "has the label '%s', which is Prometheus's own", m->labels[i]);
	}
	judge_metric_unit(p, a, m);
}

/* ---- commands ----------------------------------------------------------------------------- */

/* "_per_s" ends in "_s" as well: the longest suffix of all counts. */
static const char *
suffix_of(const char *name)
{
	const char *longest = NULL;

	for (size_t i = 0; i < N_UNITS; i++) {
		const char *suffix = units[i].column;

		if (suffix && ends_in(name, suffix) &&
		    (!longest || strlen(suffix) > strlen(longest)))
			longest = suffix;
	}
	return longest;
}

static void
judge_column_unit(struct phase *p, const char *about, const struct telmon_column *col)
{
	const char *has = suffix_of(col->name), *wants = NULL;

	for (size_t i = 0; i < N_UNITS; i++) {
		if (units[i].unit == col->unit)
			wants = units[i].column;
	}
	if (wants && (!has || strcmp(has, wants) != 0))
		phase_say(p, FINDING_WARNING, about,
			  "has a unit that its name does not end in: %s is missing", wants);
	else if (has && !wants)
		phase_say(p, FINDING_WARNING, about, "ends in %s and has no such unit in its table",
			  has);
}

static bool
is_derived(enum telmon_unit unit)
{
	return unit == TELMON_PERCENT || unit == TELMON_PER_S || unit == TELMON_BYTES_PER_S ||
	       unit == TELMON_BITS_PER_S;
}

static void
judge_column(struct phase *p, const struct telmon_command *cmd, const struct telmon_column *col)
{
	_autobuf_ struct buf about = BUF_WHY;
	const char *a;

	buf_printf(&about, "column '%s.%s'", cmd->name, col->name);
	a = buf_str(&about);
	judge_help(p, a, col->help);
	judge_column_unit(p, a, col);
	if (is_derived(col->unit) && is_empty(col->formula))
		phase_say(p, FINDING_NOTE, a,
			  "looks computed and has no formula: explain cannot say how");
	if (col->type == TELMON_TEXT && (col->unit || col->warn != 0 || col->crit != 0))
		phase_say(p, FINDING_WARNING, a, "is text: unit and thresholds mean nothing there");
}

static void
judge_command(struct phase *p, const struct telmon_command *cmd)
{
	_autobuf_ struct buf about = BUF_WHY, arg = BUF_WHY;

	buf_printf(&about, "command '%s'", cmd->name);
	judge_help(p, buf_str(&about), cmd->help);
	for (size_t i = 0; i < cmd->n_columns; i++)
		judge_column(p, cmd, &cmd->columns[i]);
	for (size_t i = 0; i < cmd->n_args; i++) {
		buf_clear(&arg);
		buf_printf(&arg, "argument '%s' of '%s'", cmd->args[i].name, cmd->name);
		judge_help(p, buf_str(&arg), cmd->args[i].help);
	}
	if (cmd->view && cmd->cache_s > 0)
		phase_say(p, FINDING_NOTE, buf_str(&about),
			  "is a view: cache_s means nothing, it is kept as long as the sample");
}

static void
judge_taken(struct phase *p, const struct plugin *plugin)
{
	const struct metric_set *set = plugin->object.set;
	const struct taken *t = p->check->taken;
	_autobuf_ struct buf why = BUF_WHY, about = BUF_WHY;

	taken_tell(t, p);
	for (size_t i = 0; i < plugin->decl.n_commands; i++) {
		buf_clear(&why);
		buf_clear(&about);
		buf_printf(&about, "command '%s'", plugin->commands[i].name);
		if (taken_command(t, plugin->commands[i].name, plugin->name, &why))
			phase_say(p, FINDING_WARNING, buf_str(&about), "%s", buf_str(&why));
	}
	for (size_t i = 0; i < set->count; i++) {
		buf_clear(&why);
		buf_clear(&about);
		buf_printf(&about, "metric '%s'", set->metrics[i].name);
		if (taken_metric(t, set->metrics[i].name, plugin->name, &why))
			phase_say(p, FINDING_WARNING, buf_str(&about), "%s", buf_str(&why));
	}
}

void
names_judge(struct phase *p, const struct plugin *plugin)
{
	const struct metric_set *set = plugin->object.set;

	phase_at(p, "its tables");
	if (is_empty(plugin->decl.version))
		phase_say(p, FINDING_WARNING, "the plugin", "has no version");
	judge_help(p, "the plugin", plugin->decl.help);
	if (set->count && !plugin->decl.collect)
		phase_say(p, FINDING_WARNING, "the plugin", "has metrics and no collect");
	if (!plugin->decl.n_commands && !set->count)
		phase_say(p, FINDING_WARNING, "the plugin", "has neither metrics nor commands");
	for (size_t i = 0; i < set->count; i++)
		judge_metric(p, &set->metrics[i]);
	for (size_t i = 0; i < plugin->decl.n_commands; i++)
		judge_command(p, &plugin->commands[i]);
	judge_taken(p, plugin);
}
