/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit_menu -- what Tab and ? come to, for both ways of reading: the text that a choice leaves
 * in the line, or the list that is shown below it. What may stand at the cursor is asked of the
 * session. Runs on the session's thread, no lock held.
 */
#include "lineedit_private.h"

enum { ARENA_BYTES = 4 << 20 };

static void
ask(struct lineedit *e, const char *line, size_t cursor, struct lineedit_choices *choices)
{
	if (e->ops->complete)
		e->ops->complete(e->ctx, line, cursor, choices);
}

enum lineedit_menu
lineedit_complete(struct lineedit *e, const char *line, size_t n, size_t cursor, struct buf *out,
		  size_t *ret_from)
{
	struct arena arena;
	struct lineedit_choices choices = { .arena = &arena };
	enum lineedit_menu result = LINEEDIT_NOTHING;
	size_t same;

	arena_init(&arena, ARENA_BYTES);
	ask(e, line, cursor, &choices);
	choices.n = menu_drop_hints(choices.list, choices.n);
	if (choices.n == 0)
		goto out;
	*ret_from = choices.from;
	same = menu_common(choices.list, choices.n);
	if (choices.n == 1 || same > cursor - choices.from) {
		buf_put(out, choices.list[0].text, same);
		/* A blank that stands there already is enough. */
		if (choices.n == 1 && (cursor == n || line[cursor] != ' '))
			buf_putc(out, ' ');
		result = LINEEDIT_TEXT;
	} else {
		menu_put_names(out, choices.list, choices.n, e->columns, e->rows);
		result = LINEEDIT_LIST;
	}
out:
	arena_fini(&arena);
	return result;
}

enum lineedit_menu
lineedit_explain(struct lineedit *e, const char *line, size_t cursor, struct buf *out)
{
	struct arena arena;
	struct lineedit_choices choices = { .arena = &arena };

	if (!e->ops->complete)
		return LINEEDIT_NOTHING;
	arena_init(&arena, ARENA_BYTES);
	ask(e, line, cursor, &choices);
	if (!choices.letter)
		menu_put_help(out, choices.list, choices.n, e->columns, e->rows);
	arena_fini(&arena);
	return choices.letter ? LINEEDIT_NOTHING : LINEEDIT_LIST;
}
