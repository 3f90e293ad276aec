/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * lineedit_edit -- libedit's life in a session: one EditLine over the slave of a pseudo terminal
 * that nobody reads or writes, drawing into memory, fed with keys of ours. Knows when the lock is
 * held, and nothing of what keys do (lineedit_keys.c).
 *
 * libedit asks for a character whenever it has done what the one before meant. It gets characters
 * to insert, Enter, ^L, and DO: a code that no key has, bound to the one function of ours in which
 * the line may be changed. So what it makes of other keys, its history, its search and its kill
 * buffer are never met.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lineedit_editor_private.h"
#include "lock.h"
#include "mem.h"

enum {
	DO = 0x80, /* a C1 control: those are never typed */
	LEAST_COLUMNS = 4,
	USUAL_COLUMNS = 80,
	USUAL_ROWS = 24,
	MOST_CELLS = 2400, /* of the line on the screen; what is above is let go */
	SHOWN_BYTES = 1 << 20,
	EDITOR_BYTES = 96 << 10, /* more than one takes with its screen */
};

static struct lock libedit_lock = LOCK_INIT(LOCK_LIBEDIT);

/* --- the lock --- */

void
lineedit_enter(struct editor *ed)
{
	(void)ed;
	lock_acquire(&libedit_lock);
}

void
lineedit_leave(struct editor *ed)
{
	fflush(ed->out);
	lock_release(&libedit_lock);
	lineedit_clusters_show(ed, ed->shown.data, ed->shown.len);
	buf_clear(&ed->shown);
}

/* --- the window --- */

/* libedit takes none of one column. */
static unsigned
columns_of(const struct lineedit *e)
{
	return e->columns >= LEAST_COLUMNS ? e->columns
	       : e->columns		   ? LEAST_COLUMNS
					   : USUAL_COLUMNS;
}

/* libedit keeps two pictures of all rows that it is told of. */
static void
set_size(struct editor *ed)
{
	unsigned rows = ed->e->rows ? ed->e->rows : USUAL_ROWS, most;
	struct winsize size = { 0 };

	ed->columns = columns_of(ed->e);
	most = MOST_CELLS / ed->columns;
	ed->rows = rows < most ? rows : most;
	ed->e->resized = false;
	size.ws_col = (unsigned short)ed->columns;
	size.ws_row = (unsigned short)ed->rows;
	ioctl(ed->slave, TIOCSWINSZ, &size);
}

/* --- what libedit asks for --- */

static struct editor *
editor_of(EditLine *el)
{
	void *ed;

	el_wget(el, EL_CLIENTDATA, &ed);
	return ed;
}

static wchar_t *
prompt_cb(EditLine *el)
{
	static wchar_t none[1];
	struct editor *ed = editor_of(el);

	return ed->held ? none : ed->prompt;
}

static unsigned char
do_cb(EditLine *el, wint_t c)
{
	struct editor *ed = editor_of(el);

	(void)c;
	return ed->todo(ed);
}

/* A new line of libedit's is one below, and at the left margin. */
static ssize_t
write_cb(void *ctx, const char *bytes, size_t n)
{
	struct editor *ed = ctx;

	for (size_t i = 0; i < n && !ed->muted; i++) {
		if (bytes[i] == '\n')
			buf_putc(&ed->shown, '\r');
		buf_putc(&ed->shown, bytes[i]);
	}
	return (ssize_t)n;
}

void
lineedit_set_prompt(struct editor *ed, const char *prompt, size_t n)
{
	free(ed->prompt);
	ed->prompt = lineedit_wide(ed, prompt, n);
}

/* --- off the screen and on again --- */

unsigned char
lineedit_hide(struct editor *ed)
{
	ed->held = lineedit_copy(ed);
	ed->held_cursor = lineedit_cursor(ed);
	lineedit_delete(ed, 0, lineedit_length(ed));
	return CC_REDISPLAY;
}

static unsigned char
come_back(struct editor *ed)
{
	lineedit_insert(ed, ed->held);
	lineedit_move(ed, ed->held_cursor);
	free(ed->held);
	ed->held = NULL;
	return CC_REFRESH;
}

