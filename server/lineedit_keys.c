/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit_keys -- what each key does to the line: emacs' keys, and those that have names. Moves
 * and deletions take whole characters with the marks that stand on them (lineedit_cluster.c). Runs
 * on the session's thread with the lock held.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "lineedit_editor_private.h"
#include "text.h"

/* --- places in the line --- */

static size_t
before(const struct editor *ed)
{
	size_t at = lineedit_cursor(ed);

	return at > 0 ? at - 1 : 0;
}

static size_t
behind(const struct editor *ed)
{
	size_t at = lineedit_cursor(ed);

	return at < lineedit_length(ed) ? at + 1 : at;
}

static bool
is_word(const struct editor *ed, wchar_t c)
{
	return iswalnum((wint_t)lineedit_cluster_letter(ed, c));
}

static size_t
word_before(const struct editor *ed)
{
	const wchar_t *text = lineedit_text(ed);
	size_t at = lineedit_cursor(ed);

	while (at > 0 && !is_word(ed, text[at - 1]))
		at--;
	while (at > 0 && is_word(ed, text[at - 1]))
		at--;
	return at;
}

static size_t
word_behind(const struct editor *ed)
{
	const wchar_t *text = lineedit_text(ed);
	size_t at = lineedit_cursor(ed), n = lineedit_length(ed);

	while (at < n && !is_word(ed, text[at]))
		at++;
	while (at < n && is_word(ed, text[at]))
		at++;
	return at;
}

/* What the parser calls a word. */
static size_t
blank_before(const struct editor *ed)
{
	const wchar_t *text = lineedit_text(ed);
	size_t at = lineedit_cursor(ed);

	while (at > 0 && text[at - 1] == ' ')
		at--;
	while (at > 0 && text[at - 1] != ' ')
		at--;
	return at;
}

/* --- moving --- */

static unsigned char
move(struct editor *ed, size_t to)
{
	lineedit_move(ed, to);
	return lineedit_fits_window(ed) ? CC_CURSOR : CC_REFRESH;
}

static unsigned char
left(struct editor *ed)
{
	return move(ed, before(ed));
}

static unsigned char
right(struct editor *ed)
{
	return move(ed, behind(ed));
}

static unsigned char
word_left(struct editor *ed)
{
	return move(ed, word_before(ed));
}

static unsigned char
word_right(struct editor *ed)
{
	return move(ed, word_behind(ed));
}

static unsigned char
home(struct editor *ed)
{
	return move(ed, 0);
}

static unsigned char
end(struct editor *ed)
{
	return move(ed, lineedit_length(ed));
}

/* --- taking away --- */

static unsigned char
erase(struct editor *ed)
{
	lineedit_delete(ed, before(ed), lineedit_cursor(ed));
	return CC_REFRESH;
}

static unsigned char delete (struct editor *ed)
{
	lineedit_delete(ed, lineedit_cursor(ed), behind(ed));
	return CC_REFRESH;
}

static unsigned char
delete_or_leave(struct editor *ed)
{
	if (lineedit_length(ed) > 0)
		return delete (ed);
	ed->result = 0;
	ed->next = '\n';
	return CC_NORM;
}

static unsigned char
kill_range(struct editor *ed, size_t from, size_t to)
{
	_autobuf_ struct buf text = BUF_INIT(SIZE_MAX / 2);

	if (from >= to)
		return CC_REFRESH;
	if (lineedit_narrow(ed, &text, lineedit_text(ed) + from, to - from) < 0)
		return CC_ERROR;
	free(ed->killed);
	ed->killed = xstrdup(buf_str(&text));
	lineedit_delete(ed, from, to);
	return CC_REFRESH;
}

static unsigned char
kill_end(struct editor *ed)
{
	return kill_range(ed, lineedit_cursor(ed), lineedit_length(ed));
}

static unsigned char
kill_line(struct editor *ed)
{
	ed->e->too_long = false;
	return kill_range(ed, 0, lineedit_length(ed));
}

static unsigned char
kill_blank(struct editor *ed)
{
	return kill_range(ed, blank_before(ed), lineedit_cursor(ed));
}

static unsigned char
kill_word_left(struct editor *ed)
{
	return kill_range(ed, word_before(ed), lineedit_cursor(ed));
}

static unsigned char
kill_word_right(struct editor *ed)
{
	return kill_range(ed, lineedit_cursor(ed), word_behind(ed));
}

/* --- adding --- */

