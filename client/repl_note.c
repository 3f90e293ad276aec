/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl_note -- lines from elsewhere. At the prompt they come above it, and what is being typed
 * comes back untouched; while an answer is shown they come between its lines, unless it draws on
 * the terminal: then they wait for its end.
 */
#include <stdio.h>
#include <string.h>

#include "repl_private.h"
#include "terminal.h"
#include "text.h"

static void
put_clean(struct buf *out, const char *text, size_t n)
{
	while (n) {
		const char *end = memchr(text, '\n', n);
		size_t size = end ? (size_t)(end - text) : n;

		text_clean(out, text, size);
		buf_putc(out, '\n');
		size += end ? 1 : 0;
		text += size;
		n -= size;
	}
}

void
repl_note(void *ctx, const char *text, size_t n)
{
	struct repl *r = ctx;
	_autobuf_ struct buf clean = BUF_INIT(1 << 20);

	put_clean(&clean, text, n);
	if (r->at_prompt) {
		repl_window_wipe(r, r->columns);
		fwrite(buf_str(&clean), 1, clean.len, stdout);
		fflush(stdout);
		el_set(r->el, EL_REFRESH);
	} else if (terminal_taken()) {
		buf_put(&r->notes, clean.data, clean.len);
	} else {
		terminal_settle();
		terminal_write(buf_str(&clean), clean.len);
	}
}

void
repl_note_say(struct repl *r, const char *text)
{
	repl_note(r, text, strlen(text));
}

void
repl_note_flush(struct repl *r)
{
	terminal_write(buf_str(&r->notes), r->notes.len);
	buf_clear(&r->notes);
}
