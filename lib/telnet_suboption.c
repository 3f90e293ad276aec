/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telnet_suboption -- what complete suboptions say: window size (RFC 1073), terminal type (1091),
 * status (859), character set (2066). Only for options that are in force; everything else is
 * dropped whole. Nothing a peer sends here is kept but the last terminal type, cut to size, and
 * nothing of it is sent back but "UTF-8".
 */
#include <string.h>
#include <strings.h>

#include "telnet_private.h"

enum { TTYPE_IS = 0, TTYPE_SEND = 1 };
enum { STATUS_IS = 0, STATUS_SEND = 1 };
enum {
	CHARSET_REQUEST = 1,
	CHARSET_ACCEPTED,
	CHARSET_REJECTED,
	CHARSET_TTABLE_IS,
	CHARSET_TTABLE_REJECTED
};

/* --- NAWS --- */

static unsigned
clamp(unsigned v, unsigned unspecified)
{
	if (v == 0)
		return unspecified;
	return v < TELNET_MAX_WINDOW ? v : TELNET_MAX_WINDOW;
}

void
telnet_suboption_tell_window(struct telnet *t, unsigned columns, unsigned rows)
{
	struct telnet_event ev = { .type = TELNET_WINDOW,
				   .columns = clamp(columns, 80),
				   .rows = clamp(rows, 24),
				   .on = columns && rows };

	telnet_emit(t, &ev);
}

static void
take_naws(struct telnet *t, const uint8_t *data, size_t n)
{
	if (n != 4) {
		telnet_warn(t, WARN_SUB_SIZE, "window size of a wrong length, ignoring it");
		return;
	}
	t->size_awaited = false;
	telnet_suboption_tell_window(t, data[0] * 256u + data[1], data[2] * 256u + data[3]);
}

/* --- TTYPE --- */

void
telnet_suboption_ask_type(struct telnet *t)
{
	static const uint8_t ask[] = { CODE_IAC,   CODE_SB,  OPTION_TTYPE,
				       TTYPE_SEND, CODE_IAC, CODE_SE };

	if (t->type_asks >= TELNET_MAX_TYPE_ASKS)
		return;
	t->type_asks++;
	t->type_asked = true;
	telnet_send(t, ask, sizeof(ask));
}

static char
type_char(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("+._-", c)))
		return (char)c;
	return '\0';
}

/* Lower-cases into ret; false unless all of it may be the name of a terminal. */
static bool
clean_type(const uint8_t *data, size_t n, char ret[TELNET_MAX_TYPE])
{
	if (n == 0 || n > TELNET_MAX_TYPE)
		return false;
	for (size_t i = 0; i < n; i++) {
		ret[i] = type_char(data[i]);
		if (!ret[i])
			return false;
	}
	return true;
}

/* A client has a list of names and offers the next one each time it is asked; repeating one ends
 * the list. */
static void
ask_next_type(struct telnet *t, const uint8_t *data, size_t n)
{
	size_t keep = n < TELNET_MAX_TYPE ? n : TELNET_MAX_TYPE;
	bool first = t->type_asks <= 1;

	telnet_warn(t, WARN_TERMINAL, "terminal type is no name, ignoring it");
	if (!first && memcmp(t->last_type, data, keep) == 0 && t->last_type[keep] == '\0')
		return;
	memcpy(t->last_type, data, keep);
	t->last_type[keep] = '\0';
	telnet_suboption_ask_type(t);
}

static void
take_ttype(struct telnet *t, const uint8_t *data, size_t n)
{
	char name[TELNET_MAX_TYPE];

	if (n == 0 || data[0] != TTYPE_IS || !t->type_asked)
		return;
	t->type_asked = false;
	if (clean_type(data + 1, n - 1, name))
		telnet_emit(t, &(struct telnet_event){
				       .type = TELNET_TERMINAL, .text = name, .size = n - 1 });
	else
		ask_next_type(t, data + 1, n - 1);
}

/* --- STATUS --- */