/* The list, with prompt and line above it as if they had never left. */
static void
show_below(struct editor *ed)
{
	_autobuf_ struct buf text = BUF_INIT(SHOWN_BYTES);

	lineedit_narrow(ed, &text, ed->prompt, wcslen(ed->prompt));
	lineedit_narrow(ed, &text, ed->held, wcslen(ed->held));
	buf_putc(&text, '\n');
	lineedit_leave(ed);
	lineedit_show(ed->e, text.data, text.len);
	lineedit_show(ed->e, ed->below.data, ed->below.len);
	buf_release(&ed->below);
	lineedit_enter(ed);
}

/* What the line was hidden for. */
static void
while_hidden(struct editor *ed)
{
	if (ed->below.len) {
		show_below(ed);
		return;
	}
	lineedit_leave(ed);
	ed->e->ops->news(ed->e->ctx);
	lineedit_enter(ed);
}

/* libedit and the terminal database take for granted that there is memory for a screen. What is
 * given back here is there a moment later: the allocator returns only larger pieces. It may have to
 * be waited for, so without the lock. */
static void
reserve_memory(void)
{
	void *half = xmalloc(EDITOR_BYTES / 2), *other = xmalloc(EDITOR_BYTES / 2);

	free(half);
	free(other);
}

/*
 * A new window. Some terminals wrap a line of several rows anew and some cut it off, so the cursor
 * has stayed in its row or has gone to another; from the upper of the two on the line is drawn
 * again, and no more than that is wiped. It must be drawn at once: libedit's own idea of the cursor
 * may be outside of a window that has shrunk.
 */
static void
resize(struct editor *ed)
{
	size_t width = lineedit_columns(ed->prompt, wcslen(ed->prompt)) +
		       lineedit_columns(lineedit_text(ed), lineedit_cursor(ed));
	size_t before = ed->columns, now = columns_of(ed->e);

	fputc('\r', ed->out);
	for (size_t rows = width / (before > now ? before : now); rows; rows--)
		el_wset(ed->el, EL_ECHOTC, L"-s", L"up", NULL);
	el_wset(ed->el, EL_ECHOTC, L"-s", L"cd", NULL);
	set_size(ed);
	el_resize(ed->el);
	el_wset(ed->el, EL_REFRESH);
}

/* Behind -EAGAIN. */
static wchar_t
take_news(struct editor *ed)
{
	if (!ed->e->resized)
		return lineedit_do(ed, lineedit_hide);
	resize(ed);
	return 0;
}

/* --- keys --- */

void
lineedit_again(struct editor *ed, uint32_t key)
{
	memmove(ed->keys + 1, ed->keys, sizeof(ed->keys) - sizeof(ed->keys[0]));
	ed->keys[0] = key;
	ed->n_keys++;
}

static uint32_t
pop_key(struct editor *ed)
{
	uint32_t key = ed->keys[0];

	memmove(ed->keys, ed->keys + 1, sizeof(ed->keys) - sizeof(ed->keys[0]));
	ed->n_keys--;
	return key;
}

wchar_t
lineedit_do(struct editor *ed, todo_fn *todo)
{
	ed->todo = todo;
	return DO;
}

/* Waits for a byte. What libedit gets for it; 0 = nothing yet. */
static wchar_t
wait_key(struct editor *ed)
{
	int c;

	lineedit_leave(ed);
	c = ed->e->ops->key(ed->e->ctx);
	if (c == -EAGAIN && ed->e->resized)
		reserve_memory();
	lineedit_enter(ed);
	if (c == -EAGAIN)
		return take_news(ed);
	if (c < 0) {
		ed->result = c;
		return '\n';
	}
	/* The peer shows what it types itself from now on: not one byte of ours more. */
	if (!ed->e->echo) {
		ed->e->pushed = c;
		ed->muted = true;
		ed->result = LINEEDIT_GO_PLAIN;
		return '\n';
	}
	ed->n_keys = key_read(&ed->e->keys, (uint8_t)c, ed->keys);
	return 0;
}

static int
get_cb(EditLine *el, wchar_t *ret)
{
	struct editor *ed = editor_of(el);
	wchar_t c = ed->next;

	ed->next = 0;
	if (!c && ed->held) {
		while_hidden(ed);
		c = lineedit_do(ed, come_back);
	}
	while (!c)
		c = ed->n_keys ? lineedit_take_key(ed, pop_key(ed)) : wait_key(ed);
	*ret = c;
	return 1;
}

/* --- reading a line --- */

