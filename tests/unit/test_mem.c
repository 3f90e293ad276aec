/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of mem: arenas keep to their maximum, their pieces are zeroed and aligned.
 */
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mem.h"

#include <check.h>

START_TEST(x_family)
{
	_autofree_ char *a = xstrdup("hello"), *b = xstrndup("hello", 2),
			*c = xasprintf("%d-%s", 7, "x");
	_autofree_ unsigned char *z = xcalloc(100, 3);
	char *r = xmalloc(0);

	ck_assert_str_eq(a, "hello");
	ck_assert_str_eq(b, "he");
	ck_assert_str_eq(c, "7-x");
	for (int i = 0; i < 300; i++)
		ck_assert_uint_eq(z[i], 0);
	ck_assert_ptr_nonnull(r);
	r = xrealloc(r, 10);
	memset(r, 'x', 10);
	r = xrealloc(r, 1000);
	ck_assert_mem_eq(r, "xxxxxxxxxx", 10);
	free(r);
	/* Bytes past n are not read. */
	char tight[2] = { 'a', 'b' };
	_autofree_ char *t = xstrndup(tight, 2);
	ck_assert_str_eq(t, "ab");
}
END_TEST

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

enum { MUCH = 64 << 20 };

static void
limit_memory(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = bytes;
	setrlimit(RLIMIT_AS, &limit);
}

/* Gives the memory back once the log, which it reads, says that there is too little. */
static void *
relieve(void *fd)
{
	char line[256];

	if (read(*(int *)fd, line, sizeof(line)) > 0)
		limit_memory(RLIM_INFINITY);
	return NULL;
}

/* What a child's exit status is when it asks for more than there is; its log is read by a thread
 * that helps, or by nobody. */
static int
ask_for_much(bool relieved)
{
	int log[2], status = -1;
	pthread_t thread;
	pid_t child;

	ck_assert_int_eq(pipe(log), 0);
	child = fork();
	if (child == 0) {
		dup2(log[1], STDERR_FILENO);
		if (relieved)
			pthread_create(&thread, NULL, relieve, &log[0]);
		limit_memory(MUCH);
		free(xmalloc(MUCH));
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	close(log[0]);
	close(log[1]);
	return status;
}

START_TEST(a_moment_of_shortage_is_waited_out)
{
	ck_assert_int_eq(ask_for_much(true), 0);
}
END_TEST

START_TEST(a_lasting_one_aborts)
{
	int status = ask_for_much(false);

	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
}
END_TEST

#endif

START_TEST(pieces_are_zeroed_and_aligned)
{
	struct arena a;

	arena_init(&a, 0);
	for (size_t i = 0; i < 3000; i++) {
		unsigned char *p = arena_alloc(&a, i % 97);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t j = 0; j < i % 97; j++)
			ck_assert_uint_eq(p[j], 0);
		memset(p, 0xa5, i % 97);
	}
	arena_fini(&a);
	ck_assert_ptr_null(a.chunks);
}
END_TEST

START_TEST(pieces_do_not_overlap)
{
	struct arena a;
	unsigned char *p[500];

	arena_init(&a, 0);
	for (int i = 0; i < 500; i++) {
		p[i] = arena_alloc(&a, 40);
		memset(p[i], i, 40);
	}
	for (int i = 0; i < 500; i++) {
		for (int j = 0; j < 40; j++)
			ck_assert_uint_eq(p[i][j], (unsigned char)i);
	}
	arena_fini(&a);
}
END_TEST

START_TEST(the_maximum_holds)
{
	struct arena a;

	arena_init(&a, 1000);
	ck_assert_ptr_nonnull(arena_alloc(&a, 900));
	ck_assert_ptr_null(arena_alloc(&a, 200));
	ck_assert_ptr_nonnull(arena_alloc(&a, 50));
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX));
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX - 8));
	ck_assert_ptr_null(
		arena_strdup(&a, "a text that is longer than what is left in this arena, by far"));
	ck_assert_ptr_null(arena_printf(&a, "%0100d", 1));
	arena_clear(&a);
	ck_assert_uint_eq(a.size_bytes, 0);
	ck_assert_ptr_nonnull(arena_alloc(&a, 900));
	arena_fini(&a);
}
END_TEST

START_TEST(texts)
{
	struct arena a;
	char tight[3] = { 'x', 'y', 'z' }, *large;

	arena_init(&a, 0);
	ck_assert_str_eq(arena_strdup(&a, ""), "");
	ck_assert_str_eq(arena_strdup(&a, "abc"), "abc");
	ck_assert_str_eq(arena_strndup(&a, tight, 3), "xyz");
	ck_assert_str_eq(arena_strndup(&a, "abc", 10), "abc");
	ck_assert_str_eq(arena_printf(&a, "%s=%d", "k", 5), "k=5");
	/* Larger than a chunk. */
	large = arena_alloc(&a, 1 << 20);
	memset(large, 'L', 1 << 20);
	ck_assert_str_eq(arena_strdup(&a, "after"), "after");
	arena_fini(&a);
}
END_TEST

START_TEST(clearing_keeps_an_ordinary_chunk)
{
	struct arena a;
	unsigned char *first;

	arena_init(&a, 2 << 20);
	first = arena_alloc(&a, 100);
	for (int i = 0; i < 3; i++) {
		memset(first, 0xa5, 100);
		ck_assert_ptr_nonnull(arena_alloc(&a, 1 << 20));
		arena_clear(&a);
		ck_assert_uint_eq(a.size_bytes, 0);
		ck_assert_ptr_nonnull(a.chunks);
		ck_assert_ptr_eq(arena_alloc(&a, 100), first);
		for (int j = 0; j < 100; j++)
			ck_assert_uint_eq(first[j], 0);
	}
	/* The whole of it is there again: nothing else is allocated before it is full. */
	arena_clear(&a);
	for (int i = 0; i < 40; i++)
		ck_assert(arena_alloc(&a, 96) == first + i * 96);
	arena_fini(&a);
	ck_assert_ptr_null(a.chunks);
	/* A large chunk is given back. */
	ck_assert_ptr_nonnull(arena_alloc(&a, 1 << 20));
	arena_clear(&a);
	ck_assert_ptr_null(a.chunks);
	ck_assert_ptr_nonnull(arena_alloc(&a, 100));
	arena_fini(&a);
}
END_TEST

START_TEST(an_unused_arena_costs_nothing)
{
	struct arena a;

	arena_init(&a, 10);
	ck_assert_ptr_null(a.chunks);
	arena_clear(&a);
	arena_fini(&a);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("mem");
	TCase *fast = tcase_create("fast");
	SRunner *runner;
	int failed;

	tcase_add_test(fast, x_family);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	/* Their own allocators do not obey the limit. */
	tcase_add_test(fast, a_moment_of_shortage_is_waited_out);
	tcase_add_test(fast, a_lasting_one_aborts);
#endif
	tcase_add_test(fast, pieces_are_zeroed_and_aligned);
	tcase_add_test(fast, pieces_do_not_overlap);
	tcase_add_test(fast, the_maximum_holds);
	tcase_add_test(fast, texts);
	tcase_add_test(fast, clearing_keeps_an_ordinary_chunk);
	tcase_add_test(fast, an_unused_arena_costs_nothing);
	suite_add_tcase(s, fast);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
