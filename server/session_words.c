/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_words -- the table of what a session understands by itself. These words begin with a
 * slash so that no plugin's command can ever be in their way; a verb is a function and a row. Runs
 * on the session's worker.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "net.h"
#include "session_private.h"
#include "text.h"

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "0.1.0"
#endif

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- small ones --- */

/* 0, or the status of the error when there are more words or filters than the word takes. */
static int
takes(struct session *s, const struct word_call *call, size_t words, bool rows)
{
	const struct parse_command *c = call->command;

	if (c->stages[0]->n_words > words + 1)
		return session_error(s, STATUS_USAGE, "%s: too many words (try /help)",
				     c->stages[0]->words[0].text);
	if (!rows && c->n_stages > 1)
		return session_error(s, STATUS_USAGE, "%s: nothing to filter",
				     c->stages[0]->words[0].text);
	return 0;
}

static int
word_quit(struct session *s, const struct word_call *call)
{
	int r = takes(s, call, 0, false);

	if (r == 0)
		s->over = true;
	return r;
}

static int
word_hold(struct session *s, const struct word_call *call)
{
	int r = takes(s, call, 0, false);

	if (r == 0)
		s->hold = true;
	return r;
}

/* What it ends is found while it runs; as a line of its own it comes too late, or for nothing. */
static int
word_cancel(struct session *s, const struct word_call *call)
{
	return takes(s, call, 0, false);
}

/* As lines of a framed session these never get here, but for wrong ones. */
static int
word_of_framed(struct session *s, const struct word_call *call)
{
	const char *name = call->command->stages[0]->words[0].text;

	return session_error(s, STATUS_USAGE, "%s: only for framed sessions (usage: %s)", name,
			     strncmp(name, "/r", 2) == 0 ? "/resize COLUMNS ROWS" : "/key HEX");
}

static int
word_framed(struct session *s, const struct word_call *call)
{
	static const char version[] = "telmond " PACKAGE_VERSION " framed 1\n";
	const struct parse_stage *stage = call->command->stages[0];

	if (s->talk != TALK_SCRIPT || s->lines != 1)
		return session_error(s, STATUS_USAGE,
				     "/framed: only as the first line of a connection");
	s->talk = TALK_FRAMED;
	roster_update(&s->seat, "framed", false, -1);
	if (stage->n_words != 2 || strcmp(stage->words[1].text, "1") != 0)
		return session_error(s, STATUS_USAGE,
				     "/framed: no such version (this daemon knows 1)");
	return s->reply.ops->text(&s->reply, version, sizeof(version) - 1);
}

/* --- others --- */

static int
word_who(struct session *s, const struct word_call *call)
{
	static const struct telmon_column columns[] = {
		{ .name = "id", .type = TELMON_INT, .help = "number of the session" },
		{ .name = "address", .type = TELMON_TEXT, .help = "where it comes from" },
		{ .name = "kind", .type = TELMON_TEXT, .help = "how it talks", .priority = 1 },
		{ .name = "since",
		  .type = TELMON_INT,
		  .unit = TELMON_EPOCH,
		  .help = "when it began",
		  .priority = 2 },
	};
	int64_t now = now_ns(), wall_s = (int64_t)time(NULL);
	struct roster_entry *list;
	struct rows rows;
	size_t n;
	int r = takes(s, call, 0, true);

	if (r)
		return r;
	rows_init(&rows, columns, COUNT(columns), 0);
	n = roster_list(s->shared->roster, &list);
	for (size_t i = 0; i < n; i++) {
		rows_begin(&rows);
		rows_int(&rows, list[i].id);
		rows_text(&rows, list[i].address);
		rows_text(&rows, list[i].kind);
		rows_int(&rows, wall_s - (now - list[i].since_ns) / NS_PER_S);
	}
	free(list);
	r = session_rows(s, call, call->command->format, &rows);
	rows_fini(&rows);
	return r;
}

static int
word_say(struct session *s, const struct word_call *call)
{
	static const char nobody[] = "nobody else is here\n";
	_autobuf_ struct buf line = BUF_INIT(4 * s->limits.max_line + 256);
	const char *text = call->rest + strspn(call->rest, " \t");

	if (!*text)
		return session_error(s, STATUS_USAGE, "/say: nothing to say (usage: /say TEXT)");
	buf_puts(&line, "-- ");
	net_format_address(&line, &s->conn.peer);
	buf_printf(&line, " #%u: ", s->seat.id);
	text_clean(&line, text, strlen(text));
	if (roster_say(s->shared->roster, &s->seat, buf_str(&line)) == 0 && s->asker.person)
		return s->reply.ops->text(&s->reply, nobody, sizeof(nobody) - 1);
	return 0;
}

