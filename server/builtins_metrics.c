/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * metrics -- every number of every plugin, as rows or as Prometheus text exposition 0.0.4. A plugin
 * that is late serves its last values and says scrape_success 0. The exposition is rows of lines
 * like any answer, so filters, and the sanitizer, work on it too.
 */
#include <stdlib.h>
#include <string.h>

#include "builtins_private.h"
#include "mem.h"
#include "text.h"

enum { ARG_GLOB, ARG_PROMETHEUS };

static void
put_values(struct builtins_env *env, const struct builtins_source *s, const char *glob,
	   struct rows *rows)
{
	_autobuf_ struct buf labels = BUF_INIT(SIZE_MAX / 2);
	double age_s = (double)(now_ns() - s->newest->time_ns) / (double)NS_PER_S;

	for (unsigned m = 0; m < s->newest->set->count; m++) {
		const struct metric *metric = &s->newest->set->metrics[m];
		const char *unit = text_unit(metric->unit);
		size_t n = snapshot_count(s->newest, m);

		if (n == 0 || !builtins_glob(env, glob, metric->name))
			continue;
		for (size_t i = 0; i < n && !rows->error; i++) {
			buf_clear(&labels);
			builtins_labels(&labels, s->newest, m, i);
			rows_begin(rows);
			rows_text(rows, metric->name);
			if (labels.len || labels.error)
				rows_buf(rows, &labels);
			else
				rows_null(rows);
			rows_number(rows, snapshot_value(s->newest, m, i));
			rows_text(rows, *unit ? unit : NULL);
			rows_text(rows, builtins_kind(metric->kind));
			rows_text(rows, s->plugin->name);
			rows_real(rows, age_s);
		}
	}
}

static void
put_lines(struct rows *rows, struct buf *text)
{
	const char *end;

	buf_putc(text, '\0');
	for (char *line = text->data; !text->error && (end = strchr(line, '\n'));
	     line = (char *)end + 1) {
		line[end - line] = '\0';
		rows_begin(rows);
		rows_text(rows, line);
	}
	buf_clear(text);
}

static void
put_family(struct builtins_env *env, const struct builtins_source *sources, size_t n,
	   const char *name, const char *help, bool success, const char *glob, struct buf *text)
{
	if (!builtins_glob(env, glob, name))
		return;
	render_prometheus_family(text, env->metric_prefix, name, "gauge", help);
	for (size_t i = 0; i < n; i++) {
		buf_printf(text, "%s%s{plugin=\"", env->metric_prefix, name);
		text_label(text, sources[i].plugin->name);
		buf_puts(text, "\"} ");
		buf_put_exact(text, success ? sources[i].success : sources[i].duration_s);
		buf_putc(text, '\n');
	}
}

static void
put_exposition(struct builtins_env *env, const struct builtins_source *sources, size_t n,
	       const char *glob, struct rows *rows)
{
	_autobuf_ struct buf text = BUF_INIT(64 << 20);
	const struct snapshot **earlier = xcalloc(n, sizeof(*earlier));

	rows->plain = true;
	for (size_t i = 0; i < n; i++) {
		if (sources[i].newest)
			render_prometheus(&text, sources[i].newest, env->metric_prefix, glob,
					  earlier, i);
		earlier[i] = sources[i].newest;
		if (text.error)
			rows->error = text.error;
		put_lines(rows, &text);
	}
	put_family(env, sources, n, "scrape_success",
		   "1 if the plugin gave new values, 0 if these are its last ones", true, glob,
		   &text);
	put_family(env, sources, n, "scrape_duration_seconds",
		   "How long the plugin's last collect took", false, glob, &text);
	put_lines(rows, &text);
	free(earlier);
}

static int
exec(void *ctx, const struct request *request, struct rows *rows, struct reply *reply,
     struct buf *why)
{
	struct builtins_env *env = ctx;
	struct command_table *table = registry_get(env->registry);
	const char *glob = request->args[ARG_GLOB].given ? request->args[ARG_GLOB].s : NULL;
	struct builtins_source *sources;
	size_t n;
	int r;

	(void)why;
	r = builtins_gather(env, table->plugins->plugins, table->plugins->count, reply, &sources,
			    &n);
	if (r == 0 && request->args[ARG_PROMETHEUS].given)
		put_exposition(env, sources, n, glob, rows);
	else if (r == 0)
		for (size_t i = 0; i < n; i++)
			if (sources[i].newest)
				put_values(env, &sources[i], glob, rows);
	builtins_sources_free(sources, n);
	command_table_unref(table);
	return r;
}

static const struct telmon_column columns[] = {
	{ .name = "metric",
	  .help = "its name, without the prefix that the exposition has",
	  .type = TELMON_TEXT },
	{ .name = "labels", .help = "which of its series", .type = TELMON_TEXT },
	{ .name = "value", .help = "in the base unit", .type = TELMON_REAL },
	{ .name = "unit",
	  .help = "the base unit; nothing for a plain number",
	  .type = TELMON_TEXT,
	  .priority = 1 },
	{ .name = "kind",
	  .help = "gauge, counter, info or untyped",
	  .type = TELMON_TEXT,
	  .priority = 3 },
	{ .name = "plugin", .help = "who measures it", .type = TELMON_TEXT, .priority = 2 },
	{ .name = "age_s",
	  .help = "how old the value is",
	  .type = TELMON_REAL,
	  .unit = TELMON_SECONDS,
	  .priority = 4 },
};

static const struct telmon_column lines[] = {
	{ .name = "line", .help = "a line of the exposition", .type = TELMON_TEXT },
};

static const struct telmon_column *
columns_for(const struct host_arg *args, enum render_format format, size_t *ret_n)
{
	bool prometheus = args[ARG_PROMETHEUS].given;

	(void)format;
	*ret_n = prometheus ? BUILTINS_COUNT(lines) : BUILTINS_COUNT(columns);
	return prometheus ? lines : columns;
}

static const struct telmon_arg args[] = {
	[ARG_GLOB] = { .name = "glob",
		       .help = "only metrics whose name matches (* ? [a-z]), with or without "
			       "prefix",
		       .type = TELMON_TEXT },
	[ARG_PROMETHEUS] = { .name = "prometheus",
			     .help = "text exposition 0.0.4",
			     .flag = 'p',
			     .type = TELMON_FLAG },
};

const struct command builtins_metrics = {
	.name = "metrics",
	.help = "Every number of every plugin",
	.columns = columns,
	.n_columns = BUILTINS_COUNT(columns),
	.args = args,
	.n_args = BUILTINS_COUNT(args),
	.kind = COMMAND_BUILTIN,
	.exec = exec,
	.columns_for = columns_for,
};
