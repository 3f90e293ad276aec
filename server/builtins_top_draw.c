/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * top_draw -- everything that top knows as the lines of a window. Sections take a line or two each,
 * the important ones first, as long as the processes keep their share; what is left is the
 * processes'. Asks nobody and changes nothing but where the list stands. Runs on a session's
 * thread.
 */
#include <math.h>
#include <string.h>
#include <time.h>

#include "builtins_top_private.h"
#include "screen.h"
#include "text.h"

enum {
	NARROW = 60,	     /* columns below which lines are shorter */
	LABEL = 5,	     /* columns before a bar */
	LEAST_PROCESSES = 4, /* with their heading */
	/* For who is not live: */
	PLAIN_LINES = 1000,  /* no end of lines, */
	CORE_LINES = 40,     /* but CPUs are folded into so many */
	SOME_PROCESSES = 20, /* and no more processes than these */
	LINE_BYTES = 16 << 10,
};

/* In the order in which they stand. */
enum block { HEADING, CPU, CORES, MEMORY, SWAP, PRESSURE, DISK, DISKS, NET, NETS, BLOCK__COUNT };

/* The lines so far, and how many more there may be. */
struct page {
	const struct top *top;
	struct buf blocks[BLOCK__COUNT], *out; /* out is the one that is being made */
	unsigned columns, left;
	bool narrow;
	double every_s;
};

/* --- lines --- */

/* Takes the line, or leaves it when the processes would have fewer than `spare` lines. */
static void
put_line(struct page *p, const struct buf *line, unsigned spare)
{
	if (p->left <= spare)
		return;
	p->left--;
	screen_cut(p->out, line->data, line->len, p->columns);
	buf_putc(p->out, '\n');
}

static bool
is_missing(struct page *p, enum top_part part, const char *label, unsigned spare)
{
	_autobuf_ struct buf line = BUF_INIT(LINE_BYTES);

	buf_printf(&line, "%-*s", LABEL, label);
	if (!top_missing(p->top, part, &line))
		return false;
	put_line(p, &line, spare);
	return true;
}

/* Puts a piece behind what is there, if there is room for all of it. */
static void
put_piece(const struct page *p, const struct buf *piece, struct buf *line)
{
	unsigned used = screen_row(line->data, line->len, UINT32_MAX).columns;
	const char *between = p->narrow ? " " : "  ";

	if (used + strlen(between) + screen_row(piece->data, piece->len, UINT32_MAX).columns >
	    p->columns)
		return;
	buf_puts(line, between);
	buf_put(line, piece->data, piece->len);
}

/* "LABEL CELL", or "LABEL CELL / CELL". */
static void
put_fields(const struct page *p, const struct rows *rows, size_t row, const char *label,
	   const char *column, const char *other, struct buf *line)
{
	_autobuf_ struct buf piece = BUF_INIT(LINE_BYTES);

	text_clean(&piece, label, strlen(label));
	buf_puts(&piece, *label ? " " : "");
	top_draw_cell(p->top, rows, row, column, &piece);
	if (other) {
		buf_puts(&piece, " / ");
		top_draw_cell(p->top, rows, row, other, &piece);
	}
	put_piece(p, &piece, line);
}

static void
put_field(const struct page *p, const struct rows *rows, size_t row, const char *label,
	  const char *column, struct buf *line)
{
	put_fields(p, rows, row, label, column, NULL, line);
}

/* How old the values are, if they are older than they should be. */
static void
put_age(const struct page *p, enum top_part part, struct buf *line)
{
	_autobuf_ struct buf piece = BUF_WHY;
	double age_s = top_age_s(p->top, part);

	if (age_s <= 2 * p->every_s + 1)
		return;
	buf_putc(&piece, '(');
	text_number(&piece, floor(age_s), TELMON_SECONDS, TELMON_INT);
	buf_puts(&piece, " old)");
	put_piece(p, &piece, line);
}

static unsigned
bar_columns(const struct page *p)
{
	if (!p->narrow)
		return p->columns / 3;
	return p->columns / 2 > LABEL ? p->columns / 2 - LABEL : 0;
}

/* --- sections --- */

static void
put_load(struct page *p, struct buf *line)
{
	const struct rows *rows = &p->top->sources[TOP_LOAD].rows;
	_autobuf_ struct buf piece = BUF_WHY;

	if (!p->top->sources[TOP_LOAD].known)
		return;
	buf_puts(&piece, "load ");
	top_draw_cell(p->top, rows, 0, "load1", &piece);
	buf_putc(&piece, ' ');
	top_draw_cell(p->top, rows, 0, "load5", &piece);
	buf_putc(&piece, ' ');
	top_draw_cell(p->top, rows, 0, "load15", &piece);
	put_piece(p, &piece, line);
	put_field(p, rows, 0, "CPUs", "cpus", line);
	put_field(p, rows, 0, "threads", "threads", line);
	put_age(p, TOP_LOAD, line);
}

