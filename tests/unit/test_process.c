/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of plugins/process.c: what captured machines cannot show, because their clock stands
 * still and their files can be read. The host behind it is a table of a few functions over a list
 * of processes, and qsort() one that moves what it sorts, as many do.
 */
#include <telmon/plugin.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

static void
sort_in_place(void *base, size_t n, size_t size, int (*compare_two)(const void *, const void *))
{
	char *list = base, *swap = malloc(size);

	for (size_t i = 1; i < n; i++) {
		for (size_t j = i; j > 0 && compare_two(list + (j - 1) * size, list + j * size) > 0;
		     j--) {
			memcpy(swap, list + j * size, size);
			memcpy(list + j * size, list + (j - 1) * size, size);
			memcpy(list + (j - 1) * size, swap, size);
		}
	}
	free(swap);
}

#define qsort sort_in_place
#include "../../plugins/process.c"
#undef qsort

enum { N_PROCESSES = 4, MAX_TEXTS = 256 };

static const char states[] = "SRZD";
static double ticks[N_PROCESSES];
static int stat_error; /* of the second process */
static unsigned reads_of_status;
static double now = 1000;
static void *texts[MAX_TEXTS];
static size_t n_texts;

/* What the callback answered. */
static char shown[8]; /* the states, a row each */
static double first_cpu;
static size_t n_rows, n_cells;

/* The arguments of the command. */
static int64_t wanted_rows, wanted_column;

static void *
mock_alloc(struct telmon *t, size_t size)
{
	(void)t;
	ck_assert_uint_lt(n_texts, MAX_TEXTS);
	return texts[n_texts++] = calloc(1, size);
}

static void
free_texts(void)
{
	while (n_texts > 0)
		free(texts[--n_texts]);
}

static int __attribute__((format(printf, 3, 4)))
answer(struct telmon *t, struct telmon_file *ret, const char *form, ...)
{
	char *text = mock_alloc(t, 256);
	va_list list;

	va_start(list, form);
	ret->size = (size_t)vsnprintf(text, 256, form, list);
	va_end(list);
	ret->text = text;
	ret->owner = -1;
	return 0;
}

static int
mock_read(struct telmon *t, const char *path, struct telmon_file *ret)
{
	unsigned pid;
	char file[16];

	if (strcmp(path, "/proc/uptime") == 0)
		return answer(t, ret, "%.2f 0.00\n", now);
	if (sscanf(path, "/proc/%u/%15s", &pid, file) != 2)
		return -ENOENT;
	if (strcmp(file, "status") == 0) {
		reads_of_status++;
		return answer(t, ret, "Uid:\t%u\t%u\n", pid, pid);
	}
	if (pid == 2 && stat_error < 0)
		return stat_error;
	return answer(t, ret, "%u (name) %c 0 0 0 0 0 0 0 0 0 0 %.0f 0 0 0 20 0 1 0 %u 0 25 0 0\n",
		      pid, states[pid - 1], ticks[pid - 1], pid);
}

static int
mock_list(struct telmon *t, const char *path, const char *const **ret_names)
{
	static const char *const names[] = { "1", "2", "self", "3", "4", NULL };

	(void)t, (void)path;
	*ret_names = names;
	return 5;
}

static double
mock_clock(struct telmon *t)
{
	(void)t;
	return now;
}

static int
mock_sleep(struct telmon *t, double seconds)
{
	(void)t;
	if (seconds > 0)
		now += seconds;
	return 0;
}

static const char *
mock_user(struct telmon *t, uint32_t uid)
{
	static const char *const users[] = { "?", "dora", "carl", "bert", "anna" };

	(void)t;
	return uid < 5 ? users[uid] : "?";
}

static bool
mock_cancelled(struct telmon *t)
{
	(void)t;
	return false;
}

static int
mock_fail(struct telmon *t, int error, const char *why)
{
	(void)t, (void)why;
	return error;
}

static int
mock_row(struct telmon *t)
{
	(void)t;
	n_rows++;
	n_cells = 0;
	return 0;
}

static int
mock_int(struct telmon *t, int64_t v)
{
	(void)t, (void)v;
	n_cells++;
	return 0;
}

static int
mock_real(struct telmon *t, double v)
{
	(void)t;
	if (n_cells == CPU && n_rows == 1)
		first_cpu = v;
	n_cells++;
	return 0;
}

static int
mock_text(struct telmon *t, const char *v)
{
	(void)t;
	if (n_cells == STATE_COLUMN)
		shown[n_rows - 1] = *v;
	n_cells++;
	return 0;
}

