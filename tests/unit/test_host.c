/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_host -- what host reads: files, directories, another root, names and users. statfs has
 * test_host_statfs.c, the callbacks' side test_host_call.c.
 */
#include <errno.h>
#include <math.h>

#include "host_tree.h"

static struct buf out = BUF_INIT(HOST_MAX_FILE);

static void
forget(void)
{
	buf_fini(&out);
}

static void
reads(const char *path, const char *text)
{
	int64_t owner = 5;

	ck_assert_msg(host_read(h, path, &out, &owner) == 0, "%s", path);
	ck_assert_str_eq(buf_str(&out), text);
	ck_assert_int_eq(owner, -1);
}

static int
error_of(const char *path)
{
	return host_read(h, path, &out, NULL);
}

/* ---- files -------------------------------------------------------------------------------- */

START_TEST(test_new)
{
	_autobuf_ struct buf why = BUF_WHY;
	struct host *this;

	ck_assert_ptr_null(host_new("/nowhere/at/all", &why));
	ck_assert_str_eq(buf_str(&why), "root '/nowhere/at/all': No such file or directory");
	buf_clear(&why);
	ck_assert_ptr_null(host_new("/dev/null", &why));
	ck_assert_str_eq(buf_str(&why), "root '/dev/null': Not a directory");
	buf_clear(&why);
	this = host_new("//", &why);
	ck_assert(!this->other);
	ck_assert_int_ge(this->proc_fd, 0);
	host_free(this);
	host_free(NULL);
}
END_TEST

START_TEST(test_read)
{
	char big[70001];

	file("/proc/loadavg", "0.1 0.2\n");
	file("/empty", "");
	reads("/proc/loadavg", "0.1 0.2\n");
	reads("//proc/./loadavg", "0.1 0.2\n");
	reads("/empty", "");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	file("/big", big);
	reads("/big", big);
	/* The second read of a file of a process is saved; what does not fit at once must come all
	 * the same. */
	file("/proc/42/stat", big);
	reads("/proc/42/stat", big);
	file("/proc/42/status", "Name: x\n");
	reads("/proc/42/status", "Name: x\n");
	/* Exactly what the first read has room for. */
	big[HOST_READ_START] = '\0';
	file("/proc/42/stat", big);
	reads("/proc/42/stat", big);
}
END_TEST

START_TEST(test_read_errors)
{
	file("/proc/stat", "x");
	ck_assert_int_eq(error_of("/proc/nothing"), -ENOENT);
	ck_assert_int_eq(error_of("/proc"), -EISDIR);
	ck_assert_int_eq(error_of("/proc/stat/x"), -ENOTDIR);
	ck_assert_int_eq(error_of("proc/stat"), -EINVAL);
	ck_assert_int_eq(error_of(""), -EINVAL);
	ck_assert_int_eq(error_of(NULL), -EINVAL);
	ck_assert_int_eq(error_of("/proc/../proc/stat"), -EINVAL);
	ck_assert_int_eq(error_of("/.."), -EINVAL);
	ck_assert_int_eq(error_of("/../etc/passwd"), -EINVAL);
	file("/proc/..stat", "dots");
	file("/proc/a..", "dots");
	reads("/proc/..stat", "dots");
	reads("/proc/a..", "dots");
	ck_assert_int_eq(mkfifo(below("/fifo"), 0600), 0);
	/* What matters: it does not wait for a writer. */
	ck_assert_int_eq(error_of("/fifo"), -ESPIPE);
}
END_TEST

START_TEST(test_read_limits)
{
	_autobuf_ struct buf small = BUF_INIT(10);
	_autobuf_ struct buf by_default = BUF_INIT(0);
	char *most = xcalloc(1, HOST_MAX_FILE + 1);

	memset(most, 'a', HOST_MAX_FILE + 1);
	file_n("/most", most, HOST_MAX_FILE);
	ck_assert_int_eq(error_of("/most"), 0);
	ck_assert_uint_eq(out.len, HOST_MAX_FILE);
	ck_assert_int_eq(host_read(h, "/most", &by_default, NULL), 0);
	ck_assert_uint_eq(by_default.len, HOST_MAX_FILE);
	file_n("/more", most, HOST_MAX_FILE + 1);
	ck_assert_int_eq(error_of("/more"), -EFBIG);
	free(most);
	file("/ten", "0123456789");
	ck_assert_int_eq(host_read(h, "/ten", &small, NULL), 0);
	ck_assert_str_eq(buf_str(&small), "0123456789");
	file("/eleven", "01234567890");
	ck_assert_int_eq(host_read(h, "/eleven", &small, NULL), -EFBIG);
	/* It is usable afterwards. */
	ck_assert_int_eq(host_read(h, "/ten", &small, NULL), 0);
}
END_TEST

