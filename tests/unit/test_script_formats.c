/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of nagios, munin and exposition: what real programs print, and what they should not.
 */
#include <math.h>
#include <string.h>

#include "exposition.h"
#include "munin.h"
#include "nagios.h"

#include <check.h>

static struct arena arena;

static void
setup(void)
{
	arena_init(&arena, 1 << 20);
}

static void
teardown(void)
{
	arena_fini(&arena);
}

/* ---- nagios ---- */

static const char *at;

static struct nagios_value
next_value(void)
{
	struct nagios_value v;

	ck_assert(nagios_next(&at, &arena, &v));
	return v;
}

static void
no_more(void)
{
	struct nagios_value v;

	ck_assert(!nagios_next(&at, &arena, &v));
}

START_TEST(nagios_of_check_load)
{
	static const char out[] = "LOAD CRITICAL - total load average: 56.12, 42.93 \t"
				  "|load1=56.120;5.000;10.000;0; load5=42.930;4.000;8.000;0; \n";
	struct nagios_value v;

	ck_assert_str_eq(nagios_message(out, &arena),
			 "LOAD CRITICAL - total load average: 56.12, 42.93");
	at = nagios_values(out, &arena);
	v = next_value();
	ck_assert_str_eq(v.label, "load1");
	ck_assert_double_eq(v.value, 56.12);
	ck_assert_double_eq(v.warn, 5);
	ck_assert_double_eq(v.crit, 10);
	ck_assert_double_eq(v.min, 0);
	ck_assert(isnan(v.max));
	ck_assert_int_eq(v.unit, TELMON_NONE);
	ck_assert_str_eq(next_value().label, "load5");
	no_more();
}
END_TEST

START_TEST(nagios_units_and_quotes)
{
	struct nagios_value v;

	at = nagios_values("x|/=2643MB;5948;5958;0;5968 'my disk''s'=7KB rta=12.5ms n=5c p=30% "
			   "t=3us q=U r=1;10:20;@5 b=1e3B odd=5parsecs",
			   &arena);
	v = next_value();
	ck_assert_int_eq(v.unit, TELMON_BYTES);
	ck_assert_double_eq(v.value, 2643.0 * 1024 * 1024);
	ck_assert_double_eq(v.warn, 5948.0 * 1024 * 1024);
	v = next_value();
	ck_assert_str_eq(v.label, "my disk's");
	ck_assert_double_eq(v.value, 7 * 1024);
	v = next_value();
	ck_assert_int_eq(v.unit, TELMON_SECONDS);
	ck_assert_double_eq_tol(v.value, 0.0125, 1e-12);
	v = next_value();
	ck_assert(v.counter);
	v = next_value();
	ck_assert_int_eq(v.unit, TELMON_PERCENT);
	ck_assert_double_eq_tol(next_value().value, 3e-6, 1e-15);
	v = next_value(); /* q is unknown */
	ck_assert_str_eq(v.label, "r");
	ck_assert(isnan(v.warn) && isnan(v.crit)); /* ranges */
	ck_assert_double_eq(next_value().value, 1000);
	v = next_value();
	ck_assert_str_eq(v.label, "odd");
	ck_assert_double_eq(v.value, 5);
	no_more();
}
END_TEST

START_TEST(nagios_on_several_lines)
{
	at = nagios_values("OK | a=1\nlong text\nmore text | b=2\nc=3\n", &arena);
	ck_assert_str_eq(next_value().label, "a");
	ck_assert_str_eq(next_value().label, "b");
	ck_assert_str_eq(next_value().label, "c");
	no_more();
	at = nagios_values("OK\nlong | b=2", &arena);
	ck_assert_str_eq(next_value().label, "b");
	no_more();
}
END_TEST

START_TEST(nagios_of_nothing_much)
{
	static const char *const outputs[] = {
		"",    "|",    "\n",	 "OK",	   "a|b",    "a|=5",	"a|x=",	  "a|x=;1;2",
		"a|'", "a|'x", "a|''=1", "a|x==1", "a|x=--", "a| = = ", "a|\n|\n"
	};

	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++) {
		ck_assert_ptr_nonnull(nagios_message(outputs[i], &arena));
		at = nagios_values(outputs[i], &arena);
		no_more();
	}
}
END_TEST

/* ---- munin ---- */

static const char *graph;

static void
expect_line(const char *g, const char *field, const char *attribute, const char *value)
{
	struct munin_line l;

	ck_assert(munin_next(&at, &graph, &arena, &l));
	ck_assert_str_eq(l.graph, g);
	ck_assert_str_eq(l.field, field);
	ck_assert_str_eq(l.attribute, attribute);
	ck_assert_str_eq(l.value, value);
}

