/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_host_statfs -- what host says of filesystems: from a file, from the system, and from one
 * whose filesystems hang until the test lets them go.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/statvfs.h>

#include "host_tree.h"

START_TEST(test_statfs_file)
{
	struct telmon_statfs s = { 0 };

	file("/telmon/statfs", "/ 1000 600 500 70 60\n"
			       "/with\\040blank\\134 9 8 7 0 0 ro\n"
			       "/dead hang\n"
			       "/secret error EACCES\n"
			       "/odd error ENOSUCH\n"
			       "/short 1 2 3\n"
			       "/behind 1 2 3 4 5 rw\n"
			       "/last 18446744073709551615 1 1 1 1");
	ck_assert_int_eq(host_statfs(h, "/", &s), 0);
	ck_assert_uint_eq(s.size_bytes, 1000);
	ck_assert_uint_eq(s.free_bytes, 600);
	ck_assert_uint_eq(s.available_bytes, 500);
	ck_assert_uint_eq(s.files, 70);
	ck_assert_uint_eq(s.files_free, 60);
	ck_assert(!s.read_only);
	ck_assert_int_eq(host_statfs(h, "/with blank\\", &s), 0);
	ck_assert(s.read_only);
	ck_assert_uint_eq(s.size_bytes, 9);
	ck_assert_int_eq(host_statfs(h, "/dead", &s), -ETIMEDOUT);
	ck_assert_int_eq(host_statfs(h, "/secret", &s), -EACCES);
	ck_assert_int_eq(host_statfs(h, "/odd", &s), -EINVAL);
	ck_assert_int_eq(host_statfs(h, "/short", &s), -EINVAL);
	ck_assert_int_eq(host_statfs(h, "/behind", &s), -EINVAL);
	ck_assert_int_eq(host_statfs(h, "/last", &s), 0);
	ck_assert_uint_eq(s.size_bytes, UINT64_MAX);
	ck_assert_int_eq(host_statfs(h, "/las", &s), -ENOENT);
	ck_assert_int_eq(host_statfs(h, "/a/../b", &s), -EINVAL);
	ck_assert_int_eq(host_statfs(h, "relative", &s), -EINVAL);
	ck_assert_uint_eq(host_probes_threads(h->probes), 0);
}
END_TEST

START_TEST(test_statfs_system)
{
	struct telmon_statfs s = { 0 };
	struct statvfs st;

	mkdir(below("/mnt"), 0755);
	ck_assert_int_eq(host_statfs(h, "/mnt", &s), 0);
	ck_assert_int_eq(statvfs(root, &st), 0);
	ck_assert_uint_eq(s.size_bytes, (uint64_t)st.f_blocks * st.f_frsize);
	ck_assert_uint_eq(s.files, st.f_files);
	ck_assert(s.read_only == !!(st.f_flag & ST_RDONLY));
	ck_assert_int_eq(host_statfs(h, "/", &s), 0);
	ck_assert_int_eq(host_statfs(h, "/nowhere", &s), -ENOENT);
	/* One helper did all that. */
	ck_assert_uint_eq(host_probes_threads(h->probes), 1);
	ck_assert_uint_eq(host_hanging(h), 0);
}
END_TEST

