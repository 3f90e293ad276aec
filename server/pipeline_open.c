/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * pipeline_open -- the words of a command line made into a job: the command found, the role
 * checked, arguments and filters read. Everything that the asker could have got wrong is found
 * here, before anything is run, so a usage error costs no execution. Runs on the session's thread.
 */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "pipeline_private.h"
#include "wire.h"

static int
usage(const struct pipeline_job *job, const char *what, struct buf *why)
{
	buf_printf(why, "%s: %s (usage: ", job->command->name, what);
	command_usage(why, job->command);
	buf_putc(why, ')');
	return STATUS_USAGE;
}

static int
take_arguments(struct pipeline_job *job, const struct parse_word *words, size_t n, struct buf *why)
{
	const struct command *c = job->command;

	job->args = xcalloc(c->n_args, sizeof(*job->args));
	return command_arguments(c, words, n, !job->asker.person, job->args, why) < 0 ? STATUS_USAGE
										      : 0;
}

/* How many words the option at words[0] takes: two if its value is the next word. */
static size_t
option_words(const struct command *c, const struct parse_word *word)
{
	if (word->text[2])
		return 1;
	for (size_t i = 0; i < c->n_args; i++)
		if (c->args[i].flag && c->args[i].flag == word->text[1])
			return c->args[i].type == TELMON_FLAG ? 1 : 2;
	return 1;
}

/* Own options end at the first other word: there the inner command begins, whose options look the
 * same. */
static int
take_inner(struct pipeline_job *job, struct buf *why)
{
	const struct parse_stage *stage = job->parsed->stages[0];
	const struct parse_word *words = stage->words;
	size_t i = 1, n = stage->n_words, own;
	int r;

	while (i < n && !words[i].quoted && words[i].text[0] == '-' && words[i].text[1] &&
	       strcmp(words[i].text, "--") != 0)
		i += option_words(job->command, &words[i]);
	own = (i < n ? i : n) - 1;
	r = take_arguments(job, words + 1, own, why);
	if (r != 0)
		return r;
	if (i < n && !words[i].quoted && strcmp(words[i].text, "--") == 0)
		i++;
	if (i >= n)
		return usage(job, "no command to repeat", why);
	job->first = (struct parse_stage){ .words = stage->words + i, .n_words = n - i };
	job->inner = *job->parsed;
	job->inner.stages[0] = &job->first;
	job->parsed = &job->inner;
	return 0;
}

static void
take_words(struct pipeline_job *job)
{
	const struct parse_stage *stage = job->parsed->stages[0];

	job->n_words = stage->n_words - 1;
	job->words = xcalloc(stage->n_words, sizeof(*job->words));
	for (size_t i = 0; i < job->n_words; i++)
		job->words[i] = stage->words[i + 1].text;
}

const struct telmon_column *
pipeline_columns(const struct pipeline_job *job, size_t *ret_n)
{
	const struct command *c = job->command;

	if (c->columns_for)
		return c->columns_for(job->args, job->asker.render.format, ret_n);
	*ret_n = c->n_columns;
	return c->columns;
}

static int
take_filters(struct pipeline_job *job, struct buf *why)
{
	size_t n_columns;
	const struct telmon_column *columns = pipeline_columns(job, &n_columns);

	for (size_t i = 1; i < job->parsed->n_stages; i++) {
		struct filter *f = filter_new(job->parsed->stages[i], !job->asker.person, columns,
					      n_columns, why);

		if (!f)
			return STATUS_USAGE;
		job->filters[job->n_filters++] = f;
		columns = filter_columns(f, &n_columns);
	}
	return 0;
}

static int
check(struct pipeline_job *job, struct buf *why)
{
	const struct parse_stage *stage = job->parsed->stages[0];
	unsigned flags = job->command->flags;
	int r = 0;

	if ((flags & COMMAND_CHANGES) && !job->asker.admin) {
		buf_printf(why, "%s: for administrators only", job->command->name);
		return STATUS_DENIED;
	}
	if (flags & COMMAND_PIPELINE)
		return take_inner(job, why);
	if (flags & COMMAND_WORDS)
		take_words(job);
	else
		r = take_arguments(job, stage->words + 1, stage->n_words - 1, why);
	return r ? r : take_filters(job, why);
}

int
pipeline_job_open(struct pipeline_job *job, struct pipeline *p, struct command_table *table,
		  const struct asker *asker, const struct parse_command *parsed, struct buf *why)
{
	*job = (struct pipeline_job){
		.pipeline = p,
		.table = table,
		.asker = *asker,
		.parsed = parsed,
		.bell = -1,
	};
	job->asker.render = pipeline_options(asker, parsed);
	job->command = command_find(table, parsed->stages[0]->words[0].text, asker->person, why);
	if (!job->command)
		return STATUS_USAGE;
	return check(job, why);
}
