/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_framed -- answers with a header line each, for programs: what a command writes is
 * collected into a part of at most 64 KiB; `more` parts go out as they fill or when a round ends,
 * and each line received ends in exactly one `done`. Notes stand outside any answer; a message that
 * comes while one is drawn on a terminal is a part of that. Runs on the session's worker.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "session_private.h"

enum { PART_BYTES = 64 << 10, WINDOW_MAX = 512, MAX_DIGITS = 6 };

/* Header and body of one part, and an empty body after it. */
static int
put_part(struct session *s, enum wire_type type, int status, bool owed)
{
	_autobuf_ struct buf header = BUF_INIT(WIRE_MAX_HEADER);
	size_t n = WIRE_MAX_HEADER + s->body.len;
	int r;

	if (s->lost)
		return -EPIPE;
	/* A header without its body would make the peer take the next one for text: room for both,
	 * or none. */
	r = owed ? session_room_owed(s, n) : session_room(s, n);
	if (r == -EPIPE || (r < 0 && !owed))
		return r;
	wire_put_header(&header, type, status, s->body.len);
	if (conn_put(&s->conn, header.data, header.len) < 0 ||
	    conn_put(&s->conn, s->body.data, s->body.len) < 0)
		return session_lost(s);
	buf_clear(&s->body);
	return 0;
}

static size_t
most_of_part(const struct session *s)
{
	return s->limits.max_output / 2 < PART_BYTES ? s->limits.max_output / 2 : PART_BYTES;
}

int
session_framed_text(struct session *s, const char *bytes, size_t n)
{
	size_t most = most_of_part(s);

	if (!s->body.max)
		buf_init(&s->body, PART_BYTES);
	while (n) {
		size_t left = most - s->body.len, piece = n < left ? n : left;

		if (buf_put(&s->body, bytes, piece) < 0)
			return session_lost(s);
		bytes += piece;
		n -= piece;
		if (s->body.len == most && n) {
			int r = session_framed_more(s);

			if (r == 0)
				r = session_flush(s);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

int
session_framed_more(struct session *s)
{
	return s->body.len ? put_part(s, WIRE_MORE, 0, false) : 0;
}

void
session_framed_done(struct session *s, int status)
{
	if (status == STATUS_CANCELLED)
		buf_clear(&s->body);
	put_part(s, WIRE_DONE, status, true);
}

void
session_framed_owed(struct session *s, const char *text, size_t n)
{
	/* What is left of a part may be the half of an escape sequence. */
	if (s->cancelled)
		buf_clear(&s->body);
	if (session_framed_text(s, text, n) == 0)
		put_part(s, WIRE_MORE, 0, true);
}

/* --- lines that are no commands --- */

/* What stands behind the word, without blanks around it; NULL: it is another word. */
static const char *
behind(const char *line, const char *word, size_t *n)
{
	size_t len = strlen(word);
	const char *at = line + len, *end = line + *n;

	if (*n <= len || memcmp(line, word, len) != 0 || *at != ' ')
		return NULL;
	while (at < end && *at == ' ')
		at++;
	while (at < end && (end[-1] == ' ' || end[-1] == '\r'))
		end--;
	*n = (size_t)(end - at);
	return at;
}

static const char *
take_number(const char *at, const char *end, unsigned *ret)
{
	const char *from = at;

	*ret = 0;
	while (at < end && at - from < MAX_DIGITS && *at >= '0' && *at <= '9')
		*ret = 10 * *ret + (unsigned)(*at++ - '0');
	return at > from && (at == end || *at == ' ') ? at : NULL;
}

static void
take_window(struct session *s, const char *words, size_t n)
{
	const char *end = words + n, *at;
	unsigned columns, rows;

	at = take_number(words, end, &columns);
	while (at && at < end && *at == ' ')
		at++;
	at = at ? take_number(at, end, &rows) : NULL;
	if (at != end)
		return;
	s->columns = columns < WINDOW_MAX ? columns : WINDOW_MAX;
	s->rows = rows < WINDOW_MAX ? rows : WINDOW_MAX;
	session_look(s);
}

bool
session_framed_control(struct session *s, const char *line, size_t n)
{
	const char *words;
	size_t size = n;

	if (session_is_cancel(line, n))
		return true;
	words = behind(line, "/resize", &size);
	if (words) {
		take_window(s, words, size);
		return true;
	}
	size = n;
	words = behind(line, "/key", &size);
	if (words)
		session_keys_put(s, words, size);
	return words != NULL;
}

void
session_framed_notes(struct session *s)
{
	/* Its sender's lines may be longer than ours. */
	_autobuf_ struct buf note = BUF_INIT(s->limits.max_output / 2);
	uint64_t rings;

	s->noted = false;
	if (s->note_fd < 0 || read(s->note_fd, &rings, sizeof(rings)) < 0)
		return;
	while (!s->lost && roster_note(&s->seat, &note)) {
		buf_putc(&note, '\n');
		session_framed_note(s, note.data, note.len);
	}
}

/* A long one comes as several: a `more` has no place outside an answer. */
void
session_framed_note(struct session *s, const char *text, size_t n)
{
	while (n && !s->lost) {
		size_t most = most_of_part(s), piece = n < most ? n : most;

		/* A character is not cut in two. */
		while (piece < n && piece > 1 && ((unsigned char)text[piece] & 0xc0) == 0x80)
			piece--;
		if (session_framed_text(s, text, piece) < 0 || put_part(s, WIRE_NOTE, 0, true) < 0)
			return;
		session_flush(s);
		text += piece;
		n -= piece;
	}
}

void
session_framed_drop(struct session *s)
{
	size_t left = s->drop, have, n;
	const char *line;
	int r;

	/* Answering may wait, and reading meanwhile may move the buffer: only what is left to drop
	 * stays true. */
	while (left && !s->lost) {
		have = s->in_end - s->in_at;
		r = session_take_line(s, &line, &n);
		left -= have - (s->in_end - s->in_at);
		s->scanned = 0;
		if (r == 0)
			break;
		if (r < 0 || !session_is_cancel(line, n))
			session_framed_done(s, STATUS_CANCELLED);
	}
	s->drop = 0;
}