START_TEST(munin_lines)
{
	struct munin_line l;

	graph = "";
	at = "graph_title CPU usage \r\n# a comment\n\nsystem.type DERIVE\nsystem.value 471\n"
	     "multigraph disk.vda\nutil.label Utilization\nutil.value U\nnonsense\n.value 3\n"
	     "last.value  5";
	expect_line("", "", "graph_title", "CPU usage");
	expect_line("", "system", "type", "DERIVE");
	expect_line("", "system", "value", "471");
	expect_line("disk.vda", "util", "label", "Utilization");
	expect_line("disk.vda", "util", "value", "U");
	expect_line("disk.vda", "last", "value", "5");
	ck_assert(!munin_next(&at, &graph, &arena, &l));
}
END_TEST

/* ---- exposition ---- */

static struct exposition_line line;

static void
next_line(enum exposition_type type, const char *name)
{
	ck_assert(exposition_next(&at, &arena, &line));
	ck_assert_int_eq(line.type, type);
	ck_assert_str_eq(line.name, name);
}

START_TEST(exposition_lines)
{
	at = "# HELP http_total Requests, \"all\"\n# TYPE http_total counter\n"
	     "http_total{method=\"post\",code=\"200\"} 1027 1395066363000\n"
	     "# just a comment\nplain 12.47\n"
	     "msdos{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"Cannot find:\\n\\\"F\\\"\"} 1.45e+9\n"
	     "inf +Inf\nnan NaN\nminus -inf\nempty{} -5\nspaced { a = \"b\" , } 7\n# TYPE h "
	     "histogram\n";
	next_line(EXPOSITION_HELP, "http_total");
	ck_assert_str_eq(line.help, "Requests, \"all\"");
	next_line(EXPOSITION_TYPE, "http_total");
	ck_assert_int_eq(line.kind, TELMON_COUNTER);
	next_line(EXPOSITION_SAMPLE, "http_total");
	ck_assert_uint_eq(line.n_labels, 2);
	ck_assert_str_eq(line.labels[1], "code");
	ck_assert_str_eq(line.values[1], "200");
	ck_assert_double_eq(line.value, 1027);
	next_line(EXPOSITION_SAMPLE, "plain");
	ck_assert_double_eq(line.value, 12.47);
	next_line(EXPOSITION_SAMPLE, "msdos");
	ck_assert_str_eq(line.values[0], "C:\\DIR\\FILE.TXT");
	ck_assert_str_eq(line.values[1], "Cannot find:\n\"F\"");
	ck_assert_double_eq(line.value, 1.45e9);
	next_line(EXPOSITION_SAMPLE, "inf");
	ck_assert(isinf(line.value));
	next_line(EXPOSITION_SAMPLE, "nan");
	ck_assert(isnan(line.value));
	next_line(EXPOSITION_SAMPLE, "minus");
	ck_assert(isinf(line.value) && line.value < 0);
	next_line(EXPOSITION_SAMPLE, "empty");
	ck_assert_uint_eq(line.n_labels, 0);
	next_line(EXPOSITION_SAMPLE, "spaced");
	ck_assert_str_eq(line.values[0], "b");
	next_line(EXPOSITION_TYPE, "h");
	ck_assert_int_eq(line.kind, TELMON_UNTYPED);
	ck_assert(!exposition_next(&at, &arena, &line));
}
END_TEST

START_TEST(exposition_of_nothing_much)
{
	at = "\n#\n# HELP\n# TYPE\nname\nname x\nname{ 1\nname{a} 1\nname{a=} 1\nname{a=\"b} 1\n"
	     "name{a=\"b\" 1\n{a=\"b\"} 1\nname{a=\"b\\\n1 1x\nname 1x\nname{=\"b\"} 1\n";
	for (int i = 0; i < 12; i++) {
		ck_assert(exposition_next(&at, &arena, &line));
		ck_assert_int_eq(line.type, EXPOSITION_WRONG);
		ck_assert_uint_eq(line.n_labels, 0);
	}
	ck_assert(!exposition_next(&at, &arena, &line));
	at = "# a comment\n \nhello world\nx 1\n";
	next_line(EXPOSITION_WRONG, "hello world");
	next_line(EXPOSITION_SAMPLE, "x");
	ck_assert(!exposition_next(&at, &arena, &line));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("script formats");
	TCase *c = tcase_create("fast");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, nagios_of_check_load);
	tcase_add_test(c, nagios_units_and_quotes);
	tcase_add_test(c, nagios_on_several_lines);
	tcase_add_test(c, nagios_of_nothing_much);
	tcase_add_test(c, munin_lines);
	tcase_add_test(c, exposition_lines);
	tcase_add_test(c, exposition_of_nothing_much);
	suite_add_tcase(s, c);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
