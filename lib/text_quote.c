/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * text_quote -- strings as JSON, CSV and Prometheus write them. Each is cleaned first, so that what
 * reads the format and then prints it is as safe as a terminal; only then do the format's own
 * characters need a look, and there are rarely any.
 */
#include <string.h>

#include "text.h"

/* Puts `mark` before every byte from `from` on that is in `special`. */
static int
escape_from(struct buf *out, size_t from, const char *special, char mark)
{
	size_t extra = 0, read = out->len, write;

	for (size_t i = from; i < out->len; i++)
		extra += strchr(special, out->data[i]) != NULL;
	if (buf_pad(out, mark, extra) < 0)
		return out->error;
	write = out->len;
	/* From the back: what is left before the first special byte stays where it is. */
	while (write > read) {
		char c = out->data[--read];

		out->data[--write] = c;
		if (strchr(special, c))
			out->data[--write] = mark;
	}
	return 0;
}

int
text_json(struct buf *out, const char *s)
{
	size_t from;

	buf_putc(out, '"');
	from = out->len;
	text_clean(out, s, strlen(s));
	if (strpbrk(s, "\"\\"))
		escape_from(out, from, "\"\\", '\\');
	return buf_putc(out, '"');
}

int
text_csv(struct buf *out, const char *s)
{
	size_t from, n = strlen(s);

	if (!strpbrk(s, ",\""))
		return text_clean(out, s, n);
	buf_putc(out, '"');
	from = out->len;
	text_clean(out, s, n);
	escape_from(out, from, "\"", '"');
	return buf_putc(out, '"');
}

int
text_label(struct buf *out, const char *s)
{
	for (;;) {
		size_t n = strcspn(s, "\n"), from = out->len;

		text_clean(out, s, n);
		escape_from(out, from, "\"\\", '\\');
		if (s[n] == '\0')
			return out->error;
		buf_puts(out, "\\n");
		s += n + 1;
	}
}
