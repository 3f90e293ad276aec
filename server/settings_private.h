/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * settings_private -- what the parts of settings share: the table of keys, the reader of the file.
 */
#ifndef SETTINGS_PRIVATE_H
#define SETTINGS_PRIVATE_H

#include "settings.h"

enum settings_type {
	SETTINGS_UNSIGNED, /* unsigned */
	SETTINGS_SIZE,	   /* size_t, bytes */
	SETTINGS_SECONDS,  /* double */
	SETTINGS_BOOL,	   /* bool */
	SETTINGS_MAYBE,	   /* int: 1, 0, or -1 when it is not given */
	SETTINGS_MODE,	   /* enum settings_mode */
	SETTINGS_FORMAT,   /* enum settings_format */
	SETTINGS_WORD,	   /* char *: anything */
	SETTINGS_WORDS,	   /* char **: NULL-terminated list of anything */
	SETTINGS_PREFIX,   /* char *: the beginning of a metric's name */
	SETTINGS_PATH,	   /* char *: absolute */
	SETTINGS_PATHS,	   /* char **: NULL-terminated list of absolute ones */
	SETTINGS_PAIRS,	   /* char **: NULL-terminated list of "key=value" */
	SETTINGS_PREFIXES, /* struct net_prefix *, with its number in the next member */
};

/* A key of the file. Its value lies `offset` bytes into struct settings, or into the struct of its
 * section. */
struct settings_row {
	const char *name;
	enum settings_type type;
	size_t offset;
	double def, min, max; /* of numbers */
};

/* The keys outside of sections, and those of the two kinds of sections. Each ends with a row
 * without name. */
extern const struct settings_row settings_rows[], settings_listener_rows[], settings_plugin_rows[];

/* Index into the table, or -1. */
int settings_find_row(const struct settings_row *rows, const char *name);
/* "did you mean", or NULL. */
const char *settings_nearest_row(const struct settings_row *rows, const char *name);
bool settings_is_list(const struct settings_row *row);
/* Stores defaults of numbers; texts and lists stay NULL. */
void settings_defaults(const struct settings_row *rows, void *base);
/* Checks the text of one value; with base it is stored too. Of a list it is one element, and it is
 * appended. 0, or -EINVAL with what is wrong in why: "must be a number from 1 to 5, not 'x'". */
int settings_take(const struct settings_row *row, const char *text, void *base, struct buf *why);

/* Adds a listener. Its place, or NULL with why when the URL is wrong or there already. */
struct settings_listener *settings_add_listener(struct settings *s, const char *url,
						struct buf *why);
/* Reads a file into s, which has the defaults. 0 or -errno with why. */
int settings_read_file(struct settings *s, const char *path, struct buf *why);

#endif
