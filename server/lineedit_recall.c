/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit_recall -- lines of history in the place of the own one, which is kept meanwhile. Runs on
 * the session's thread with the lock held.
 */
#include <stdlib.h>
#include <string.h>

#include "lineedit_editor_private.h"

void
lineedit_recall(struct editor *ed, const char *line)
{
	_autofree_ wchar_t *text = NULL;

	if (line == ed->recalled)
		return;
	if (!ed->recalled)
		ed->draft = lineedit_copy(ed);
	if (line) {
		text = lineedit_wide(ed, line, strlen(line));
	} else {
		text = ed->draft;
		ed->draft = NULL;
	}
	ed->recalled = line;
	lineedit_replace(ed, text);
}

static unsigned char
show(struct editor *ed, const char *line)
{
	lineedit_recall(ed, line);
	return CC_REFRESH;
}

unsigned char
lineedit_older(struct editor *ed)
{
	const char *line = lineedit_kept_before(ed->e, ed->recalled);

	return line ? show(ed, line) : CC_NORM;
}

unsigned char
lineedit_newer(struct editor *ed)
{
	return ed->recalled ? show(ed, lineedit_next_kept(ed->e, ed->recalled)) : CC_NORM;
}

unsigned char
lineedit_oldest(struct editor *ed)
{
	const char *line = lineedit_next_kept(ed->e, NULL);

	return line ? show(ed, line) : CC_NORM;
}

unsigned char
lineedit_own(struct editor *ed)
{
	return ed->recalled ? show(ed, NULL) : CC_NORM;
}