static int
word_history(struct session *s, const struct word_call *call)
{
	static const struct telmon_column columns[] = {
		{ .name = "number", .type = TELMON_INT, .help = "place in this session" },
		{ .name = "line", .type = TELMON_TEXT, .help = "what was typed" },
	};
	const struct person *p = s->person;
	const char *line = NULL;
	struct rows rows;
	int r = takes(s, call, 0, true), number = 0;

	if (r)
		return r;
	if (s->talk == TALK_FRAMED)
		return session_error(s, STATUS_UNAVAILABLE,
				     "/history: none is kept here (a client has its own: up, ^R)");
	rows_init(&rows, columns, COUNT(columns), 0);
	while (p && (line = lineedit_next_kept(p->editor, line))) {
		rows_begin(&rows);
		rows_int(&rows, ++number);
		rows_text(&rows, line);
	}
	r = session_rows(s, call, call->command->format, &rows);
	rows_fini(&rows);
	return r;
}

static int
word_help(struct session *s, const struct word_call *call)
{
	static const struct telmon_column columns[] = {
		{ .name = "word", .type = TELMON_TEXT, .help = "the word" },
		{ .name = "arguments", .type = TELMON_TEXT, .help = "what may follow it" },
		{ .name = "help", .type = TELMON_TEXT, .help = "what it does" },
	};
	size_t n;
	const struct word *words = session_words(&n);
	struct rows rows;
	int r = takes(s, call, 0, true);

	if (r)
		return r;
	rows_init(&rows, columns, COUNT(columns), 0);
	for (size_t i = 0; i < n; i++) {
		rows_begin(&rows);
		rows_text(&rows, words[i].name);
		rows_text(&rows, words[i].usage);
		rows_text(&rows, words[i].help);
	}
	r = session_rows(s, call, call->command->format, &rows);
	rows_fini(&rows);
	return r;
}

/* --- the table --- */

const struct word *
session_words(size_t *ret_n)
{
	static const struct word words[] = {
		{ "/cancel", NULL, "ends the command that runs, and drops the lines behind it",
		  false, word_cancel },
		{ "/complete", "CURSOR LINE", "words that may stand at the cursor, as JSON", true,
		  session_word_complete },
		{ "/framed", "1", "as the first line: a header line before every answer", false,
		  word_framed },
		{ "/help", NULL, "these words; help lists the commands", false, word_help },
		{ "/history", NULL, "lines typed in this session", false, word_history },
		{ "/hold", NULL, "keeps a script's connection open between lines", false,
		  word_hold },
		{ "/key", "HEX", "framed: bytes typed while a line runs", false, word_of_framed },
		{ "/quit", NULL, "ends the session, as quit, exit and ^D do", false, word_quit },
		{ "/resize", "COLUMNS ROWS", "framed: how large the window is", false,
		  word_of_framed },
		{ "/say", "TEXT", "tells every other person", true, word_say },
		{ "/set", "[KEY [VALUE]]", "how this session behaves", false, session_word_set },
		{ "/who", NULL, "who is connected", false, word_who },
	};

	*ret_n = COUNT(words);
	return words;
}

static const struct word *
by_prefix(const char *name, size_t n, unsigned *ret_matches)
{
	const struct word *found = NULL, *words;
	size_t n_words;

	words = session_words(&n_words);
	*ret_matches = 0;
	for (size_t i = 0; i < n_words; i++) {
		if (strncmp(words[i].name, name, n) != 0)
			continue;
		if (strlen(words[i].name) == n) {
			*ret_matches = 1;
			return &words[i];
		}
		found = &words[i];
		++*ret_matches;
	}
	return found;
}

static void
explain(const char *name, size_t n, bool ambiguous, struct buf *why)
{
	_autobuf_ struct buf clean = BUF_INIT(256);
	const char *names[16], *near;
	size_t n_words;
	const struct word *words = session_words(&n_words);

	text_clean(&clean, name, n < 60 ? n : 60);
	for (size_t i = 0; i < n_words; i++)
		names[i] = words[i].name;
	near = text_nearest(buf_str(&clean), names, n_words);
	if (ambiguous)
		buf_printf(why, "'%s' could be more than one word (try /help)", buf_str(&clean));
	else if (near)
		buf_printf(why, "no word '%s' (did you mean '%s'? try /help)", buf_str(&clean),
			   near);
	else
		buf_printf(why, "no word '%s' (try /help)", buf_str(&clean));
}

const struct word *
session_word_find(struct session *s, const char *name, size_t n, struct buf *why)
{
	unsigned matches;
	const struct word *w = by_prefix(name, n, &matches);

	if (w && matches == 1 && (s->asker.person || strlen(w->name) == n))
		return w;
	explain(name, n, matches > 1 && s->asker.person, why);
	return NULL;
}

bool
session_word_bare(const struct parse_command *c)
{
	const struct parse_word *w = &c->stages[0]->words[0];

	return c->n_stages == 1 && c->stages[0]->n_words == 1 &&
	       (strcmp(w->text, "quit") == 0 || strcmp(w->text, "exit") == 0);
}
