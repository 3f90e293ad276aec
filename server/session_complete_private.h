/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * session_complete_private -- what the parts of session_complete share.
 */
#ifndef SESSION_COMPLETE_PRIVATE_H
#define SESSION_COMPLETE_PRIVATE_H

#include "filter.h"
#include "parse.h"
#include "session_private.h"

struct completion {
	const struct session *session;
	const struct command_table *table;
	const struct parse_stage *stage; /* the one with the cursor */
	const struct command
		*command; /* of stage 0, or the one that watch and until repeat; NULL = unknown */
	size_t first;	  /* index of its name in stage 0 */
	size_t word;	  /* index of the word at the cursor */
	const char *prefix;
	char quote; /* that the typed word begins with; 0 = none */
	struct lineedit_choices *choices;
	size_t room; /* in the list */
};

/* session_complete_offer.c: what may be typed, if it begins as the typed word does. */
void complete_offer(struct completion *c, const char *word, const char *help);
/* The same for what came from the machine: quoted so that it is one word, and no option. */
void complete_offer_value(struct completion *c, const char *word, const char *help);
/* With what is listed apart from what is typed, as it is. */
void complete_offer_as(struct completion *c, const char *shown, const char *text, const char *help);
/* What to know before the first letter of a word is typed. */
void complete_hint(struct completion *c, const char *shown, const char *help);

/* session_complete_seen.c: names that plugins declare, and values of the newest snapshots. */
void complete_metrics(struct completion *c);
void complete_plugins(struct completion *c);
/* Values of the labels of the command's plugin: those that a column or an argument of this name may
 * hold, or any column of text (NULL). */
void complete_labels(struct completion *c, const char *about);

/* session_complete_argument.c: what may follow a command's name. */
void complete_argument(struct completion *c);
/* The option whose value follows this word; NULL if the word stands alone. */
const struct telmon_arg *complete_awaits(const struct command *command,
					 const struct parse_word *word);
/* The last of names with a comma between; those before it stay as they were typed. */
void complete_columns(struct completion *c);

/* session_complete_filter.c: what may stand behind a |. */
void complete_filter(struct completion *c);
void complete_filters(struct completion *c); /* their names */

/* session_complete.c */
void complete_commands(struct completion *c);

#endif
