/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * key -- typed bytes to keys: UTF-8, and the escape sequences that terminals send for keys that
 * have no character. Pure; what a key does is known elsewhere.
 */
#ifndef KEY_H
#define KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key is a Unicode character (controls among them), or one of these; modifiers are added to
 * named keys, and KEY_ALT to characters of ASCII. C1 controls and unknown sequences are no keys. */
enum {
	KEY_INVALID = 0x110000, /* bytes that are no character: one for each that begins none, and
				   one for each character that stays without its end */
	KEY_UP,
	KEY_DOWN,
	KEY_RIGHT,
	KEY_LEFT,
	KEY_HOME,
	KEY_END,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_INSERT,
	KEY_DELETE,
	KEY_PASTE_BEGIN, /* of bracketed paste: what is between was not typed */
	KEY_PASTE_END,

	KEY_SHIFT = 1 << 24,
	KEY_ALT = 1 << 25,
	KEY_CTRL = 1 << 26,
};

enum { KEY_PARAMS = 3 };

/* All zero: nothing has been read. */
struct key_reader {
	uint8_t state;
	bool alt;     /* a second ESC stood before the sequence */
	bool strange; /* the sequence is none of a key's */
	uint8_t n_params, n_bytes;
	uint16_t params[KEY_PARAMS];
	char bytes[4]; /* of a character that is not complete */
};

/* Takes the next byte. Returns how many keys it makes, in the order they were typed: 0, 1, or 2
 * when it ends a character that stays incomplete. Control characters end a sequence and count
 * themselves: an Enter always gets through. */
size_t key_read(struct key_reader *r, uint8_t byte, uint32_t ret[2]);
/* True while bytes wait for others: ESC alone looks like the beginning of a sequence. */
bool key_is_begun(const struct key_reader *r);
/* Nothing more belongs to what was begun: the next byte stands for itself. True when that was ESC,
 * which is then a key. */
bool key_end(struct key_reader *r);
/* Nothing has come for so long that a sequence which was begun is none: what follows is typed. An
 * ESC alone still waits, for it may be typed before a character in the place of Alt. */
void key_pause(struct key_reader *r);
/* Writes a character (no named key) in UTF-8. Returns its length. */
size_t key_encode(uint32_t c, char ret[4]);

#endif