/* The clock stands at the right, where there is room for it. */
static void
put_heading(struct page *p)
{
	_autobuf_ struct buf line = BUF_INIT(LINE_BYTES), clock = BUF_WHY;
	unsigned columns = p->columns, used;
	char name[256];

	if (!p->narrow)
		text_number(&clock, (double)time(NULL), TELMON_EPOCH, TELMON_INT);
	p->columns -= (unsigned)clock.len + (clock.len ? 2 : 0);
	host_name(p->top->env->host, name, sizeof(name));
	buf_puts(&line, name);
	builtins_uptime(p->top->env, "  ", &line);
	put_load(p, &line);
	used = screen_row(line.data, line.len, UINT32_MAX).columns;
	p->columns = columns;
	if (used + clock.len < columns)
		buf_pad(&line, ' ', clock.len ? columns - used - clock.len : 0);
	buf_put(&line, clock.data, clock.len);
	put_line(p, &line, 0);
}

static void
put_cpu(struct page *p, unsigned spare)
{
	static const char *const fields[][2] = { { "user", "user_percent" },
						 { "system", "system_percent" },
						 { "wait", "iowait_percent" },
						 { "stolen", "steal_percent" } };
	const struct rows *rows = &p->top->sources[TOP_CPU].rows;
	_autobuf_ struct buf line = BUF_INIT(LINE_BYTES);
	long all;

	if (is_missing(p, TOP_CPU, "cpu", spare))
		return;
	all = builtins_row(rows, "cpu", "all");
	all = all < 0 ? 0 : all;
	buf_puts(&line, "cpu  ");
	top_draw_bar(p->top, builtins_number(rows, (size_t)all, "busy_percent"), 80, 95,
		     bar_columns(p), &line);
	buf_putc(&line, ' ');
	top_draw_cell(p->top, rows, (size_t)all, "busy_percent", &line);
	for (size_t i = 0; i < BUILTINS_COUNT(fields); i++)
		put_field(p, rows, (size_t)all, fields[i][0], fields[i][1], &line);
	put_age(p, TOP_CPU, &line);
	put_line(p, &line, spare);
}

/* Folded into as few lines as leave the processes the larger part. */
static void
put_cores(struct page *p, unsigned spare)
{
	_autobuf_ struct buf lines = BUF_INIT(1 << 20);
	unsigned most, n;

	if (p->top->one_bar || !p->top->sources[TOP_CPU].known || p->left <= spare)
		return;
	most = p->left - spare;
	n = top_draw_cores(p->top, p->columns, most, &lines);
	p->left -= n;
	buf_put(p->out, lines.data, n ? lines.len : 0);
}

/* No threshold stands in the command: what counts is how near the end is. */
static void
put_memory(struct page *p, const char *kind, const char *label, double warn, unsigned spare)
{
	const struct rows *rows = &p->top->sources[TOP_MEMORY].rows;
	_autobuf_ struct buf line = BUF_INIT(LINE_BYTES);
	long row = builtins_row(rows, "kind", kind);
	double total, percent;

	if (row < 0)
		return;
	total = builtins_number(rows, (size_t)row, "total_bytes");
	percent = 100 * builtins_number(rows, (size_t)row, "used_bytes") / total;
	if (!(total > 0))
		return;
	buf_printf(&line, "%-*s", LABEL, label);
	top_draw_bar(p->top, percent, warn, 95, bar_columns(p), &line);
	buf_putc(&line, ' ');
	text_number(&line, percent, TELMON_PERCENT, TELMON_REAL);
	put_fields(p, rows, (size_t)row, "used", "used_bytes", p->narrow ? NULL : "total_bytes",
		   &line);
	if (strcmp(kind, "memory") == 0)
		put_field(p, rows, (size_t)row, "available", "available_bytes", &line);
	put_age(p, TOP_MEMORY, &line);
	put_line(p, &line, spare);
}

static void
put_pressure(struct page *p, unsigned spare)
{
	const struct rows *rows = &p->top->sources[TOP_PRESSURE].rows;
	_autobuf_ struct buf line = BUF_INIT(LINE_BYTES);

	if (is_missing(p, TOP_PRESSURE, "pressure ", spare))
		return;
	buf_puts(&line, "pressure");
	for (size_t i = 0; i < rows->n_rows; i++) {
		const char *resource = builtins_text(rows, i, "resource"),
			   *share = builtins_text(rows, i, "share");

		if (resource && share && strcmp(share, "some") == 0)
			put_field(p, rows, i, resource, "avg10_percent", &line);
	}
	put_age(p, TOP_PRESSURE, &line);
	put_line(p, &line, spare);
}

/* What tells nothing of the machine: loop devices work on other disks, and what is down or goes
 * nowhere moves nothing. */
static bool
is_aside(const struct rows *rows, size_t row)
{
	const char *device = builtins_text(rows, row, "device"),
		   *interface = builtins_text(rows, row, "interface"),
		   *state = builtins_text(rows, row, "state");

	return (device && strncmp(device, "loop", 4) == 0) ||
	       (interface && strcmp(interface, "lo") == 0) || (state && strcmp(state, "down") == 0);
}

static double
traffic(const struct rows *rows, size_t row)
{
	double in = builtins_number(rows, row, "rx_bytes_per_s"),
	       out = builtins_number(rows, row, "tx_bytes_per_s"),
	       busy = builtins_number(rows, row, "util_percent");

	return !isnan(busy) ? busy : isnan(in + out) ? 0 : in + out;
}

