/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_pager -- stops an answer that is taller than a live person's window, and goes on by keys.
 * It stands in front of the output: rows go through until the window is full, then whoever writes
 * the answer waits inside its call until a key asks for more, so an answer of any size holds no
 * more than what is kept for going back. Ends without a key when the answer does. What its text is
 * made of is known to session_pager_text.c. Runs on the session's worker.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "session_pager_private.h"
#include "text.h"

enum {
	TEXT_BYTES = 8 << 20,	/* more than two pages of the largest window */
	PIECE_BYTES = 16 << 10, /* taken at once */
	GO_ON = 1,		/* there is room, or a word to look for */
};

#define CONTROL(c) ((c)&0x1f)

/* The next row, if it is all here. */
static bool
next_row(const struct session *s, bool final, struct screen_row *ret)
{
	if (s->pager->at == s->pager->text.len)
		return false;
	*ret = session_pager_row(s, s->pager->at);
	return ret->whole || final;
}

static int
show_rows(struct session *s, bool final)
{
	_autobuf_ struct buf out = BUF_INIT(TEXT_BYTES);
	struct pager *p = s->pager;
	struct screen_row row;

	while ((p->room || p->off) && out.len < PIECE_BYTES && next_row(s, final, &row)) {
		buf_put(&out, p->text.data + p->at, row.size);
		p->at += row.size;
		p->room -= p->room > 0;
		p->partial = p->text.data[p->at - 1] != '\n';
		if (p->room == 0 && row.colored)
			buf_puts(&out, SCREEN_PLAIN);
	}
	p->columns = s->asker.columns;
	p->lines = s->asker.lines;
	p->drawn_ns = now_ns();
	return out.error ? session_lost(s) : session_pager_put(s, out.data, out.len);
}

/* --- what keys do --- */

static int
go_on(int r)
{
	return r < 0 ? r : GO_ON;
}

static int
show_more(struct session *s, unsigned rows)
{
	s->pager->room = rows;
	return go_on(session_pager_wipe(s));
}

/* A page on an empty screen, from there on. */
static int
show_page(struct session *s, size_t at)
{
	static const char notice[] = "-- what came before is no longer kept --";
	_autobuf_ struct buf out = BUF_INIT(1024);
	struct pager *p = s->pager;

	buf_clear(&p->line);
	p->at = at;
	p->room = session_pager_rows(s);
	buf_puts(&out, SCREEN_HOME SCREEN_ERASE_BELOW);
	if (at == 0 && p->cut && p->room > 1) {
		screen_cut(&out, notice, sizeof(notice) - 1, s->asker.columns);
		buf_putc(&out, '\n');
		p->room--;
	}
	return go_on(out.error ? session_lost(s) : session_pager_put(s, out.data, out.len));
}

static int
redraw(struct session *s)
{
	return s->pager->off
		       ? show_more(s, 0)
		       : show_page(s, session_pager_before(s, s->pager->at, session_pager_rows(s)));
}

/* From the line behind the first one on the screen. */
static int
begin_search(struct session *s)
{
	struct pager *p = s->pager;
	const char *end;

	if (!p->n_word)
		return session_pager_prompt(s, "more");
	p->from = p->at;
	p->at = session_pager_before(s, p->at, session_pager_rows(s));
	end = memchr(p->text.data + p->at, '\n', p->from - p->at);
	p->at = end ? (size_t)(end - p->text.data) + 1 : p->from;
	p->searching = true;
	buf_clear(&p->line);
	buf_puts(&p->line, "-- ... --");
	return go_on(session_pager_line(s));
}

/* Takes a key into the word that is being typed. False: it ends that. */
static bool
type_key(struct session *s, struct buf *word, int key)
{
	char bytes[4];
	size_t n;

	if (key == '\b' || key == 0x7f) {
		if (!word->len)
			return false;
		do {
			word->len--;
		} while (((unsigned char)word->data[word->len] & 0xc0) == 0x80);
		return true;
	}
	if (key == CONTROL('U'))
		buf_clear(word);
	if (key < ' ' || key >= KEY_INVALID)
		return key != 0x1b;
	n = key_encode((uint32_t)key, bytes);
	if (word->len + n <= PAGER_WORD_BYTES && text_is_clean(bytes, n) &&
	    text_width(word->data, word->len) + 4 < s->asker.columns)
		buf_put(word, bytes, n);
	return true;
}

/* As much of the word's end as leaves the last column free. */
static int
show_word(struct session *s)
{
	struct pager *p = s->pager;
	const char *word = buf_str(&p->typed);
	size_t n = p->typed.len;

	while (n && text_width(word, n) + 2 > s->asker.columns)
		do {
			word++;
			n--;
		} while (((unsigned char)*word & 0xc0) == 0x80);
	buf_clear(&p->line);
	buf_printf(&p->line, "/%s", word);
	return session_pager_line(s);
}

static int
take_word(struct session *s)
{
	struct pager *p = s->pager;

	p->typing = false;
	if (p->typed.len) {
		memcpy(p->word, p->typed.data, p->typed.len);
		p->n_word = p->typed.len;
	}
	return begin_search(s);
}

