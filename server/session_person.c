/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_person -- a session with somebody who types: banner, prompt, lines through lineedit, the
 * notes of others above the prompt. On telnet or plain makes no difference here but for the
 * opening. The end of input is hang-up. Runs on the session's worker.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "session_private.h"

enum { TURN_LINES = 20, BANNER_BYTES = 16 << 10 };

/* --- text between the keys --- */

static void
say(struct session *s, const char *text)
{
	session_show(s, text, strlen(text));
}

static void
show_notes(struct session *s)
{
	/* Its sender's lines may be longer than ours. */
	_autobuf_ struct buf note = BUF_INIT(s->limits.max_output / 2);
	uint64_t rings;

	s->noted = false;
	if (s->note_fd >= 0 && read(s->note_fd, &rings, sizeof(rings)) < 0)
		return;
	while (!s->lost && roster_note(&s->seat, &note)) {
		buf_putc(&note, '\n');
		session_show(s, note.data, note.len);
	}
}

bool
session_person_has_news(const struct session *s)
{
	return s->noted || (s->person && s->person->asked);
}

void
session_person_news(struct session *s)
{
	struct person *p = s->person;

	if (p && p->asked) {
		p->asked = false;
		say(s, "[yes]\n");
	}
	if (s->noted)
		show_notes(s);
}

/* Before the prompt, not after it. */
void
session_person_marks(struct session *s)
{
	struct person *p = s->person;

	while (p->typed_at < p->typed.len && p->typed.data[p->typed_at] == TYPED_MARK) {
		p->typed_at++;
		telnet_timing_mark(p->telnet);
	}
}

/* --- lines --- */

/* A session whose line was ended by something else than Enter. r as lineedit_read() returned it. */
static void
no_line(struct session *s, int r)
{
	switch (r) {
	case -EMSGSIZE:
		session_watch_begin(s);
		session_line_too_long(s);
		break;
	case -ENOMEM:
		session_watch_begin(s);
		session_error(s, STATUS_FAILED, "%s", strerror(ENOMEM));
		break;
	case -ECANCELED:
		break;
	case -ETIME:
		say(s, "-- idle for too long, closing\n");
		s->over = true;
		break;
	default: /* the end, hang-up, or the daemon stops */
		s->over = true;
		break;
	}
}

static void
run_line(struct session *s, struct buf *line)
{
	const char *text = buf_str(line);

	/* A browser's connection may be silent for so long that it counts as a person. */
	if (session_foreign(s, text, line->len, false))
		return;
	lineedit_remember(s->person->editor, text, line->len);
	arena_clear(&s->arena);
	session_line(s, text, line->len);
}

/* Who types ahead leaves no moment in which nothing is typed, and may still ask whether anybody is
 * there. A client that waits for a timing mark throws away what comes before it. */
static void
news_between_lines(struct session *s)
{
	const struct person *p = s->person;
	size_t n = p->typed.len - p->typed_at;

	if (!n || !memchr(p->typed.data + p->typed_at, TYPED_MARK, n))
		session_person_news(s);
}

static void
read_lines(struct session *s)
{
	_autobuf_ struct buf line = BUF_INIT(s->limits.max_line + 1), prompt = BUF_WHY;

	for (unsigned turn = 1; !s->over && !s->lost; turn++) {
		int r;

		session_person_marks(s);
		/* A paste of many lines must not echo more than the peer has room for. */
		session_watch_begin(s);
		if (session_room(s, s->limits.max_output / 2) == -EPIPE)
			break;
		news_between_lines(s);
		if (turn % TURN_LINES == 0)
			session_flush(s);
		buf_clear(&prompt);
		session_prompt(s, &prompt);
		s->person->prompted = true;
		s->person->resized = false;
		session_editor_want(s);
		r = lineedit_read(s->person->editor, buf_str(&prompt), &line);
		news_between_lines(s);
		if (r == 1)
			run_line(s, &line);
		else
			no_line(s, r);
		if (atomic_load_explicit(&s->shared->stopping, memory_order_relaxed))
			s->stopped = s->over = true;
	}
}

/* --- the session --- */

static void
greet(struct session *s)
{
	_autobuf_ struct buf banner = BUF_INIT(BANNER_BYTES);

	if (s->shared->banner)
		s->shared->banner(s->shared->banner_ctx, &banner);
	if (banner.len)
		session_text(s, banner.data, banner.len);
}

static void
log_opened(const struct session *s)
{
	_autobuf_ struct buf name = BUF_WHY;
	const struct person *p = s->person;

	if (p->terminal[0])
		log_info("%s: opened, telnet, terminal %s %ux%u", session_name(s, &name),
			 p->terminal, p->columns, p->rows);
	else
		log_info("%s: opened, %s", session_name(s, &name), p->telnet ? "telnet" : "plain");
}

void
session_person_run(struct session *s, enum talk talk, bool probed)
{
	_autobuf_ struct buf name = BUF_WHY;
	size_t n = s->in_end - s->in_at;

	s->talk = talk;
	s->person = xcalloc(1, sizeof(*s->person));
	if (talk == TALK_TELNET)
		session_telnet_start(s, probed);
	else
		session_is_person(s, "plain");
	if (n)
		session_typed_bytes(s, s->in + s->in_at, n);
	s->in_at = s->in_end;
	if (s->person->telnet)
		session_telnet_open(s);
	else if (probed)
		say(s, "\r"); /* over the probe */
	if (!s->lost && !s->over) {
		log_opened(s);
		greet(s);
		session_editor_open(s);
		read_lines(s);
		log_info("%s: closed", session_name(s, &name));
	}
	if (s->stopped)
		say(s, "-- telmond stops\n");
	else if (!s->lost)
		session_flush_all(s);
}

void
session_person_free(struct session *s)
{
	struct person *p = s->person;

	if (!p)
		return;
	session_editor_close(s);
	telnet_free(p->telnet);
	buf_fini(&p->typed);
	free(p);
	s->person = NULL;
}
