/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl_code -- typed bytes to what the editor is bound to. Terminals send many sequences for one
 * key, and the editor types the rest of one that it does not know as letters; so each key is read
 * whole and handed on in its one usual spelling, which ~/.editrc may bind anew.
 */
#include <string.h>

#include "repl_private.h"

static const struct {
	uint32_t key;
	const wchar_t *code;
} codes[] = {
	{ KEY_UP, L"\033[A" },
	{ KEY_DOWN, L"\033[B" },
	{ KEY_RIGHT, L"\033[C" },
	{ KEY_LEFT, L"\033[D" },
	{ KEY_HOME, L"\033[H" },
	{ KEY_END, L"\033[F" },
	{ KEY_INSERT, L"\033[2~" },
	{ KEY_DELETE, L"\033[3~" },
	{ KEY_PAGE_UP, L"\033[5~" },
	{ KEY_PAGE_DOWN, L"\033[6~" },
	{ KEY_CTRL | KEY_RIGHT, L"\033[1;5C" },
	{ KEY_CTRL | KEY_LEFT, L"\033[1;5D" },
	{ KEY_CTRL | KEY_DELETE, L"\033[3;5~" },
	{ KEY_ALT | KEY_RIGHT, L"\033[1;3C" },
	{ KEY_ALT | KEY_LEFT, L"\033[1;3D" },
	{ KEY_ALT | KEY_DELETE, L"\033[3;3~" },
};

/* The editor's search stands in its line, behind a line end. An ESC ends it, and nothing else: only
 * then is a sequence read as one. */
static bool
is_searching(struct repl *r)
{
	const LineInfoW *li = el_wline(r->el);

	return wmemchr(li->buffer, L'\n', (size_t)(li->lastchar - li->buffer)) != NULL;
}

static void
put(struct repl *r, wchar_t c)
{
	if (r->n_codes < sizeof(r->codes) / sizeof(r->codes[0]))
		r->codes[r->n_codes++] = c;
}

static void
put_sequence(struct repl *r, const wchar_t *code)
{
	if (is_searching(r))
		put(r, L'\033');
	for (; *code; code++)
		put(r, *code);
}

static void
put_key(struct repl *r, uint32_t key)
{
	const wchar_t alt[] = { L'\033', (wchar_t)(key & 0x7f), L'\0' };

	if (key != 0 && key < KEY_INVALID) {
		put(r, (wchar_t)key);
		return;
	}
	if (key > KEY_ALT && key < KEY_ALT + 0x80) {
		put_sequence(r, alt);
		return;
	}
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (codes[i].key == key)
			put_sequence(r, codes[i].code);
	}
}

bool
repl_code_is_vi(EditLine *el)
{
	const char *editor = NULL;

	return el_get(el, EL_EDITOR, &editor) == 0 && editor && strcmp(editor, "vi") == 0;
}

bool
repl_code_is_begun(const struct repl *r)
{
	return key_is_begun(&r->reader);
}

/* ESC by itself is a key for vi's friends only: emacs' would wait for the rest of a sequence. */
void
repl_code_end(struct repl *r)
{
	if (key_end(&r->reader) && (repl_code_is_vi(r->el) || is_searching(r)))
		put(r, L'\033');
}

bool
repl_code_take(struct repl *r, wchar_t *ret)
{
	uint32_t keys[2];
	size_t n;

	while (r->n_codes == 0 && r->at_key < r->n_keys) {
		n = key_read(&r->reader, (uint8_t)r->keys[r->at_key++], keys);
		for (size_t i = 0; i < n; i++)
			put_key(r, keys[i]);
	}
	if (r->n_codes == 0)
		return false;
	*ret = r->codes[0];
	wmemmove(r->codes, r->codes + 1, --r->n_codes);
	return true;
}
