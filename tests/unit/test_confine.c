/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of confine: each act is tried by a process of its own that has entered it. What the
 * kernel does not have (landlock, seccomp) is named and skipped.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine.h"
#include "mem.h"

enum { LACKS_FILES = 1, LACKS_CALLS = 2, CONFINED_BADLY = 250 };

static char dir[64], named[96], hidden[96];
/* Made before anything is given up. */
static int inet_fd, unix_fd, file_fd;
static pid_t parent;

/* 0 or errno of the last call. */
static int
errno_of(long r)
{
	return r < 0 ? errno : 0;
}

static int
try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* ---- acts ---- */

static int
read_proc(void)
{
	return try_open("/proc/loadavg", O_RDONLY);
}

static int
read_sys(void)
{
	return try_open("/sys/kernel", O_RDONLY | O_DIRECTORY);
}

static int
read_passwd(void)
{
	return try_open("/etc/passwd", O_RDONLY);
}

static int
read_library(void)
{
	return try_open("/usr/lib", O_RDONLY | O_DIRECTORY);
}

static int
read_shadow(void)
{
	return try_open("/etc/shadow", O_RDONLY);
}

static int
read_hosts(void)
{
	return try_open("/etc/hosts", O_RDONLY);
}

static int
read_named(void)
{
	return try_open(named, O_RDONLY);
}

static int
write_named(void)
{
	return try_open(named, O_WRONLY);
}

static int
read_hidden(void)
{
	return try_open(hidden, O_RDONLY);
}

static int
read_null(void)
{
	return try_open("/dev/null", O_RDONLY);
}

static int
make_file(void)
{
	return try_open("/tmp/telmon-confine-made", O_WRONLY | O_CREAT);
}

/* Of the process that tests: the daemon's memory would be no better guarded. */
static int
read_of_parent(const char *what)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)parent, what);
	return try_open(path, O_RDONLY);
}

static int
read_parents_memory(void)
{
	return read_of_parent("mem");
}

static int
read_parents_environ(void)
{
	return read_of_parent("environ");
}

static int
read_parents_stat(void)
{
	return read_of_parent("stat");
}

static int
read_kernel_memory(void)
{
	int r = try_open("/proc/kcore", O_RDONLY);

	return r == ENOENT || r == EACCES ? EPERM : r;
}

static int
write_open_file(void)
{
	signal(SIGXFSZ, SIG_IGN);
	return errno_of(write(file_fd, "a", 1));
}

static int
remove_file(void)
{
	return errno_of(unlink(named));
}

static int
change_mode(void)
{
	return errno_of(chmod(named, 0));
}

static int
do_fork(void)
{
	long r = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (r == 0)
		_exit(0);
	return errno_of(r);
}

#ifdef SYS_fork
static int
old_fork(void)
{
	long r = syscall(SYS_fork);

	if (r == 0)
		_exit(0);
	return errno_of(r);
}
#endif

static int
new_fork(void)
{
	return errno_of(syscall(SYS_clone3, NULL, 0));
}

static int
do_exec(void)
{
	execl("/bin/true", "true", NULL);
	return errno;
}

static int
do_ptrace(void)
{
	return errno_of(ptrace(PTRACE_ATTACH, parent, NULL, NULL));
}

static int
do_peek(void)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { &dir, 1 };

	return errno_of(process_vm_readv(parent, &here, 1, &there, 1, 0));
}

static int
do_mount(void)
{
	return errno_of(mount("none", "/tmp", "tmpfs", 0, NULL));
}

static int
do_unshare(void)
{
	return errno_of(unshare(CLONE_NEWUSER));
}

static int
kill_parent(void)
{
	return errno_of(kill(parent, 0));
}

static int
kill_all(void)
{
	return errno_of(kill(-1, 0));
}

static int
kill_group(void)
{
	return errno_of(kill(0, 0));
}

static int
kill_self(void)
{
	return errno_of(kill(getpid(), 0));
}

static int
kill_thread(void)
{
	return errno_of(syscall(SYS_tgkill, parent, parent, 0));
}

