/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * filter_pattern -- extended regular expressions over UTF-8, matched by TRE in time linear in the
 * text. Linear is not yet quick: counts multiply ("((a{1,255}){1,255}){1,8}" takes seconds merely
 * to compile), and loops of optional parts make a step for each pair of them. So filter_cost.c
 * works out what an expression would cost before TRE sees it, and whoever waits is asked now and
 * then whether to go on. Characters are decoded here, which is the same in every locale, and handed
 * over one by one, so that even one long text can be left in the middle. A compiled pattern is
 * constant: many threads may match it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tre/tre.h>

#include "filter_private.h"
#include "text.h"

/* Some milliseconds' work for the dearest of expressions. */
enum { ASK_CHARACTERS = 2048 };

struct filter_pattern {
	regex_t re;
};

/* The first character of n > 0 bytes; what is no UTF-8 reads as a question mark. Returns its
 * size. */
static size_t
decode(const char *s, size_t n, uint32_t *ret, bool *ret_valid)
{
	size_t len;

	*ret_valid = true;
	*ret = (unsigned char)*s;
	if (*ret < 0x80)
		return 1;
	len = text_decode(s, n, ret);
	if (len)
		return len;
	*ret_valid = false;
	*ret = '?';
	return 1;
}

/* Writes s as characters, with a 0 behind them. Returns their number; `to` has room for n + 1. */
static size_t
widen(wchar_t *to, const char *s, size_t n, bool *ret_valid)
{
	size_t k = 0;
	uint32_t c;
	bool valid;

	*ret_valid = true;
	for (size_t at = 0; at < n;) {
		at += decode(s + at, n - at, &c, &valid);
		to[k++] = (wchar_t)c;
		if (!valid)
			*ret_valid = false;
	}
	to[k] = 0;
	return k;
}

struct filter_pattern *
filter_pattern_new(const char *expression, struct buf *why)
{
	wchar_t wide[FILTER_MAX_PATTERN_BYTES + 1];
	size_t n = strlen(expression);
	struct filter_pattern *p;
	char reason[128];
	bool valid;
	int r;

	if (n > FILTER_MAX_PATTERN_BYTES) {
		buf_printf(why, "the expression is too long (at most %d bytes)",
			   FILTER_MAX_PATTERN_BYTES);
		return NULL;
	}
	n = widen(wide, expression, n, &valid);
	if (!valid) {
		buf_puts(why, "the expression is no UTF-8");
		return NULL;
	}
	if (filter_pattern_check(wide, why) < 0)
		return NULL;
	p = xcalloc(1, sizeof(*p));
	r = tre_regwncomp(&p->re, wide, n, REG_EXTENDED | REG_NOSUB);
	if (r != REG_OK) {
		tre_regerror(r, &p->re, reason, sizeof(reason));
		buf_printf(why, "expression '%.256s': %s", expression, reason);
		free(p);
		return NULL;
	}
	return p;
}

void
filter_pattern_free(struct filter_pattern *p)
{
	if (!p)
		return;
	tre_regfree(&p->re);
	free(p);
}

/* A row on its way to TRE. */
struct source {
	const char *at, *end;
	struct filter_scratch *scratch;
	unsigned left; /* characters until go_on() is asked */
	int stop;      /* what it said */
};

static bool
is_over(struct source *s)
{
	if (s->left-- == 0) {
		s->left = ASK_CHARACTERS;
		s->stop = s->scratch->go_on ? s->scratch->go_on(s->scratch->ctx) : 0;
	}
	return s->stop < 0 || s->at == s->end;
}

/* TRE's way to read; not 0 is the end. */
static int
next_character(tre_char_t *ret, unsigned *ret_width, void *source)
{
	struct source *s = source;
	uint32_t c = 0;
	bool valid;

	*ret_width = 1;
	*ret = 0;
	if (is_over(s))
		return 1;
	s->at += decode(s->at, (size_t)(s->end - s->at), &c, &valid);
	*ret = (tre_char_t)c;
	return 0;
}

int
filter_pattern_matches(const struct filter_pattern *p, struct filter_scratch *s)
{
	const char *text = s->text.len ? s->text.data : ""; /* an empty buf may have no memory */
	struct source source = { .at = text, .end = text + s->text.len, .scratch = s };
	tre_str_source from = { .get_next_char = next_character, .context = &source };
	int r;

	if (s->text.error)
		return -ENOMEM;
	r = tre_reguexec(&p->re, &from, 0, NULL, 0);
	if (source.stop < 0)
		return source.stop;
	return r == REG_ESPACE ? -ENOMEM : r == REG_OK;
}
