/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * render -- rows and snapshots as text, JSON, CSV and Prometheus exposition. Pure; writes into a
 * buf, piece by piece, so that a large answer never has to exist whole.
 */
#ifndef RENDER_H
#define RENDER_H

#include <stdbool.h>
#include <stddef.h>

#include "buf.h"
#include "metric.h"
#include "row.h"

enum render_format { RENDER_TEXT, RENDER_JSON, RENDER_CSV };

struct render_options {
	enum render_format format;
	unsigned width; /* columns of the window; 0 = unknown: nothing is fitted or dropped */
	bool ascii;	/* no byte past 0x7f in text */
	bool color;	/* thresholds colour (SGR) in text */
};

/* The head of a JSON answer. */
struct render_head {
	const char *command; /* as it was typed, without the format option */
	const char *host;
	double time_s;	   /* wall clock of the answer */
	double age_s;	   /* of the data; NaN = unknown -> null */
	double interval_s; /* between the snapshots; NaN -> null */
};

enum {
	RENDER_MAX_COLUMNS = 256, /* what a table has beyond that is not shown */
	RENDER_MAX_GRAPHS = 8,	  /* of points; further series are counted */
};

/* Rows piece by piece. render_begin() measures the columns; each render_next() appends about 32 KiB
 * and returns 1 while there is more, 0 after the last piece, or buf's error. A piece is made of
 * whole rows, so a row of more than that is one larger piece. Lines end in LF. The head is not
 * included (see render_json_head). Holds no memory: it may be dropped at any time.
 *
 * In text, rows that ask for it (rows_graph) are drawn, if the columns that this needs are still
 * there: the first eight series, in 80 columns where the width is unknown. */
struct render {
	const struct rows *rows;
	struct render_options options;
	size_t n_columns; /* those of the rows, at most RENDER_MAX_COLUMNS */
	size_t next_row;
	bool begun;
	int error;  /* of render_begin(), for render_next() to return */
	bool graph; /* RENDER_TEXT of points */
	/* of points */
	unsigned n_drawn;
	size_t drawn[RENDER_MAX_GRAPHS]; /* the first row of each series */
	/* RENDER_TEXT of others */
	size_t n_shown;
	unsigned char shown[RENDER_MAX_COLUMNS]; /* columns that fit, by index, in order */
	unsigned headings[RENDER_MAX_COLUMNS];	 /* by index: how many bytes of the name are the
						    heading */
	bool percent[RENDER_MAX_COLUMNS];	 /* by index: and a % behind them */
	unsigned widths[RENDER_MAX_COLUMNS];	 /* by index */
};
void render_begin(struct render *r, const struct rows *rows, const struct render_options *options);
int render_next(struct render *r, struct buf *out);

/* The SGR that a number's threshold asks for, or NULL. */
const char *render_color(const struct telmon_column *column, const struct cell *c);

/* `{"command":...,"rows":` ; the body is then `[...]}` LF from render_next(), whose bytes can be
 * kept and shared. */
int render_json_head(struct buf *out, const struct render_head *head);
/* One line: `error: WHAT: WHY (HINT)` or {"error":"...","status":64}. */
int render_error(struct buf *out, enum render_format format, const char *message, int status);

/* Text exposition 0.0.4 of one snapshot, families whose name, with prefix or without, matches glob
 * (NULL = all). Values that are NaN are left out, and so are families that one of the n_earlier
 * snapshots (some may be NULL) has values of: a family stands once in an exposition, and the first
 * plugin has it. 0 or buf's error. */
int render_prometheus(struct buf *out, const struct snapshot *s, const char *prefix,
		      const char *glob, const struct snapshot *const *earlier, size_t n_earlier);
/* The HELP and TYPE lines of a family that is no snapshot's, such as scrape_success; the samples
 * are the caller's. */
int render_prometheus_family(struct buf *out, const char *prefix, const char *name,
			     const char *type, const char *help);

#endif
