/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * key -- one byte at a time through the grammar of ECMA-48: ESC, CSI with parameters, SS3, and the
 * strings (OSC, DCS and their kin) that no key sends but some terminal's answer may be. What xterm,
 * rxvt, PuTTY, tmux, screen and the Linux console send for a key becomes its name; all else is
 * swallowed whole, so that no half of a sequence is ever typed as letters. Pure.
 */
#include "key.h"

#include <string.h>

#include "text.h"

enum state {
	PLAIN,
	ESCAPED, /* behind ESC */
	CSI,	 /* behind ESC [ */
	PARAMS,	 /* behind ESC [ and more */
	SHIFT3,	 /* behind ESC O: one more, maybe after parameters */
	ONE,	 /* behind ESC N, or ESC [ [ of the Linux console: one more */
	STRING,	 /* up to BEL or ST */
};

enum { ESC = 0x1b, DEL = 0x7f, BEL = '\a', CSI_CHARACTER = 0x9b };

/* --- sequences --- */

static void
begin(struct key_reader *r, enum state state)
{
	r->state = (uint8_t)state;
	r->strange = false;
	r->n_params = 0;
	memset(r->params, 0, sizeof(r->params));
}

static uint32_t
of_letter(uint8_t c)
{
	switch (c) {
	case 'A':
	case 'a':
		return KEY_UP;
	case 'B':
	case 'b':
		return KEY_DOWN;
	case 'C':
	case 'c':
		return KEY_RIGHT;
	case 'D':
	case 'd':
		return KEY_LEFT;
	case 'H':
		return KEY_HOME;
	case 'F':
		return KEY_END;
	default:
		return 0;
	}
}

static uint32_t
of_number(unsigned number)
{
	static const struct {
		uint8_t number;
		uint32_t key;
	} keys[] = {
		{ 1, KEY_HOME },	  { 2, KEY_INSERT },	  { 3, KEY_DELETE }, { 4, KEY_END },
		{ 5, KEY_PAGE_UP },	  { 6, KEY_PAGE_DOWN },	  { 7, KEY_HOME },   { 8, KEY_END },
		{ 200, KEY_PASTE_BEGIN }, { 201, KEY_PASTE_END },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].number == number)
			return keys[i].key;
	return 0;
}

/* The second parameter, as xterm sends it: a bit set and 1. */
static uint32_t
modifiers(const struct key_reader *r)
{
	unsigned bits = r->n_params > 0 && r->params[1] ? r->params[1] - 1u : 0;

	return (bits & 1 ? KEY_SHIFT : 0u) | (bits & 2 ? KEY_ALT : 0u) | (bits & 4 ? KEY_CTRL : 0u);
}

/* The key of a sequence that ends in c; 0: none is known. */
static uint32_t
of_sequence(const struct key_reader *r, uint8_t c)
{
	uint32_t key, extra = modifiers(r) | (r->alt ? KEY_ALT : 0u);

	if (r->strange)
		return 0;
	if (c == '~' || c == '^' || c == '@') {
		key = of_number(r->params[0]);
		extra |= (c == '^' || c == '@' ? KEY_CTRL : 0u) | (c == '@' ? KEY_SHIFT : 0u);
	} else {
		key = of_letter(c);
		/* rxvt: small letters are those with Shift, behind ESC O with Control. */
		if (c >= 'a')
			extra |= r->state == SHIFT3 ? KEY_CTRL : KEY_SHIFT;
	}
	return key ? key | extra : 0;
}

/* A byte of parameters. */
static void
take_parameter(struct key_reader *r, uint8_t c)
{
	if (c == ';') {
		r->n_params++;
		r->strange |= r->n_params >= KEY_PARAMS;
	} else if (c >= '0' && c <= '9' && !r->strange) {
		uint16_t *p = &r->params[r->n_params];

		*p = (uint16_t)(*p >= 1000 ? 1000 : *p * 10 + (c - '0'));
	} else {
		r->strange = true;
	}
}

/* Behind ESC. An intermediate byte makes it a sequence of more, which no key sends. */
static uint32_t
after_escape(struct key_reader *r, uint8_t c)
{
	bool strange = r->strange;

	if (c < 0x30 && c != '\b')
		r->strange = true;
	else if (c == '[' && !strange)
		begin(r, CSI);
	else if (c == 'O' && !strange)
		begin(r, SHIFT3);
	else if (c == 'N' && !strange)
		begin(r, ONE);
	else if (strchr("]PX^_", c) && !strange)
		begin(r, STRING);
	else
		begin(r, PLAIN);
	/* ESC \ is ST, the end of a string. */
	return r->state == PLAIN && !strange && c != '\\' ? KEY_ALT | c : 0;
}

