/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * isolate_call -- one call of the plugin: its frames out, what belongs to it back, up to DONE. The
 * child keeps the two newest snapshots that it sent; a view that needs another one gets it sent
 * back first. Times are the daemon's: a child is not believed when it says when something was.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "isolate_private.h"
#include "text.h"

enum { MAX_SAID_BYTES = 400, ROWS_BYTES = 8 << 20 /* of frames around an answer */ };
#define MAX_WALL_S 1e11 /* some thousand years */

static const int64_t stop_ns = NS_PER_S;

/* What DONE says. */
struct done {
	int error;
	int status;
	double wall_s;
};

static int
take_done(struct isolate *i, const struct frame *f, struct done *ret, struct buf *why)
{
	struct frame_reader r = frame_read(f);
	int64_t error = frame_get_i64(&r);
	uint8_t status = frame_get_u8(&r);
	double wall_s = frame_get_f64(&r);
	const char *said = frame_get_text(&r);

	if (frame_read_end(&r) < 0 || error > 0 || error < -4095 || status > 3)
		return isolate_garbage(i, why);
	*ret = (struct done){ .error = (int)error, .status = status, .wall_s = wall_s };
	if (error && said)
		text_clean(why, said, strnlen(said, MAX_SAID_BYTES));
	return 0;
}

/* ---- start, and a child that is up ---- */

/* A metric that the child has added: it must be the next one of the set. */
static int
take_metric(struct isolate *i, struct host_object *o, const struct frame *f, struct buf *why)
{
	_autobuf_ struct buf reason = BUF_WHY;
	struct telmon_metric m;
	struct metric_set *set;
	struct arena arena;
	unsigned index;
	int r;

	arena_init(&arena, FRAME_MAX_BYTES * 2);
	r = frame_get_metric(f, &arena, &m);
	if (r == 0) {
		set = metric_set_add(o->set, &m, &index, &reason);
		r = set && index == o->set->count ? 0 : -EBADMSG;
		if (r < 0) {
			metric_set_unref(set);
		} else {
			metric_set_unref(o->set);
			o->set = set;
		}
	}
	arena_fini(&arena);
	return r < 0 ? isolate_garbage(i, why) : 0;
}

static int
start(struct isolate *i, struct host_object *o, struct host_cancel *cancel, int64_t deadline_ns,
      struct buf *why)
{
	size_t begin = isolate_begin(i, FRAME_START);
	struct done done = { 0 };
	struct frame f;
	int r;

	frame_put_i64(&i->out, deadline_ns);
	frame_end(&i->out, begin);
	metric_set_unref(o->set);
	o->set = metric_set_ref(i->declared);
	r = isolate_send(i, deadline_ns, why);
	while (r == 0 && (r = isolate_receive(i, cancel, deadline_ns, &f, why)) == 0 &&
	       f.type != FRAME_DONE)
		r = f.type == FRAME_METRIC ? take_metric(i, o, &f, why) : isolate_garbage(i, why);
	if (r == 0)
		r = take_done(i, &f, &done, why);
	return r < 0 ? r : done.error;
}

/* The child lives, but its plugin did not want to start: another one may. */
static int
refuse_start(struct isolate *i, int error, struct buf *why)
{
	_autobuf_ struct buf cause = BUF_WHY;

	buf_printf(&cause, "start failed: %s", buf_str(why));
	return isolate_lose(i, error, buf_str(&cause), why);
}

static bool
is_gone(struct isolate *i)
{
	return isolate_was_ended(i) || child_ended(i->child, 0);
}

/* A child to call. */
static int
be_up(struct isolate *i, struct host_object *o, struct host_cancel *cancel, int64_t deadline_ns,
      struct buf *why)
{
	_autobuf_ struct buf reason = BUF_WHY;
	int r;

	/* One that died since its last call is as good as one that was never there. */
	if (i->socket >= 0 && is_gone(i))
		isolate_lose(i, -EPIPE, NULL, &reason);
	if (i->socket >= 0)
		return 0;
	r = isolate_open(i, deadline_ns, why);
	if (r < 0)
		return r;
	LOCKED(&i->lock)
		i->restarts++;
	r = start(i, o, cancel, deadline_ns, why);
	return r < 0 && i->socket >= 0 ? refuse_start(i, r, why) : r;
}

