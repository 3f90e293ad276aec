/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * host_refuse -- what a plugin does that makes no sense, put into a sentence: a put with too few
 * labels, a cell before its row, a function that its callback may not use. A plugin seldom looks at
 * what such calls return, so whoever wrote it is told: in the log, once for each plugin, or as a
 * finding of telmon-plugin check. Any thread.
 */
#include <stdarg.h>
#include <stdatomic.h>

#include "host_private.h"
#include "text.h"

void
host_set_refused(struct host *h, host_refused_fn *fn, void *ctx)
{
	h->refused = fn;
	h->refused_ctx = ctx;
}

static void
say_callback(struct buf *out, const struct host_call *c)
{
	switch (c->kind) {
	case HOST_START:
		buf_puts(out, "start");
		break;
	case HOST_STOP:
		buf_puts(out, "stop");
		break;
	case HOST_COLLECT:
		buf_puts(out, "collect");
		break;
	case HOST_VIEW:
	case HOST_RUN:
		buf_printf(out, "%s '%s'", c->kind == HOST_VIEW ? "view" : "run", c->command->name);
		break;
	}
}

int
host_refuse(const struct host_call *c, int error, const char *fmt, ...)
{
	struct host *h = c->host;
	struct host_object *o = c->object;
	_autobuf_ struct buf callback = BUF_WHY, text = BUF_WHY;
	va_list ap;

	/* A callback may do it a million times. */
	if (!h->refused && atomic_load_explicit(&o->refused, memory_order_relaxed))
		return error;
	say_callback(&callback, c);
	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	if (h->refused) {
		h->refused(h->refused_ctx, buf_str(&callback), buf_str(&text));
	} else if (!atomic_exchange(&o->refused, true)) {
		buf_printf(&callback, ": %s (said once)", buf_str(&text));
		host_log(h, o->name, TELMON_WARNING, buf_str(&callback));
	}
	return error;
}

int
host_refuse_put(const struct host_call *c, unsigned metric, size_t n)
{
	const struct metric_set *set = c->object->set;
	_autobuf_ struct buf names = BUF_INIT(512);
	const struct metric *m;

	if (!set->count)
		return host_refuse(c, -EINVAL, "telmon_put(%u): there are no metrics", metric);
	if (metric >= set->count)
		return host_refuse(c, -EINVAL,
				   "telmon_put(%u): no such metric, the last one is %zu '%s'",
				   metric, set->count - 1, set->metrics[set->count - 1].name);
	m = &set->metrics[metric];
	if (n == m->n_labels)
		return host_refuse(c, -EINVAL, "telmon_put(%u '%s'): NULL is given for its labels",
				   metric, m->name);
	for (unsigned i = 0; i < m->n_labels; i++)
		buf_printf(&names, "%s%s", i ? ", " : " (", m->labels[i]);
	return host_refuse(c, -EINVAL, "telmon_put(%u '%s'): %zu label%s given, it has %u%s%s",
			   metric, m->name, n, n == 1 ? "" : "s", m->n_labels, buf_str(&names),
			   m->n_labels ? ")" : "");
}

int
host_refuse_cell(const struct host_call *c, const char *function, size_t at)
{
	const struct rows *rows = c->rows;

	if (rows->n_rows == 0)
		return host_refuse(c, -EINVAL, "%s(): comes before telmon_row()", function);
	if (at >= rows->n_columns)
		return host_refuse(c, -EINVAL, "%s(): comes after the last column, '%s'", function,
				   rows->columns[rows->n_columns - 1].name);
	return host_refuse(c, -EINVAL, "%s(): column '%s' is a %s", function,
			   rows->columns[at].name,
			   rows->columns[at].type == TELMON_TEXT ? "text" : "number");
}