static uint32_t
after_csi(struct key_reader *r, uint8_t c)
{
	uint32_t key;

	if (c == '[' && r->state == CSI) {
		begin(r, ONE);
		return 0;
	}
	if (c >= 0x20 && c < 0x40) {
		r->state = PARAMS;
		take_parameter(r, c);
		return 0;
	}
	key = of_sequence(r, c);
	begin(r, PLAIN);
	return key;
}

static uint32_t
after_shift3(struct key_reader *r, uint8_t c)
{
	uint32_t key;

	if ((c >= '0' && c <= '9') || c == ';') {
		take_parameter(r, c);
		return 0;
	}
	key = of_sequence(r, c);
	begin(r, PLAIN);
	return key;
}

/* A byte that continues the sequence at hand. */
static uint32_t
next_in_sequence(struct key_reader *r, uint8_t c)
{
	switch ((enum state)r->state) {
	case ESCAPED:
		return after_escape(r, c);
	case CSI:
	case PARAMS:
		return after_csi(r, c);
	case SHIFT3:
		return after_shift3(r, c);
	case STRING:
		if (c == BEL)
			begin(r, PLAIN);
		return 0;
	case ONE:
	case PLAIN:
		break;
	}
	begin(r, PLAIN);
	return 0;
}

/* What the sequence at hand may be made of. */
static bool
may_continue(const struct key_reader *r, uint8_t c)
{
	switch ((enum state)r->state) {
	case PLAIN:
		return false;
	case STRING:
		return c >= ' ' || c == BEL;
	case ESCAPED:
		return (c >= ' ' || c == '\b') && c < 0x80;
	default:
		return c >= ' ' && c < 0x80;
	}
}

static void
take_escape(struct key_reader *r)
{
	r->alt = r->state == ESCAPED;
	begin(r, ESCAPED);
}

/* --- characters --- */

/* How many bytes the character has that begins so; 0: none does. */
static size_t
character_size(uint8_t first)
{
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

static size_t
take_high_byte(struct key_reader *r, uint8_t byte, uint32_t *ret)
{
	uint32_t c;
	size_t n;

	if (r->n_bytes == 0 && character_size(byte) == 0) {
		*ret = KEY_INVALID;
		return 1;
	}
	r->bytes[r->n_bytes++] = (char)byte;
	if (r->n_bytes < character_size((uint8_t)r->bytes[0]))
		return 0;
	n = text_decode(r->bytes, r->n_bytes, &c);
	if (n != r->n_bytes)
		c = KEY_INVALID;
	r->n_bytes = 0;
	if (c == CSI_CHARACTER) {
		r->alt = false;
		begin(r, CSI);
	}
	*ret = c;
	return c >= 0x80 && c < 0xa0 ? 0 : 1;
}

size_t
key_read(struct key_reader *r, uint8_t byte, uint32_t ret[2])
{
	size_t n = 0;
	uint32_t key;

	if (r->n_bytes && (byte & 0xc0) != 0x80) {
		r->n_bytes = 0;
		ret[n++] = KEY_INVALID;
	}
	if (byte == ESC) {
		take_escape(r);
		return n;
	}
	if (may_continue(r, byte)) {
		key = next_in_sequence(r, byte);
		if (key)
			ret[n++] = key;
		return n;
	}
	begin(r, PLAIN);
	if (byte >= 0x80)
		return n + take_high_byte(r, byte, ret + n);
	ret[n++] = byte;
	return n;
}

bool
key_is_begun(const struct key_reader *r)
{
	return r->state != PLAIN || r->n_bytes;
}

bool
key_end(struct key_reader *r)
{
	bool escape = r->state == ESCAPED && !r->strange;

	*r = (struct key_reader){ 0 };
	return escape;
}

void
key_pause(struct key_reader *r)
{
	if (r->state != ESCAPED || r->strange)
		begin(r, PLAIN);
}

size_t
key_encode(uint32_t c, char ret[4])
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n; i-- > 1; c >>= 6)
		ret[i] = (char)(0x80 | (c & 0x3f));
	ret[0] = (char)(lead[n] | c);
	return n;
}
