/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmond_options -- the command line. One table makes the options, their help and their long
 * names, so none of the three can be forgotten. Main thread, at start.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "telmond_private.h"

static const struct {
	char letter;
	const char *name, *value, *help;
} table[] = {
	{ 'c', "config", "FILE", "read this configuration; it must exist" },
	{ 'l', "listen", "URL",
	  "listen here (telnet://HOST:PORT, unix:PATH); replaces all configured listeners; "
	  "repeatable" },
	{ 'p', "plugin-dir", "DIR",
	  "load the plugins of this folder; replaces the plugin path; repeatable" },
	{ 'R', "root", "ROOT", "look at the machine whose /proc and /sys are below ROOT" },
	{ 'n', "check-config", NULL, "check the configuration and exit; -v lists it" },
	{ 'd', "daemon", NULL, "go to the background once everything listens; log to syslog" },
	{ 'v', "verbose", NULL, "log more" },
	{ 'V', "version", NULL, "say which version this is" },
	{ 'h', "help", NULL, "say this" },
};

enum { N_OPTIONS = sizeof(table) / sizeof(table[0]) };

static void
put_help(void)
{
	char left[40];

	printf("usage: telmond [OPTION]...\n"
	       "A monitoring daemon that you telnet into.\n\n");
	for (int i = 0; i < N_OPTIONS; i++) {
		snprintf(left, sizeof(left), "-%c, --%s%s%s", table[i].letter, table[i].name,
			 table[i].value ? " " : "", table[i].value ? table[i].value : "");
		printf("  %-22s  %s\n", left, table[i].help);
	}
	printf("\nWithout -l and a configuration it listens on 127.0.0.1:2323, [::1]:2323 and a "
	       "Unix socket.\n"
	       "See telmond(8), telmond.conf(5).\n");
}

/* "+" ends the options at the first word, of which there must be none. */
static void
make_getopt(char *letters, struct option *names)
{
	*letters++ = '+';
	for (int i = 0; i < N_OPTIONS; i++) {
		*letters++ = table[i].letter;
		if (table[i].value)
			*letters++ = ':';
		names[i] = (struct option){ table[i].name,
					    table[i].value ? required_argument : no_argument, NULL,
					    table[i].letter };
	}
	*letters = '\0';
	names[N_OPTIONS] = (struct option){ 0 };
}

/* A daemon leaves the folder that it was started in. */
static const char *
absolute(struct telmond_options *o, const char *path)
{
	char cwd[4096];

	if (!path || path[0] == '/' || !getcwd(cwd, sizeof(cwd)))
		return path;
	return arena_printf(&o->arena, "%s/%s", cwd, path);
}

static void
make_absolute(struct telmond_options *o, const char **dirs)
{
	o->flags.file = absolute(o, o->flags.file);
	o->root = absolute(o, o->root);
	for (size_t i = 0; i < o->flags.n_plugin_dirs; i++)
		dirs[i] = absolute(o, dirs[i]);
}

static int
usage_error(void)
{
	fputs("try telmond --help\n", stderr);
	return TELMOND_USAGE;
}

int
telmond_options_parse(struct telmond_options *o, int argc, char **argv)
{
	char letters[2 * N_OPTIONS + 2];
	struct option names[N_OPTIONS + 1];
	const char **urls, **dirs;
	int c;

	arena_init(&o->arena, 0);
	o->flags.listen = urls = arena_alloc(&o->arena, (size_t)argc * sizeof(*urls));
	o->flags.plugin_dirs = dirs = arena_alloc(&o->arena, (size_t)argc * sizeof(*dirs));
	make_getopt(letters, names);
	while ((c = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->flags.file = optarg;
			break;
		case 'l':
			urls[o->flags.n_listen++] = optarg;
			break;
		case 'p':
			dirs[o->flags.n_plugin_dirs++] = optarg;
			break;
		case 'R':
			o->root = optarg;
			break;
		case 'n':
			o->check = true;
			break;
		case 'd':
			o->detach = true;
			break;
		case 'v':
			o->verbose++;
			break;
		case 'V':
			puts("telmond " PACKAGE_VERSION);
			return TELMOND_OK;
		case 'h':
			put_help();
			return TELMOND_OK;
		default: /* getopt has said why */
			return usage_error();
		}
	}
	if (optind < argc) {
		fprintf(stderr, "telmond: takes no words, such as '%s'\n", argv[optind]);
		return usage_error();
	}
	if (o->detach)
		make_absolute(o, dirs);
	if (o->verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	return -1;
}