START_TEST(test_links_stay_in_the_root)
{
	file("/etc/passwd", "captured");
	file("/sys/devices/eth0/speed", "1000\n");
	mkdir(below("/sys/class"), 0755);
	ck_assert_int_eq(symlink("../devices/eth0", below("/sys/class/eth0")), 0);
	ck_assert_int_eq(symlink("/etc/passwd", below("/absolute")), 0);
	ck_assert_int_eq(symlink("../../../../../../etc/passwd", below("/upwards")), 0);
	ck_assert_int_eq(symlink("loop", below("/loop")), 0);
	reads("/sys/class/eth0/speed", "1000\n");
	if (!h->no_openat2) {
		reads("/absolute", "captured");
		reads("/upwards", "captured");
	}
	ck_assert_int_eq(error_of("/loop"), -ELOOP);
}
END_TEST

START_TEST(test_without_openat2)
{
	file("/proc/1/net/dev", "first");
	h->no_openat2 = true;
	reads("/proc/net/dev", "first");
	ck_assert_int_eq(error_of("/proc/net/none"), -ENOENT);
}
END_TEST

START_TEST(test_network_files)
{
	file("/proc/net/dev", "reader's");
	file("/proc/net/only", "reader's");
	file("/proc/network", "no net");
	reads("/proc/net/dev", "reader's");
	file("/proc/1/net/dev", "first's");
	reads("/proc/net/dev", "first's");
	reads("/proc//net/dev", "reader's");
	/* A namespace without that file must not be filled up from another. */
	ck_assert_int_eq(error_of("/proc/net/only"), -ENOENT);
	reads("/proc/network", "no net");
}
END_TEST

START_TEST(test_self)
{
	file("/proc/self/mountinfo", "own");
	reads("/proc/self/mountinfo", "own");
	file("/proc/1/mountinfo", "first's");
	file("/proc/self/only", "own");
	reads("/proc/self/mountinfo", "first's");
	reads("/proc/self/only", "own");
	ck_assert_int_eq(error_of("/proc/self/none"), -ENOENT);
}
END_TEST

START_TEST(test_this_machine)
{
	struct buf why = BUF_WHY;
	struct host *this = host_new(NULL, &why);
	int64_t owner = 5;
	char path[64];

	ck_assert_int_eq(host_read(this, "/proc/self/stat", &out, &owner), 0);
	ck_assert_int_eq(strtol(buf_str(&out), NULL, 10), getpid());
	ck_assert_int_eq(owner, geteuid());
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)getpid());
	ck_assert_int_eq(host_read(this, path, &out, &owner), 0);
	ck_assert_uint_gt(out.len, 1);
	/* A page and more, in pieces of a page. */
	ck_assert_int_eq(
		host_read(this, "/proc/kallsyms", &out, &owner) == -EFBIG || out.len > 4096, 1);
	ck_assert_int_eq(host_read(this, "/proc/self/maps", &out, &owner), 0);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "[stack]"));
	ck_assert_int_eq(
		host_read(this, "/sys/kernel/mm/transparent_hugepage/enabled", &out, &owner) == 0
			? owner
			: -1,
		-1);
	ck_assert_int_eq(host_read(this, "/proc/999999999/stat", &out, &owner), -ENOENT);
	host_free(this);
}
END_TEST

static bool
has_name(const struct buf *names, const char *name)
{
	for (size_t at = 0; at < names->len; at += strlen(names->data + at) + 1) {
		if (strcmp(names->data + at, name) == 0)
			return true;
	}
	return false;
}

