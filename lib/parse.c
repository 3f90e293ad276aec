/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * parse -- from a line to words. One scanner cuts tokens (a word, |, ; or the end) without copying;
 * a builder collects the words of a stage on the stack and puts just as much into the arena as
 * there is, because most lines are one word. Reading for execution is strict, reading for
 * completion takes the line as if the rest were still to come. After an error the scanner goes on
 * to the end of the command, so that the next one still runs. Any thread.
 */
#include "parse.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

enum token { TOKEN_END, TOKEN_WORD, TOKEN_PIPE, TOKEN_SEMICOLON };

struct scan {
	const char *line;
	size_t size, at;
	size_t from, to; /* of the last token */
	bool special;	 /* the last word holds a quote or a backslash */
	char open;	 /* the quote that it leaves open, a backslash that nothing follows, or 0 */
	size_t open_at;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
ends_word(char c)
{
	return is_blank(c) || c == '|' || c == ';';
}

static void
scan_word(struct scan *s)
{
	char quote = 0;

	s->special = false;
	s->open = 0;
	for (; s->at < s->size; s->at++) {
		char c = s->line[s->at];

		if (!quote && ends_word(c))
			break;
		if (c != '\'' && c != '"' && c != '\\')
			continue;
		if (c == '\\' && quote == '\'')
			continue;
		s->special = true;
		if (c == '\\' && s->at + 1 < s->size) {
			s->at++;
		} else if (c == '\\') {
			s->open = quote ? quote : c;
			s->open_at = quote ? s->open_at : s->at;
		} else if (!quote) {
			quote = s->open = c;
			s->open_at = s->at;
		} else if (c == quote) {
			quote = s->open = 0;
		}
	}
}

static enum token
next_token(struct scan *s)
{
	enum token t = TOKEN_WORD;

	while (s->at < s->size && is_blank(s->line[s->at]))
		s->at++;
	s->from = s->to = s->at;
	if (s->at == s->size)
		return TOKEN_END;
	if (s->line[s->at] == '|')
		t = TOKEN_PIPE;
	else if (s->line[s->at] == ';')
		t = TOKEN_SEMICOLON;
	if (t == TOKEN_WORD)
		scan_word(s);
	else
		s->at++;
	s->to = s->at;
	return t;
}

/* Writes the word with quotes and backslashes resolved; never longer than it was. */
static size_t
unquote(char *to, const char *word, size_t n)
{
	char quote = 0, *start = to;

	for (size_t i = 0; i < n; i++) {
		char c = word[i];

		if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? 0 : c;
			continue;
		}
		if (c == '\\' && quote != '\'') {
			bool frees = !quote ||
				     (i + 1 < n && (word[i + 1] == '"' || word[i + 1] == '\\'));

			if (frees && ++i == n)
				break;
			c = word[i];
		}
		*to++ = c;
	}
	return (size_t)(to - start);
}

/* True when the last word is a format option. */
static bool
is_format(const struct scan *s, enum parse_format *ret)
{
	static const struct {
		const char *word;
		enum parse_format format;
	} options[] = { { "--json", PARSE_JSON },
			{ "--csv", PARSE_CSV },
			{ "--text", PARSE_TEXT } };
	size_t n = s->to - s->from;

	if (s->special || n < 5 || s->line[s->from] != '-')
		return false;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (n != strlen(options[i].word) ||
		    memcmp(s->line + s->from, options[i].word, n) != 0)
			continue;
		*ret = options[i].format;
		return true;
	}
	return false;
}

struct build {
	struct arena *arena;
	struct parse_command *command;
	struct parse_command spare; /* what is read into when the arena has no room even for that */
	bool lenient;	 /* for completion: past a limit the newest takes the last place */
	bool has_format; /* a format option was taken out */
	int error;	 /* 0, -ENOMEM, or -EINVAL with its sentence in why; the first one stays */
	struct buf *why; /* NULL if lenient */
	size_t n_words;
	struct parse_word words[PARSE_MAX_WORDS]; /* of the stage at hand */
};

