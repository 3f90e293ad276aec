/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telnet_encode -- the way out: text as a telnet peer must see it. Negotiation does not pass here:
 * it is sent as it is, and in its place, so that BINARY begins right behind our word about it.
 * Pure.
 */
#include "telnet_private.h"

static bool
is_special(char c, bool binary)
{
	return (uint8_t)c == CODE_IAC || (!binary && (c == '\n' || c == '\r'));
}

/* One byte of "\n", "\r", "\xff". A CR is out already when the byte behind it decides between LF
 * and NUL. */
static void
put_special(struct buf *out, char c, bool after_cr)
{
	if (c == '\n' && !after_cr)
		buf_putc(out, '\r');
	else if ((uint8_t)c == CODE_IAC)
		buf_putc(out, c);
	buf_putc(out, c);
}

int
telnet_encode(const struct telnet *t, struct buf *out, const char *s, size_t n, bool *last_cr)
{
	bool binary = telnet_option_on(t, SIDE_US, OPTION_BINARY);
	size_t i = 0;

	/* The NUL of a CR that went out before BINARY would be a byte of its own now. */
	if (binary)
		*last_cr = false;
	while (i < n) {
		size_t from = i;

		if (*last_cr && s[i] != '\n')
			buf_putc(out, '\0');
		while (i < n && !is_special(s[i], binary)) {
			i++;
			*last_cr = false;
		}
		if (i > from) {
			buf_put(out, s + from, i - from);
			continue;
		}
		put_special(out, s[i], *last_cr);
		*last_cr = !binary && s[i] == '\r';
		i++;
	}
	return out->error;
}
