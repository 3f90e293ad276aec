/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_lineedit_many -- libedit and the terminal database keep their state for the whole process:
 * what many editors show at once, each on another terminal, is to the byte what each shows alone.
 */
#include <dlfcn.h>
#include <errno.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lineedit.h"

#include <check.h> /* last: it has a macro `fail` */

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { SESSIONS = 40 };
#else
enum { SESSIONS = 200 };
#endif

enum { LINES = 4, KEYS = 60 };

static const char *const terminals[] = {
	"xterm", "xterm-256color", "xterm-mono", "vt100", "vt102", "vt220", "linux", "screen",
	"tmux",	 "rxvt",	   "cygwin",	 "ansi",  "vt52",  "sun",   "mach",  "hurd",
};

/* One who types what the seed says. */
struct typist {
	const char *terminal;
	unsigned seed, state;
	bool yields; /* to the others, at every key */
	int left;    /* keys of this line */
	const char *at;
	bool no_terminal;
	struct lineedit *e;
	struct buf shown;
	pthread_t thread;
};

static unsigned
next(struct typist *t)
{
	t->state = t->state * 1103515245 + 12345;
	return t->state >> 16;
}

static int
key(void *ctx)
{
	static const char *const keys[] = {
		"word ",
		"gr\303\274\303\237e ",
		"\xe6\x97\xa5",
		"x",
		"\x1b[D",
		"\x1b[D\x1b[D",
		"\x1b[C",
		"\x01",
		"\x05",
		"\x1b[1;5D",
		"\x7f",
		"\x17",
		"\x19",
		"\x0b",
		"\x14",
		"\x1b[A",
		"\x1b[B",
		"\x12wo\x12\x05",
		"\x0c",
		"\t",
		"?",
		"\x1b[3~",
		"0123456789abcde",
	};
	struct typist *t = ctx;

	if (t->yields && next(t) % 4 == 0)
		sched_yield();
	else if (!t->yields)
		next(t);
	if (t->at && *t->at)
		return (unsigned char)*t->at++;
	if (t->left-- <= 0)
		return '\n';
	switch (next(t) % 32) {
	case 0:
		return -EAGAIN;
	case 1:
		/* Lines may well be higher than that. */
		lineedit_set_window(t->e, next(t) % 90, next(t) % 12);
		return -EAGAIN;
	default:
		t->at = keys[next(t) % (sizeof(keys) / sizeof(keys[0]))];
		return (unsigned char)*t->at++;
	}
}

static void
show(void *ctx, const char *text, size_t n)
{
	struct typist *t = ctx;

	buf_put(&t->shown, text, n);
}

static void
news(void *ctx)
{
	show(ctx, "a note\n", 7);
}

static void
complete(void *ctx, const char *line, size_t cursor, struct lineedit_choices *c)
{
	static const struct menu_word list[] = {
		{ "word", "word", "a word" },
		{ "work", "work", "another" },
	};

	(void)ctx;
	(void)line;
	c->from = cursor;
	c->list = arena_alloc(c->arena, sizeof(list));
	memcpy(c->list, list, sizeof(list));
	c->n = 2;
	c->letter = cursor % 2;
}

static void *
type(void *arg)
{
	static const struct lineedit_ops ops = {
		.key = key, .show = show, .news = news, .complete = complete
	};
	struct typist *t = arg;
	struct buf line = BUF_INIT(256);

	t->state = t->seed;
	t->e = lineedit_new(&ops, t, 200);
	lineedit_set_window(t->e, 1 + t->seed % 90, 1 + t->seed % 24);
	t->no_terminal = lineedit_open(t->e, t->terminal) < 0;
	for (int i = 0; i < LINES && !t->no_terminal; i++) {
		t->left = KEYS;
		t->at = NULL;
		if (lineedit_read(t->e, "host> ", &line) == 1)
			lineedit_remember(t->e, buf_str(&line), line.len);
		show(t, "[", 1);
		show(t, line.data, line.len);
		show(t, "]\n", 2);
	}
	lineedit_free(t->e);
	buf_fini(&line);
	return NULL;
}

static void
begin(struct typist *t, unsigned i, bool yields)
{
	*t = (struct typist){
		.terminal = terminals[i % (sizeof(terminals) / sizeof(terminals[0]))],
		.seed = i,
		.yields = yields,
	};
	buf_init(&t->shown, 16 << 20);
}

START_TEST(many_at_once_show_what_each_shows_alone)
{
	static struct typist alone[SESSIONS], among[SESSIONS];
	unsigned opened = 0;

	for (unsigned i = 0; i < SESSIONS; i++) {
		begin(&alone[i], i, false);
		type(&alone[i]);
		begin(&among[i], i, true);
	}
	for (unsigned i = 0; i < SESSIONS; i++)
		ck_assert_int_eq(pthread_create(&among[i].thread, NULL, type, &among[i]), 0);
	for (unsigned i = 0; i < SESSIONS; i++)
		pthread_join(among[i].thread, NULL);
	for (unsigned i = 0; i < SESSIONS; i++) {
		ck_assert_int_eq(among[i].no_terminal, alone[i].no_terminal);
		opened += !alone[i].no_terminal;
		ck_assert_msg(among[i].shown.len == alone[i].shown.len &&
				      (among[i].shown.len == 0 ||
				       memcmp(among[i].shown.data, alone[i].shown.data,
					      alone[i].shown.len) == 0),
			      "session %u, terminal %s, differs", i, alone[i].terminal);
		buf_fini(&among[i].shown);
		buf_fini(&alone[i].shown);
	}
	/* Not every machine has all of them. */
	ck_assert_uint_ge(opened, SESSIONS / 4);
}
END_TEST

/* A program whose own tgetent libedit does not find grows with every session. */
START_TEST(the_terminal_database_is_reached_through_us)
{
	void *program = dlopen(NULL, RTLD_NOW);

	ck_assert_ptr_nonnull(dlsym(program, "tgetent"));
	ck_assert_ptr_ne(dlsym(program, "tgetent"), dlsym(RTLD_NEXT, "tgetent"));
	ck_assert_ptr_ne(dlsym(program, "tputs"), dlsym(RTLD_NEXT, "tputs"));
	dlclose(program);
}
END_TEST

static Suite *
lineedit_many_suite(void)
{
	Suite *s = suite_create("lineedit_many");
	TCase *c = tcase_create("slow");

	tcase_set_timeout(c, 120);
	tcase_add_test(c, many_at_once_show_what_each_shows_alone);
	tcase_add_test(c, the_terminal_database_is_reached_through_us);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	SRunner *r;
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	setenv("TERM", "vt100", 1);
	r = srunner_create(lineedit_many_suite());
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
