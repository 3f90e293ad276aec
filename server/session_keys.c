/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_keys -- keys for the command that runs, if it wants them, and for the pager: taken out of
 * what a person typed since the line began, or of what a framed session's /key brought. What was
 * typed before that is typed ahead and stays. Runs on the session's worker.
 */
#include <errno.h>

#include "session_private.h"

enum { KEYS_BYTES = 4096, KEY_ESCAPE = 0x1b };

/* The rest of an escape sequence is here by then, or ESC was pressed. */
static const int64_t escape_ns = 100 * NS_PER_MS;

void
session_keys_begin(struct session *s)
{
	s->key_reader = (struct key_reader){ 0 };
	s->escape_ns = 0;
	s->key = -EAGAIN;
	buf_clear(&s->keys);
	if (s->person)
		s->person->key_from = s->person->typed.len;
}

/* True when the byte makes a key, which counts without Shift and its kin if it has a name. Bytes
 * that are none are nobody's. */
static bool
read_byte(struct session *s, char byte)
{
	static const uint32_t modifiers = KEY_SHIFT | KEY_ALT | KEY_CTRL;
	uint32_t keys[2];
	size_t n = key_read(&s->key_reader, (uint8_t)byte, keys);

	if (n == 0 || keys[n - 1] == KEY_INVALID)
		return false;
	s->key = (int)keys[n - 1];
	if ((keys[n - 1] & ~modifiers) > KEY_INVALID)
		s->key &= (int)~modifiers;
	return true;
}

/* Timing marks among the keys are answered when the line has ended. */
static void
read_typed(struct session *s)
{
	struct person *p = s->person;
	size_t from = p->key_from > p->typed_at ? p->key_from : p->typed_at, to = from;
	bool found = false;

	while (!found && to < p->typed.len) {
		char c = p->typed.data[to++];

		found = c != TYPED_MARK && read_byte(s, c);
	}
	if (to > from)
		session_typed_cut(p, from, to);
}

static void
read_keys(struct session *s)
{
	size_t n = 0;

	while (n < s->keys.len && !read_byte(s, s->keys.data[n++]))
		continue;
	if (n)
		buf_consume(&s->keys, n);
}

bool
session_key_ready(struct session *s)
{
	if (s->key >= 0)
		return true;
	if (s->person)
		read_typed(s);
	else
		read_keys(s);
	if (s->key < 0 && s->escape_ns && now_ns() >= s->escape_ns && key_end(&s->key_reader))
		s->key = KEY_ESCAPE;
	if (!key_is_begun(&s->key_reader))
		s->escape_ns = 0;
	else if (!s->escape_ns)
		s->escape_ns = now_ns() + escape_ns;
	return s->key >= 0;
}

int
session_key_take(struct session *s)
{
	int key = session_key_ready(s) ? s->key : -EAGAIN;

	s->key = -EAGAIN;
	return key;
}

int64_t
session_key_deadline(const struct session *s, int64_t until_ns)
{
	return s->escape_ns && (until_ns < 0 || s->escape_ns < until_ns) ? s->escape_ns : until_ns;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void
session_keys_put(struct session *s, const char *hex, size_t n)
{
	if (!s->keys.max)
		buf_init(&s->keys, KEYS_BYTES);
	for (size_t i = 0; i + 1 < n; i += 2) {
		int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);

		/* Keys that nobody takes are no harm: the first ones count. */
		if (high < 0 || low < 0 || s->keys.len == s->keys.max ||
		    buf_putc(&s->keys, (char)(high << 4 | low)) < 0)
			return;
	}
}
