/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * repl_key -- where the prompt waits: for a key, for a note of the daemon, for a signal, whichever
 * comes first. The terminal is read here and not by the editor, because only so can the daemon be
 * heard while a line is being typed.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "relay.h"
#include "repl_private.h"
#include "text.h"

enum { KEY_INTERRUPT = 'C' & 0x1f, MAX_COLUMNS = 512 };

static unsigned
window_columns(void)
{
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0)
		return 0;
	return w.ws_col < MAX_COLUMNS ? w.ws_col : MAX_COLUMNS;
}

int
repl_key_window(struct repl *r)
{
	unsigned columns = window_columns();
	char line[32];
	int status;

	if (columns == r->columns || columns == 0)
		return 0;
	r->columns = columns;
	snprintf(line, sizeof(line), "/set width %u", columns);
	return relay_ask(r->talk, line, NULL, &status);
}

/* --- notes --- */

/* Takes prompt and line off the row they stand on. A line of several rows stays; what follows comes
 * below it. */
static void
wipe_line(struct repl *r)
{
	const LineInfo *li = el_line(r->el);
	size_t width = text_width(r->prompt, strlen(r->prompt));

	width += text_width(li->buffer, (size_t)(li->lastchar - li->buffer));
	if (r->columns == 0 || width >= r->columns)
		putchar('\n');
	else
		printf("\r%*s\r", (int)width, "");
}

static void
print_clean(const char *text, size_t n)
{
	_autobuf_ struct buf b = BUF_INIT(1 << 20);

	while (n) {
		const char *end = memchr(text, '\n', n);
		size_t size = end ? (size_t)(end - text) : n;

		text_clean(&b, text, size);
		buf_putc(&b, '\n');
		size += end ? 1 : 0;
		text += size;
		n -= size;
	}
	fwrite(buf_str(&b), 1, b.len, stdout);
}

void
repl_key_note(void *ctx, const char *text, size_t n)
{
	struct repl *r = ctx;

	if (r->at_prompt)
		wipe_line(r);
	print_clean(text, n);
	fflush(stdout);
	if (r->at_prompt)
		el_set(r->el, EL_REFRESH);
}

/* --- signals --- */

void
repl_key_stop(struct repl *r)
{
	if (r->at_prompt) {
		putchar('\n');
		fflush(stdout);
		el_set(r->el, EL_PREP_TERM, 0);
	}
	repl_signal_stop();
	if (r->at_prompt) {
		el_set(r->el, EL_PREP_TERM, 1);
		el_set(r->el, EL_REFRESH);
	}
}

/* 1 = *ret is a key; 0 = nothing for the line; negative: the end. */
static int
take_signals(struct repl *r, wchar_t *ret)
{
	unsigned signals = repl_signal_take();
	int e = 0;

	if (signals & SIGNAL_LEAVE) {
		r->leave = true;
		return -1;
	}
	if (signals & SIGNAL_STOP)
		repl_key_stop(r);
	if (signals & SIGNAL_WINDOW) {
		el_resize(r->el);
		e = repl_key_window(r);
	}
	if (e < 0) {
		r->error = e;
		return -1;
	}
	*ret = KEY_INTERRUPT;
	return signals & SIGNAL_INTERRUPT ? 1 : 0;
}

/* --- keys --- */

/* 1 = *ret is a key; 0 = there is none yet. Bytes that are no character are left out. */
static int
take_key(struct repl *r, wchar_t *ret)
{
	while (r->at_key < r->n_keys) {
		size_t n = mbrtowc(ret, r->keys + r->at_key, 1, &r->decoder);

		r->at_key++;
		if (n == (size_t)-1) {
			memset(&r->decoder, 0, sizeof(r->decoder));
			continue;
		}
		if (n != (size_t)-2 && *ret != L'\0')
			return 1;
	}
	return 0;
}

/* 0, or negative: the terminal is gone. */
static int
read_keys(struct repl *r)
{
	ssize_t n = read(STDIN_FILENO, r->keys, sizeof(r->keys));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -1;
	r->at_key = 0;
	r->n_keys = (size_t)n;
	return n == 0 ? -1 : 0;
}

/* Waits for something to do and does what is no key. 0, or negative: the end. */
static int
wait_key(struct repl *r)
{
	struct pollfd p[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = talk_fd(r->talk), .events = POLLIN },
	};

	/* First, because a note may have come along with the last answer. */
	r->error = talk_notes(r->talk);
	if (r->error < 0)
		return -1;
	if (ppoll(p, 2, NULL, &r->waiting) < 0)
		return errno == EINTR ? 0 : -1;
	return p[0].revents ? read_keys(r) : 0;
}

/* 1 = a key, 0 or less = the end. */
int
repl_key_get(EditLine *el, wchar_t *ret)
{
	struct repl *r = repl_of(el);
	int n;

	while ((n = take_signals(r, ret)) == 0 && (n = take_key(r, ret)) == 0) {
		n = wait_key(r);
		if (n < 0)
			break;
	}
	return n > 0 ? 1 : 0;
}
