/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * frame_plugin -- what an object declares, as frames: its head, each metric, each command with its
 * columns and arguments. Read back it is a declaration as an object of today's header would have
 * it, so that it is checked by the same code as one that was mapped.
 */
#include <errno.h>
#include <string.h>

#include "frame.h"

enum {
	MAX_TEXT_BYTES = 1000, /* as metric keeps them */
	MAX_ELEMENTS = 1000,   /* columns and arguments; what is allowed is less */
};

/* Which callbacks there are. */
enum {
	HAS_START = 1 << 0,
	HAS_STOP = 1 << 1,
	HAS_COLLECT = 1 << 2,
	HAS_VIEW = 1 << 3,
	HAS_RUN = 1 << 4
};

static void
put_text(struct buf *out, const char *s)
{
	char cut[MAX_TEXT_BYTES + 1];
	size_t n = s ? strnlen(s, MAX_TEXT_BYTES + 1) : 0;

	if (n <= MAX_TEXT_BYTES) {
		frame_put_text(out, s);
		return;
	}
	memcpy(cut, s, MAX_TEXT_BYTES);
	cut[MAX_TEXT_BYTES] = '\0';
	frame_put_text(out, cut);
}

static const char *
get_text(struct frame_reader *r, struct arena *a)
{
	const char *s = frame_get_text(r);
	char *copy = s ? arena_strdup(a, s) : NULL;

	if (s && !copy)
		r->bad = true;
	return copy;
}

/* ---- the head ---- */

int
frame_put_plugin(struct buf *out, uint32_t call, const struct telmon_plugin *decl)
{
	size_t begin = frame_begin(out, FRAME_PLUGIN, call);

	frame_put_u32(out, decl->abi);
	put_text(out, decl->version);
	put_text(out, decl->help);
	frame_put_u32(out, decl->mode);
	frame_put_f64(out, decl->interval_s);
	frame_put_u8(out, (uint8_t)((decl->start ? HAS_START : 0) | (decl->stop ? HAS_STOP : 0) |
				    (decl->collect ? HAS_COLLECT : 0)));
	frame_put_u32(out, (uint32_t)decl->n_metrics);
	frame_put_u32(out, (uint32_t)decl->n_commands);
	return frame_end(out, begin);
}

static int
elsewhere(struct telmon *t)
{
	(void)t;
	return -ENOSYS;
}

static void
stop_elsewhere(struct telmon *t)
{
	(void)t;
}

int
frame_get_plugin(const struct frame *f, struct arena *a, struct telmon_plugin *ret)
{
	struct frame_reader r = frame_read(f);
	struct telmon_plugin p = { TELMON_PLUGIN_HEAD };
	uint8_t has;

	p.abi = frame_get_u32(&r);
	p.version = get_text(&r, a);
	p.help = get_text(&r, a);
	p.mode = frame_get_u32(&r);
	p.interval_s = frame_get_f64(&r);
	has = frame_get_u8(&r);
	p.start = has & HAS_START ? elsewhere : NULL;
	p.stop = has & HAS_STOP ? stop_elsewhere : NULL;
	p.collect = has & HAS_COLLECT ? elsewhere : NULL;
	p.n_metrics = frame_get_u32(&r);
	p.n_commands = frame_get_u32(&r);
	if (frame_read_end(&r) < 0)
		return -EBADMSG;
	*ret = p;
	return 0;
}

/* ---- metrics ---- */

static void
put_labels(struct buf *out, const struct metric *m)
{
	_autobuf_ struct buf labels = BUF_INIT(FRAME_MAX_BYTES);

	for (unsigned i = 0; i < m->n_labels; i++)
		buf_printf(&labels, "%s%s", i ? "," : "", m->labels[i]);
	frame_put_text(out, m->n_labels ? buf_str(&labels) : NULL);
}

int
frame_put_metric(struct buf *out, uint32_t call, const struct metric *m)
{
	size_t begin = frame_begin(out, FRAME_METRIC, call);

	put_text(out, m->name);
	put_text(out, m->help);
	frame_put_u32(out, m->kind);
	frame_put_u32(out, m->unit);
	put_labels(out, m);
	put_text(out, m->source);
	put_text(out, m->formula);
	return frame_end(out, begin);
}

