/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * top_source -- where top's numbers come from: one round of a command for each section, all asked
 * at once and none waited for, so a plugin that is slow keeps nobody up but itself. What it said
 * last stays, and its age is known. Runs on a session's thread.
 */
#include <errno.h>
#include <string.h>

#include "builtins_top_private.h"
#include "parse.h"
#include "text.h"

static const char *const commands[TOP__COUNT] = {
	[TOP_CPU] = "cpu",	     [TOP_MEMORY] = "memory", [TOP_LOAD] = "load",
	[TOP_PRESSURE] = "pressure", [TOP_DISK] = "disk",     [TOP_NETWORK] = "network",
	[TOP_PROCESS] = "process",
};

static void
open_source(struct top *t, struct top_source *s, const char *command)
{
	size_t at = 0;

	s->why = (struct buf)BUF_WHY;
	if (parse_next(command, strlen(command), &at, &t->arena, &s->parsed, &s->why) != 1)
		s->parsed = NULL;
}

void
top_sources_open(struct top *t)
{
	for (size_t i = 0; i < TOP__COUNT; i++)
		open_source(t, &t->sources[i], commands[i]);
}

static void
forget(struct top_source *s)
{
	if (!s->known)
		return;
	rows_fini(&s->rows);
	command_table_unref(s->table);
	s->known = false;
}

void
top_sources_close(struct top *t)
{
	for (size_t i = 0; i < TOP__COUNT; i++) {
		struct top_source *s = &t->sources[i];

		pipeline_round_free(s->round);
		forget(s);
		buf_fini(&s->why);
	}
}

/* Its plugin may be loaded while one looks. */
static void
open_round(struct top *t, struct top_source *s)
{
	int status;

	buf_clear(&s->why);
	s->round = pipeline_round_new(t->env->pipeline, &t->asker, s->parsed, &status, &s->why);
}

void
top_ask(struct top *t)
{
	for (size_t i = 0; i < TOP__COUNT; i++) {
		struct top_source *s = &t->sources[i];

		if (!s->round && s->parsed)
			open_round(t, s);
		if (!s->round || s->asked)
			continue;
		pipeline_round_ask(s->round, t->reply);
		s->asked = true;
	}
}

static void
keep(struct top_source *s, const struct rows *rows)
{
	struct rows copy;

	if (rows_copy(&copy, rows) < 0) {
		rows_fini(&copy);
		return;
	}
	forget(s);
	s->table = pipeline_round_table(s->round);
	s->rows = copy;
	s->known = true;
	s->time_ns = now_ns() - (int64_t)(pipeline_round_age_s(s->round) * (double)NS_PER_S);
}

/* -EAGAIN: it is not there yet. */
static int
take(struct top *t, struct top_source *s)
{
	_autobuf_ struct buf why = BUF_WHY;
	const struct rows *rows;
	int r = pipeline_round_take(s->round, t->reply, &rows, &why);

	if (r < 0)
		return r;
	s->asked = false;
	buf_clear(&s->why);
	if (r >= STATUS_USAGE)
		buf_puts(&s->why, buf_str(&why));
	else
		keep(s, rows);
	return 0;
}

int
top_take(struct top *t, bool *ret_news, bool *ret_open)
{
	*ret_news = *ret_open = false;
	for (size_t i = 0; i < TOP__COUNT; i++) {
		struct top_source *s = &t->sources[i];
		int r = s->asked ? take(t, s) : -ENOENT;

		if (r == -EAGAIN) {
			*ret_open = true;
			continue;
		}
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		*ret_news = true;
		t->unsorted |= i == TOP_PROCESS;
	}
	return 0;
}

bool
top_missing(const struct top *t, enum top_part part, struct buf *why)
{
	const struct top_source *s = &t->sources[part];

	if (s->known)
		return false;
	if (!s->round)
		buf_puts(why, "not loaded");
	else if (s->why.len)
		text_clean(why, s->why.data, s->why.len);
	else
		buf_puts(why, "...");
	return true;
}

double
top_age_s(const struct top *t, enum top_part part)
{
	const struct top_source *s = &t->sources[part];

	return s->known ? (double)(now_ns() - s->time_ns) / (double)NS_PER_S : 0;
}
