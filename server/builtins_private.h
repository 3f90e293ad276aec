/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * builtins_private -- what the files of builtins share: one constant row a verb (its env is filled
 * in by builtins.c), and the few helpers that more than one verb needs.
 */
#ifndef BUILTINS_PRIVATE_H
#define BUILTINS_PRIVATE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "builtins.h"
#include "wire.h"

extern const struct command builtins_echo, builtins_explain, builtins_graph, builtins_help,
	builtins_metrics, builtins_plugins, builtins_status, builtins_top, builtins_until,
	builtins_version, builtins_watch;

#define BUILTINS_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The two columns of answers that are lists of properties: key and value. */
extern const struct telmon_column builtins_pairs[2];
/* Appends a row of two texts; nothing when the value is empty. */
void builtins_pair(struct rows *rows, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same; a value that ran out of memory is an error of the rows. */
void builtins_pair_buf(struct rows *rows, const char *key, struct buf *value);

/* Breaks the texts of a two-column answer where a person's window ends. */
void builtins_wrap(const struct request *request, struct rows *rows);

const char *builtins_kind(enum telmon_kind kind);
const char *builtins_type(enum telmon_type type);

/* Appends the series' labels as `cpu="0",mode="idle"`. */
void builtins_labels(struct buf *out, const struct snapshot *s, unsigned metric, size_t i);
/* True when glob (NULL = all) matches the name, or the name behind the prefix. */
bool builtins_glob(const struct builtins_env *env, const char *glob, const char *metric);

/* The metrics that a plugin has now: those of its newest snapshot know what was added at run time.
 * A reference; NULL when there are none. */
struct metric_set *builtins_metric_set(const struct plugin *p);
/* Appends the name of the metric that is nearest to this one. False: none is near. */
bool builtins_nearest_metric(const struct command_table *table, const char *name, struct buf *out);

/* Appends a word that somebody typed, cleaned, and no more of it than a sentence bears. */
void builtins_put_word(struct buf *out, const char *word);

/* Which series are meant by METRIC, or METRIC{LABEL=VALUE,LABEL!=VALUE}; name and values may be
 * patterns. Its texts are in the arena. */
struct builtins_selector {
	const char *word, *name;
	struct {
		const char *label, *value;
		bool other; /* != */
	} matchers[METRIC_MAX_LABELS];
	unsigned n;
};
/* 0, or STATUS_USAGE with why. */
int builtins_selector_read(struct builtins_selector *s, const char *word, struct arena *arena,
			   struct buf *why);
bool builtins_selector_fits(const struct builtins_env *env, const struct builtins_selector *s,
			    const struct track *t);
/* Why it meets no series that points are kept of. Returns the status. */
int builtins_selector_refuse(const struct builtins_env *env, const struct builtins_selector *s,
			     const struct command_table *table, struct buf *why);

/* What one plugin has to say now. */
struct builtins_source {
	struct plugin *plugin;
	struct call *call;	 /* while gathering */
	struct snapshot *newest; /* a reference, or NULL */
	bool late;		 /* it was asked and has not answered */
	bool success;		 /* the values are new; else they are its last ones */
	double duration_s;	 /* of its last collect */
};
enum { BUILTINS_WAIT_S = 2 };
/* Asks those plugins that collect, side by side, if their values are old. 0, -ECANCELED, -EPIPE;
 * *ret is set in any case. */
int builtins_gather(struct builtins_env *env, struct plugin *const *plugins, size_t n,
		    struct reply *reply, struct builtins_source **ret, size_t *ret_n);
void builtins_sources_free(struct builtins_source *sources, size_t n);

/* The cell under the column of this name; NULL if there is none or it is null. */
const struct cell *builtins_cell(const struct rows *rows, size_t row, const char *name);
/* The same as a number; NaN. */
double builtins_number(const struct rows *rows, size_t row, const char *name);
/* The same as a text; NULL. */
const char *builtins_text(const struct rows *rows, size_t row, const char *name);
/* The row that bears this text under a column; -1 if there is none. */
long builtins_row(const struct rows *rows, const char *column, const char *name);

/* A view that is drawn in place, for a live asker. */
struct builtins_live {
	struct reply *reply;
	bool full;		 /* the whole screen; else as many rows as a frame has */
	bool wanted;		 /* a frame is owed */
	unsigned columns, lines; /* of the window that the last frame was for; 0 = none yet */
	int64_t drawn_ns;
	struct buf out;
};
void builtins_live_begin(struct builtins_live *v, struct reply *reply, bool full);
void builtins_live_end(struct builtins_live *v);
/* The window that the next frame is for: one that is no longer known stays as it was. */
void builtins_live_window(const struct builtins_live *v, unsigned *ret_columns,
			  unsigned *ret_lines);
/* True when a frame is wanted, and would neither come too soon nor be seen late. */
bool builtins_live_due(const struct builtins_live *v);
/* Draws lines, as many as there is room for, over those of the frame before. 0, -ECANCELED, -EPIPE.
 */
int builtins_live_draw(struct builtins_live *v, const struct buf *frame);
/* Sleeps until until_ns, or a wanted frame is due. As the reply's wait(). */
int builtins_live_wait(struct builtins_live *v, int64_t until_ns);

/* watch for a live asker: every_s from one round to the next, at most `count` of them. 0,
 * -ECANCELED, -EPIPE. */
int builtins_watch_live(struct pipeline_round *round, const struct request *request, double every_s,
			int64_t count, struct reply *reply, int *ret_status);

/* Appends before and "up 3 h 12 min"; nothing if that is unknown. */
void builtins_uptime(struct builtins_env *env, const char *before, struct buf *out);

/* How something went: 24 values of five seconds each, the last one now; NaN where unknown. */
enum { BUILTINS_TREND_POINTS = 24, BUILTINS_TREND_S = 120 };
struct builtins_trend {
	bool known;  /* some are not NaN */
	double full; /* as high as a picture of it is; at least the highest */
	float points[BUILTINS_TREND_POINTS];
};

/* The answer of `status` while it is made. */
enum { BUILTINS_MAX_LINES = 16 };
struct builtins_look {
	struct builtins_env *env;
	struct reply *reply;
	struct rows *rows;				  /* item, value, verdict */
	struct builtins_trend trends[BUILTINS_MAX_LINES]; /* beside each row */
	struct plugin *plugin;				  /* behind the part that is looked at */
	struct builtins_trend trend;			  /* for the next line */
	struct asker asker;				  /* a program's, so that names are exact */
	struct builtins_source *sources;
	size_t n_sources;
	double old_s; /* how old the values are that could not be had anew; 0 = they are new */
	int worst;
	bool known; /* there was a verdict other than unknown */
};
extern const char *const builtins_verdicts[];
/* Appends a line, with the trend that is at hand; verdict is STATUS_OK to STATUS_UNKNOWN. Of old
 * values it tells the age: good ones are unknown by now, bad ones still count. */
void builtins_put(struct builtins_look *k, const char *item, struct buf *value, int verdict);
/* Put the trend at hand for the next line; nothing where the plugin has not these metrics. */
void builtins_trend_load(struct builtins_look *k, double cpus);
void builtins_trend_cpu(struct builtins_look *k);
void builtins_trend_memory(struct builtins_look *k);
void builtins_trend_disk(struct builtins_look *k, const char *device);
void builtins_trend_network(struct builtins_look *k, const char *interface);
void builtins_trend_pressure(struct builtins_look *k);
/* Which command's rows make which lines. */
struct builtins_part {
	const char *command;
	void (*put)(struct builtins_look *k, const struct rows *rows);
};
enum { BUILTINS_PARTS = 7 };
extern const struct builtins_part builtins_parts[BUILTINS_PARTS];

#endif