/* A descriptor's owner is sent a signal of one's choice for it. */
static int
kill_by_owner(void)
{
	return errno_of(fcntl(inet_fd, F_SETOWN, parent));
}

static int
kill_by_signal(void)
{
	return errno_of(fcntl(inet_fd, F_SETSIG, SIGKILL));
}

static int
kill_by_ioctl(void)
{
	return errno_of(ioctl(inet_fd, SIOCSPGRP, &parent));
}

static int
type_into_terminal(void)
{
	return errno_of(ioctl(0, TIOCSTI, "a"));
}

static int
harmless_fcntl(void)
{
	return errno_of(fcntl(inet_fd, F_SETFL, O_NONBLOCK));
}

static int
harmless_ioctl(void)
{
	int n;

	return errno_of(ioctl(unix_fd, FIONREAD, &n));
}

static int
make_socket(int family, int type)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		close(fd);
	/* What is not built into the kernel is forbidden enough. */
	return fd < 0 && errno != EAFNOSUPPORT ? errno : fd < 0 ? EPERM : 0;
}

static int
socket_inet(void)
{
	return make_socket(AF_INET, SOCK_STREAM);
}

static int
socket_inet6(void)
{
	int r = make_socket(AF_INET6, SOCK_DGRAM);
	int fd = open("/proc/net/if_inet6", O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? make_socket(AF_INET, SOCK_STREAM) : r;
}

static int
socket_netlink(void)
{
	return make_socket(AF_NETLINK, SOCK_RAW);
}

static int
socket_unix(void)
{
	return make_socket(AF_UNIX, SOCK_STREAM);
}

static int
socket_packet(void)
{
	return make_socket(AF_PACKET, SOCK_RAW);
}

static int
socket_raw(void)
{
	int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);

	if (fd >= 0)
		close(fd);
	return errno_of(fd);
}

static int
socket_pair(void)
{
	int fds[2];

	return errno_of(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds));
}

/* To the daemon, which takes its own user for an administrator. */
static int
connect_unix(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/socket", dir);
	return errno_of(connect(unix_fd, (struct sockaddr *)&a, sizeof(a)));
}

static int
connect_inet(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9) };
	int r;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r = errno_of(connect(inet_fd, (struct sockaddr *)&a, sizeof(a)));
	return r == ECONNREFUSED ? 0 : r;
}

static int
set_limit(void)
{
	struct rlimit limit = { 32, 32 };

	return errno_of(setrlimit(RLIMIT_NOFILE, &limit));
}

static int
get_limit(void)
{
	struct rlimit limit;

	return errno_of(getrlimit(RLIMIT_NOFILE, &limit));
}

static int
survive_parent(void)
{
	return errno_of(prctl(PR_SET_PDEATHSIG, 0));
}

static int
set_name(void)
{
	return errno_of(prctl(PR_SET_NAME, "me"));
}

static int
leave_group(void)
{
	return errno_of(setpgid(0, 0));
}

static int
leave_session(void)
{
	return errno_of(setsid());
}

static int
become_root(void)
{
	return errno_of(setuid(0));
}

static int
make_memory_file(void)
{
	return errno_of(memfd_create("a", 0));
}

static void *
nothing(void *arg)
{
	return arg;
}

static int
make_thread(void)
{
	pthread_t thread;
	int r = pthread_create(&thread, NULL, nothing, NULL);

	return r ? r : pthread_join(thread, NULL);
}

static int
sleep_and_look(void)
{
	struct timespec ts = { 0, 1000 };

	nanosleep(&ts, NULL);
	poll(NULL, 0, 1);
	return errno_of(clock_gettime(CLOCK_MONOTONIC, &ts));
}

