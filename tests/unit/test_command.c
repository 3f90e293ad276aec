/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of command: the table, the sentences for names that are none, arguments, and the
 * registry's swap.
 * What threads other than the test's own find is a matter of assert(): check hears one thread only.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

/* Its macro fail() must not meet the plugin's header. */
#include <check.h>

static int
view(struct telmon *t)
{
	return telmon_row(t);
}

static int
run(struct telmon *t)
{
	return telmon_row(t);
}

static const struct telmon_column columns[] = {
	{ .name = "pid", .type = TELMON_INT },
	{ .name = "user", .type = TELMON_TEXT },
	{ .name = "used_bytes", .type = TELMON_INT, .unit = TELMON_BYTES },
	{ .name = "used_percent", .type = TELMON_REAL, .unit = TELMON_PERCENT },
};

enum { ARG_ROWS, ARG_SORT, ARG_REVERSE, ARG_LIMIT, ARG_PATTERN, ARG_COUNT, ARG_LONG };

static const struct telmon_arg args[] = {
	[ARG_ROWS] = { .name = "rows",
		       .flag = 'n',
		       .type = TELMON_INT,
		       .def = "10",
		       .min = 1,
		       .max = 1000 },
	[ARG_SORT] = { .name = "column", .flag = 's', .type = TELMON_COLUMN, .def = "pid" },
	[ARG_REVERSE] = { .name = "reverse", .flag = 'r', .type = TELMON_FLAG },
	[ARG_LIMIT] = { .name = "seconds",
			.flag = 't',
			.type = TELMON_REAL,
			.min = -1,
			.max = 2.5 },
	[ARG_PATTERN] = { .name = "pattern", .type = TELMON_TEXT },
	[ARG_COUNT] = { .name = "count", .type = TELMON_INT },
	[ARG_LONG] = { .name = "everything", .type = TELMON_FLAG },
};

static struct telmon_command process_commands[] = {
	{ .name = "process",
	  .help = "processes",
	  .view = view,
	  TELMON_COLUMNS(columns),
	  TELMON_ARGS(args) },
	{ .name = "pressure", .help = "pressure", .run = run },
	{ .name = "exit", .help = "never reached", .run = run },
};
static struct telmon_command other_commands[] = {
	{ .name = "process", .help = "another", .view = view },
	{ .name = "cpu", .help = "processors", .view = view },
	{ .name = "help", .help = "not this one", .view = view },
};

static struct plugin process_plugin = {
	.refs = 1,
	.name = (char *)"alpha",
	.commands = process_commands,
	.decl = { .n_commands = 3, .commands = process_commands },
};
static struct plugin other_plugin = {
	.refs = 1,
	.name = (char *)"beta",
	.commands = other_commands,
	.decl = { .n_commands = 3, .commands = other_commands },
};

static const struct command builtins[] = {
	{ .name = "plugins", .kind = COMMAND_BUILTIN },
	{ .name = "help", .kind = COMMAND_BUILTIN },
	{ .name = "reload", .kind = COMMAND_BUILTIN, .flags = COMMAND_CHANGES },
	{ .name = "restart", .kind = COMMAND_BUILTIN },
	{ .name = "watch",
	  .kind = COMMAND_BUILTIN,
	  .flags = COMMAND_PIPELINE | COMMAND_STREAMS,
	  .args = args,
	  .n_args = 1 },
	{ .name = "echo", .kind = COMMAND_BUILTIN, .flags = COMMAND_WORDS },
};
enum { N_BUILTINS = sizeof(builtins) / sizeof(builtins[0]) };

static struct command_table *
make_table(struct buf *refused)
{
	struct plugin *plugins[] = { &other_plugin, &process_plugin };
	struct plugin_table *t = plugin_table_new(plugins, 2, NULL, 0);
	struct command_table *table = command_table_new(builtins, N_BUILTINS, t, refused);

	plugin_table_unref(t);
	return table;
}

