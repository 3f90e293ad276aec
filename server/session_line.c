/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_line -- one line of input to its answers: a command that begins with a slash is a word of
 * the session, anything else goes to pipeline. How the line came and how answers go out is known
 * elsewhere. Runs on the session's worker.
 */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "parse.h"
#include "pipeline.h"
#include "session_private.h"
#include "text.h"

enum { PLACE_BYTES = 4 << 20 };

const char *
session_keep_line(struct session *s, const char *line, size_t n)
{
	char *copy = arena_alloc(&s->arena, n + 1);

	return copy ? memcpy(copy, line, n) : NULL;
}

int
session_error(struct session *s, int status, const char *fmt, ...)
{
	_autobuf_ struct buf message = BUF_WHY;
	struct asker asker = s->asker;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&message, fmt, ap);
	va_end(ap);
	asker.render.format = session_format(s, s->format);
	return pipeline_error(&asker, &s->reply, status,
			      message.error ? "the message is too long" : buf_str(&message));
}

int
session_line_too_long(struct session *s)
{
	return session_error(s, STATUS_USAGE, "line too long (limit %zu bytes)",
			     s->limits.max_line);
}

/* JSON and CSV are for programs, which keep their answers whole. */
static bool
is_paged(const struct session *s, enum parse_format format)
{
	bool as_set = format == PARSE_AS_SET && s->asker.render.format == RENDER_TEXT;

	return s->pager_choice == CHOICE_ON || format == PARSE_TEXT || as_set;
}

static int
answer(struct session *s, const char *line, const struct parse_command *c)
{
	struct word_call call = { .line = line, .command = c };
	const struct parse_word *first = &c->stages[0]->words[0];
	_autobuf_ struct buf why = BUF_WHY;
	const struct word *word;

	s->paged = is_paged(s, c->format);
	if (session_word_bare(c)) {
		s->over = true;
		return 0;
	}
	if (first->text[0] != '/' || first->quoted) {
		int r = pipeline_answer(s->shared->pipeline, &s->asker, line, c, &s->reply);

		session_reply_restore(s);
		return r;
	}
	word = session_word_find(s, first->text, strlen(first->text), &why);
	if (!word)
		return session_error(s, STATUS_USAGE, "%s", buf_str(&why));
	return word->run(s, &call);
}

/* A word that takes the rest of the line as it is, quotes and all; NULL if none begins here. */
static const struct word *
raw_word(struct session *s, const char *line, size_t n, size_t *at)
{
	_autobuf_ struct buf why = BUF_WHY;
	const struct word *word;
	size_t from = *at, end;

	while (from < n && strchr(" \t;", line[from]) && line[from])
		from++;
	if (from >= n || line[from] != '/')
		return NULL;
	for (end = from; end < n && !strchr(" \t;|", line[end]);)
		end++;
	word = session_word_find(s, line + from, end - from, &why);
	if (!word || !word->raw)
		return NULL;
	*at = end;
	return word;
}

bool
session_line_is_text(struct session *s, const char *line, size_t n)
{
	struct arena arena;
	bool is_text = false;
	size_t at = 0;
	int r;

	arena_init(&arena, PLACE_BYTES);
	do {
		_autobuf_ struct buf why = BUF_WHY;
		struct parse_command *c;

		/* A word that ends there is still being typed. */
		is_text = raw_word(s, line, n, &at) && at < n;
		r = parse_next(line, n, &at, &arena, &c, &why);
	} while (!is_text && r != 0 && r != -ENOMEM);
	arena_fini(&arena);
	return is_text;
}

/* The next command of the line: 1 and its status, 0 at the end. */
static int
next(struct session *s, const char *line, size_t n, size_t *at, int *ret_status)
{
	_autobuf_ struct buf why = BUF_WHY;
	const struct word *raw = raw_word(s, line, n, at);
	struct parse_command *c;
	int r;

	s->paged = !raw && is_paged(s, PARSE_AS_SET);
	if (raw) {
		*ret_status = raw->run(s, &(struct word_call){ .line = line, .rest = line + *at });
		*at = n;
		return 1;
	}
	r = parse_next(line, n, at, &s->arena, &c, &why);
	if (r == 0)
		return 0;
	if (r != -ENOMEM)
		s->format = c->format;
	if (r == -ENOMEM) {
		*ret_status = session_error(s, STATUS_FAILED, "line too complex");
		*at = n;
	} else if (r < 0) {
		*ret_status = session_error(s, STATUS_USAGE, "%s", buf_str(&why));
	} else {
		*ret_status = answer(s, line, c);
	}
	s->format = PARSE_AS_SET;
	return 1;
}

int
session_line(struct session *s, const char *line, size_t n)
{
	size_t at = 0;
	int status = 0, r;

	session_watch_begin(s);
	session_pager_begin(s);
	while (!s->over && !s->lost && status >= 0 && next(s, line, n, &at, &status) > 0)
		continue;
	r = session_pager_end(s);
	status = r < 0 ? r : status;
	return status == -ECANCELED || s->cancelled ? STATUS_CANCELLED : status;
}