/* A system whose filesystems below /dead answer only when they are told to, and those below /slow
 * later than others. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool open;
	unsigned asked, inside;
} dead = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static int
ask_dead(void *ctx, int root_fd, const char *path, struct telmon_statfs *ret)
{
	ck_assert_ptr_eq(ctx, &dead);
	ck_assert_int_ge(root_fd, 0);
	pthread_mutex_lock(&dead.lock);
	dead.asked++;
	dead.inside++;
	pthread_cond_broadcast(&dead.changed);
	while (strncmp(path, "/dead", 5) == 0 && !dead.open)
		pthread_cond_wait(&dead.changed, &dead.lock);
	if (strncmp(path, "/slow", 5) == 0)
		nanosleep(&(struct timespec){ .tv_nsec = 40 * NS_PER_MS }, NULL);
	dead.inside--;
	pthread_cond_broadcast(&dead.changed);
	pthread_mutex_unlock(&dead.lock);
	ret->size_bytes = strlen(path);
	return strcmp(path, "/bad") == 0 ? -EIO : 0;
}

static void
hang(int64_t deadline_ns)
{
	dead.open = false;
	dead.asked = dead.inside = 0;
	host_probes_set(h->probes, ask_dead, &dead, deadline_ns);
}

static void
release(void)
{
	pthread_mutex_lock(&dead.lock);
	dead.open = true;
	pthread_cond_broadcast(&dead.changed);
	pthread_mutex_unlock(&dead.lock);
}

static unsigned
asked(void)
{
	unsigned n;

	pthread_mutex_lock(&dead.lock);
	n = dead.asked;
	pthread_mutex_unlock(&dead.lock);
	return n;
}

/* Until at most n helpers hang; true within ten seconds. */
static bool
recovered(unsigned n)
{
	int64_t until = now_ns() + 10 * NS_PER_S;

	while (host_hanging(h) > n && now_ns() < until)
		sched_yield();
	return host_hanging(h) <= n;
}

START_TEST(test_probe_hangs)
{
	struct telmon_statfs s = { 0 };
	int64_t before;

	hang(200 * NS_PER_MS);
	before = now_ns();
	ck_assert_int_eq(host_statfs(h, "/dead", &s), -ETIMEDOUT);
	ck_assert_int_ge(now_ns() - before, 200 * NS_PER_MS);
	ck_assert_uint_eq(host_hanging(h), 1);
	/* Now it is known: no second question, and others are served. */
	ck_assert_int_eq(host_statfs(h, "/dead", &s), -ETIMEDOUT);
	ck_assert_uint_eq(asked(), 1);
	ck_assert_int_eq(host_statfs(h, "/alive", &s), 0);
	ck_assert_uint_eq(s.size_bytes, 6);
	ck_assert_int_eq(host_statfs(h, "/bad", &s), -EIO);
	ck_assert_uint_eq(host_probes_threads(h->probes), 2);
	release();
	ck_assert(recovered(0));
	ck_assert_int_eq(host_statfs(h, "/dead", &s), 0);
	ck_assert_uint_eq(asked(), 4);
}
END_TEST

START_TEST(test_probe_is_cheap)
{
	struct telmon_statfs s = { 0 };
	char path[32];

	hang(10 * NS_PER_S);
	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "/m%d", i);
		ck_assert_int_eq(host_statfs(h, path, &s), 0);
		ck_assert_uint_eq(s.size_bytes, strlen(path));
	}
	ck_assert_uint_eq(asked(), 300);
	ck_assert_uint_le(host_probes_threads(h->probes), 2);
}
END_TEST

START_TEST(test_at_most_16_hang)
{
	struct telmon_statfs s = { 0 };
	int64_t until = now_ns() + 10 * NS_PER_S;
	char path[32];

	hang(50 * NS_PER_MS);
	for (int i = 0; i < 16; i++) {
		snprintf(path, sizeof(path), "/dead%d", i);
		ck_assert_int_eq(host_statfs(h, path, &s), -ETIMEDOUT);
	}
	ck_assert_uint_eq(host_hanging(h), 16);
	ck_assert_int_eq(host_statfs(h, "/dead16", &s), -EBUSY);
	ck_assert_int_eq(host_statfs(h, "/alive", &s), -EBUSY);
	ck_assert_int_eq(host_statfs(h, "/dead3", &s), -ETIMEDOUT);
	release();
	ck_assert(recovered(0));
	ck_assert_int_eq(host_statfs(h, "/alive", &s), 0);
	/* Of sixteen helpers one stays. */
	while (host_probes_threads(h->probes) > 1 && now_ns() < until)
		sched_yield();
	ck_assert_uint_eq(host_probes_threads(h->probes), 1);
}
END_TEST

static void *
ask_in_thread(void *path)
{
	struct telmon_statfs s = { 0 };
	long r = host_statfs(h, path, &s);

	return (void *)(r < 0 ? r : (long)s.size_bytes);
}

