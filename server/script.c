/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * script -- the declaration of a plugin whose collect runs a program. Values of one unit are one
 * metric with a label, so that what is declared does not depend on what is printed; only the
 * Prometheus format brings metrics of its own. The command answers with what the last sample read:
 * a run, because what it knows is state, but it starts nothing.
 */
#include "script.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "exposition.h"
#include "host.h"
#include "lock.h"
#include "script_private.h"

enum { MAX_OUT_BYTES = 4 << 20, MAX_ERR_BYTES = 4096, MAX_ARENA_BYTES = 64 << 20 };

/* Indices of the metrics that are declared. */
enum { STATE, SECONDS_TAKEN, VALUE, TOTAL, BYTES, SECONDS, PERCENT, N_METRICS };

struct script {
	const struct script_options *options;
	struct arena names;
	struct telmon_metric metrics[N_METRICS];
	struct telmon_command command;
	struct telmon_plugin plugin;
	struct buf out, err, config;
	int64_t until_ns; /* of the sample, for which it may be run twice */
	struct script_reading reading;
	struct buf failure; /* why the last sample failed; empty = it did not */
	bool read;	    /* there was a sample */
	bool wrong;	    /* and in it what could not be read, which the log has */
};

/* Callbacks know nothing but what start left for them, and that comes after the declaration. */
static struct script script;

/* ---- collect ---- */

/* With the first line of what it complained about. */
static int
fail(struct telmon *t, int r, const char *reason)
{
	const char *err = buf_str(&script.err);

	buf_clear(&script.failure);
	buf_printf(&script.failure, "%s%s", script.options->argv[0], reason);
	if (*err)
		buf_printf(&script.failure, ": %.*s", (int)strcspn(err, "\n"), err);
	return host_fail(t, r, buf_str(&script.failure));
}

static int
failed(struct telmon *t, int r)
{
	char reason[80] = "";

	if (r == -ETIMEDOUT)
		snprintf(reason, sizeof(reason), ": killed after %g s", script.options->timeout_s);
	else if (r == -EFBIG)
		snprintf(reason, sizeof(reason), ": killed, it printed more than %d MiB",
			 MAX_OUT_BYTES >> 20);
	else
		snprintf(reason, sizeof(reason), " (%s)", strerror(-r));
	return fail(t, r, reason);
}

static int
run_program(struct telmon *t, const char *word, int *ret_status)
{
	const struct script_run run = { .options = script.options,
					.word = word,
					.until_ns = script.until_ns,
					.telmon = t,
					.out = &script.out,
					.err = &script.err };
	int r = script_run(&run, ret_status);

	return r < 0 ? failed(t, r) : 0;
}

/* An exit status that is no word of a check's. */
static int
ended_badly(struct telmon *t, int status)
{
	char reason[40];

	snprintf(reason, sizeof(reason), ": exit status %d", status);
	return fail(t, -EIO, reason);
}

static unsigned
metric_of(const struct script_value *v)
{
	if (v->counter)
		return TOTAL;
	switch (v->unit) {
	case TELMON_BYTES:
		return BYTES;
	case TELMON_SECONDS:
		return SECONDS;
	case TELMON_PERCENT:
		return PERCENT;
	default:
		return VALUE;
	}
}

static int
put_values(struct telmon *t)
{
	const struct script_reading *r = &script.reading;

	if (r->state >= 0)
		telmon_put(t, STATE, r->state);
	for (size_t i = 0; i < r->n; i++) {
		const struct script_value *v = &r->values[i];

		if (script.options->format == SCRIPT_MUNIN)
			telmon_put2(t, metric_of(v), v->group, v->label, v->value);
		else
			telmon_put1(t, metric_of(v), v->label, v->value);
	}
	script.read = true;
	return 0;
}

static int
collect_nagios(struct telmon *t)
{
	int status, r = run_program(t, NULL, &status);

	if (r < 0)
		return r;
	if (status > 3)
		return ended_badly(t, status);
	script_reading_clear(&script.reading);
	script_read_nagios(&script.reading, buf_str(&script.out), status);
	return put_values(t);
}

/* What a plugin says of its fields is asked once. */
static int
configure_munin(struct telmon *t)
{
	int status, r = run_program(t, "config", &status);

	if (r < 0)
		return r;
	if (status)
		return ended_badly(t, status);
	buf_clear(&script.config);
	return buf_put(&script.config, script.out.data, script.out.len);
}

static int
collect_munin(struct telmon *t)
{
	int status, r = script.config.len ? 0 : configure_munin(t);

	if (r == 0)
		r = run_program(t, NULL, &status);
	if (r < 0)
		return r;
	if (status)
		return ended_badly(t, status);
	script_reading_clear(&script.reading);
	script_read_munin(&script.reading, buf_str(&script.config), buf_str(&script.out));
	return put_values(t);
}

/* ---- the Prometheus format ---- */

/* What was said of a name before its samples. */
struct family {
	const char *name, *help;
	enum telmon_kind kind;
};