START_TEST(test_table)
{
	_autobuf_ struct buf refused = BUF_INIT(4096), why = BUF_WHY;
	struct command_table *t = make_table(&refused);
	const struct command *c;

	ck_assert_uint_eq(t->count, N_BUILTINS + 3);
	for (size_t i = 1; i < t->count; i++)
		ck_assert_str_lt(t->commands[i - 1].name, t->commands[i].name);
	/* Plugins in the order of their names; built-ins before all. */
	ck_assert_str_eq(buf_str(&refused),
			 "plugin 'alpha': command 'exit' is a word of the session\n"
			 "plugin 'beta': command 'process' is taken by plugin 'alpha'\n"
			 "plugin 'beta': command 'help' is built in\n");
	c = command_find(t, "process", false, &why);
	ck_assert_ptr_nonnull(c);
	ck_assert_ptr_eq(c->plugin, &process_plugin);
	ck_assert_ptr_eq(c->callback, &process_commands[0]);
	ck_assert_int_eq(c->kind, COMMAND_VIEW);
	ck_assert_ptr_eq(c->columns, columns);
	ck_assert_uint_eq(c->n_columns, 4);
	ck_assert_ptr_eq(c->args, args);
	ck_assert_uint_eq(c->n_args, 7);
	ck_assert_int_eq(command_find(t, "pressure", false, &why)->kind, COMMAND_RUN);
	ck_assert_int_eq(command_find(t, "help", false, &why)->kind, COMMAND_BUILTIN);
	ck_assert_uint_eq(why.len, 0);

	/* The table alone holds the plugins. */
	ck_assert_uint_eq(process_plugin.refs, 2);
	ck_assert_ptr_eq(command_table_ref(t), t);
	command_table_unref(t);
	ck_assert_uint_eq(process_plugin.refs, 2);
	command_table_unref(t);
	ck_assert_uint_eq(process_plugin.refs, 1);
	ck_assert_uint_eq(other_plugin.refs, 1);
	command_table_unref(NULL);
}
END_TEST

START_TEST(test_table_without_plugins)
{
	_autobuf_ struct buf refused = BUF_INIT(4096), why = BUF_WHY;
	struct command_table *t = command_table_new(NULL, 0, NULL, &refused);

	ck_assert_uint_eq(t->count, 0);
	ck_assert_ptr_null(command_find(t, "cpu", true, &why));
	ck_assert_str_eq(buf_str(&why), "no command 'cpu' (try help)");
	command_table_unref(t);
}
END_TEST

static void
assert_found(const struct command_table *t, const char *name, bool prefix, const char *want)
{
	_autobuf_ struct buf why = BUF_WHY;
	const struct command *c = command_find(t, name, prefix, &why);

	ck_assert_msg(c != NULL, "%s: %s", name, buf_str(&why));
	ck_assert_str_eq(c->name, want);
	ck_assert_uint_eq(why.len, 0);
}

static void
assert_not_found(const struct command_table *t, const char *name, bool prefix, const char *want)
{
	_autobuf_ struct buf why = BUF_WHY;

	ck_assert_ptr_null(command_find(t, name, prefix, &why));
	ck_assert_str_eq(buf_str(&why), want);
}

START_TEST(test_find)
{
	_autobuf_ struct buf refused = BUF_INIT(4096);
	struct command_table *t = make_table(&refused);

	assert_found(t, "cpu", false, "cpu");
	assert_found(t, "c", true, "cpu");
	assert_found(t, "watch", true, "watch");
	assert_found(t, "pl", true, "plugins");
	assert_found(t, "pro", true, "process");
	/* A command that changes something is never meant by its beginning. */
	assert_found(t, "reload", true, "reload");
	assert_found(t, "re", true, "restart");
	assert_not_found(t, "rel", true, "no command 'rel' (did you mean 'reload'? try help)");
	/* Scripts spell names out. */
	assert_not_found(t, "cp", false, "no command 'cp' (did you mean 'cpu'? try help)");
	assert_not_found(t, "cpuu", true, "no command 'cpuu' (did you mean 'cpu'? try help)");
	assert_not_found(t, "zzzzzz", true, "no command 'zzzzzz' (try help)");
	assert_not_found(t, "", true, "no command '' (try help)");
	assert_not_found(t, "", false, "no command '' (try help)");
	assert_not_found(t, "p", true, "'p' could be plugins, pressure or process");
	assert_not_found(t, "pr", true, "'pr' could be pressure or process");
	assert_not_found(t, "p", false, "no command 'p' (try help)");
	assert_not_found(t, "CPU", true, "no command 'CPU' (did you mean 'cpu'? try help)");
	command_table_unref(t);
}
END_TEST

