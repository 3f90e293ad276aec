/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telnet -- the decoder: finds text, commands, options and suboptions in the bytes that arrive, one
 * byte at a time, so that it cannot matter how they were cut. What options mean is in
 * telnet_option.c, what suboptions say in telnet_suboption.c, the way out in telnet_encode.c. Keeps
 * no clock: whoever owns the session calls the two _end functions when a deadline passes. Every
 * reply answers one received command, so a peer cannot make us talk more than it does, and two
 * machines cannot talk for ever.
 */
#include "telnet.h"

#include <stdlib.h>

#include "mem.h"
#include "telnet_private.h"

struct telnet *
telnet_new(telnet_event_cb *cb, void *ctx)
{
	struct telnet *t = xcalloc(1, sizeof(*t));

	t->cb = cb;
	t->ctx = ctx;
	buf_init(&t->sub, TELNET_MAX_SUBOPTION);
	return t;
}

void
telnet_free(struct telnet *t)
{
	if (!t)
		return;
	buf_fini(&t->sub);
	free(t);
}

/* --- events --- */

static void
flush_run(struct telnet *t)
{
	struct telnet_event ev = { .type = TELNET_DATA, .text = t->run, .size = t->run_size };

	if (t->run_size == 0)
		return;
	t->run_size = 0;
	t->cb(t->ctx, &ev);
}

void
telnet_emit(struct telnet *t, const struct telnet_event *ev)
{
	flush_run(t);
	t->cb(t->ctx, ev);
}

void
telnet_send(struct telnet *t, const void *bytes, size_t n)
{
	telnet_emit(t, &(struct telnet_event){ .type = TELNET_SEND, .text = bytes, .size = n });
}

void
telnet_warn(struct telnet *t, enum telnet_warning kind, const char *text)
{
	struct telnet_event ev = { .type = TELNET_WARNING, .text = text };

	if (t->warned & 1u << kind)
		return;
	t->warned |= 1u << kind;
	while (text[ev.size])
		ev.size++;
	telnet_emit(t, &ev);
}

static void
emit_plain(struct telnet *t, enum telnet_event_type type)
{
	telnet_emit(t, &(struct telnet_event){ .type = type });
}

/* --- text --- */

static void
put_text(struct telnet *t, uint8_t c)
{
	if (t->urgent)
		return;
	if (t->run_size == sizeof(t->run))
		flush_run(t);
	t->run[t->run_size++] = (char)c;
}

/* CR ends the line at once: waiting for its LF or NUL would hold the line back from a peer that
 * sends neither. */
static void
take_text(struct telnet *t, uint8_t c)
{
	bool after_cr = t->after_cr;

	t->after_cr = false;
	if (telnet_option_on(t, SIDE_HIM, OPTION_BINARY)) {
		put_text(t, c);
	} else if (c == '\r') {
		t->after_cr = true;
		put_text(t, '\n');
	} else if (c != '\0' && !(c == '\n' && after_cr)) {
		put_text(t, c);
	}
}

/* --- commands --- */

static void
data_mark(struct telnet *t)
{
	struct telnet_event ev = { .type = TELNET_SYNCH, .on = t->urgent };

	t->urgent = false;
	telnet_emit(t, &ev);
}

static void
timing_mark(struct telnet *t)
{
	t->timing_marks++;
	emit_plain(t, TELNET_TIMING_MARK);
}

/* EC and EL belong to the text that urgent data discards; the other functions are what it was sent
 * for. */