static int
add_metric(struct telmon *t, const struct family *f, const struct exposition_line *l)
{
	_autobuf_ struct buf labels = BUF_INIT(4096);
	struct telmon_metric m = { .name = l->name,
				   .help = "",
				   .kind = TELMON_UNTYPED,
				   .source = script.options->argv[0] };

	if (f->name && strcmp(f->name, l->name) == 0) {
		m.help = f->help ? f->help : "";
		m.kind = f->kind;
	}
	for (size_t i = 0; i < l->n_labels; i++)
		buf_printf(&labels, "%s%s", i ? "," : "", l->labels[i]);
	m.labels = l->n_labels ? buf_str(&labels) : NULL;
	return telmon_add_metric(t, &m);
}

/* A family whose later samples have other labels than its first is left out there. */
static void
put_sample(struct telmon *t, const struct family *f, const struct exposition_line *l)
{
	int metric = add_metric(t, f, l);
	struct script_value *v;

	if (metric >= 0)
		telmon_put_labels(t, (unsigned)metric, l->values, l->n_labels, l->value);
	v = script_add(&script.reading);
	if (!v)
		return;
	v->label = l->name;
	v->value = l->value;
	for (size_t i = 0; i < l->n_labels && v->group; i++)
		v->group = arena_printf(&script.reading.arena, "%s%s%s=\"%s\"", v->group,
					i ? "," : "", l->labels[i], l->values[i]);
	if (!v->group)
		v->group = "";
}

/* What is no sample, a comment apart. */
struct wrong {
	size_t n, samples;
	const char *first;
};

static void
read_exposition(struct telmon *t, struct wrong *ret)
{
	const char *at = buf_str(&script.out);
	struct family f = { 0 };
	struct exposition_line l;

	while (exposition_next(&at, &script.reading.arena, &l)) {
		ret->samples += l.type == EXPOSITION_SAMPLE;
		if (l.type == EXPOSITION_WRONG) {
			ret->first = ret->n++ ? ret->first : l.name;
			continue;
		}
		if (l.type != EXPOSITION_SAMPLE && (!f.name || strcmp(f.name, l.name) != 0))
			f = (struct family){ .name = l.name, .kind = TELMON_UNTYPED };
		if (l.type == EXPOSITION_HELP)
			f.help = l.help;
		else if (l.type == EXPOSITION_TYPE)
			f.kind = l.kind;
		else
			put_sample(t, &f, &l);
	}
}

/* Nothing that could be read is a failure; a part that could not is a line in the log, once. */
static int
judge(struct telmon *t, const struct wrong *w)
{
	_autobuf_ struct buf reason = BUF_INIT(1024);
	bool told = script.wrong;

	script.wrong = w->n > 0;
	script.read = w->samples > 0 || (w->n == 0 && script.err.len == 0);
	if (w->n)
		buf_printf(&reason, ": %zu of %zu lines are not in the text format, first: '%s'",
			   w->n, w->n + w->samples, w->first);
	if (!script.read)
		return fail(t, -EBADMSG, w->n ? buf_str(&reason) : ": it printed nothing");
	if (w->n && !told)
		telmon_log(t, TELMON_WARNING, buf_str(&reason) + strlen(": "));
	return 0;
}

static int
collect_prometheus(struct telmon *t)
{
	struct wrong wrong = { 0 };
	int status, r = run_program(t, NULL, &status);

	if (r < 0)
		return r;
	if (status)
		return ended_badly(t, status);
	script_reading_clear(&script.reading);
	read_exposition(t, &wrong);
	return judge(t, &wrong);
}

static int
collect(struct telmon *t)
{
	static int (*const formats[])(struct telmon *) = {
		[SCRIPT_NAGIOS] = collect_nagios,
		[SCRIPT_MUNIN] = collect_munin,
		[SCRIPT_PROMETHEUS] = collect_prometheus,
	};
	double began_s = telmon_clock(t);
	int r;

	script.until_ns = now_ns() + (int64_t)(script.options->timeout_s * (double)NS_PER_S);
	r = formats[script.options->format](t);
	if (r < 0)
		return r;
	buf_clear(&script.failure);
	return telmon_put(t, SECONDS_TAKEN, telmon_clock(t) - began_s);
}

/* ---- the command ---- */

static const char *
state_name(int state)
{
	static const char *const names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

	return state >= 0 && state <= 3 ? names[state] : NULL;
}

static void
put_row(struct telmon *t, const struct script_reading *r, const struct script_value *v)
{
	telmon_row(t);
	telmon_text(t, state_name(r->state));
	telmon_text(t, v && *v->group ? v->group : NULL);
	telmon_text(t, v ? v->label : NULL);
	telmon_real(t, v ? v->value : (double)NAN);
	telmon_text(t, !v			   ? NULL
		       : v->unit == TELMON_BYTES   ? "bytes"
		       : v->unit == TELMON_SECONDS ? "seconds"
		       : v->unit == TELMON_PERCENT ? "percent"
						   : NULL);
	telmon_real(t, v ? v->warn : (double)NAN);
	telmon_real(t, v ? v->crit : (double)NAN);
	telmon_text(t, v && v->info ? v->info : r->message);
}

