/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_telnet -- between lib/telnet and the session: its events become keys, sizes and bytes to
 * send, and its deadlines run on the session's clock. What the protocol answers goes into the same
 * output as text, in order; when the peer takes nothing of it, the session ends at max_output. Runs
 * on the session's worker, inside telnet_recv() for the most part.
 */
#include <string.h>

#include "session_private.h"
#include "text.h"

static const int64_t open_ns = 500 * NS_PER_MS; /* for the answers to our offer */
static const int64_t redraw_ns = 100 * NS_PER_MS;
/* plink says EOF behind piped input and then waits for us to close; others say it and go on. */
static const int64_t end_ns = NS_PER_S;

/* --- the terminal --- */

static bool
is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (strncmp(name, *list, strlen(*list)) == 0)
			return true;
	return false;
}

/* vt100 to vt525. The VT52 before them has a language of its own. */
static bool
is_vt(const char *name)
{
	return strncmp(name, "vt", 2) == 0 && name[2] >= '1' && name[2] <= '5' &&
	       strspn(name + 2, "0123456789") >= 3;
}

static void
take_terminal(struct session *s, const char *name, size_t n)
{
	static const char *const dumb[] = { "dumb",  "unknown", "network", "teletype",
					    "tty33", "vt52",	NULL };
	static const char *const colors[] = { "xterm", "screen", "tmux",    "linux",	 "rxvt",
					      "putty", "ansi",	 "konsole", "alacritty", "foot",
					      "kitty", "vte",	 "st-",	    "cygwin",	 NULL };
	static const char *const ansi[] = { "wezterm", "ghostty", "iterm",   "nsterm", "eterm",
					    "mlterm",  "dtterm",  "contour", NULL };
	struct person *p = s->person;

	if (n >= sizeof(p->terminal))
		n = sizeof(p->terminal) - 1;
	memcpy(p->terminal, name, n);
	p->terminal[n] = '\0';
	p->dumb = is_one_of(p->terminal, dumb);
	p->colors = is_one_of(p->terminal, colors);
	p->ansi = p->colors || is_one_of(p->terminal, ansi) || is_vt(p->terminal);
	session_look(s);
}

static void
take_window(struct session *s, unsigned columns, unsigned rows, bool known)
{
	struct person *p = s->person;

	p->columns = columns;
	p->rows = rows;
	p->next_columns = columns;
	p->windowed = known;
	session_look(s);
}

/* A peer that resizes without end is followed ten times a second. */
static void
show_window(struct session *s)
{
	struct person *p = s->person;
	int64_t now = now_ns();

	if (!p->next_columns || !p->editor || now < p->redraw_ns)
		return;
	lineedit_set_window(p->editor, p->next_columns, p->rows);
	p->resized = true;
	p->next_columns = 0;
	p->redraw_ns = now + redraw_ns;
}

/* --- events --- */

static void
take_send(struct session *s, const char *bytes, size_t n)
{
	if (conn_put(&s->conn, bytes, n) < 0)
		session_lost(s);
}

/* Text that was typed before the mark is gone, the line at the prompt too; an interrupt is what the
 * mark was sent for. */
static void
take_synch(struct session *s)
{
	struct person *p = s->person;
	bool interrupt = p->typed.len > p->typed_at &&
			 memchr(p->typed.data + p->typed_at, TYPED_INTERRUPT,
				p->typed.len - p->typed_at);

	p->urgent_ns = 0;
	if (p->typed.len > p->typed_at)
		session_typed_cut(p, p->typed_at, p->typed.len);
	session_typed_putc(s, interrupt ? TYPED_INTERRUPT : TYPED_KILL);
}

static void
warn(struct session *s, const char *text, size_t n)
{
	_autobuf_ struct buf name = BUF_WHY, clean = BUF_WHY;

	text_clean(&clean, text, n);
	log_debug("%s: telnet: %s", session_name(s, &name), buf_str(&clean));
}

static void
take_echo(struct session *s, bool on)
{
	if (s->person->editor)
		lineedit_set_echo(s->person->editor, on);
	session_look(s);
}

