/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * filter_pattern -- extended regular expressions over UTF-8, matched by TRE in time linear in the
 * text. Linear is not yet quick: counts multiply ("((a{1,255}){1,255}){1,8}" takes seconds merely
 * to compile), and loops of optional parts make a step for each pair of them. So filter_cost.c
 * works out what an expression would cost before TRE sees it. Characters are decoded here and
 * handed over wide, which is quicker than TRE's own reading and the same in every locale. A
 * compiled pattern is constant: many threads may match it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tre/tre.h>

#include "filter_private.h"
#include "text.h"

struct filter_pattern {
	regex_t re;
};

/* Writes s as characters, with a 0 behind them. Returns their number; `to` has room for n + 1. */
static size_t
widen(wchar_t *to, const char *s, size_t n, bool *ret_valid)
{
	size_t k = 0;

	*ret_valid = true;
	for (size_t at = 0; at < n;) {
		uint32_t c = (unsigned char)s[at];
		size_t len = 1;

		if (c >= 0x80) {
			len = text_decode(s + at, n - at, &c);
			if (len == 0) {
				*ret_valid = false;
				c = '?';
				len = 1;
			}
		}
		to[k++] = (wchar_t)c;
		at += len;
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

void
filter_scratch_init(struct filter_scratch *s)
{
	*s = (struct filter_scratch){ .text = BUF_INIT(SIZE_MAX / 2) };
}

void
filter_scratch_fini(struct filter_scratch *s)
{
	buf_fini(&s->text);
	free(s->wide);
	s->wide = NULL;
	s->cap_wide = 0;
}

int
filter_pattern_matches(const struct filter_pattern *p, struct filter_scratch *s)
{
	size_t n = s->text.len;
	bool valid;

	if (s->text.error)
		return -ENOMEM;
	if (s->cap_wide < n + 1) {
		size_t cap = 2 * n + 128;
		wchar_t *wide = reallocarray(s->wide, cap, sizeof(*wide));

		if (!wide)
			return -ENOMEM;
		s->wide = wide;
		s->cap_wide = cap;
	}
	n = widen(s->wide, s->text.data, n, &valid);
	return tre_regwnexec(&p->re, s->wide, n, 0, NULL, 0) == REG_OK;
}
