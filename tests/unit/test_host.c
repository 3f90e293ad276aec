/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_host -- what host reads: files, directories, another root, statfs and its hanging probes,
 * names and users. The callbacks' side is test_host_call.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "host.h"
#include "host_private.h"
#include "mem.h"

/* Last: it makes a macro of the word `fail`, which plugin.h uses. */
#include <check.h>

static char root[64];
static struct host *h;
static struct buf out = BUF_INIT(HOST_MAX_FILE);

/* ---- a tree ------------------------------------------------------------------------------- */

static char *
below(const char *path)
{
	static char full[512];

	snprintf(full, sizeof(full), "%s%s", root, path);
	return full;
}

/* Writes a file and makes the directories above it. */
static void
file_n(const char *path, const char *text, size_t n)
{
	char *full = below(path);
	int fd;

	for (char *p = full + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(full, 0755);
		*p = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	close(fd);
}

static void
file(const char *path, const char *text)
{
	file_n(path, text, strlen(text));
}

static void
setup(void)
{
	struct buf why = BUF_WHY;

	snprintf(root, sizeof(root), "/tmp/telmon-host-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	h = host_new(root, &why);
	ck_assert_ptr_nonnull(h);
}

static void
teardown(void)
{
	char command[128];

	host_free(h);
	h = NULL;
	buf_fini(&out);
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	ck_assert_int_eq(system(command), 0);
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
	ck_assert(this->procfs);
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

/* ---- statfs ------------------------------------------------------------------------------- */

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

/* A system whose filesystems below /dead answer only when they are told to. */
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

	hang(20 * NS_PER_MS);
	before = now_ns();
	ck_assert_int_eq(host_statfs(h, "/dead", &s), -ETIMEDOUT);
	ck_assert_int_ge(now_ns() - before, 20 * NS_PER_MS);
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

	hang(NS_PER_MS);
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
	tcase_add_test(t, test_statfs_file);
	tcase_add_test(t, test_statfs_system);
	tcase_add_test(t, test_probe_hangs);
	tcase_add_test(t, test_probe_is_cheap);
	tcase_add_test(t, test_at_most_16_hang);
	tcase_add_test(t, test_one_probe_for_two_askers);
	tcase_add_test(t, test_host_goes_while_a_probe_hangs);
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