static int
take_memory(void)
{
	void *p = mmap(NULL, 512 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int
take_descriptors(void)
{
	for (int i = 0; i < 100; i++) {
		if (dup(0) < 0)
			return errno;
	}
	return 0;
}

/* ---- the table ---- */

enum { FILES = LACKS_FILES, CALLS = LACKS_CALLS, NAMED = 4, NETWORK = 8, PROGRAMS = 16 };

#define ACT(f) f, #f

static const struct act {
	int (*run)(void);
	const char *name;
	int want; /* 0, errno, or the negative signal that ends it */
	int how;  /* FILES, CALLS: what it takes; the others: what is allowed */
} acts[] = {
	{ ACT(read_proc), 0, 0 },
	{ ACT(read_sys), 0, 0 },
	{ ACT(read_passwd), 0, 0 },
	{ ACT(read_library), 0, 0 },
	{ ACT(read_shadow), EACCES, FILES },
	{ ACT(read_hosts), EACCES, FILES },
	{ ACT(read_hosts), 0, NETWORK },
	{ ACT(read_named), EACCES, FILES },
	{ ACT(read_named), 0, NAMED },
	{ ACT(write_named), EACCES, FILES | NAMED },
	{ ACT(read_hidden), EACCES, FILES | NAMED },
	{ ACT(read_null), EACCES, FILES },
	{ ACT(make_file), EACCES, FILES },
	{ ACT(read_parents_memory), EACCES, FILES },
	{ ACT(read_parents_environ), EACCES, FILES },
	{ ACT(read_parents_stat), 0, 0 },
	{ ACT(read_kernel_memory), EPERM, 0 },
	{ ACT(write_open_file), EFBIG, 0 },
	{ ACT(remove_file), EPERM, CALLS },
	{ ACT(change_mode), EPERM, CALLS },
	{ ACT(do_fork), EPERM, CALLS },
#ifdef SYS_fork
	{ ACT(old_fork), EPERM, CALLS },
#endif
	{ ACT(new_fork), ENOSYS, CALLS },
	{ ACT(do_exec), -SIGSYS, CALLS },
	{ ACT(do_ptrace), -SIGSYS, CALLS },
	{ ACT(do_peek), -SIGSYS, CALLS },
	{ ACT(do_mount), -SIGSYS, CALLS },
	{ ACT(do_unshare), -SIGSYS, CALLS },
	{ ACT(kill_parent), EPERM, CALLS },
	{ ACT(kill_all), EPERM, CALLS },
	{ ACT(kill_group), EPERM, CALLS },
	{ ACT(kill_thread), EPERM, CALLS },
	{ ACT(kill_self), 0, 0 },
	{ ACT(kill_by_owner), EPERM, CALLS },
	{ ACT(kill_by_signal), EPERM, CALLS },
	{ ACT(kill_by_ioctl), EPERM, CALLS },
	{ ACT(type_into_terminal), EPERM, CALLS },
	{ ACT(harmless_fcntl), 0, 0 },
	{ ACT(harmless_ioctl), 0, 0 },
	{ ACT(socket_inet), EPERM, CALLS },
	{ ACT(socket_inet6), EPERM, CALLS },
	{ ACT(socket_netlink), EPERM, CALLS },
	{ ACT(socket_unix), EPERM, CALLS },
	{ ACT(socket_packet), EPERM, CALLS },
	{ ACT(socket_pair), EPERM, CALLS },
	{ ACT(socket_inet), 0, NETWORK },
	{ ACT(socket_inet6), 0, NETWORK },
	{ ACT(socket_netlink), 0, NETWORK },
	{ ACT(socket_unix), EPERM, CALLS | NETWORK },
	{ ACT(socket_packet), EPERM, CALLS | NETWORK },
	{ ACT(socket_raw), EPERM, NETWORK },
	{ ACT(socket_pair), EPERM, CALLS | NETWORK },
	{ ACT(connect_unix), EPERM, CALLS },
	{ ACT(connect_inet), EPERM, CALLS },
	{ ACT(connect_inet), 0, NETWORK },
	{ ACT(set_limit), EPERM, CALLS },
	{ ACT(get_limit), 0, 0 },
	{ ACT(survive_parent), EPERM, CALLS },
	{ ACT(set_name), 0, 0 },
	{ ACT(leave_group), EPERM, CALLS },
	{ ACT(leave_session), EPERM, CALLS },
	{ ACT(become_root), EPERM, CALLS },
	{ ACT(make_memory_file), EPERM, CALLS },
	{ ACT(make_thread), 0, 0 },
	{ ACT(sleep_and_look), 0, 0 },
	{ ACT(take_memory), MEM_SANITIZED ? 0 : ENOMEM, 0 },
	{ ACT(take_descriptors), EMFILE, 0 },
	/* Of others' programs nothing is known but that they get no more rights. */
	{ ACT(read_hidden), 0, PROGRAMS },
	{ ACT(take_descriptors), EMFILE, PROGRAMS },
	{ ACT(kill_parent), 0, PROGRAMS },
};

/* ---- around it ---- */

static void
write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void
setup(void)
{
	parent = getpid();
	snprintf(dir, sizeof(dir), "/tmp/telmon-confine-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(named, sizeof(named), "%s/named", dir);
	snprintf(hidden, sizeof(hidden), "%s/hidden", dir);
	write_file(named);
	write_file(hidden);
	inet_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unix_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	file_fd = open(hidden, O_WRONLY | O_CLOEXEC);
}

static void
teardown(void)
{
	char command[128];

	close(inet_fd);
	close(unix_fd);
	close(file_fd);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	ck_assert_int_eq(system(command), 0);
}

static _Noreturn void
enter_and_act(const struct act *a, int report)
{
	_autobuf_ struct buf missing = BUF_WHY, why = BUF_WHY;
	char *const read[] = { a->how & NAMED ? named : NULL, NULL };
	const struct confine c = {
		.read = read,
		.network = a->how & NETWORK,
		.programs = a->how & PROGRAMS,
		.max_memory = 256 << 20,
		.max_descriptors = 64,
	};
	int lacks = 0, r = confine_enter(&c, &missing, &why);

	if (r < 0) {
		fprintf(stderr, "%s: %s\n", a->name, buf_str(&why));
		_exit(CONFINED_BADLY);
	}
	lacks |= strstr(buf_str(&missing), "landlock") ? LACKS_FILES : 0;
	lacks |= strstr(buf_str(&missing), "seccomp") ? LACKS_CALLS : 0;
	if (lacks & a->how) {
		printf("skipped: %s (the kernel has no %s)\n", a->name, buf_str(&missing));
		fflush(stdout);
		r = a->want;
	} else {
		r = a->run();
	}
	(void)!write(report, &r, sizeof(r));
	_exit(0);
}

START_TEST(test_act)
{
	const struct act *a = &acts[_i];
	int pipes[2], status, r = -1;
	pid_t pid;

	ck_assert_int_eq(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0)
		enter_and_act(a, pipes[1]);
	close(pipes[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (read(pipes[0], &r, sizeof(r)) != sizeof(r))
		r = WIFSIGNALED(status) ? -WTERMSIG(status) : 1000 + WEXITSTATUS(status);
	close(pipes[0]);
	ck_assert_msg(r == a->want, "%s%s%s: %d (%s) instead of %d", a->name,
		      a->how & NAMED ? ", named" : "", a->how & NETWORK ? ", network" : "", r,
		      strerror(r < 0 ? 0 : r), a->want);
}
END_TEST

START_TEST(test_capabilities)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		_autobuf_ struct buf missing = BUF_WHY, why = BUF_WHY;
		const struct confine c = { .max_descriptors = 64 };
		char line[256];
		FILE *f;

		if (confine_enter(&c, &missing, &why) < 0)
			_exit(1);
		f = fopen("/proc/self/status", "r");
		while (f && fgets(line, sizeof(line), f)) {
			unsigned long long caps;

			if (sscanf(line, "CapPrm: %llx", &caps) == 1 ||
			    sscanf(line, "CapEff: %llx", &caps) == 1 ||
			    sscanf(line, "CapInh: %llx", &caps) == 1 ||
			    sscanf(line, "CapAmb: %llx", &caps) == 1) {
				if (caps & ~(1ull << CAP_DAC_READ_SEARCH))
					_exit(2);
			}
		}
		_exit(f ? 0 : 3);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("confine");
	TCase *c = tcase_create("confine");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, test_act, 0, (int)(sizeof(acts) / sizeof(acts[0])));
	tcase_add_test(c, test_capabilities);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