START_TEST(test_find_hostile_names)
{
	_autobuf_ struct buf refused = BUF_INIT(4096), why = BUF_WHY;
	struct command_table *t = make_table(&refused);
	char name[4096];

	assert_not_found(t, "\x1b[2Jx", true, "no command '?[2Jx' (try help)");
	assert_not_found(t, "a\nb", false, "no command 'a?b' (try help)");
	assert_not_found(t, "%n%s", true, "no command '%n%s' (try help)");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_ptr_null(command_find(t, name, true, &why));
	ck_assert_int_eq(why.error, 0);
	ck_assert_uint_lt(why.len, 80);
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "try help"));
	command_table_unref(t);
}
END_TEST

START_TEST(test_find_many)
{
	_autobuf_ struct buf refused = BUF_INIT(4096);
	struct command many[12];
	char names[12][8];
	struct command_table *t;

	memset(many, 0, sizeof(many));
	for (int i = 0; i < 12; i++) {
		snprintf(names[i], sizeof(names[i]), "a%c", 'a' + i);
		many[i].name = names[i];
		many[i].kind = COMMAND_BUILTIN;
	}
	t = command_table_new(many, 12, NULL, &refused);
	assert_not_found(t, "a", true,
			 "'a' could be aa, ab, ac, ad, ae, af, ag, ah or one of 4 more");
	assert_found(t, "al", true, "al");
	command_table_unref(t);
}
END_TEST

/* Runs a line of words through the arguments of `process`; a leading ' marks a quoted word. */
static int
arguments(const char *line, bool exact, struct host_arg *ret, struct buf *why)
{
	static char text[512];
	struct parse_word words[32];
	struct command c = { .name = "process", TELMON_COLUMNS(columns), TELMON_ARGS(args) };
	size_t n = 0;
	char *save;

	memset(words, 0, sizeof(words));
	snprintf(text, sizeof(text), "%s", line);
	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		words[n].quoted = *w == '\'';
		words[n].text = w + (*w == '\'');
		n++;
	}
	return command_arguments(&c, words, n, exact, ret, why);
}

static void
accept_line(const char *line, struct host_arg *ret)
{
	_autobuf_ struct buf why = BUF_WHY;

	ck_assert_msg(arguments(line, true, ret, &why) == 0, "%s: %s", line, buf_str(&why));
	ck_assert_uint_eq(why.len, 0);
}

START_TEST(test_people_may_shorten_columns)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct host_arg a[7];

	ck_assert_int_eq(arguments("-s p", false, a, &why), 0);
	ck_assert_str_eq(a[ARG_SORT].s, "pid");
	ck_assert_int_eq(arguments("-s used%", true, a, &why), 0);
	ck_assert_str_eq(a[ARG_SORT].s, "used_percent");
}
END_TEST

#define USAGE                                                                                      \
	" (usage: process [-n ROWS] [-s COLUMN] [-r|--reverse] [-t SECONDS] [PATTERN] [COUNT] "    \
	"[--everything])"

static void
refuse_line(const char *line, const char *want)
{
	_autobuf_ struct buf why = BUF_WHY, whole = BUF_WHY;
	struct host_arg ret[7];

	ck_assert_int_eq(arguments(line, true, ret, &why), -EINVAL);
	buf_puts(&whole, want);
	buf_puts(&whole, USAGE);
	ck_assert_str_eq(buf_str(&why), buf_str(&whole));
}

