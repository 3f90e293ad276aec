/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_set -- what a session may set for itself, as a table of rows: how answers look, the
 * prompt, and in a framed session whether a person stands behind it. Runs on the session's worker.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "session_private.h"
#include "text.h"

enum { MIN_WIDTH = 20, MAX_WIDTH = 512, PROMPT_BYTES = 64 };

/* --- choices --- */

static int
choose(const char *value, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(value, names[i]) == 0)
			return (int)i;
	return -EINVAL;
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const charsets[] = {
	[CHOICE_AUTO] = "auto", [CHOICE_OFF] = "ascii", [CHOICE_ON] = "utf-8"
};
static const char *const switches[] = {
	[CHOICE_AUTO] = "auto", [CHOICE_OFF] = "off", [CHOICE_ON] = "on"
};
static const char *const formats[] = {
	[RENDER_TEXT] = "text", [RENDER_JSON] = "json", [RENDER_CSV] = "csv"
};

static int
set_charset(struct session *s, const char *value)
{
	int c = choose(strcasecmp(value, "utf8") == 0 || strcasecmp(value, "UTF-8") == 0 ? "utf-8"
											 : value,
		       charsets, COUNT(charsets));

	if (c < 0)
		return c;
	s->charset = (unsigned char)c;
	return 0;
}

static void
get_charset(struct session *s, struct buf *out)
{
	buf_puts(out, charsets[s->charset]);
}

static int
set_color(struct session *s, const char *value)
{
	int c = choose(value, switches, COUNT(switches));

	if (c < 0)
		return c;
	s->color = (unsigned char)c;
	return 0;
}

static void
get_color(struct session *s, struct buf *out)
{
	buf_puts(out, switches[s->color]);
}

static int
set_pager(struct session *s, const char *value)
{
	int c = choose(value, switches, COUNT(switches));

	if (c < 0)
		return c;
	s->pager_choice = (unsigned char)c;
	return 0;
}

static void
get_pager(struct session *s, struct buf *out)
{
	buf_puts(out, switches[s->pager_choice]);
}

static int
set_format(struct session *s, const char *value)
{
	int f = choose(value, formats, COUNT(formats));

	if (f < 0)
		return f;
	s->asker.render.format = (enum render_format)f;
	return 0;
}

static void
get_format(struct session *s, struct buf *out)
{
	buf_puts(out, formats[s->asker.render.format]);
}

static int
set_width(struct session *s, const char *value)
{
	int64_t width;

	if (strcmp(value, "auto") == 0 || strcmp(value, "0") == 0) {
		s->width = 0;
		return 0;
	}
	if (text_parse_i64(value, &width) < 0 || width < MIN_WIDTH || width > MAX_WIDTH)
		return -EINVAL;
	s->width = (unsigned)width;
	return 0;
}

static void
get_width(struct session *s, struct buf *out)
{
	if (s->width)
		buf_put_i64(out, s->width);
	else
		buf_puts(out, "auto");
}

static int
set_person(struct session *s, const char *value)
{
	int c = choose(value, switches, COUNT(switches));

	if (s->talk != TALK_FRAMED)
		return -EPERM;
	if (c == CHOICE_ON) {
		session_is_person(s, "framed");
	} else if (c == CHOICE_OFF) {
		s->asker.person = false;
		roster_update(&s->seat, "framed", false, -1);
	} else {
		return -EINVAL;
	}
	return 0;
}

static void
get_person(struct session *s, struct buf *out)
{
	buf_puts(out, switches[s->asker.person ? CHOICE_ON : CHOICE_OFF]);
}

static int
set_prompt(struct session *s, const char *value)
{
	_autobuf_ struct buf clean = BUF_INIT(PROMPT_BYTES);

	if (text_clean(&clean, value, strlen(value)) < 0)
		return -EINVAL;
	free(s->prompt);
	s->prompt = strcmp(value, "auto") == 0 ? NULL : xstrdup(buf_str(&clean));
	return 0;
}

static void
get_prompt(struct session *s, struct buf *out)
{
	session_prompt(s, out);
}

void
session_prompt(struct session *s, struct buf *out)
{
	char name[256];

	if (s->prompt) {
		buf_puts(out, s->prompt);
		return;
	}
	host_name(s->shared->host, name, sizeof(name));
	buf_put(out, name, strcspn(name, "."));
	buf_puts(out, "> ");
}