static int64_t
mock_arg_int(struct telmon *t, size_t arg)
{
	(void)t;
	return arg == ARG_ROWS ? wanted_rows : wanted_column;
}

static const char *
mock_arg_text(struct telmon *t, size_t arg)
{
	(void)t, (void)arg;
	return NULL;
}

static const struct telmon_host host = {
	.size = sizeof(host),
	.read = mock_read,
	.list = mock_list,
	.user = mock_user,
	.clock = mock_clock,
	.alloc = mock_alloc,
	.fail = mock_fail,
	.row = mock_row,
	.cell_int = mock_int,
	.cell_real = mock_real,
	.cell_text = mock_text,
	.arg_int = mock_arg_int,
	.arg_text = mock_arg_text,
	.cancelled = mock_cancelled,
	.sleep = mock_sleep,
};
static struct telmon telmon = { .host = &host };

static void
begin(void)
{
	stat_error = 0;
	memset(ticks, 0, sizeof(ticks));
	ck_assert_int_eq(start(&telmon), 0);
}

static void
end(void)
{
	stop(&telmon);
	free_texts();
}

static int
run(int64_t rows, int64_t column)
{
	int r;

	wanted_rows = rows;
	wanted_column = column;
	n_rows = 0;
	reads_of_status = 0;
	first_cpu = NAN;
	memset(shown, 0, sizeof(shown));
	r = run_process(&telmon);
	free_texts();
	return r;
}

START_TEST(texts_are_sorted_by_alphabet)
{
	begin();
	ck_assert_int_eq(run(0, STATE_COLUMN), 0);
	ck_assert_str_eq(shown, "DRSZ");
	ck_assert_int_eq(run(0, USER), 0); /* anna, bert, carl, dora */
	ck_assert_str_eq(shown, "DZRS");
	ck_assert_int_eq(run(0, PID), 0);
	ck_assert_str_eq(shown, "DZRS");
	end();
}
END_TEST

START_TEST(only_users_that_are_shown_are_looked_up)
{
	begin();
	ck_assert_int_eq(run(1, PID), 0);
	ck_assert_uint_eq(n_rows, 1);
	ck_assert_uint_eq(reads_of_status, 1);
	ck_assert_int_eq(run(1, USER), 0);
	ck_assert_uint_eq(reads_of_status, N_PROCESSES);
	end();
}
END_TEST

/* One that asks every tenth of a second sees the use of the last moments, not that since the first
 * time it asked. */
START_TEST(cpu_use_is_recent_however_often_it_is_asked)
{
	begin();
	for (int i = 0; i < 40; i++) {
		ck_assert_int_eq(run(1, CPU), 0);
		now += 0.1;
	}
	ticks[0] += 0.1 * (double)sysconf(_SC_CLK_TCK);
	ck_assert_int_eq(run(1, CPU), 0);
	ck_assert_double_gt(first_cpu, 30);
	ck_assert_double_le(first_cpu, 50.1);
	end();
}
END_TEST

START_TEST(cpu_use_is_known_again_after_the_clock_went_back)
{
	begin();
	ck_assert_int_eq(run(1, CPU), 0);
	now -= 100;
	ck_assert_int_eq(run(1, CPU), 0);
	now += 1;
	ticks[0] += (double)sysconf(_SC_CLK_TCK);
	ck_assert_int_eq(run(1, CPU), 0);
	ck_assert_double_gt(first_cpu, 80);
	end();
}
END_TEST

START_TEST(who_is_gone_is_left_out_and_a_shortage_is_an_error)
{
	static const int shortages[] = { -ENOMEM, -EMFILE, -ENFILE };

	begin();
	stat_error = -ESRCH;
	ck_assert_int_eq(run(0, PID), 0);
	ck_assert_uint_eq(n_rows, N_PROCESSES - 1);
	for (size_t i = 0; i < sizeof(shortages) / sizeof(shortages[0]); i++) {
		stat_error = shortages[i];
		ck_assert_int_eq(run(0, PID), shortages[i]);
		ck_assert_uint_eq(n_rows, 0);
	}
	end();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("process");
	TCase *c = tcase_create("fast");
	SRunner *r = srunner_create(s);
	int failed;

	suite_add_tcase(s, c);
	tcase_add_test(c, texts_are_sorted_by_alphabet);
	tcase_add_test(c, only_users_that_are_shown_are_looked_up);
	tcase_add_test(c, cpu_use_is_recent_however_often_it_is_asked);
	tcase_add_test(c, cpu_use_is_known_again_after_the_clock_went_back);
	tcase_add_test(c, who_is_gone_is_left_out_and_a_shortage_is_an_error);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