/* A new window interrupts it: the page is drawn again, and then it goes on. */
static int
read_word(struct session *s)
{
	struct pager *p = s->pager;
	int key = 0, r;

	p->typing = true;
	do {
		r = show_word(s);
		key = r < 0 ? r : session_pager_key(s);
		if (key < 0)
			return key;
		if (key == PAGER_NO_KEY)
			return redraw(s);
		if (key == '\n' || key == '\r')
			return take_word(s);
	} while (type_key(s, &p->typed, key));
	p->typing = false;
	return session_pager_prompt(s, "more");
}

static int
ask_word(struct session *s)
{
	buf_clear(&s->pager->typed);
	return read_word(s);
}

/* 0: the key means nothing here. GO_ON. */
static int
act(struct session *s, int key)
{
	struct pager *p = s->pager;

	switch (key) {
	case ' ':
	case 'f':
	case CONTROL('F'):
	case KEY_PAGE_DOWN:
		return show_more(s, session_pager_rows(s));
	case '\n':
	case '\r':
	case 'j':
	case KEY_DOWN:
		return show_more(s, 1);
	case 'b':
	case CONTROL('B'):
	case KEY_PAGE_UP:
		return show_page(s, session_pager_before(s, p->at, 2 * session_pager_rows(s)));
	case 'k':
	case KEY_UP:
		return show_page(s, session_pager_before(s, p->at, session_pager_rows(s) + 1));
	case '/':
		return ask_word(s);
	case 'n':
		return begin_search(s);
	case 'q':
	case 'Q':
		s->cancelled = true;
		return -ECANCELED;
	case CONTROL('L'):
	case PAGER_NO_KEY:
		return redraw(s);
	default:
		return 0;
	}
}

/* The page is full: waits until there is something to do. */
static int
ask(struct session *s, const char *said)
{
	struct pager *p = s->pager;
	int r = p->partial ? session_pager_put(s, "\n", 1) : 0, key;

	p->partial = false;
	/* What was typed before anybody could know of this is typed ahead. */
	if (!p->met)
		session_keys_begin(s);
	p->met = true;
	if (r == 0)
		r = p->typing ? read_word(s) : session_pager_prompt(s, said);
	while (r == 0) {
		key = session_pager_key(s);
		r = key < 0 ? key : act(s, key);
	}
	return r < 0 ? r : 0;
}

/* --- the text --- */

/* 0: more text is needed. GO_ON. */
static int
search(struct session *s, bool final)
{
	struct pager *p = s->pager;
	bool found = session_pager_find(p, final);

	if (!found && !final)
		return 0;
	p->searching = false;
	if (found)
		return show_page(s, p->at);
	p->at = p->from;
	p->room = 0;
	return go_on(ask(s, "not found"));
}

/* Shows what there is, and asks whenever the page is full and something follows. */
static int
advance(struct session *s, bool final)
{
	struct pager *p = s->pager;
	struct screen_row row;
	int r;

	for (;;) {
		if (p->searching) {
			r = search(s, final);
			if (r <= 0)
				return r;
			continue;
		}
		r = show_rows(s, final);
		if (r < 0 || !next_row(s, final, &row))
			return r;
		if (p->room || p->off)
			continue;
		r = ask(s, "more");
		if (r < 0)
			return r;
	}
}

static int
take(struct session *s, const char *bytes, size_t n)
{
	struct buf *text = &s->pager->text;
	int r = s->asker.render.ascii ? text_ascii(text, bytes, n) : buf_put(text, bytes, n);

	if (r < 0)
		return session_lost(s);
	/* While nothing is shown nobody else looks for a ^C. */
	r = s->pager->searching ? session_watch(s, session_wait(s, session_watch_want(s), 0)) : 0;
	if (r == 0)
		r = advance(s, false);
	if (r == 0)
		session_pager_forget(s);
	return r;
}

int
session_pager_text(struct session *s, const char *bytes, size_t n)
{
	int r = 0;

	while (n && r == 0) {
		size_t piece = n < PIECE_BYTES ? n : PIECE_BYTES;

		while (piece < n && piece > 1 && ((unsigned char)bytes[piece] & 0xc0) == 0x80)
			piece--;
		r = take(s, bytes, piece);
		bytes += piece;
		n -= piece;
	}
	return r;
}

int
session_pager_pass(struct session *s)
{
	int r = advance(s, true);

	s->pager->room = session_pager_rows(s);
	return r;
}

/* --- its life --- */

void
session_pager_begin(struct session *s)
{
	if (!s->asker.live || s->pager_choice == CHOICE_OFF)
		return;
	s->pager = xcalloc(1, sizeof(*s->pager));
	buf_init(&s->pager->text, TEXT_BYTES);
	buf_init(&s->pager->line, 4 * PAGER_WORD_BYTES);
	buf_init(&s->pager->typed, PAGER_WORD_BYTES + 1);
	s->pager->room = session_pager_rows(s);
}

int
session_pager_end(struct session *s)
{
	struct pager *p = s->pager;
	int r = s->lost ? -EPIPE : s->cancelled ? -ECANCELED : 0;

	if (!p)
		return r;
	if (r == 0)
		r = advance(s, true);
	if (p->line.len)
		session_reply_owed(s, "\r" SCREEN_ERASE_LINE);
	if (s->idled && s->person)
		session_reply_owed(s, "-- idle for too long, closing\n");
	buf_fini(&p->text);
	buf_fini(&p->line);
	buf_fini(&p->typed);
	free(p);
	s->pager = NULL;
	return r;
}