START_TEST(test_defaults)
{
	struct host_arg a[7];

	memset(a, 0x55, sizeof(a));
	accept_line("", a);
	ck_assert(a[ARG_ROWS].given);
	ck_assert_int_eq(a[ARG_ROWS].i, 10);
	ck_assert_double_eq(a[ARG_ROWS].f, 10);
	ck_assert_str_eq(a[ARG_ROWS].s, "10");
	ck_assert(a[ARG_SORT].given);
	ck_assert_int_eq(a[ARG_SORT].i, 0);
	for (int i = ARG_REVERSE; i <= ARG_LONG; i++) {
		ck_assert(!a[i].given);
		ck_assert_int_eq(a[i].i, 0);
		ck_assert_ptr_null(a[i].s);
	}
}
END_TEST

START_TEST(test_options)
{
	struct host_arg a[7];

	accept_line("-n5 -s used_percent -r -t -0.5 ssh 7 --everything", a);
	ck_assert_int_eq(a[ARG_ROWS].i, 5);
	ck_assert_int_eq(a[ARG_SORT].i, 3);
	ck_assert_str_eq(a[ARG_SORT].s, "used_percent");
	ck_assert(a[ARG_REVERSE].given);
	ck_assert_int_eq(a[ARG_REVERSE].i, 1);
	ck_assert_double_eq(a[ARG_LIMIT].f, -0.5);
	ck_assert_str_eq(a[ARG_PATTERN].s, "ssh");
	ck_assert_int_eq(a[ARG_COUNT].i, 7);
	ck_assert(a[ARG_LONG].given);

	/* Anywhere, together, the last one counts, a unique prefix of a column. */
	accept_line("ssh -rn 6 -suser -n 1000 --reverse", a);
	ck_assert_int_eq(a[ARG_ROWS].i, 1000);
	ck_assert_int_eq(a[ARG_SORT].i, 1);
	ck_assert(a[ARG_REVERSE].given);
	ck_assert_str_eq(a[ARG_PATTERN].s, "ssh");
	ck_assert(!a[ARG_COUNT].given);
}
END_TEST

START_TEST(test_positionals_that_look_like_options)
{
	struct host_arg a[7];

	accept_line("-- -n 5", a);
	ck_assert_str_eq(a[ARG_PATTERN].s, "-n");
	ck_assert_int_eq(a[ARG_COUNT].i, 5);
	ck_assert_int_eq(a[ARG_ROWS].i, 10);
	accept_line("'-n -n 3", a);
	ck_assert_str_eq(a[ARG_PATTERN].s, "-n");
	ck_assert_int_eq(a[ARG_ROWS].i, 3);
	accept_line("-", a);
	ck_assert_str_eq(a[ARG_PATTERN].s, "-");
	accept_line("x -5", a);
	ck_assert_int_eq(a[ARG_COUNT].i, -5);
	accept_line("-- --", a);
	ck_assert_str_eq(a[ARG_PATTERN].s, "--");
	accept_line("'-- 1", a);
	ck_assert_str_eq(a[ARG_PATTERN].s, "--");
	ck_assert_int_eq(a[ARG_COUNT].i, 1);
}
END_TEST

START_TEST(test_refusals)
{
	refuse_line("-x", "no option -x");
	refuse_line("-rx", "no option -x");
	refuse_line("--nothing", "no option '--nothing'");
	refuse_line("--rows", "no option '--rows'");
	refuse_line("-\x1b", "no option '-?'");
	refuse_line("-n", "-n wants a value");
	refuse_line("-rn", "-n wants a value");
	refuse_line("-n ten", "-n wants a whole number, not 'ten'");
	refuse_line("-n 1.5", "-n wants a whole number, not '1.5'");
	refuse_line("-n5k", "-n wants a whole number, not '5k'");
	refuse_line("-n 99999999999999999999",
		    "-n wants a whole number, not '99999999999999999999'");
	refuse_line("-n 0", "-n wants a number from 1 to 1000, not '0'");
	refuse_line("-n 1001", "-n wants a number from 1 to 1000, not '1001'");
	refuse_line("-t x", "-t wants a number, not 'x'");
	refuse_line("-t nan", "-t wants a number, not 'nan'");
	refuse_line("-t inf", "-t wants a number, not 'inf'");
	refuse_line("-t 2.6", "-t wants a number from -1 to 2.5, not '2.6'");
	refuse_line("-t -1.1", "-t wants a number from -1 to 2.5, not '-1.1'");
	refuse_line("a b", "COUNT wants a whole number, not 'b'");
	refuse_line("a 1 c", "'c' is a word too many");
	refuse_line("-s nothing",
		    "-s: no column 'nothing', there are pid, user, used_bytes, used_percent");
	refuse_line("-s us", "-s: more than one column begins with 'us', there are pid, user, "
			     "used_bytes, used_percent");
	refuse_line("-s p", "-s: no column 'p', there are pid, user, used_bytes, used_percent");
	refuse_line("-n \x1b[0m", "-n wants a whole number, not '?[0m'");
}
END_TEST

