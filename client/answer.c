/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * answer -- the only file that knows the JSON library. Words go into the line that is being typed
 * and on the terminal, so one that is not clean is left out; help is cleaned.
 */
#include "answer.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "text.h"

static const char *
clean_copy(struct arena *a, const char *s)
{
	_autobuf_ struct buf b = BUF_INIT(4096);

	if (!s || text_clean(&b, s, strlen(s)) < 0)
		return "";
	return arena_strndup(a, buf_str(&b), b.len);
}

static const char *
text_of(json_t *row, const char *key)
{
	return json_string_value(json_object_get(row, key));
}

/* False when there is nothing to type and nothing to show. */
static bool
take_row(json_t *row, struct arena *a, struct menu_word *ret)
{
	const char *word = text_of(row, "word"), *shown = text_of(row, "shown");

	if (word && (!*word || !text_is_clean(word, strlen(word))))
		return false;
	if (!shown)
		shown = word;
	if (!shown || !*shown)
		return false;
	ret->text = word ? arena_strdup(a, word) : NULL;
	ret->word = clean_copy(a, shown);
	ret->help = clean_copy(a, text_of(row, "help"));
	return (!word || ret->text) && ret->word && ret->help;
}

int
answer_words(const char *json, size_t n, struct arena *a, struct menu_word **ret, size_t *ret_n)
{
	json_t *root = json_loadb(json, n, JSON_DISABLE_EOF_CHECK, NULL),
	       *rows = json_object_get(root, "rows");
	struct menu_word *words = arena_alloc(a, (json_array_size(rows) + 1) * sizeof(*words));
	size_t at = 0;
	int r = -EBADMSG;

	if (json_is_array(rows) && words) {
		for (size_t i = 0; i < json_array_size(rows); i++)
			at += take_row(json_array_get(rows, i), a, &words[at]);
		*ret = words;
		*ret_n = at;
		r = 0;
	}
	json_decref(root);
	return r;
}

int
answer_setting(const char *json, size_t n, struct buf *out)
{
	json_t *root = json_loadb(json, n, JSON_DISABLE_EOF_CHECK, NULL);
	const char *value = text_of(json_array_get(json_object_get(root, "rows"), 0), "value");
	int r = -EBADMSG;

	if (value)
		r = text_clean(out, value, strlen(value));
	json_decref(root);
	return r;
}