int
isolate_start(struct isolate *i, struct host_object *o, struct host_cancel *cancel,
	      int64_t deadline_ns, struct buf *why)
{
	int r = i->socket < 0 ? isolate_open(i, deadline_ns, why) : 0;

	if (r < 0)
		return r;
	r = start(i, o, cancel, deadline_ns, why);
	return r < 0 && i->socket >= 0 ? refuse_start(i, r, why) : r;
}

/* ---- collect ---- */

static int
take_value(void *ctx, uint32_t metric, const char *const *labels, size_t n, double value)
{
	return snapshot_builder_put(ctx, metric, labels, n, value);
}

static int
take_values(struct isolate *i, struct host_object *o, struct snapshot_builder *builder,
	    const struct frame *f, struct buf *why)
{
	int r;

	switch (f->type) {
	case FRAME_METRIC:
		r = take_metric(i, o, f, why);
		if (r == 0)
			snapshot_builder_set(builder, o->set);
		return r;
	case FRAME_VALUES:
		r = frame_get_values(f, take_value, builder);
		return r == 0 ? 0
		       : r == -EMSGSIZE
			       ? isolate_lose(i, -EPIPE, "sent more values than allowed", why)
			       : isolate_garbage(i, why);
	default:
		return isolate_garbage(i, why);
	}
}