static void
event(void *ctx, const struct telnet_event *ev)
{
	struct session *s = ctx;

	switch (ev->type) {
	case TELNET_DATA:
		session_typed_put(s, ev->text, ev->size);
		break;
	case TELNET_SEND:
		take_send(s, ev->text, ev->size);
		break;
	case TELNET_INTERRUPT:
		session_typed_putc(s, TYPED_INTERRUPT);
		break;
	case TELNET_ERASE_CHAR:
		session_typed_putc(s, TYPED_ERASE);
		break;
	case TELNET_ERASE_LINE:
		session_typed_putc(s, TYPED_KILL);
		break;
	case TELNET_ARE_YOU_THERE:
		s->person->asked = true;
		break;
	case TELNET_EOF:
		s->person->end_ns = now_ns() + end_ns;
		break;
	case TELNET_SYNCH:
		if (ev->on)
			take_synch(s);
		break;
	case TELNET_TIMING_MARK:
		session_typed_putc(s, TYPED_MARK);
		break;
	case TELNET_WINDOW:
		take_window(s, ev->columns, ev->rows, ev->on);
		break;
	case TELNET_TERMINAL:
		take_terminal(s, ev->text, ev->size);
		break;
	case TELNET_ECHO:
		take_echo(s, ev->on);
		break;
	case TELNET_WARNING:
		warn(s, ev->text, ev->size);
		break;
	case TELNET_OPENED:	  /* telnet_is_open() */
	case TELNET_CHARSET:	  /* UTF-8 it is anyway */
	case TELNET_BINARY_OUT:	  /* telnet_encode() knows */
	case TELNET_ABORT_OUTPUT: /* a round more does no harm */
	case TELNET_SUSPEND:	  /* there is no job to stop */
		break;
	}
}

/* --- the way in --- */

void
session_telnet_start(struct session *s, bool probed)
{
	struct person *p = s->person;

	s->talk = TALK_TELNET;
	p->telnet = telnet_new(event, s);
	session_is_person(s, "telnet");
	telnet_offer(p->telnet, probed);
}

void
session_telnet_read(struct session *s, const char *bytes, size_t n)
{
	struct person *p = s->person;

	telnet_recv(p->telnet, bytes, n);
	if (!telnet_in_suboption(p->telnet))
		p->suboption_ns = 0;
	else if (!p->suboption_ns)
		p->suboption_ns = now_ns() + s->limits.suboption_ns;
	show_window(s);
}

void
session_telnet_urgent(struct session *s)
{
	struct person *p = s->person;

	if (!p->telnet || telnet_is_urgent(p->telnet))
		return;
	telnet_urgent(p->telnet);
	p->urgent_ns = now_ns() + s->limits.urgent_ns;
}

static int64_t
nearer(int64_t until_ns, int64_t at_ns) /* 0 = not set */
{
	return session_nearer(until_ns, at_ns ? at_ns : -1);
}

int64_t
session_telnet_deadline(const struct session *s, int64_t until_ns)
{
	const struct person *p = s->person;

	if (!p->telnet)
		return until_ns;
	if (p->next_columns && p->editor)
		until_ns = nearer(until_ns, p->redraw_ns);
	return nearer(nearer(until_ns, p->suboption_ns), p->urgent_ns);
}

void
session_telnet_tick(struct session *s)
{
	struct person *p = s->person;
	int64_t now;

	if (!p->telnet || (!p->suboption_ns && !p->urgent_ns && !p->next_columns))
		return;
	now = now_ns();
	if (p->suboption_ns && now >= p->suboption_ns) {
		p->suboption_ns = 0;
		telnet_suboption_end(p->telnet);
	}
	if (p->urgent_ns && now >= p->urgent_ns) {
		p->urgent_ns = 0;
		telnet_urgent_end(p->telnet);
	}
	show_window(s);
}

void
session_telnet_open(struct session *s)
{
	int64_t until_ns = now_ns() + open_ns;

	/* A client that sends all it has at once answers only behind that, and is not waited for.
	 */
	while (!s->over && !s->lost && !telnet_is_open(s->person->telnet) && !session_typed_full(s))
		if (session_typed_wait(s, until_ns) < 0)
			break;
}
