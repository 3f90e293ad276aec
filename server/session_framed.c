/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_framed -- answers with a header line each, for programs: what a command writes is
 * collected into a part of at most 64 KiB; `more` parts go out as they fill or when a round ends,
 * and each line received ends in exactly one `done`. Notes stand outside any answer. Runs on the
 * session's worker.
 */
#include <errno.h>
#include <unistd.h>

#include "session_private.h"

enum { PART_BYTES = 64 << 10 };

/* Header and body of one part, and an empty body after it. */
static int
put_part(struct session *s, enum wire_type type, int status)
{
	_autobuf_ struct buf header = BUF_INIT(WIRE_MAX_HEADER);
	int r;

	if (s->lost)
		return -EPIPE;
	/* A header without its body would make the peer take the next one for text: room for both,
	 * or none. What ends an answer is owed even to who has cancelled it. */
	while ((r = session_room(s, WIRE_MAX_HEADER + s->body.len)) == -ECANCELED &&
	       type != WIRE_MORE && !s->stopped)
		s->cancelled = false;
	if (r == -EPIPE || (r < 0 && type == WIRE_MORE))
		return r;
	wire_put_header(&header, type, status, s->body.len);
	if (conn_put(&s->conn, header.data, header.len) < 0 ||
	    conn_put(&s->conn, s->body.data, s->body.len) < 0)
		return session_lost(s);
	buf_clear(&s->body);
	return 0;
}

int
session_framed_text(struct session *s, const char *bytes, size_t n)
{
	size_t most = s->limits.max_output / 2 < PART_BYTES ? s->limits.max_output / 2 : PART_BYTES;

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
	return s->body.len ? put_part(s, WIRE_MORE, 0) : 0;
}

void
session_framed_done(struct session *s, int status)
{
	if (status == STATUS_CANCELLED)
		buf_clear(&s->body);
	put_part(s, WIRE_DONE, status);
}

void
session_framed_notes(struct session *s)
{
	_autobuf_ struct buf note = BUF_INIT(s->limits.max_line + 256);
	uint64_t rings;

	if (s->note_fd < 0 || read(s->note_fd, &rings, sizeof(rings)) < 0)
		return;
	while (!s->lost && roster_note(&s->seat, &note)) {
		buf_putc(&note, '\n');
		session_framed_note(s, note.data, note.len);
	}
}

void
session_framed_note(struct session *s, const char *text, size_t n)
{
	if (session_framed_text(s, text, n) == 0 && put_part(s, WIRE_NOTE, 0) == 0)
		session_flush(s);
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