/* The row that comes behind `last` in the order of traffic (-1: the first); -1 if there is none. */
static long
next_busiest(const struct rows *rows, long last)
{
	long found = -1;

	for (size_t i = 0; i < rows->n_rows; i++) {
		double v = traffic(rows, i), most = found < 0 ? 0 : traffic(rows, (size_t)found),
		       bound = last < 0 ? 0 : traffic(rows, (size_t)last);

		if (is_aside(rows, i) ||
		    (last >= 0 && (v > bound || (v == bound && (long)i <= last))))
			continue;
		if (found < 0 || v > most)
			found = (long)i;
	}
	return found;
}

static void
put_disk(struct page *p, size_t row, unsigned spare)
{
	const struct rows *rows = &p->top->sources[TOP_DISK].rows;
	_autobuf_ struct buf line = BUF_INIT(LINE_BYTES);

	buf_puts(&line, "disk ");
	top_draw_cell(p->top, rows, row, "device", &line);
	put_field(p, rows, row, p->narrow ? "" : "busy", "util_percent", &line);
	put_field(p, rows, row, p->narrow ? "r" : "read", "read_bytes_per_s", &line);
	put_field(p, rows, row, p->narrow ? "w" : "write", "write_bytes_per_s", &line);
	put_fields(p, rows, row, "await", "read_await_s", "write_await_s", &line);
	put_age(p, TOP_DISK, &line);
	put_line(p, &line, spare);
}

static void
put_interface(struct page *p, size_t row, unsigned spare)
{
	const struct rows *rows = &p->top->sources[TOP_NETWORK].rows;
	_autobuf_ struct buf line = BUF_INIT(LINE_BYTES);

	buf_puts(&line, "net  ");
	top_draw_cell(p->top, rows, row, "interface", &line);
	put_field(p, rows, row, "in", "rx_bytes_per_s", &line);
	put_field(p, rows, row, "out", "tx_bytes_per_s", &line);
	put_fields(p, rows, row, "packets", "rx_packets_per_s", "tx_packets_per_s", &line);
	put_age(p, TOP_NETWORK, &line);
	put_line(p, &line, spare);
}

/* The busiest of them, from number `from` to before `to`. */
static void
put_busiest(struct page *p, enum top_part part, unsigned from, unsigned to, unsigned spare,
	    void (*put)(struct page *p, size_t row, unsigned spare))
{
	const struct rows *rows = &p->top->sources[part].rows;
	long row = -1;

	if (!p->top->sources[part].known) {
		if (from == 0)
			is_missing(p, part, part == TOP_DISK ? "disk" : "net", spare);
		return;
	}
	for (unsigned i = 0; i < to && (row = next_busiest(rows, row)) >= 0; i++)
		if (i >= from)
			put(p, (size_t)row, spare);
}

/* --- the whole --- */

/* What comes first gets its line first. */
static void
fill(struct page *p, unsigned least, unsigned fair)
{
	p->out = &p->blocks[HEADING];
	put_heading(p);
	p->out = &p->blocks[CPU];
	put_cpu(p, least);
	p->out = &p->blocks[MEMORY];
	if (!is_missing(p, TOP_MEMORY, "mem", least))
		put_memory(p, "memory", "mem", 90, least);
	p->out = &p->blocks[PRESSURE];
	put_pressure(p, least);
	p->out = &p->blocks[DISK];
	put_busiest(p, TOP_DISK, 0, 1, least, put_disk);
	p->out = &p->blocks[NET];
	put_busiest(p, TOP_NETWORK, 0, 1, least, put_interface);
	p->out = &p->blocks[SWAP];
	put_memory(p, "swap", "swap", 80, least);
	p->out = &p->blocks[CORES];
	put_cores(p, fair);
	p->out = &p->blocks[DISKS];
	put_busiest(p, TOP_DISK, 1, 4, fair, put_disk);
	p->out = &p->blocks[NETS];
	put_busiest(p, TOP_NETWORK, 1, 4, fair, put_interface);
}

void
top_draw(struct top *t, unsigned columns, unsigned lines, double every_s, struct buf *out)
{
	struct page p = { .top = t,
			  .columns = columns,
			  .narrow = columns < NARROW,
			  .left = lines ? lines - 1 : PLAIN_LINES,
			  .every_s = every_s };

	for (size_t i = 0; i < BLOCK__COUNT; i++)
		buf_init(&p.blocks[i], 1 << 20);
	fill(&p, LEAST_PROCESSES, lines ? lines / 2 : PLAIN_LINES - CORE_LINES);
	for (size_t i = 0; i < BLOCK__COUNT; i++) {
		buf_put(out, p.blocks[i].data, p.blocks[i].len);
		buf_fini(&p.blocks[i]);
	}
	if (t->help)
		top_draw_help(columns, p.left, out);
	else
		top_draw_processes(t, columns, lines ? p.left : SOME_PROCESSES + 1, out);
	if (lines)
		top_draw_footer(t, columns, lines, out);
}