START_TEST(test_list)
{
	_autobuf_ struct buf scratch = BUF_INIT(HOST_MAX_FILE), names = BUF_INIT(HOST_MAX_LIST),
			     few = BUF_INIT(20);
	char name[32];

	file("/sys/a", "");
	file("/sys/.hidden", "");
	file("/sys/sub/x", "");
	ck_assert_int_eq(host_list(h, "/sys", &scratch, &names), 3);
	ck_assert(has_name(&names, "a") && has_name(&names, ".hidden") && has_name(&names, "sub"));
	ck_assert(!has_name(&names, ".") && !has_name(&names, ".."));
	mkdir(below("/none"), 0755);
	buf_clear(&names);
	ck_assert_int_eq(host_list(h, "/none", &scratch, &names), 0);
	ck_assert_uint_eq(names.len, 0);
	ck_assert_int_eq(host_list(h, "/sys/a", &scratch, &names), -ENOTDIR);
	ck_assert_int_eq(host_list(h, "/nowhere", &scratch, &names), -ENOENT);
	ck_assert_int_eq(host_list(h, "/sys/..", &scratch, &names), -EINVAL);
	ck_assert_int_eq(host_list(h, "/", &scratch, &names), 2);
	for (int i = 0; i < 1500; i++) {
		snprintf(name, sizeof(name), "/many/number-%d", i);
		file(name, "");
	}
	buf_clear(&names);
	ck_assert_int_eq(host_list(h, "/many", &scratch, &names), 1500);
	ck_assert(has_name(&names, "number-0") && has_name(&names, "number-1499"));
	ck_assert_int_eq(host_list(h, "/many", &scratch, &few), -EMSGSIZE);
}
END_TEST

/* ---- names -------------------------------------------------------------------------------- */

static void
named(struct telmon_uname *u, struct arena *a)
{
	arena_fini(a);
	arena_init(a, 0);
	ck_assert_int_eq(host_uname(h, a, u), 0);
}

START_TEST(test_uname)
{
	struct telmon_uname u;
	struct arena a;

	arena_init(&a, 0);
	named(&u, &a);
	ck_assert_str_eq(u.sysname, "Linux");
	ck_assert_str_ne(u.nodename, "");
	file("/proc/sys/kernel/osrelease", "6.1.0-test\n");
	file("/proc/sys/kernel/hostname", "kernelname\n");
	named(&u, &a);
	ck_assert_str_eq(u.release, "6.1.0-test");
	ck_assert_str_eq(u.nodename, "kernelname");
	file("/etc/hostname", "etcname\nmore\n");
	named(&u, &a);
	ck_assert_str_eq(u.nodename, "etcname");
	file("/telmon/uname", "Linux\ndb1\n5.10.0\n#1 SMP\n");
	named(&u, &a);
	ck_assert_str_eq(u.sysname, "Linux");
	ck_assert_str_eq(u.nodename, "db1");
	ck_assert_str_eq(u.release, "5.10.0");
	ck_assert_str_eq(u.version, "#1 SMP");
	ck_assert_str_eq(u.machine, "");
	arena_fini(&a);
	arena_init(&a, 16);
	ck_assert_int_eq(host_uname(h, &a, &u), -ENOMEM);
	arena_fini(&a);
}
END_TEST

START_TEST(test_host_name)
{
	char name[64], tiny[4] = "zzz";

	file("/telmon/uname", "Linux\nd\xc3\xa4\x1b[2J\n6.1\n#1\nx86_64\n");
	host_name(h, name, sizeof(name));
	ck_assert_str_eq(name, "d\xc3\xa4?[2J");
	host_name(h, tiny, 3);
	ck_assert_str_eq(tiny, "d");
	host_name(h, tiny, 4);
	ck_assert_str_eq(tiny, "d\xc3\xa4");
	host_name(h, tiny, 1);
	ck_assert_str_eq(tiny, "");
	/* Kept for ten seconds. */
	file("/telmon/uname", "Linux\nnew\n6.1\n#1\nx86_64\n");
	host_name(h, name, sizeof(name));
	ck_assert_str_eq(name, "d\xc3\xa4?[2J");
	h->name_ns -= 11 * NS_PER_S;
	host_name(h, name, sizeof(name));
	ck_assert_str_eq(name, "new");
}
END_TEST