int
lineedit_editor_read(struct editor *ed)
{
	const wchar_t *text;
	int n;

	lineedit_clusters_clear(ed);
	lineedit_set_prompt(ed, ed->e->prompt, strlen(ed->e->prompt));
	ed->result = -EPIPE; /* unless a key says otherwise */
	ed->n_keys = 0;
	ed->next = 0;
	ed->searching = false;
	ed->recalled = NULL;
	lineedit_enter(ed);
	set_size(ed);
	text = el_wgets(ed->el, &n);
	if (ed->result >= 1 && text && n > 0)
		lineedit_narrow(ed, ed->e->line, text, (size_t)n - 1);
	if (ed->e->line->error)
		ed->result = ed->e->line->error;
	lineedit_leave(ed);
	ed->muted = false;
	free(ed->draft);
	ed->draft = NULL;
	return ed->result;
}

/* --- its life --- */

/* The slave comes from the master and not by its name: no /dev/pts needed, and no moment in which
 * a child could inherit it. 0 or -errno. */
static int
open_terminal(struct editor *ed)
{
	ed->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ed->master < 0 || unlockpt(ed->master) < 0)
		return -errno;
	ed->slave = ioctl(ed->master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return ed->slave < 0 ? -errno : 0;
}

static int
open_stream(struct editor *ed)
{
	ed->out = fopencookie(ed, "w", (cookie_io_functions_t){ .write = write_cb });
	if (!ed->out)
		return -ENOMEM;
	setvbuf(ed->out, ed->out_space, _IOFBF, sizeof(ed->out_space));
	return 0;
}

/* The wide names: the others leak what they convert. */
static void
bind_keys(struct editor *ed)
{
	static const wchar_t name[] = L"telmon", code[] = { DO, 0 };

	el_wset(ed->el, EL_CLIENTDATA, ed);
	el_wset(ed->el, EL_EDITOR, L"emacs");
	el_wset(ed->el, EL_PROMPT, prompt_cb);
	el_wset(ed->el, EL_GETCFN, get_cb);
	el_wset(ed->el, EL_ADDFN, name, L"whatever the key means", do_cb);
	el_wset(ed->el, EL_BIND, code, name, NULL);
	el_wset(ed->el, EL_BIND, L"\n", L"ed-newline", NULL);
	el_wset(ed->el, EL_BIND, L"\f", L"ed-clear-screen", NULL);
}

/* 0, -ENOTTY or -ENOMEM. */
static int
open_libedit(struct editor *ed, const char *terminal)
{
	char *up = NULL;

	if (lineedit_find_terminal(terminal, ed->terminal) < 0)
		return -ENOTTY;
	ed->el = el_init_fd("telmon", NULL, ed->out, ed->out, ed->slave, ed->slave, ed->slave);
	if (!ed->el)
		return -ENOMEM;
	if (el_wset(ed->el, EL_TERMINAL, ed->terminal) < 0 ||
	    el_wget(ed->el, EL_GETTC, "up", &up) < 0 || !up || !*up)
		return -ENOTTY;
	bind_keys(ed);
	return 0;
}

struct editor *
lineedit_editor_new(struct lineedit *e, const char *terminal, int *ret_error)
{
	struct editor *ed = xcalloc(1, sizeof(*ed));
	int r;

	ed->e = e;
	ed->master = ed->slave = -1;
	buf_init(&ed->shown, SHOWN_BYTES);
	buf_init(&ed->below, LINEEDIT_MENU_BYTES);
	reserve_memory();
	r = open_terminal(ed);
	if (r == 0)
		r = open_stream(ed);
	if (r == 0) {
		set_size(ed);
		lineedit_enter(ed);
		r = open_libedit(ed, terminal);
		fflush(ed->out);
		buf_clear(&ed->shown); /* it may have complained */
		lineedit_leave(ed);
	}
	if (r == 0)
		return ed;
	*ret_error = r;
	lineedit_editor_free(ed);
	return NULL;
}

static void
close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void
lineedit_editor_free(struct editor *ed)
{
	if (!ed)
		return;
	if (ed->el) {
		lineedit_enter(ed);
		el_end(ed->el);
		lock_release(&libedit_lock);
	}
	if (ed->out)
		fclose(ed->out);
	close_fd(ed->slave);
	close_fd(ed->master);
	buf_fini(&ed->shown);
	buf_fini(&ed->below);
	lineedit_clusters_clear(ed);
	free(ed->killed);
	free(ed->prompt);
	free(ed->held);
	free(ed->draft);
	free(ed);
}