static unsigned char
yank(struct editor *ed)
{
	_autofree_ wchar_t *text = NULL;

	if (!ed->killed)
		return CC_NORM;
	if (!lineedit_has_room(ed, strlen(ed->killed)))
		return CC_ERROR;
	text = lineedit_wide(ed, ed->killed, strlen(ed->killed));
	lineedit_insert(ed, text);
	return CC_REFRESH;
}

static unsigned char
insert(struct editor *ed)
{
	const wchar_t text[] = { (wchar_t)ed->key, 0 };

	lineedit_insert(ed, text);
	return CC_REFRESH;
}

/* On the character before the cursor. */
static unsigned char
put_mark(struct editor *ed)
{
	size_t at = lineedit_cursor(ed);
	wchar_t text[2] = { 0 };

	if (at > 0)
		text[0] = lineedit_cluster_add(ed, lineedit_text(ed)[at - 1], ed->key);
	if (!text[0])
		return CC_NORM;
	lineedit_delete(ed, at - 1, at);
	lineedit_insert(ed, text);
	return CC_REFRESH;
}

static unsigned char
transpose(struct editor *ed)
{
	size_t at = lineedit_cursor(ed), n = lineedit_length(ed);
	wchar_t pair[3] = { 0 };

	at += at < n;
	if (at < 2)
		return CC_NORM;
	pair[0] = lineedit_text(ed)[at - 1];
	pair[1] = lineedit_text(ed)[at - 2];
	lineedit_delete(ed, at - 2, at);
	lineedit_insert(ed, pair);
	return CC_REFRESH;
}

/* A character that is typed; what libedit has no picture of becomes a '?'. */
static wchar_t
add(struct editor *ed, uint32_t c)
{
	char bytes[4];
	size_t n = key_encode(c, bytes);

	if (!text_is_clean(bytes, n) || !iswprint((wint_t)c)) {
		c = '?';
		bytes[0] = '?';
		n = 1;
	}
	if (!lineedit_has_room(ed, n)) {
		ed->e->too_long = true;
		return 0;
	}
	ed->key = c;
	if (lineedit_is_mark(c))
		return lineedit_do(ed, put_mark);
	ed->key = (uint32_t)lineedit_cluster(ed, bytes, n);
	if (!ed->key)
		return 0;
	/* What libedit inserts by itself it draws in fewer bytes; but it leaves its memory when the
	 * line is higher than the window. */
	return lineedit_fits_window(ed) ? (wchar_t)ed->key : lineedit_do(ed, insert);
}

/* --- Tab and ? --- */

/* The line in UTF-8. Returns the cursor in it. */
static size_t
narrow_line(const struct editor *ed, struct buf *out)
{
	const wchar_t *text = lineedit_text(ed);

	lineedit_narrow(ed, out, text, lineedit_length(ed));
	return lineedit_bytes(ed, text, lineedit_cursor(ed));
}

static unsigned char
put_choice(struct editor *ed, const struct buf *line, size_t from, size_t cursor,
	   const struct buf *choice)
{
	_autofree_ wchar_t *typed = lineedit_wide(ed, line->data + from, cursor - from);
	_autofree_ wchar_t *text = lineedit_wide(ed, choice->data, choice->len);
	size_t at = lineedit_cursor(ed);

	if (choice->len > cursor - from && !lineedit_has_room(ed, choice->len - (cursor - from)))
		return CC_ERROR;
	lineedit_delete(ed, at - wcslen(typed), at);
	lineedit_insert(ed, text);
	return CC_REFRESH;
}

static unsigned char
complete(struct editor *ed)
{
	_autobuf_ struct buf line = BUF_INIT(LINEEDIT_MENU_BYTES),
			     out = BUF_INIT(LINEEDIT_MENU_BYTES);
	size_t cursor = narrow_line(ed, &line), from = 0;
	enum lineedit_menu menu;

	if (line.error)
		return CC_ERROR;
	lineedit_leave(ed);
	menu = lineedit_complete(ed->e, buf_str(&line), line.len, cursor, &out, &from);
	lineedit_enter(ed);
	if (menu == LINEEDIT_TEXT)
		return put_choice(ed, &line, from, cursor, &out);
	if (menu == LINEEDIT_NOTHING || buf_put(&ed->below, out.data, out.len) < 0)
		return CC_ERROR;
	return lineedit_hide(ed);
}