START_TEST(test_one_probe_for_two_askers)
{
	char path[] = "/dead";
	pthread_t first, second;
	void *a, *b;

	hang(20 * NS_PER_S);
	ck_assert_int_eq(pthread_create(&first, NULL, ask_in_thread, path), 0);
	pthread_mutex_lock(&dead.lock);
	while (!dead.inside)
		pthread_cond_wait(&dead.changed, &dead.lock);
	pthread_mutex_unlock(&dead.lock);
	ck_assert_int_eq(pthread_create(&second, NULL, ask_in_thread, path), 0);
	/* Served by another helper meanwhile. */
	ck_assert_ptr_eq(ask_in_thread((char[]){ "/x" }), (void *)2L);
	release();
	pthread_join(first, &a);
	pthread_join(second, &b);
	ck_assert_ptr_eq(a, (void *)5L);
	ck_assert_ptr_eq(b, (void *)5L);
	/* Two at the same time share a question; had the second come after the answer, it would be
	 * one more. */
	ck_assert_uint_le(asked(), 3);
}
END_TEST

/* ---- many at once -------------------------------------------------------------------------- */

enum { MANY = 40 };

/* What one call is asked and answers. */
static char names[MANY][16];
static const char *paths[MANY];
static struct telmon_statfs stats[MANY];
static int errors[MANY];
static size_t n_paths;
static double took_s;

static void
add(const char *path)
{
	snprintf(names[n_paths], sizeof(names[0]), "%s", path);
	paths[n_paths] = names[n_paths];
	n_paths++;
}

static void
add_numbered(const char *path, int from, int to)
{
	char name[16];

	for (int i = from; i < to; i++) {
		snprintf(name, sizeof(name), "%s%d", path, i);
		add(name);
	}
}

static void *
ask_many(void *unused)
{
	int64_t began_ns = now_ns();

	(void)unused;
	memset(stats, 0, sizeof(stats));
	for (size_t i = 0; i < n_paths; i++)
		errors[i] = 99;
	ck_assert_int_eq(host_statfs_many(h, paths, n_paths, stats, errors), 0);
	took_s = (double)(now_ns() - began_ns) / (double)NS_PER_S;
	return NULL;
}

/* Paths from..to have this error; those without one have their own answer. */
static void
all(size_t from, size_t to, int error)
{
	for (size_t i = from; i < to; i++) {
		ck_assert_msg(errors[i] == error, "%s: %d", paths[i], errors[i]);
		ck_assert_uint_eq(stats[i].size_bytes, error ? 0 : strlen(paths[i]));
	}
}

static void
wait_inside(unsigned n)
{
	pthread_mutex_lock(&dead.lock);
	while (dead.inside < n)
		pthread_cond_wait(&dead.changed, &dead.lock);
	pthread_mutex_unlock(&dead.lock);
}

START_TEST(test_many_of_a_file)
{
	file("/telmon/statfs", "/ 1 6 5 7 6\n/dead hang\n/x\\040y 4 3 2 0 0\n");
	n_paths = 0;
	add("/");
	add("/dead");
	add("/none");
	add("../x");
	add("/x y");
	ask_many(NULL);
	all(0, 1, 0);
	all(1, 2, -ETIMEDOUT);
	all(2, 3, -ENOENT);
	all(3, 4, -EINVAL);
	all(4, 5, 0);
	ck_assert_uint_eq(host_probes_threads(h->probes), 0);
}
END_TEST

START_TEST(test_many_that_live_wake_one_helper)
{
	hang(10 * NS_PER_S);
	n_paths = 0;
	add_numbered("/m", 0, 30);
	add("relative");
	add("/bad");
	ask_many(NULL);
	all(0, 30, 0);
	all(30, 31, -EINVAL);
	ck_assert_int_eq(errors[31], -EIO);
	ck_assert_uint_eq(asked(), 31);
	ck_assert_uint_le(host_probes_threads(h->probes), 3);
	n_paths = 0;
	ask_many(NULL);
}
END_TEST