static int
answer(struct telmon *t)
{
	const struct script_reading *r = &script.reading;

	/* What was well before says nothing of a check that cannot look any more. */
	if (!script.read || script.failure.len)
		return host_fail(t, -EAGAIN,
				 script.failure.len ? buf_str(&script.failure)
						    : "there was no sample yet");
	if (r->state >= 0)
		telmon_status(t, r->state);
	for (size_t i = 0; i < r->n; i++)
		put_row(t, r, &r->values[i]);
	if (r->n == 0 && script.options->format != SCRIPT_PROMETHEUS)
		put_row(t, r, NULL);
	return 0;
}

/* ---- the declaration ---- */

/* A metric's name may have no capital at its begin and no dash; a command's neither capitals nor
 * underscores. */
static char *
respell(const char *name, const char *suffix, bool command)
{
	char *text = arena_printf(&script.names, "%s%s", name, suffix);

	for (char *c = text; c && *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
		if (*c == (command ? '_' : '-'))
			*c = command ? '-' : '_';
	}
	if (text && (*text < 'a' || *text > 'z'))
		*text = 'x';
	return text;
}

static void
declare_metric(unsigned index, const char *suffix, const char *help, enum telmon_kind kind,
	       enum telmon_unit unit, bool labelled)
{
	script.metrics[index] = (struct telmon_metric){
		.name = respell(script.options->name, suffix, false),
		.help = help,
		.kind = kind,
		.unit = unit,
		.labels = !labelled				   ? NULL
			  : script.options->format == SCRIPT_MUNIN ? "graph,field"
								   : "label",
		.source = script.options->argv[0],
	};
}

static void
declare_metrics(void)
{
	declare_metric(STATE, "_state", "0 ok, 1 warning, 2 critical, 3 unknown", TELMON_GAUGE,
		       TELMON_NONE, false);
	declare_metric(SECONDS_TAKEN, "_run_seconds", "how long the program ran", TELMON_GAUGE,
		       TELMON_SECONDS, false);
	declare_metric(VALUE, "_value", "value as the program prints it", TELMON_GAUGE, TELMON_NONE,
		       true);
	declare_metric(TOTAL, "_total", "counter as the program prints it", TELMON_COUNTER,
		       TELMON_NONE, true);
	declare_metric(BYTES, "_bytes", "bytes as the program prints them", TELMON_GAUGE,
		       TELMON_BYTES, true);
	declare_metric(SECONDS, "_seconds", "time as the program prints it", TELMON_GAUGE,
		       TELMON_SECONDS, true);
	declare_metric(PERCENT, "_percent", "percentage as the program prints it", TELMON_GAUGE,
		       TELMON_PERCENT, true);
}

static const struct telmon_column columns[] = {
	{ .name = "state", .type = TELMON_TEXT, .help = "OK, WARNING, CRITICAL or UNKNOWN" },
	{ .name = "group",
	  .type = TELMON_TEXT,
	  .priority = 3,
	  .help = "the graph, or the labels, that the value belongs to" },
	{ .name = "label", .type = TELMON_TEXT, .help = "name of the value" },
	{ .name = "value", .type = TELMON_REAL, .help = "in base units" },
	{ .name = "unit", .type = TELMON_TEXT, .priority = 1, .help = "bytes, seconds, percent" },
	{ .name = "warn", .type = TELMON_REAL, .priority = 5, .help = "its own threshold" },
	{ .name = "crit", .type = TELMON_REAL, .priority = 5, .help = "its own threshold" },
	{ .name = "message", .type = TELMON_TEXT, .priority = 2, .help = "what the program says" },
};

const struct telmon_plugin *
script_plugin(const struct script_options *options)
{
	script.options = options;
	arena_init(&script.names, 1 << 20);
	arena_init(&script.reading.arena, MAX_ARENA_BYTES);
	script.reading.state = -1;
	buf_init(&script.out, MAX_OUT_BYTES);
	buf_init(&script.err, MAX_ERR_BYTES);
	buf_init(&script.failure, MAX_ERR_BYTES + 1024);
	buf_init(&script.config, MAX_OUT_BYTES);
	declare_metrics();
	script.command = (struct telmon_command){
		.name = respell(options->name, "", true),
		.help = arena_printf(&script.names, "What %s said last", options->argv[0]),
		.run = answer,
		TELMON_COLUMNS(columns),
	};
	script.plugin = (struct telmon_plugin){
		TELMON_PLUGIN_HEAD,
		.version = "-",
		.help = arena_printf(&script.names, "runs %s", options->argv[0]),
		.mode = TELMON_SAMPLED,
		.interval_s = options->format == SCRIPT_PROMETHEUS ? 15 : 60,
		.metrics = script.metrics,
		.n_metrics = N_METRICS,
		.commands = &script.command,
		.n_commands = 1,
		.collect = collect,
	};
	return &script.plugin;
}