static void
take_code(struct telnet *t, uint8_t code)
{
	t->state = STATE_DATA;
	switch (code) {
	case CODE_EOF:
		emit_plain(t, TELNET_EOF);
		break;
	case CODE_SUSP:
		emit_plain(t, TELNET_SUSPEND);
		break;
	case CODE_ABORT:
	case CODE_BRK:
	case CODE_IP:
		emit_plain(t, TELNET_INTERRUPT);
		break;
	case CODE_DM:
		data_mark(t);
		break;
	case CODE_AO:
		emit_plain(t, TELNET_ABORT_OUTPUT);
		break;
	case CODE_AYT:
		emit_plain(t, TELNET_ARE_YOU_THERE);
		break;
	case CODE_EC:
		if (!t->urgent)
			emit_plain(t, TELNET_ERASE_CHAR);
		break;
	case CODE_EL:
		if (!t->urgent)
			emit_plain(t, TELNET_ERASE_LINE);
		break;
	case CODE_SB:
		t->sub_bad = false;
		t->state = STATE_SUB;
		break;
	case CODE_WILL:
	case CODE_WONT:
	case CODE_DO:
	case CODE_DONT:
		t->verb = code;
		t->state = STATE_VERB;
		break;
	case CODE_IAC:
		t->after_cr = false;
		put_text(t, code);
		break;
	case CODE_EOR:
	case CODE_SE: /* no suboption is open */
	case CODE_NOP:
	case CODE_GA:
		break;
	default:
		telnet_warn(t, WARN_CODE, "unknown command after IAC ignored");
		break;
	}
}

static void
take_option(struct telnet *t, uint8_t option)
{
	t->state = STATE_DATA;
	if (option == OPTION_TM && t->verb == CODE_DO)
		timing_mark(t);
	else
		telnet_option_recv(t, t->verb, option);
	telnet_check_opened(t);
}

/* --- suboptions --- */

static void
put_sub(struct telnet *t, uint8_t c)
{
	if (t->sub_bad || buf_putc(&t->sub, (char)c) == 0)
		return;
	t->sub_bad = true;
	buf_release(&t->sub);
	telnet_warn(t, WARN_SUB_LONG, "suboption too long, ignoring it");
}

static void
close_sub(struct telnet *t, enum telnet_state next)
{
	t->state = next;
	buf_release(&t->sub);
}

/*
 * IAC within a suboption is doubled, or followed by SE. Anything else is the mark of a peer that
 * does not double: what it meant is lost, but its end is still SE, and no byte of it may be taken
 * for text that was typed.
 */
static void
take_sub_code(struct telnet *t, uint8_t code)
{
	t->state = STATE_SUB;
	if (code == CODE_IAC) {
		put_sub(t, code);
	} else if (code == CODE_SE) {
		if (!t->sub_bad && t->sub.len > 0)
			telnet_suboption_recv(t);
		close_sub(t, STATE_DATA);
		telnet_check_opened(t);
	} else {
		t->sub_bad = true;
		buf_release(&t->sub);
		telnet_warn(t, WARN_SUB_IAC, "command inside a suboption, ignoring both");
	}
}

/* --- the way in --- */

static void
take_byte(struct telnet *t, uint8_t c)
{
	switch (t->state) {
	case STATE_DATA:
		if (c == CODE_IAC)
			t->state = STATE_IAC;
		else
			take_text(t, c);
		break;
	case STATE_IAC:
		take_code(t, c);
		break;
	case STATE_VERB:
		take_option(t, c);
		break;
	case STATE_SUB:
		if (c == CODE_IAC)
			t->state = STATE_SUB_IAC;
		else
			put_sub(t, c);
		break;
	case STATE_SUB_IAC:
		take_sub_code(t, c);
		break;
	}
}

void
telnet_recv(struct telnet *t, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		take_byte(t, (uint8_t)bytes[i]);
	flush_run(t);
}

void
telnet_timing_mark(struct telnet *t)
{
	static const uint8_t mark[] = { CODE_IAC, CODE_WILL, OPTION_TM };

	if (t->timing_marks == 0)
		return;
	t->timing_marks--;
	telnet_send(t, mark, sizeof(mark));
}

void
telnet_urgent(struct telnet *t)
{
	t->urgent = true;
}

void
telnet_urgent_end(struct telnet *t)
{
	t->urgent = false;
}

void
telnet_suboption_end(struct telnet *t)
{
	if (!telnet_in_suboption(t))
		return;
	/* An IAC that is already here begins whatever comes next. */
	close_sub(t, t->state == STATE_SUB_IAC ? STATE_IAC : STATE_DATA);
	telnet_warn(t, WARN_SUB_OPEN, "suboption without an end, ignoring it");
}

bool
telnet_in_suboption(const struct telnet *t)
{
	return t->state == STATE_SUB || t->state == STATE_SUB_IAC;
}

bool
telnet_is_urgent(const struct telnet *t)
{
	return t->urgent;
}