int
frame_get_metric(const struct frame *f, struct arena *a, struct telmon_metric *ret)
{
	struct frame_reader r = frame_read(f);
	struct telmon_metric m = { 0 };

	m.name = get_text(&r, a);
	m.help = get_text(&r, a);
	m.kind = frame_get_u32(&r);
	m.unit = frame_get_u32(&r);
	m.labels = get_text(&r, a);
	m.source = get_text(&r, a);
	m.formula = get_text(&r, a);
	if (frame_read_end(&r) < 0)
		return -EBADMSG;
	*ret = m;
	return 0;
}

/* ---- commands ---- */

static void
put_column(struct buf *out, const struct telmon_column *c)
{
	put_text(out, c->name);
	put_text(out, c->help);
	frame_put_u32(out, c->type);
	frame_put_u32(out, c->unit);
	frame_put_u32(out, (uint32_t)c->priority);
	frame_put_f64(out, c->warn);
	frame_put_f64(out, c->crit);
	put_text(out, c->formula);
}

static void
put_arg(struct buf *out, const struct telmon_arg *a)
{
	put_text(out, a->name);
	put_text(out, a->help);
	frame_put_u8(out, (uint8_t)a->flag);
	frame_put_u32(out, a->type);
	put_text(out, a->def);
	frame_put_f64(out, a->min);
	frame_put_f64(out, a->max);
}

int
frame_put_command(struct buf *out, uint32_t call, const struct telmon_command *c)
{
	size_t begin = frame_begin(out, FRAME_COMMAND, call);

	put_text(out, c->name);
	put_text(out, c->help);
	frame_put_u8(out, (uint8_t)((c->view ? HAS_VIEW : 0) | (c->run ? HAS_RUN : 0)));
	frame_put_f64(out, c->cache_s);
	frame_put_f64(out, c->deadline_s);
	frame_put_u32(out, (uint32_t)c->n_columns);
	for (size_t i = 0; i < c->n_columns; i++)
		put_column(out, &c->columns[i]);
	frame_put_u32(out, (uint32_t)c->n_args);
	for (size_t i = 0; i < c->n_args; i++)
		put_arg(out, &c->args[i]);
	return frame_end(out, begin);
}

/* How many elements follow, and room for them; NULL for none. */
static void *
get_table(struct frame_reader *r, struct arena *a, size_t size, size_t *ret_n)
{
	size_t n = frame_get_u32(r);
	void *table;

	*ret_n = 0;
	if (n == 0 || r->bad)
		return NULL;
	table = n <= MAX_ELEMENTS ? arena_alloc(a, n * size) : NULL;
	r->bad = !table;
	*ret_n = table ? n : 0;
	return table;
}

static void
get_column(struct frame_reader *r, struct arena *a, struct telmon_column *ret)
{
	ret->name = get_text(r, a);
	ret->help = get_text(r, a);
	ret->type = frame_get_u32(r);
	ret->unit = frame_get_u32(r);
	ret->priority = (int)frame_get_u32(r);
	ret->warn = frame_get_f64(r);
	ret->crit = frame_get_f64(r);
	ret->formula = get_text(r, a);
}

static void
get_arg(struct frame_reader *r, struct arena *a, struct telmon_arg *ret)
{
	ret->name = get_text(r, a);
	ret->help = get_text(r, a);
	ret->flag = (char)frame_get_u8(r);
	ret->type = frame_get_u32(r);
	ret->def = get_text(r, a);
	ret->min = frame_get_f64(r);
	ret->max = frame_get_f64(r);
}

int
frame_get_command(const struct frame *f, struct arena *a, struct telmon_command *ret)
{
	struct frame_reader r = frame_read(f);
	struct telmon_command c = { 0 };
	struct telmon_column *columns;
	struct telmon_arg *args;
	uint8_t has;

	c.name = get_text(&r, a);
	c.help = get_text(&r, a);
	has = frame_get_u8(&r);
	c.view = has & HAS_VIEW ? elsewhere : NULL;
	c.run = has & HAS_RUN ? elsewhere : NULL;
	c.cache_s = frame_get_f64(&r);
	c.deadline_s = frame_get_f64(&r);
	c.columns = columns = get_table(&r, a, sizeof(*columns), &c.n_columns);
	for (size_t i = 0; i < c.n_columns; i++)
		get_column(&r, a, &columns[i]);
	c.args = args = get_table(&r, a, sizeof(*args), &c.n_args);
	for (size_t i = 0; i < c.n_args; i++)
		get_arg(&r, a, &args[i]);
	if (frame_read_end(&r) < 0)
		return -EBADMSG;
	*ret = c;
	return 0;
}