const struct setting *
session_settings(size_t *ret_n)
{
	static const struct setting settings[] = {
		{ "charset", "auto utf-8 ascii",
		  "characters of text; auto is UTF-8 but on a dumb terminal", set_charset,
		  get_charset },
		{ "color", "auto on off", "colours where a value is past its threshold", set_color,
		  get_color },
		{ "format", "text json csv", "how answers look", set_format, get_format },
		{ "pager", "auto on off",
		  "stops an answer taller than the window; on: JSON and CSV too", set_pager,
		  get_pager },
		{ "person", "on off", "whether somebody reads this framed session", set_person,
		  get_person },
		{ "prompt", "auto",
		  "what stands before a typed line, at most 64 bytes; auto is the host's name",
		  set_prompt, get_prompt },
		{ "width", "auto", "columns that text is fitted to, 20 to 512; auto is the window",
		  set_width, get_width },
	};

	*ret_n = COUNT(settings);
	return settings;
}

/* --- the word --- */

/* All of them, or one. */
static int
list(struct session *s, const struct word_call *call, const struct setting *only)
{
	static const struct telmon_column columns[] = {
		{ .name = "key", .type = TELMON_TEXT, .help = "name of the setting" },
		{ .name = "value", .type = TELMON_TEXT, .help = "what it is set to" },
		{ .name = "help", .type = TELMON_TEXT, .help = "what it is", .priority = 1 },
	};
	size_t n;
	const struct setting *settings = session_settings(&n);
	struct rows rows;
	int r;

	rows_init(&rows, columns, COUNT(columns), 0);
	for (size_t i = 0; i < n; i++) {
		_autobuf_ struct buf value = BUF_WHY;

		if (only && only != &settings[i])
			continue;
		settings[i].get(s, &value);
		rows_begin(&rows);
		rows_text(&rows, settings[i].name);
		rows_buf(&rows, &value);
		rows_text(&rows, settings[i].help);
	}
	r = session_rows(s, call, call->command->format, &rows);
	rows_fini(&rows);
	return r;
}

static const struct setting *
find(const char *name, const char **ret_near)
{
	size_t n;
	const struct setting *settings = session_settings(&n);
	const char *names[16];

	for (size_t i = 0; i < n; i++) {
		if (strcmp(settings[i].name, name) == 0)
			return &settings[i];
		names[i] = settings[i].name;
	}
	*ret_near = text_nearest(name, names, n);
	return NULL;
}

static int
no_setting(struct session *s, const char *name, const char *near)
{
	_autobuf_ struct buf clean = BUF_INIT(256);

	text_clean(&clean, name, strnlen(name, 60));
	if (near)
		return session_error(s, STATUS_USAGE,
				     "/set: no setting '%s' (did you mean '%s'? try /set)",
				     buf_str(&clean), near);
	return session_error(s, STATUS_USAGE, "/set: no setting '%s' (try /set)", buf_str(&clean));
}

static int
wrong_value(struct session *s, const struct setting *set, const char *value, int why)
{
	_autobuf_ struct buf clean = BUF_INIT(256);

	if (why == -EPERM)
		return session_error(s, STATUS_USAGE, "/set: %s: only for framed sessions",
				     set->name);
	text_clean(&clean, value, strnlen(value, 60));
	return session_error(s, STATUS_USAGE, "/set: %s: '%s' is no value for it (%s: %s)",
			     set->name, buf_str(&clean), set->help, set->values);
}

int
session_word_set(struct session *s, const struct word_call *call)
{
	const struct parse_stage *stage = call->command->stages[0];
	const struct setting *set = NULL;
	const char *near = NULL;
	int r;

	if (stage->n_words > 3)
		return session_error(s, STATUS_USAGE,
				     "/set: too many words (usage: /set [KEY [VALUE]])");
	if (stage->n_words > 1) {
		set = find(stage->words[1].text, &near);
		if (!set)
			return no_setting(s, stage->words[1].text, near);
	}
	if (stage->n_words < 3)
		return list(s, call, set);
	if (call->command->n_stages > 1)
		return session_error(s, STATUS_USAGE, "/set: nothing to filter");
	r = set->set(s, stage->words[2].text);
	if (r < 0)
		return wrong_value(s, set, stage->words[2].text, r);
	session_look(s);
	return 0;
}
