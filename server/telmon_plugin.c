/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon-plugin -- for whoever writes a plugin: `new` writes one to begin with, `check` tries what
 * has become of it. This file reads the words.
 */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"
#include "settings.h"
#include "telmon_plugin_private.h"
#include "text.h"

enum { MAX_WORDS = 64 };
/* As in the configuration. */
#define MIN_MEMORY ((double)(32 << 20))
#define MAX_MEMORY (64.0 * (1 << 30))

static const struct option options[] = {
	{ "root", required_argument, NULL, 'R' },
	{ "set", required_argument, NULL, 's' },
	{ "read", required_argument, NULL, 'r' },
	{ "network", no_argument, NULL, 'n' },
	{ "max-memory", required_argument, NULL, 'm' },
	{ "limit", required_argument, NULL, 'l' },
	{ "json", no_argument, NULL, 'j' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
	"usage: telmon-plugin new NAME [DIR]\n"
	"       telmon-plugin check [OPTION]... FILE.so\n"
	"Writes a plugin to begin with, or tries one in processes of its own.\n\n"
	"      --root DIR         look at the machine below DIR as well; repeatable\n"
	"      --set KEY=VALUE    a setting, as in the plugin's section; repeatable\n"
	"      --read PATH        what a child of its own may read besides; repeatable\n"
	"      --network          a child of its own may use the network\n"
	"      --max-memory SIZE  how much memory such a child may have (256M)\n"
	"      --limit SECONDS    how long each part of the check may take (40)\n"
	"      --json             the report as JSON\n"
	"      --version          say which version this is\n"
	"      --help             say this\n\n"
	"Exit status: 0 no error was found, 1 one was, 2 usage. See telmon-plugin(1).\n";

struct words {
	char *list[MAX_WORDS + 1];
	size_t n;
};

static int
add_word(struct words *w, char *word)
{
	if (w->n == MAX_WORDS) {
		fputs("telmon-plugin: too many options\n", stderr);
		return -1;
	}
	w->list[w->n++] = word;
	return 0;
}

static int
wrong_usage(const char *why)
{
	fprintf(stderr, "telmon-plugin: %s (try telmon-plugin --help)\n", why);
	return EXIT_WRONG_USAGE;
}

static int
take_size(const char *word, int64_t *ret)
{
	double size;

	if (text_parse_number(word, &size) < 0 || size < MIN_MEMORY || size > MAX_MEMORY)
		return wrong_usage("--max-memory wants bytes, such as 512M, from 32M to 64G");
	*ret = (int64_t)size;
	return 0;
}

/* check's own options; 'V' and 'h' end the program. */
static int
take_option(int letter, struct check *c, struct words *roots, struct words *settings,
	    struct words *read)
{
	switch (letter) {
	case 'R':
		return add_word(roots, optarg);
	case 's':
		return strchr(optarg, '=') ? add_word(settings, optarg)
					   : wrong_usage("--set wants KEY=VALUE");
	case 'r':
		return *optarg == '/' ? add_word(read, optarg)
				      : wrong_usage("--read wants an absolute path");
	case 'n':
		c->network = true;
		return 0;
	case 'm':
		return take_size(optarg, &c->max_memory);
	case 'l':
		return text_parse_double(optarg, &c->limit_s) == 0 && c->limit_s > 0
			       ? 0
			       : wrong_usage("--limit wants seconds");
	case 'j':
		c->json = true;
		return 0;
	default: /* getopt has said what is wrong */
		return -1;
	}
}

static int
check(struct check *c, int n, char **words)
{
	int status;

	if (n != 1)
		return wrong_usage("check wants one FILE.so");
	c->path = words[0];
	status = check_object(c);
	report_fini(&c->report);
	return status;
}

int
main(int argc, char **argv)
{
	struct words roots = { .n = 0 }, settings = { .n = 0 }, read = { .n = 0 };
	struct check c = {
		.roots = roots.list,
		.settings = settings.list,
		.read = read.list,
		.limit_s = 40,
		.max_memory = SETTINGS_PLUGIN_MEMORY,
	};
	bool options_given = false;
	int letter;

	setlocale(LC_CTYPE, "C.UTF-8");
	while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (letter == 'h') {
			fputs(help, stdout);
			return 0;
		}
		if (letter == 'V') {
			puts("telmon-plugin " PACKAGE_VERSION);
			return 0;
		}
		options_given = true;
		if (take_option(letter, &c, &roots, &settings, &read) != 0)
			return EXIT_WRONG_USAGE;
	}
	argc -= optind;
	argv += optind;
	if (argc && strcmp(argv[0], "check") == 0)
		return check(&c, argc - 1, argv + 1);
	if (argc && strcmp(argv[0], "new") == 0) {
		if (options_given || argc < 2 || argc > 3)
			return wrong_usage("new wants NAME, and a folder if you like");
		return new_plugin(argv[1], argc > 2 ? argv[2] : argv[1]);
	}
	return wrong_usage("say new or check");
}
