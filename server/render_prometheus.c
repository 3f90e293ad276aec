/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * render_prometheus -- a snapshot in the text exposition format 0.0.4, as every scraper reads it.
 * A family without a value is left out, head and all. Info metrics, which the format does not know,
 * are gauges of 1 whose labels are the message.
 */
#include <math.h>
#include <string.h>

#include "render_private.h"
#include "text.h"

/* In HELP only the backslash is escaped; line ends are gone once the text is clean. */
static void
put_help(struct buf *out, const char *help)
{
	_autobuf_ struct buf text = BUF_INIT(SIZE_MAX / 2);
	size_t from = 0;

	text_clean(&text, help, strlen(help));
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] != '\\')
			continue;
		buf_put(out, text.data + from, i - from);
		buf_putc(out, '\\');
		from = i;
	}
	if (text.len)
		buf_put(out, text.data + from, text.len - from);
	if (text.error)
		out->error = text.error;
}

int
render_prometheus_family(struct buf *out, const char *prefix, const char *name, const char *type,
			 const char *help)
{
	if (*help) {
		buf_puts(out, "# HELP ");
		buf_puts(out, prefix);
		buf_puts(out, name);
		buf_putc(out, ' ');
		put_help(out, help);
		buf_putc(out, '\n');
	}
	buf_puts(out, "# TYPE ");
	buf_puts(out, prefix);
	buf_puts(out, name);
	buf_putc(out, ' ');
	buf_puts(out, type);
	return buf_putc(out, '\n');
}

static const char *
type_of(enum telmon_kind kind)
{
	switch (kind) {
	case TELMON_COUNTER:
		return "counter";
	case TELMON_GAUGE:
	case TELMON_INFO:
		return "gauge";
	case TELMON_UNTYPED:
		break;
	}
	return "untyped";
}

/* Values stand one behind the other, each with its NUL. */
static void
put_labels(struct buf *out, const struct metric *m, const struct snapshot *s,
	   const struct sample *sample)
{
	const char *values;

	if (m->n_labels == 0)
		return;
	values = s->text + sample->labels;
	for (unsigned i = 0; i < m->n_labels; i++) {
		buf_putc(out, i ? ',' : '{');
		buf_puts(out, m->labels[i]);
		buf_puts(out, "=\"");
		text_label(out, values);
		buf_putc(out, '"');
		values += strlen(values) + 1;
	}
	buf_putc(out, '}');
}

static void
put_family(struct buf *out, const struct snapshot *s, size_t metric, const char *prefix)
{
	const struct metric *m = &s->set->metrics[metric];
	bool begun = false;

	for (uint32_t i = s->first[metric]; i < s->first[metric + 1] && !out->error; i++) {
		const struct sample *sample = &s->samples[i];

		if (isnan(sample->value))
			continue;
		if (!begun)
			render_prometheus_family(out, prefix, m->name, type_of(m->kind), m->help);
		begun = true;
		buf_puts(out, prefix);
		buf_puts(out, m->name);
		put_labels(out, m, s, sample);
		buf_putc(out, ' ');
		buf_put_exact(out, m->kind == TELMON_INFO ? 1 : sample->value);
		buf_putc(out, '\n');
	}
}

/* A pattern may be written for the name as the scraper sees it, or for the one that people use. */
static bool
is_wanted(struct buf *name, const char *prefix, const char *bare, const char *glob)
{
	if (!glob || text_glob(glob, bare))
		return true;
	buf_clear(name);
	buf_puts(name, prefix);
	buf_puts(name, bare);
	return text_glob(glob, buf_str(name));
}

static bool
is_taken(const char *name, const struct snapshot *const *earlier, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		long m = earlier[i] ? metric_set_find(earlier[i]->set, name) : -1;

		if (m >= 0 && snapshot_count(earlier[i], (unsigned)m) > 0)
			return true;
	}
	return false;
}

int
render_prometheus(struct buf *out, const struct snapshot *s, const char *prefix, const char *glob,
		  const struct snapshot *const *earlier, size_t n_earlier)
{
	_autobuf_ struct buf full = BUF_INIT(4096);

	for (size_t i = 0; i < s->set->count; i++) {
		const char *name = s->set->metrics[i].name;

		if (is_wanted(&full, prefix, name, glob) && !is_taken(name, earlier, n_earlier))
			put_family(out, s, i, prefix);
	}
	return out->error;
}