START_TEST(test_bad_default)
{
	static const struct telmon_arg bad[] = {
		{ .name = "rows", .flag = 'n', .type = TELMON_INT, .def = "many" }
	};
	struct command c = { .name = "x", TELMON_ARGS(bad) };
	_autobuf_ struct buf why = BUF_WHY;
	struct host_arg a[1];

	ck_assert_int_eq(command_arguments(&c, NULL, 0, true, a, &why), -EINVAL);
	ck_assert_str_eq(buf_str(&why), "-n wants a whole number, not 'many' (usage: x [-n ROWS])");
}
END_TEST

START_TEST(test_usage)
{
	_autobuf_ struct buf out = BUF_INIT(4096), refused = BUF_INIT(4096), tight = BUF_INIT(8);
	struct command_table *t = make_table(&refused);

	ck_assert_int_eq(command_usage(&out, command_find(t, "watch", false, &refused)), 0);
	ck_assert_str_eq(buf_str(&out), "watch [-n ROWS] COMMAND [ARG...] [| FILTER]...");
	buf_clear(&out);
	command_usage(&out, command_find(t, "echo", false, &refused));
	ck_assert_str_eq(buf_str(&out), "echo [WORD...]");
	buf_clear(&out);
	command_usage(&out, command_find(t, "cpu", false, &refused));
	ck_assert_str_eq(buf_str(&out), "cpu");
	ck_assert_int_eq(command_usage(&tight, command_find(t, "process", false, &refused)),
			 -EMSGSIZE);
	command_table_unref(t);
}
END_TEST

static _Atomic bool swapping;

static void *
look_up(void *arg)
{
	_autobuf_ struct buf why = BUF_WHY;
	size_t found = 0;

	do {
		struct command_table *t = registry_get(arg);
		const struct command *c = command_find(t, "process", false, &why);

		assert(c && strcmp(c->plugin->name, "alpha") == 0);
		command_table_unref(t);
		found++;
	} while (atomic_load(&swapping));
	assert(found > 0);
	return NULL;
}

START_TEST(test_registry)
{
	_autobuf_ struct buf refused = BUF_INIT(1 << 20);
	struct registry *r = registry_new();
	struct command_table *first = make_table(&refused), *t;
	pthread_t threads[2];

	ck_assert_ptr_null(registry_get(r));
	registry_set(r, first);
	t = registry_get(r);
	ck_assert_ptr_eq(t, first);
	atomic_store(&swapping, true);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, look_up, r), 0);
	for (int i = 0; i < 500; i++)
		registry_set(r, make_table(&refused));
	atomic_store(&swapping, false);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	/* Whoever holds a table keeps it. */
	ck_assert_ptr_nonnull(command_find(t, "cpu", false, &refused));
	command_table_unref(t);
	registry_free(r);
	registry_free(NULL);
	ck_assert_uint_eq(process_plugin.refs, 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("command");
	TCase *c = tcase_create("command");
	SRunner *r;
	int failed;

	tcase_add_test(c, test_table);
	tcase_add_test(c, test_table_without_plugins);
	tcase_add_test(c, test_find);
	tcase_add_test(c, test_find_hostile_names);
	tcase_add_test(c, test_find_many);
	tcase_add_test(c, test_defaults);
	tcase_add_test(c, test_options);
	tcase_add_test(c, test_positionals_that_look_like_options);
	tcase_add_test(c, test_refusals);
	tcase_add_test(c, test_people_may_shorten_columns);
	tcase_add_test(c, test_bad_default);
	tcase_add_test(c, test_usage);
	tcase_add_test(c, test_registry);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