/* One after the other they would take 15 times the deadline. */
START_TEST(test_dead_ones_are_awaited_together)
{
	hang(2 * NS_PER_S);
	n_paths = 0;
	add_numbered("/a", 0, 3);
	add_numbered("/dead", 0, 6);
	add_numbered("/b", 0, 3);
	add_numbered("/dead", 6, 20);
	ask_many(NULL);
	all(0, 3, 0);
	all(3, 9, -ETIMEDOUT);
	all(9, 12, 0);
	all(12, 21, -ETIMEDOUT); /* with the six above, all places but the last */
	all(21, 26, -EBUSY);
	ck_assert_double_ge(took_s, 2);
	ck_assert_double_lt(took_s, 15);
	ck_assert_uint_eq(host_hanging(h), 15);
	/* Now they are known, and the last place serves those before them. */
	ask_many(NULL);
	ck_assert_double_lt(took_s, 2);
	all(0, 3, 0);
	all(3, 9, -ETIMEDOUT);
	all(9, 12, -EBUSY);
	all(12, 21, -ETIMEDOUT);
	all(21, 26, -EBUSY);
	ck_assert_uint_eq(host_hanging(h), 15);
	release();
	ck_assert(recovered(0));
	ask_many(NULL);
	all(0, n_paths, 0);
}
END_TEST

/* Nothing says that a slow one is dead: who comes behind waits for its place. */
START_TEST(test_slow_ones_make_room)
{
	pthread_t asker;

	hang(20 * NS_PER_S);
	n_paths = 0;
	add_numbered("/dead", 0, 40);
	ck_assert_int_eq(pthread_create(&asker, NULL, ask_many, NULL), 0);
	wait_inside(15);
	release();
	pthread_join(asker, NULL);
	all(0, 40, 0);
	ck_assert_uint_eq(asked(), 40);
}
END_TEST

/* What is asked before any dead one has the last place, one after the other, also where they take
 * longer than it takes to ask the next. */
START_TEST(test_the_last_place_is_used_in_turn)
{
	hang(NS_PER_S);
	n_paths = 0;
	add_numbered("/dead", 0, 16);
	ask_many(NULL);
	ck_assert_uint_eq(host_hanging(h), 15);
	n_paths = 0;
	add_numbered("/slow", 0, 2);
	add_numbered("/dead", 0, 16);
	ask_many(NULL);
	all(0, 2, 0);
	all(2, 17, -ETIMEDOUT);
	all(17, 18, -EBUSY);
	release();
	ck_assert(recovered(0));
}
END_TEST

START_TEST(test_a_path_twice_in_a_call)
{
	hang(200 * NS_PER_MS);
	n_paths = 0;
	add("/dead");
	add("/dead");
	add("/a");
	add("/a");
	ask_many(NULL);
	all(0, 2, -ETIMEDOUT);
	all(2, 4, 0);
	ck_assert_uint_eq(host_hanging(h), 1);
	/* Once for both where the first has not been answered by then. */
	ck_assert(asked() == 3 || asked() == 2);
	release();
	ck_assert(recovered(0));
}
END_TEST

START_TEST(test_host_goes_while_a_probe_hangs)
{
	struct telmon_statfs s = { 0 };

	hang(NS_PER_MS);
	ck_assert_int_eq(host_statfs(h, "/dead", &s), -ETIMEDOUT);
	host_free(h);
	h = NULL;
	release();
	pthread_mutex_lock(&dead.lock);
	while (dead.inside)
		pthread_cond_wait(&dead.changed, &dead.lock);
	pthread_mutex_unlock(&dead.lock);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("host_statfs");
	TCase *t = tcase_create("host_statfs");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_statfs_file);
	tcase_add_test(t, test_statfs_system);
	tcase_add_test(t, test_probe_hangs);
	tcase_add_test(t, test_probe_is_cheap);
	tcase_add_test(t, test_at_most_16_hang);
	tcase_add_test(t, test_one_probe_for_two_askers);
	tcase_add_test(t, test_many_of_a_file);
	tcase_add_test(t, test_many_that_live_wake_one_helper);
	tcase_add_test(t, test_dead_ones_are_awaited_together);
	tcase_add_test(t, test_slow_ones_make_room);
	tcase_add_test(t, test_the_last_place_is_used_in_turn);
	tcase_add_test(t, test_a_path_twice_in_a_call);
	tcase_add_test(t, test_host_goes_while_a_probe_hangs);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