static void refuse(struct build *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
refuse(struct build *b, const char *fmt, ...)
{
	va_list ap;

	if (b->error)
		return;
	b->error = -EINVAL;
	va_start(ap, fmt);
	buf_vprintf(b->why, fmt, ap);
	va_end(ap);
}

static void
add_word(struct build *b, const struct scan *s)
{
	size_t n = s->to - s->from;
	struct parse_word w = { .at = s->from, .quoted = s->special };

	if (b->n_words == PARSE_MAX_WORDS && b->lenient)
		b->n_words--;
	if (b->n_words == PARSE_MAX_WORDS)
		refuse(b, "too many words (at most %d in a command or filter)", PARSE_MAX_WORDS);
	if (s->open == '\\' && !b->lenient)
		refuse(b, "nothing follows the backslash that ends the line");
	else if (s->open && !b->lenient)
		refuse(b, "unbalanced quote: the %c at byte %zu is never closed", s->open,
		       s->open_at + 1);
	if (b->error)
		return;
	w.text = arena_alloc(b->arena, n + 1);
	if (!w.text) {
		b->error = -ENOMEM;
		return;
	}
	if (s->special)
		n = unquote(w.text, s->line + s->from, n);
	else
		memcpy(w.text, s->line + s->from, n);
	b->words[b->n_words++] = w;
}

/* Puts the stage with the words so far into the command. */
static void
end_stage(struct build *b, bool piped)
{
	struct parse_command *c = b->command;
	size_t bytes = b->n_words * sizeof(b->words[0]);
	struct parse_stage *stage;

	if (b->n_words == 0 && c->n_stages)
		refuse(b, "no filter behind | (try help)");
	else if (b->n_words == 0)
		refuse(b, "no command before %s (try help)", piped ? "|" : "the format option");
	if (c->n_stages == PARSE_MAX_STAGES && b->lenient)
		c->n_stages--;
	if (c->n_stages == PARSE_MAX_STAGES)
		refuse(b, "too many filters (at most %d behind a command)", PARSE_MAX_STAGES - 1);
	if (b->error)
		return;
	stage = arena_alloc(b->arena, sizeof(*stage) + bytes);
	if (!stage) {
		b->error = -ENOMEM;
		return;
	}
	stage->words = (struct parse_word *)(stage + 1);
	stage->n_words = b->n_words;
	memcpy(stage->words, b->words, bytes);
	c->stages[c->n_stages++] = stage;
	b->n_words = 0;
}

/* The command's text without format options and the blanks before them. */
static char *
text_without_format(const struct scan *line, const struct parse_command *c, struct arena *arena)
{
	struct scan s = { .line = line->line, .size = c->to, .at = c->from };
	char *text = arena_alloc(arena, c->to - c->from + 1);
	size_t n = 0, behind = c->from;
	enum parse_format format;
	enum token t;

	while (text && (t = next_token(&s)) != TOKEN_END) {
		bool drop = t == TOKEN_WORD && is_format(&s, &format);
		/* A format that stood first leaves no blank in its place. */
		size_t start = n ? behind : s.from;

		if (!drop) {
			memcpy(text + n, s.line + start, s.to - start);
			n += s.to - start;
		}
		behind = s.to;
	}
	return text;
}

/* A word of no bytes, where completion finds nothing that may still come. */
static void
add_empty(struct build *b, const struct scan *s)
{
	add_word(b, &(struct scan){ .line = s->line, .from = s->from, .to = s->from });
}

/* Reads words and stages up to the command's end; the scanner stands behind its first token, t. */
static void
read_command(struct scan *s, struct build *b, enum token t)
{
	struct parse_command *c = b->command;
	enum parse_format format;

	c->from = s->from;
	for (; t != TOKEN_END && t != TOKEN_SEMICOLON; t = next_token(s)) {
		c->to = s->to;
		if (t == TOKEN_PIPE) {
			if (b->n_words == 0 && b->lenient)
				add_empty(b, s);
			end_stage(b, true);
		} else if (is_format(s, &format) && !(b->lenient && s->to == s->size)) {
			c->format = format;
			b->has_format = true;
		} else {
			add_word(b, s);
		}
	}
}

/* The words' array is left as it is: clearing it costs more than reading a short line. */
static void
begin_build(struct build *b, struct arena *arena, struct buf *why)
{
	b->arena = arena;
	b->why = why;
	b->lenient = !why;
	b->has_format = false;
	b->n_words = 0;
	b->error = 0;
	b->command = arena_alloc(arena, sizeof(*b->command));
	if (b->command)
		return;
	b->error = -ENOMEM;
	b->spare.n_stages = 0;
	b->command = &b->spare;
}

/* Ends the last stage and the command. */
static int
end_build(struct build *b, const struct scan *s)
{
	struct parse_command *c = b->command;

	end_stage(b, false);
	if (b->error)
		return b->error;
	c->text = b->has_format ? text_without_format(s, c, b->arena)
				: arena_strndup(b->arena, s->line + c->from, c->to - c->from);
	return c->text ? 0 : -ENOMEM;
}

int
parse_next(const char *line, size_t size, size_t *at, struct arena *arena,
	   struct parse_command **ret, struct buf *why)
{
	struct scan s = { .line = line, .size = size, .at = *at };
	struct build b;
	enum token t;
	int r;

	do
		t = next_token(&s);
	while (t == TOKEN_SEMICOLON);
	*at = s.at;
	if (t == TOKEN_END)
		return 0;
	begin_build(&b, arena, why);
	read_command(&s, &b, t);
	*at = s.at;
	if (memchr(line + b.command->from, '\0', b.command->to - b.command->from))
		refuse(&b, "a NUL byte in the line");
	r = end_build(&b, &s);
	if (r != -ENOMEM)
		*ret = b.command;
	return r < 0 ? r : 1;
}

/* Where the command begins in which the line ends. */
static size_t
last_command(const char *line, size_t size)
{
	struct scan s = { .line = line, .size = size };
	size_t from = 0;
	enum token t;

	while ((t = next_token(&s)) != TOKEN_END)
		if (t == TOKEN_SEMICOLON)
			from = s.at;
	return from;
}

int
parse_place(const char *line, size_t cursor, struct arena *arena, struct parse_place *ret)
{
	struct scan s = { .line = line, .size = cursor, .at = last_command(line, cursor) };
	struct parse_place place = { .word_at = cursor, .prefix = "" };
	const struct parse_stage *stage;
	struct build b;
	enum token t = next_token(&s);

	if (t == TOKEN_END) {
		*ret = place;
		return 0;
	}
	begin_build(&b, arena, NULL);
	read_command(&s, &b, t);
	if (b.n_words > 0 && b.command->to == cursor)
		place.in_quotes = s.open == '\'' || s.open == '"';
	else
		add_empty(&b, &s);
	if (end_build(&b, &s) < 0)
		return -ENOMEM;
	place.command = b.command;
	place.stage = b.command->n_stages - 1;
	stage = b.command->stages[place.stage];
	place.word = stage->n_words - 1;
	place.word_at = stage->words[place.word].at;
	place.prefix = stage->words[place.word].text;
	*ret = place;
	return 0;
}
