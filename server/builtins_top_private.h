/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * builtins_top_private -- what the files of top share: where its numbers come from
 * (builtins_top_source.c), the processes in the order that is wanted (builtins_top_process.c), and
 * how all that becomes lines (builtins_top_draw.c, _list.c, _bars.c). builtins_top.c has the keys
 * and the beat.
 */
#ifndef BUILTINS_TOP_PRIVATE_H
#define BUILTINS_TOP_PRIVATE_H

#include "builtins_private.h"
#include "filter.h"
#include "mem.h"

enum top_part {
	TOP_CPU,
	TOP_MEMORY,
	TOP_LOAD,
	TOP_PRESSURE,
	TOP_DISK,
	TOP_NETWORK,
	TOP_PROCESS,
	TOP__COUNT
};

/* A command whose rows are one section. */
struct top_source {
	struct parse_command *parsed;
	struct pipeline_round *round; /* NULL: there is no such command */
	bool asked;		      /* and not answered yet */
	bool known;		      /* rows are its newest good ones */
	struct rows rows;
	struct command_table *table; /* their columns are of it */
	int64_t time_ns;	     /* of their data */
	struct buf why;		     /* what the newest answer was, if it was an error */
};

enum top_sort { TOP_BY_CPU, TOP_BY_MEMORY, TOP_BY_PID, TOP_BY_AGE, TOP_BY_NAME, TOP_BY__COUNT };
extern const struct top_order {
	char key;
	const char *name, *column;
	bool largest_first;
} top_orders[TOP_BY__COUNT];

enum { TOP_WORD_BYTES = 64 };

struct top {
	struct builtins_env *env;
	struct reply *reply;
	struct render_options look;
	struct asker asker; /* a program's, so that names are exact */
	struct arena arena;
	struct top_source sources[TOP__COUNT];
	/* what keys chose */
	enum top_sort sort;
	bool reverse, one_bar, help, typing;
	struct buf word;     /* that commands of processes contain */
	struct buf old_word; /* before it was typed */
	size_t scroll;
	/* the processes as chosen */
	struct rows shown;
	struct filter *sorter; /* NULL: the rows have no such column */
	bool unsorted;	       /* something changed since */
	size_t page;	       /* how many the last frame had room for */
};

/* builtins_top_source.c. 0, -ECANCELED, -EPIPE. */
void top_sources_open(struct top *t);
void top_sources_close(struct top *t);
void top_ask(struct top *t);
/* Takes what is there. *ret_news: something was; *ret_open: something is not there yet. */
int top_take(struct top *t, bool *ret_news, bool *ret_open);
/* True when there is nothing of a part; appends why. */
bool top_missing(const struct top *t, enum top_part part, struct buf *why);
/* Seconds; 0 when there are no values. */
double top_age_s(const struct top *t, enum top_part part);

/* builtins_top_process.c: t->shown follows what was chosen. */
void top_arrange(struct top *t);
void top_processes_fini(struct top *t);
/* Moves so many rows down, or up, as far as there are any. */
void top_scroll(struct top *t, long rows);

/* builtins_top_draw.c: everything as lines for a window; lines 0: as many as it takes. every_s is
 * the beat, past which values are called old. */
void top_draw(struct top *t, unsigned columns, unsigned lines, double every_s, struct buf *out);
/* builtins_top_list.c: at most so many lines of processes; the same of help; and the last line of
 * the window, with the empty ones before it. */
void top_draw_processes(struct top *t, unsigned columns, unsigned lines, struct buf *out);
void top_draw_help(unsigned columns, unsigned lines, struct buf *out);
void top_draw_footer(const struct top *t, unsigned columns, unsigned lines, struct buf *out);
/* builtins_top_bars.c: the bar of each CPU, in as many columns as it takes to need at most `most`
 * lines. Returns the number of lines; 0: it cannot be done. */
unsigned top_draw_cores(const struct top *t, unsigned columns, unsigned most, struct buf *out);
/* A bar of so many columns, its frame included, in the colour of its value. */
void top_draw_bar(const struct top *t, double percent, double warn, double crit, unsigned columns,
		  struct buf *out);
/* The cell as the command itself shows it. */
void top_draw_cell(const struct top *t, const struct rows *rows, size_t row, const char *column,
		   struct buf *out);

#endif
