/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon_plugin_report -- what was found about a plugin: one line each, errors first, and a
 * verdict; or the same as one JSON document. Knows nothing of how it was found.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "telmon_plugin_private.h"
#include "text.h"

enum { MAX_OUT = 16 << 20 };

static const char *const level_names[] = { "note", "warning", "error" };

void
report_add(struct report *r, enum finding_level level, const char *about, const char *text)
{
	for (size_t i = 0; i < r->n; i++) {
		if (r->findings[i].level == level && strcmp(r->findings[i].about, about) == 0 &&
		    strcmp(r->findings[i].text, text) == 0)
			return;
	}
	r->findings = xrealloc(r->findings, (r->n + 1) * sizeof(*r->findings));
	r->findings[r->n++] = (struct finding){ level, xstrdup(about), xstrdup(text) };
	r->counts[level]++;
}

const struct finding *
report_find(const struct report *r, const char *about, const char *prefix)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct finding *f = &r->findings[i];

		if (strcmp(f->about, about) == 0 && strncmp(f->text, prefix, strlen(prefix)) == 0)
			return f;
	}
	return NULL;
}

static const char *
verdict(const struct report *r)
{
	if (r->counts[FINDING_ERROR])
		return "error";
	return r->counts[FINDING_WARNING] ? "warning" : "ok";
}

static void
put_text(struct buf *out, const struct report *r, const char *path)
{
	for (int level = FINDING__COUNT - 1; level >= 0; level--) {
		for (size_t i = 0; i < r->n; i++) {
			const struct finding *f = &r->findings[i];

			if ((int)f->level == level)
				buf_printf(out, "%s: %s: %s\n", level_names[level], f->about,
					   f->text);
		}
	}
	buf_printf(out, "%s: %s (%zu errors, %zu warnings, %zu notes)\n", path,
		   r->counts[FINDING_ERROR]	? "not fit to be loaded"
		   : r->counts[FINDING_WARNING] ? "works, and could be better"
						: "good",
		   r->counts[FINDING_ERROR], r->counts[FINDING_WARNING], r->counts[FINDING_NOTE]);
}

static void
put_json(struct buf *out, const struct report *r, const char *path)
{
	buf_puts(out, "{\"file\":");
	text_json(out, path);
	buf_printf(out, ",\"verdict\":\"%s\",\"errors\":%zu,\"warnings\":%zu,\"findings\":[",
		   verdict(r), r->counts[FINDING_ERROR], r->counts[FINDING_WARNING]);
	for (size_t i = 0; i < r->n; i++) {
		buf_printf(out, "%s{\"level\":\"%s\",\"about\":", i ? "," : "",
			   level_names[r->findings[i].level]);
		text_json(out, r->findings[i].about);
		buf_puts(out, ",\"text\":");
		text_json(out, r->findings[i].text);
		buf_putc(out, '}');
	}
	buf_puts(out, "]}\n");
}

void
report_print(const struct report *r, const char *path, bool json)
{
	_autobuf_ struct buf out = BUF_INIT(MAX_OUT);

	if (json)
		put_json(&out, r, path);
	else
		put_text(&out, r, path);
	fwrite(buf_str(&out), 1, out.len, stdout);
	fflush(stdout);
}

void
report_fini(struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->findings[i].about);
		free(r->findings[i].text);
	}
	free(r->findings);
}