START_TEST(test_host_kernel)
{
	char text[64];

	file("/telmon/uname", "Linux\nx\n6.18.3-amd64\n#1\nx86_64\n");
	host_kernel(h, text, sizeof(text));
	ck_assert_str_eq(text, "Linux 6.18");
	file("/sys/devices/system/cpu/online", "0\n");
	host_kernel(h, text, sizeof(text));
	ck_assert_str_eq(text, "Linux 6.18  1 CPU");
	file("/sys/devices/system/cpu/online", "0-3,8,10-11\n");
	host_kernel(h, text, sizeof(text));
	ck_assert_str_eq(text, "Linux 6.18  7 CPUs");
	file("/sys/devices/system/cpu/online", "3-0\n");
	file("/telmon/uname", "Linux\nx\nodd\x07\n#1\nx86_64\n");
	host_kernel(h, text, sizeof(text));
	ck_assert_str_eq(text, "Linux odd?");
}
END_TEST

static const char *
user(uint32_t uid)
{
	static char name[64];
	struct host_users *u = host_users_get(h);
	const char *found = host_users_find(u, uid);

	snprintf(name, sizeof(name), "%s", found ? found : "-");
	host_users_unref(u);
	return name;
}

START_TEST(test_users)
{
	char line[6000];

	ck_assert_str_eq(user(0), "-");
	file("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nwww:x:33:33::/:/bin/"
			    "false\nsecond:x:0:0::/:/bin/sh\n+nis::::::\nbroken\n");
	ck_assert_str_eq(user(0), "root");
	ck_assert_str_eq(user(33), "www");
	ck_assert_str_eq(user(34), "-");
	file("/telmon/passwd", "admin:x:0:0::/:/bin/sh\n");
	ck_assert_str_eq(user(0), "admin");
	ck_assert_str_eq(user(33), "-");
	/* Read again when it has changed; the longest line is passed over. */
	memset(line, 'x', sizeof(line));
	strcpy(line + sizeof(line) - 60, ":x:5:5::/:/bin/sh\nlate:x:4294967294:0::/:/bin/sh\n");
	file("/telmon/passwd", line);
	ck_assert_str_eq(user(4294967294u), "late");
	ck_assert_str_eq(user(5), "-");
	ck_assert_str_eq(user(0), "-");
	ck_assert_int_eq(unlink(below("/telmon/passwd")), 0);
	ck_assert_str_eq(user(0), "root");
	ck_assert_int_eq(unlink(below("/etc/passwd")), 0);
	ck_assert_str_eq(user(0), "-");
}
END_TEST

START_TEST(test_users_are_kept)
{
	struct host_users *a, *b;

	file("/telmon/passwd", "admin:x:0:0::/:/bin/sh\n");
	a = host_users_get(h);
	b = host_users_get(h);
	ck_assert_ptr_eq(a, b);
	file("/telmon/passwd", "other:x:0:0::/:/bin/sh\nsome:x:1:0::/:/bin/sh\n");
	host_users_unref(b);
	b = host_users_get(h);
	ck_assert_ptr_ne(a, b);
	/* Who still has the old one can go on reading it. */
	ck_assert_str_eq(host_users_find(a, 0), "admin");
	ck_assert_str_eq(host_users_find(b, 0), "other");
	host_users_unref(a);
	host_users_unref(b);
	ck_assert_ptr_null(host_users_find(NULL, 0));
}
END_TEST

START_TEST(test_clock_file)
{
	double clock_s = 0, wall_s = 0;

	ck_assert(!host_fixed_clock(h, &clock_s, &wall_s));
	file("/telmon/clock", "1000.5\n");
	ck_assert(!host_fixed_clock(h, &clock_s, &wall_s));
	file("/telmon/clock", "1000.5 1700000000.25\n");
	ck_assert(host_fixed_clock(h, &clock_s, &wall_s));
	ck_assert_double_eq(clock_s, 1000.5);
	ck_assert_double_eq(wall_s, 1700000000.25);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("host");
	TCase *t = tcase_create("host");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_checked_fixture(t, NULL, forget);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_new);
	tcase_add_test(t, test_read);
	tcase_add_test(t, test_read_errors);
	tcase_add_test(t, test_read_limits);
	tcase_add_test(t, test_links_stay_in_the_root);
	tcase_add_test(t, test_without_openat2);
	tcase_add_test(t, test_network_files);
	tcase_add_test(t, test_self);
	tcase_add_test(t, test_this_machine);
	tcase_add_test(t, test_list);
	tcase_add_test(t, test_uname);
	tcase_add_test(t, test_host_name);
	tcase_add_test(t, test_host_kernel);
	tcase_add_test(t, test_users);
	tcase_add_test(t, test_users_are_kept);
	tcase_add_test(t, test_clock_file);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