static double
wall_s(const struct done *done)
{
	struct timespec ts;

	/* Another root may have a clock of its own. */
	if (done->wall_s > 0 && done->wall_s < MAX_WALL_S)
		return done->wall_s;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
know(struct isolate *i, const struct snapshot *s)
{
	i->known[1] = i->known[0];
	i->known[0] = (struct isolate_known){ .id = s->id, .seq = i->seq };
}

int
isolate_collect(struct isolate *i, struct host_object *o, struct host_cancel *cancel,
		int64_t deadline_ns, struct snapshot **ret, struct buf *why)
{
	int r = be_up(i, o, cancel, deadline_ns, why);
	struct snapshot_builder *builder;
	int64_t began_ns = now_ns();
	struct done done = { 0 };
	struct frame f;
	size_t begin;

	if (r < 0)
		return r;
	begin = isolate_begin(i, FRAME_COLLECT);
	frame_put_i64(&i->out, deadline_ns);
	frame_put_i64(&i->out, began_ns);
	frame_put_u32(&i->out, ++i->seq);
	frame_end(&i->out, begin);
	builder = snapshot_builder_new(o->set);
	/* Views are made in the child; a thousand equal labels would cost a million looks here. */
	snapshot_builder_skip_index(builder);
	r = isolate_send(i, deadline_ns, why);
	while (r == 0 && (r = isolate_receive(i, cancel, deadline_ns, &f, why)) == 0 &&
	       f.type != FRAME_DONE)
		r = take_values(i, o, builder, &f, why);
	if (r == 0)
		r = take_done(i, &f, &done, why);
	if (r == 0)
		r = done.error;
	if (r < 0) {
		snapshot_builder_free(builder);
		return r;
	}
	*ret = snapshot_builder_seal(builder, began_ns, wall_s(&done));
	know(i, *ret);
	return 0;
}

/* ---- views and runs ---- */

/* Whether indices of `older` mean the same metrics in `set`: so they do while a set only grows. */
static bool
is_grown(const struct metric_set *older, const struct metric_set *set)
{
	if (older == set)
		return true;
	for (size_t k = 0; k < older->count; k++) {
		if (k >= set->count || strcmp(older->metrics[k].name, set->metrics[k].name) != 0 ||
		    older->metrics[k].n_labels != set->metrics[k].n_labels)
			return false;
	}
	return true;
}

/* The same values under the metrics of another set, as far as it has them. */
static struct snapshot *
translate(const struct snapshot *s, struct metric_set *set)
{
	struct snapshot_builder *builder = snapshot_builder_new(set);

	snapshot_builder_skip_index(builder);
	for (size_t k = 0; k < s->n; k++) {
		const struct metric *m = &s->set->metrics[s->samples[k].metric];
		const char *labels[METRIC_MAX_LABELS], *label = s->text + s->samples[k].labels;
		long metric = metric_set_find(set, m->name);

		for (unsigned j = 0; j < m->n_labels; j++, label += strlen(label) + 1)
			labels[j] = label;
		if (metric >= 0)
			snapshot_builder_put(builder, (unsigned)metric, labels, m->n_labels,
					     s->samples[k].value);
	}
	return snapshot_builder_seal(builder, s->time_ns, s->wall_s);
}

static int
send_snapshot(struct isolate *i, const struct snapshot *s, unsigned place, int64_t deadline_ns,
	      struct buf *why)
{
	size_t begin = isolate_begin(i, FRAME_SNAPSHOT), sample = 0;
	int more, r;

	frame_put_u8(&i->out, (uint8_t)place);
	frame_put_i64(&i->out, s->time_ns);
	frame_put_u32(&i->out, (uint32_t)s->n);
	frame_end(&i->out, begin);
	do {
		more = frame_put_values(&i->out, i->call, s, &sample);
		r = more < 0 ? isolate_lose(i, -EPIPE, "cannot be sent its values", why)
			     : isolate_send(i, deadline_ns, why);
	} while (r == 0 && more > 0);
	return r;
}

/* The child's number of a snapshot, or 0. */
static uint32_t
known_as(const struct isolate *i, const struct snapshot *s)
{
	for (size_t k = 0; k < 2; k++) {
		if (i->known[k].seq && i->known[k].id == s->id)
			return i->known[k].seq;
	}
	return 0;
}

/* Where the child has a snapshot: its number, or, when it is sent now, its place. */
static int
lend(struct isolate *i, const struct host_object *o, const struct snapshot *s, unsigned place,
     int64_t deadline_ns, uint32_t *ret_seq, struct buf *why)
{
	struct snapshot *translated;
	int r;

	*ret_seq = s ? known_as(i, s) : 0;
	if (!s || *ret_seq)
		return 0;
	*ret_seq = ISOLATE_LENT + place;
	if (is_grown(s->set, o->set))
		return send_snapshot(i, s, place, deadline_ns, why);
	translated = translate(s, o->set);
	r = send_snapshot(i, translated, place, deadline_ns, why);
	snapshot_unref(translated);
	return r;
}

static void
put_args(struct isolate *i, const struct telmon_command *cmd, const struct host_arg *args)
{
	for (size_t k = 0; k < cmd->n_args; k++) {
		frame_put_u8(&i->out, args[k].given);
		frame_put_i64(&i->out, args[k].i);
		frame_put_f64(&i->out, args[k].f);
		frame_put_text(&i->out, args[k].s);
	}
}

static int
take_rows(struct isolate *i, const struct frame *f, struct rows *rows, struct buf *why)
{
	int r = f->type == FRAME_ROWS ? frame_get_rows(f, rows) : -EBADMSG;

	if (r == -EMSGSIZE || r == -ENOMEM) {
		isolate_lose(i, -EPIPE, "sent more rows than allowed", why);
		return r;
	}
	return r < 0 ? isolate_garbage(i, why) : 0;
}

int
isolate_answer(struct isolate *i, struct host_cancel *cancel, int64_t until_ns, int64_t deadline_ns,
	       struct rows *ret_rows, struct buf *why)
{
	struct done done = { 0 };
	struct frame f;
	int r;

	i->until_ns = until_ns;
	r = isolate_send(i, deadline_ns, why);
	while (r == 0 && (r = isolate_receive(i, cancel, deadline_ns, &f, why)) == 0 &&
	       f.type != FRAME_DONE)
		r = take_rows(i, &f, ret_rows, why);
	if (r == 0)
		r = take_done(i, &f, &done, why);
	if (r != 0)
		return r;
	ret_rows->status = done.status;
	/* So that the asker is told about the size, as where the plugin is inside. */
	if (done.error == -EMSGSIZE && !ret_rows->error)
		ret_rows->error = -EMSGSIZE;
	return done.error;
}

static size_t
begin_answer(struct isolate *i, enum frame_type type, const struct host_object *o,
	     const struct telmon_command *cmd, int64_t deadline_ns, const struct rows *rows)
{
	size_t begin = isolate_begin(i, type);

	i->command = cmd->name;
	if (rows->max_bytes)
		i->room = rows->max_bytes + ROWS_BYTES;
	frame_put_i64(&i->out, deadline_ns);
	frame_put_u32(&i->out, (uint32_t)(cmd - o->decl->commands));
	frame_put_i64(&i->out, (int64_t)rows->max_bytes);
	return begin;
}

/* The snapshots by the child's numbers; 0 = none. */
static void
ask_view(struct isolate *i, const struct host_object *o, const struct telmon_command *cmd,
	 uint32_t newest, uint32_t previous, const struct host_arg *args, int64_t deadline_ns,
	 const struct rows *rows)
{
	size_t begin = begin_answer(i, FRAME_VIEW, o, cmd, deadline_ns, rows);

	frame_put_u32(&i->out, newest);
	frame_put_u32(&i->out, previous);
	put_args(i, cmd, args);
	frame_end(&i->out, begin);
}

bool
isolate_is_ready(struct isolate *i, const struct snapshot *newest, const struct snapshot *previous)
{
	if (i->socket < 0 || is_gone(i))
		return false;
	return (!newest || known_as(i, newest)) && (!previous || known_as(i, previous));
}

void
isolate_ask_view(struct isolate *i, const struct host_object *o, const struct telmon_command *cmd,
		 const struct snapshot *newest, const struct snapshot *previous,
		 const struct host_arg *args, int64_t deadline_ns, const struct rows *rows)
{
	ask_view(i, o, cmd, newest ? known_as(i, newest) : 0, previous ? known_as(i, previous) : 0,
		 args, deadline_ns, rows);
}

void
isolate_ask_run(struct isolate *i, const struct host_object *o, const struct telmon_command *cmd,
		const struct host_arg *args, int64_t deadline_ns, const struct rows *rows)
{
	size_t begin = begin_answer(i, FRAME_RUN, o, cmd, deadline_ns, rows);

	put_args(i, cmd, args);
	frame_end(&i->out, begin);
}

int
isolate_view(struct isolate *i, struct host_object *o, const struct telmon_command *cmd,
	     const struct snapshot *newest, const struct snapshot *previous,
	     const struct host_arg *args, struct host_cancel *cancel, int64_t deadline_ns,
	     struct rows *ret_rows, struct buf *why)
{
	int r = be_up(i, o, cancel, deadline_ns, why);
	uint32_t newest_seq, previous_seq;

	if (r == 0)
		r = lend(i, o, newest, 0, deadline_ns, &newest_seq, why);
	if (r == 0)
		r = lend(i, o, previous, 1, deadline_ns, &previous_seq, why);
	if (r < 0)
		return r;
	ask_view(i, o, cmd, newest_seq, previous_seq, args, deadline_ns, ret_rows);
	return isolate_answer(i, cancel, INT64_MAX, deadline_ns, ret_rows, why);
}

int
isolate_run(struct isolate *i, struct host_object *o, const struct telmon_command *cmd,
	    const struct host_arg *args, struct host_cancel *cancel, int64_t deadline_ns,
	    struct rows *ret_rows, struct buf *why)
{
	int r = be_up(i, o, cancel, deadline_ns, why);

	if (r < 0)
		return r;
	isolate_ask_run(i, o, cmd, args, deadline_ns, ret_rows);
	return isolate_answer(i, cancel, INT64_MAX, deadline_ns, ret_rows, why);
}

void
isolate_stop(struct isolate *i, int64_t deadline_ns)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct frame f;
	size_t begin;

	if (i->socket < 0)
		return;
	LOCKED(&i->lock)
		i->ending = true;
	if (deadline_ns > now_ns() + stop_ns)
		deadline_ns = now_ns() + stop_ns;
	begin = isolate_begin(i, FRAME_STOP);
	frame_put_i64(&i->out, deadline_ns);
	frame_end(&i->out, begin);
	if (isolate_send(i, deadline_ns, &why) == 0)
		isolate_receive(i, NULL, deadline_ns, &f, &why);
	isolate_end_child(i);
}