static unsigned char
explain(struct editor *ed)
{
	_autobuf_ struct buf line = BUF_INIT(LINEEDIT_MENU_BYTES),
			     out = BUF_INIT(LINEEDIT_MENU_BYTES);
	size_t cursor = narrow_line(ed, &line);
	enum lineedit_menu menu;

	if (line.error)
		return CC_ERROR;
	lineedit_leave(ed);
	menu = lineedit_explain(ed->e, buf_str(&line), cursor, &out);
	lineedit_enter(ed);
	if (menu == LINEEDIT_LIST && buf_put(&ed->below, out.data, out.len) == 0)
		return lineedit_hide(ed);
	ed->e->too_long = !lineedit_has_room(ed, 1);
	if (!ed->e->too_long)
		lineedit_insert(ed, L"?");
	return CC_REFRESH;
}

/* --- keys --- */

static todo_fn *
todo_of(uint32_t key)
{
	static const struct {
		uint32_t key;
		todo_fn *todo;
	} bindings[] = {
		{ LINEEDIT_HOME, home },
		{ LINEEDIT_LEFT, left },
		{ LINEEDIT_DELETE, delete_or_leave },
		{ LINEEDIT_END, end },
		{ LINEEDIT_RIGHT, right },
		{ LINEEDIT_BACKSPACE, erase },
		{ LINEEDIT_TAB, complete },
		{ LINEEDIT_KILL_END, kill_end },
		{ LINEEDIT_DOWN, lineedit_newer },
		{ LINEEDIT_UP, lineedit_older },
		{ LINEEDIT_SEARCH, lineedit_search },
		{ LINEEDIT_TRANSPOSE, transpose },
		{ LINEEDIT_KILL_LINE, kill_line },
		{ LINEEDIT_KILL_WORD, kill_blank },
		{ LINEEDIT_YANK, yank },
		{ LINEEDIT_RUBOUT, erase },
		{ '?', explain },
		{ KEY_UP, lineedit_older },
		{ KEY_DOWN, lineedit_newer },
		{ KEY_RIGHT, right },
		{ KEY_LEFT, left },
		{ KEY_HOME, home },
		{ KEY_END, end },
		{ KEY_DELETE, delete },
		{ KEY_CTRL | KEY_RIGHT, word_right },
		{ KEY_CTRL | KEY_LEFT, word_left },
		{ KEY_CTRL | KEY_DELETE, kill_word_right },
		{ KEY_ALT | KEY_RIGHT, word_right },
		{ KEY_ALT | KEY_LEFT, word_left },
		{ KEY_ALT | KEY_DELETE, kill_word_right },
		{ KEY_ALT | 'b', word_left },
		{ KEY_ALT | 'd', kill_word_right },
		{ KEY_ALT | 'f', word_right },
		{ KEY_ALT | '<', lineedit_oldest },
		{ KEY_ALT | '>', lineedit_own },
		{ KEY_ALT | LINEEDIT_BACKSPACE, kill_word_left },
		{ KEY_ALT | LINEEDIT_RUBOUT, kill_word_left },
	};

	for (size_t i = 0; i < sizeof(bindings) / sizeof(bindings[0]); i++)
		if (bindings[i].key == key)
			return bindings[i].todo;
	return NULL;
}

static wchar_t
end_line(struct editor *ed, int result)
{
	ed->result = result;
	return '\n';
}

/* A key that has no meaning of its own while the line is too long, or while it is pasted. */
static wchar_t
take_ordinary(struct editor *ed, uint32_t key)
{
	todo_fn *todo;

	if (ed->e->too_long && key != LINEEDIT_KILL_LINE)
		return 0;
	if (ed->e->pasting && key == LINEEDIT_TAB)
		key = ' ';
	todo = ed->e->pasting && key == '?' ? NULL : todo_of(key);
	if (todo)
		return lineedit_do(ed, todo);
	if (key == KEY_INVALID)
		return add(ed, '?');
	return key >= ' ' && key < KEY_INVALID ? add(ed, key) : 0;
}

wchar_t
lineedit_take_key(struct editor *ed, uint32_t key)
{
	struct lineedit *e = ed->e;
	bool after_cr = e->after_cr;

	if (ed->searching)
		return lineedit_search_key(ed, key);
	e->after_cr = key == '\r';
	switch (key) {
	case '\n':
		if (after_cr)
			return 0;
		/* fall through */
	case '\r':
		return end_line(ed, e->too_long ? -EMSGSIZE : 1);
	case LINEEDIT_INTERRUPT:
		return end_line(ed, -ECANCELED);
	case LINEEDIT_REDRAW:
		return LINEEDIT_REDRAW;
	case KEY_PASTE_BEGIN:
	case KEY_PASTE_END:
		e->pasting = key == KEY_PASTE_BEGIN;
		return 0;
	default:
		return take_ordinary(ed, key);
	}
}