/* No option that we agree to has the number of SE or IAC, so nothing in the list needs doubling. */
static void
take_status(struct telnet *t, const uint8_t *data, size_t n)
{
	uint8_t out[4 + 4 * 16 + 2] = { CODE_IAC, CODE_SB, OPTION_STATUS, STATUS_IS };
	size_t at = 4;

	if (n != 1 || data[0] != STATUS_SEND)
		return;
	for (unsigned option = 0; option < 256; option++) {
		for (unsigned side = 0; side < SIDE__COUNT && at < sizeof(out) - 3; side++) {
			if (!telnet_option_on(t, side, (uint8_t)option))
				continue;
			out[at++] = side == SIDE_US ? CODE_WILL : CODE_DO;
			out[at++] = (uint8_t)option;
		}
	}
	out[at++] = CODE_IAC;
	out[at++] = CODE_SE;
	telnet_send(t, out, at);
}

/* --- CHARSET --- */

/* The list is <sep>name<sep>name. Finds UTF-8 in any case; a request for a translate table never
 * matches, because "[TTABLE ]" and its version stand where the separator would. */
static const uint8_t *
find_utf8(const uint8_t *list, size_t n)
{
	static const char name[] = "UTF-8";
	const size_t size = sizeof(name) - 1;

	if (n == 0 || list[0] == '[')
		return NULL;
	for (size_t i = 0; i + size < n; i++) {
		if (list[i] == list[0] &&
		    strncasecmp((const char *)list + i + 1, name, size) == 0 &&
		    (i + 1 + size == n || list[i + 1 + size] == list[0]))
			return list + i + 1;
	}
	return NULL;
}

static void
answer_charset(struct telnet *t, uint8_t verdict, const uint8_t *name, size_t n)
{
	uint8_t out[16] = { CODE_IAC, CODE_SB, OPTION_CHARSET, verdict };

	memcpy(out + 4, name, n);
	out[4 + n] = CODE_IAC;
	out[5 + n] = CODE_SE;
	telnet_send(t, out, 6 + n);
}

static void
take_charset(struct telnet *t, const uint8_t *data, size_t n)
{
	const uint8_t *name;

	if (n == 0)
		return;
	if (data[0] == CHARSET_TTABLE_IS) {
		answer_charset(t, CHARSET_TTABLE_REJECTED, data, 0);
		return;
	}
	if (data[0] != CHARSET_REQUEST)
		return;
	name = find_utf8(data + 1, n - 1);
	if (!name) {
		answer_charset(t, CHARSET_REJECTED, data, 0);
		return;
	}
	answer_charset(t, CHARSET_ACCEPTED, name, 5);
	telnet_emit(t, &(struct telnet_event){ .type = TELNET_CHARSET });
}

/* --- all of them --- */

typedef void take_fn(struct telnet *t, const uint8_t *data, size_t n);

static const struct suboption {
	uint8_t option;
	bool from[SIDE__COUNT]; /* the side that has to do the option */
	take_fn *take;
} suboptions[] = {
	{ OPTION_NAWS, { [SIDE_HIM] = true }, take_naws },
	{ OPTION_TTYPE, { [SIDE_HIM] = true }, take_ttype },
	{ OPTION_STATUS, { [SIDE_US] = true }, take_status },
	{ OPTION_CHARSET, { [SIDE_US] = true, [SIDE_HIM] = true }, take_charset },
};

void
telnet_suboption_recv(struct telnet *t)
{
	const uint8_t *bytes = (const uint8_t *)t->sub.data;

	for (size_t i = 0; i < sizeof(suboptions) / sizeof(*suboptions); i++) {
		const struct suboption *s = &suboptions[i];

		if (s->option != bytes[0])
			continue;
		for (unsigned side = 0; side < SIDE__COUNT; side++) {
			if (s->from[side] && telnet_option_on(t, side, s->option)) {
				s->take(t, bytes + 1, t->sub.len - 1);
				return;
			}
		}
	}
	telnet_warn(t, WARN_SUB_OPTION, "suboption for an option that is off, ignoring it");
}
