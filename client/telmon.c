/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * telmon -- the client: options, the way to the daemon, then one command (relay), a file of them
 * (feed) or a prompt (repl). Its exit status is the answer's own, or says what kept it from getting
 * one. Knows no command of the daemon.
 */
#include <fcntl.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "contact.h"
#include "dial.h"
#include "feed.h"
#include "net.h"
#include "relay.h"
#include "repl.h"
#include "talk.h"
#include "terminal.h"
#include "text.h"
#include "wire.h"

enum { MIN_WIDTH = 20, MAX_WIDTH = 512 }; /* what /set width takes */

struct options {
	struct contact contact;
	struct buf command;
};

static void
say_usage(FILE *f)
{
	fputs("usage: telmon [-H HOST[:PORT] or URL or PATH] [-j] [-t SECONDS] [COMMAND...]\n", f);
}

static void
say_help(void)
{
	say_usage(stdout);
	fputs("  -H, --host WHERE       the daemon: HOST, HOST:PORT, telnet://HOST:PORT, unix:PATH "
	      "or a path\n"
	      "  -j, --json             answers as JSON, one line each\n"
	      "  -t, --timeout SECONDS  how long to wait for the connection, and for each further "
	      "byte\n"
	      "  -V, --version          the version\n"
	      "  -h, --help             this text\n"
	      "Without COMMAND: a prompt, or on a pipe one command a line. telmon help tells the "
	      "commands.\n",
	      stdout);
}

/* --- options --- */

static int
refuse(const char *what, const char *why)
{
	fprintf(stderr, "error: %s: %s\n", what, why);
	return STATUS_USAGE;
}

/* STATUS_USAGE, or 0. */
static int
take_target(struct options *o, const char *text)
{
	_autobuf_ struct buf why = BUF_WHY;

	if (net_target_parse(text, DIAL_PORT, &o->contact.url, &why) < 0)
		return refuse("-H", buf_str(&why));
	o->contact.place = text;
	return 0;
}

static int
take_seconds(struct options *o, const char *text)
{
	if (text_parse_double(text, &o->contact.seconds) < 0 ||
	    !(o->contact.seconds > 0 && o->contact.seconds < 1e9))
		return refuse("-t", "that is no number of seconds above zero");
	return 0;
}

/* The words as the shell gave them; a line end in one would make two commands of them. */
static int
take_command(struct options *o, char *const *words)
{
	for (; *words; words++) {
		if (strchr(*words, '\n'))
			return refuse("COMMAND", "a command is one line");
		if (o->command.len)
			buf_putc(&o->command, ' ');
		buf_puts(&o->command, *words);
	}
	return o->command.error ? refuse("COMMAND", "too long") : 0;
}

/* -1: go on; else the exit status. */
static int
take_options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "host", required_argument, NULL, 'H' },    { "json", no_argument, NULL, 'j' },
		{ "timeout", required_argument, NULL, 't' }, { "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },	     { 0 },
	};
	int c, r = 0;

	/* The plus: our options end at the first word of the command. */
	while (r == 0 && (c = getopt_long(argc, argv, "+H:jt:Vh", longs, NULL)) >= 0) {
		switch (c) {
		case 'H':
			r = take_target(o, optarg);
			break;
		case 'j':
			o->contact.json = true;
			break;
		case 't':
			r = take_seconds(o, optarg);
			break;
		case 'V':
			puts("telmon " PACKAGE_VERSION);
			return STATUS_OK;
		case 'h':
			say_help();
			return STATUS_OK;
		default:
			say_usage(stderr);
			return STATUS_USAGE;
		}
	}
	if (r == 0)
		r = take_command(o, argv + optind);
	return r ? r : -1;
}

/* A table on a terminal is fitted to it; a file or a pipe gets all of it. */
static int
fit_window(struct talk *t)
{
	unsigned columns, rows;
	char line[32];
	int ignored;

	if (!terminal_window(&columns, &rows))
		return 0;
	columns = columns < MIN_WIDTH ? MIN_WIDTH : columns > MAX_WIDTH ? MAX_WIDTH : columns;
	snprintf(line, sizeof(line), "/set width %u", columns);
	return relay_ask(t, line, NULL, NULL, &ignored);
}

static int
run_session(struct talk *t, struct options *o, bool one_shot)
{
	int status = STATUS_OK, r = fit_window(t);

	if (r == 0 && one_shot)
		r = relay(t, o->command.data, o->command.len, NULL, &status);
	else if (r == 0)
		r = feed(t, stdin, &status);
	talk_free(t);
	return r < 0 ? contact_explain(r) : status;
}

/* A locale that nobody chose says nothing about the terminal, and UTF-8 is what terminals speak. */
static void
choose_locale(void)
{
	setlocale(LC_ALL, "");
	/* Numbers on the command line are written the same way everywhere. */
	setlocale(LC_NUMERIC, "C");
	if (strcmp(nl_langinfo(CODESET), "ANSI_X3.4-1968") == 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

/*
 * Whoever started us may have closed the first three, and the connection would get the first number
 * that is free: the daemon would be told its own answers, and run them. Input has ended then,
 * output cannot be written, and what there is to complain of is heard by nobody.
 */
static void
fill_descriptors(void)
{
	static const int modes[] = { O_RDONLY, O_RDONLY, O_WRONLY };

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", modes[fd]) != fd)
			_exit(STATUS_FAILED);
}

int
main(int argc, char **argv)
{
	struct options o = { .command = BUF_INIT(1 << 20) };
	struct talk *t;
	int status;

	fill_descriptors();
	choose_locale();
	status = take_options(&o, argc, argv);
	if (status < 0 && optind == argc && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) {
		status = repl(&o.contact);
	} else if (status < 0) {
		t = contact_open(&o.contact, NULL, &status);
		if (t)
			status = run_session(t, &o, optind < argc);
	}
	buf_fini(&o.command);
	return status;
}
