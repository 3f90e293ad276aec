/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of listener: what is opened and how, what accepted sockets inherit, sockets in the
 * file system, sets exchanged while the thread runs, and what peers are told when there is no room.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "listener.h"
#include "listener_private.h"
#include "pool.h"
#include "session_box.h"

/* More workers than are asked at once: one is ready again a moment after its session has gone. */
enum { STACK = 256 << 10, WORKERS = 8 };

static const char busy[] = "error: server busy (too many sessions; try again later)\n";

static char dir[64], path[128];
static struct buf why;

static void
setup(void)
{
	box_open();
	strcpy(dir, "/tmp/test_listener.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/t.sock", dir);
	buf_init(&why, 1024);
}

static void
teardown(void)
{
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0); /* and nothing else was left there */
	buf_fini(&why);
	box_close();
}

static struct listener_config
config(const char *url)
{
	struct listener_config c = { .mode = SESSION_SCRIPT, .asked = true };

	ck_assert_int_eq(net_url_parse(url, &c.url, &why), 0);
	return c;
}

static struct listener_config
unix_config(void)
{
	char url[160];

	snprintf(url, sizeof(url), "unix:%s", path);
	return config(url);
}

static struct listener_set *
open_one(struct listener_config c)
{
	struct listener_set *set = listener_open(&c, 1, NULL, &why);

	ck_assert_msg(set != NULL, "%s", buf_str(&why));
	return set;
}

static void
assert_refused(struct listener_config c, const char *reason)
{
	buf_clear(&why);
	ck_assert_ptr_null(listener_open(&c, 1, NULL, &why));
	ck_assert_msg(strstr(buf_str(&why), reason), "%s", buf_str(&why));
	ck_assert_ptr_eq(strstr(buf_str(&why), "cannot listen on "), buf_str(&why));
	buf_clear(&why);
}

/* The URLs of a set, a blank between. */
static void
add_url(void *ctx, const char *url)
{
	struct buf *urls = ctx;

	buf_printf(urls, "%s%s", urls->len ? " " : "", url);
}

static unsigned
port_of(const struct listener_set *set, size_t i)
{
	return (unsigned)atoi(strrchr(set->sockets[i].url, ':') + 1);
}

static int
dial(unsigned port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	if (connect(fd, (struct sockaddr *)&in, sizeof(in)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
dial_unix(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(un.sun_path, path);
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* All that comes up to the end is this. */
static void
expect_all(int fd, const char *expected)
{
	_autobuf_ struct buf got = BUF_INIT(1 << 20);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char bytes[1024];
	ssize_t n = 1;

	while (n > 0 && poll(&p, 1, DEADLINE_MS) > 0) {
		n = read(fd, bytes, sizeof(bytes));
		if (n > 0)
			buf_put(&got, bytes, (size_t)n);
	}
	ck_assert_int_le(n, 0);
	ck_assert_str_eq(buf_str(&got), expected);
	close(fd);
}

/* One question over a connection of its own. */
static void
ask(int fd)
{
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "echo here\n", 10), 10);
	shutdown(fd, SHUT_WR);
	expect_all(fd, "here\n");
}

struct running {
	struct pool *pool;
	struct listener *listener;
};

static struct running
start(struct listener_set *set, unsigned workers)
{
	struct running r = { .pool = pool_new("session", 1, workers, STACK, session_run) };

	r.listener = listener_start(set, box.shared, box.access, r.pool);
	ck_assert_ptr_nonnull(r.listener);
	return r;
}

static void
stop(struct running r)
{
	listener_stop(r.listener);
	ck_assert_uint_eq(pool_stop(r.pool, now_ns() + 20 * NS_PER_S), 0);
	pool_free(r.pool);
}

/* --- opening --- */

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t size = sizeof(value);

	ck_assert_int_eq(getsockopt(fd, level, name, &value, &size), 0);
	return value;
}

/* What makes one-shots cheap: no accepted socket needs a call of its own. */
START_TEST(test_options_are_inherited)
{
	static const char *const urls[] = { "telnet://127.0.0.1:0", "telnet://*:0" };

	for (size_t i = 0; i < COUNT(urls); i++) {
		struct listener_set *set = open_one(config(urls[i]));
		int peer = dial(port_of(set, 0)), fd;

		fd = accept4(set->sockets[0].fd, NULL, NULL, SOCK_CLOEXEC);
		ck_assert_int_ge(fd, 0);
		ck_assert_int_ne(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
		ck_assert_int_ne(option(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
		ck_assert_int_ne(option(fd, SOL_SOCKET, SO_OOBINLINE), 0);
		ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
		ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 30);
		ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 8);
		ck_assert_int_eq(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 60000);
		ck_assert_int_ne(option(set->sockets[0].fd, SOL_SOCKET, SO_REUSEADDR), 0);
		ck_assert_int_ne(fcntl(set->sockets[0].fd, F_GETFD) & FD_CLOEXEC, 0);
		close(fd);
		close(peer);
		listener_close(set);
	}
}
END_TEST

START_TEST(test_urls)
{
	struct listener_config configs[] = { config("telnet://127.0.0.1:0"), unix_config() };
	struct listener_set *set = listener_open(configs, 2, NULL, &why);
	_autobuf_ struct buf urls = BUF_INIT(1024), expected = BUF_INIT(1024);

	ck_assert_ptr_nonnull(set);
	listener_each(set, add_url, &urls);
	ck_assert_uint_ne(port_of(set, 0), 0);
	buf_printf(&expected, "telnet://127.0.0.1:%u unix:%s", port_of(set, 0), path);
	ck_assert_str_eq(buf_str(&urls), buf_str(&expected));
	listener_close(set);
	listener_close(NULL);
	set = listener_open(NULL, 0, NULL, &why);
	ck_assert_ptr_nonnull(set);
	listener_close(set);
}
END_TEST

START_TEST(test_any_address)
{
	struct listener_set *set = open_one(config("telnet://*:0"));

	ck_assert_uint_ge(set->n, 1);
	ck_assert_ptr_eq(strstr(set->sockets[0].url, "telnet://0.0.0.0:"), set->sockets[0].url);
	if (set->n > 1) { /* where there is IPv6 */
		ck_assert_ptr_eq(strstr(set->sockets[1].url, "telnet://[::]:"),
				 set->sockets[1].url);
		ck_assert_uint_eq(port_of(set, 1), port_of(set, 0));
		ck_assert_int_eq(option(set->sockets[1].fd, IPPROTO_IPV6, IPV6_V6ONLY), 1);
	}
	listener_close(set);
	set = open_one(config("telnet://localhost:0"));
	ck_assert_uint_ge(set->n, 1);
	listener_close(set);
}
END_TEST

START_TEST(test_open_fails)
{
	struct listener_set *set = open_one(config("telnet://127.0.0.1:0"));
	struct listener_config taken = config(set->sockets[0].url), configs[2];

	assert_refused(taken, "Address already in use");
	assert_refused(config("telnet://192.0.2.1:0"), "Cannot assign requested address");
	assert_refused(config("telnet://no-such-host.invalid:1"),
		       "telnet://no-such-host.invalid:1: ");
	/* All or nothing: the first is closed again when the second fails. */
	configs[0] = unix_config();
	configs[1] = taken;
	ck_assert_ptr_null(listener_open(configs, 2, NULL, &why));
	ck_assert_int_eq(access(path, F_OK), -1);
	/* One that nobody asked for is left out; but at least one there must be. */
	configs[1].asked = false;
	listener_close(set);
	set = open_one(taken);
	buf_clear(&why);
	{
		struct listener_set *other = listener_open(configs, 2, NULL, &why);

		ck_assert_ptr_nonnull(other);
		ck_assert_uint_eq(other->n, 1);
		listener_close(other);
	}
	ck_assert_ptr_null(listener_open(&configs[1], 1, NULL, &why));
	listener_close(set);
}
END_TEST

static _Atomic bool answers;

/* As where two lines of /etc/hosts have one name for one address, and where a name's servers are
 * silent. */
int
getaddrinfo(const char *restrict name, const char *restrict service,
	    const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	struct addrinfo **end = ret;
	int r;

	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	while (strcmp(name, "silent.invalid") == 0 && !(hints->ai_flags & AI_NUMERICHOST) &&
	       !atomic_load(&answers))
		poll(NULL, 0, 10);
	if (strcmp(name, "twice.invalid") != 0)
		return real(name, service, hints, ret);
	r = real("127.0.0.1", service, hints, ret);
	while (r == 0 && *end)
		end = &(*end)->ai_next;
	return r ? r : real("127.0.0.1", service, hints, end);
}

START_TEST(test_address_named_twice)
{
	struct listener_set *set = open_one(config("telnet://127.0.0.1:0"));
	char url[64];

	snprintf(url, sizeof(url), "telnet://twice.invalid:%u", port_of(set, 0));
	listener_close(set);
	set = open_one(config(url));
	ck_assert_uint_eq(set->n, 1);
	listener_close(set);
}
END_TEST

static unsigned
resolvers(void)
{
	unsigned n = 0;
	DIR *d = opendir("/proc/self/task");
	struct dirent *e;

	while ((e = readdir(d))) {
		char file[300], name[16] = "";
		FILE *f;

		snprintf(file, sizeof(file), "/proc/self/task/%s/comm", e->d_name);
		f = *e->d_name == '.' ? NULL : fopen(file, "r");
		if (f && fgets(name, sizeof(name), f))
			n += strcmp(name, "resolve\n") == 0;
		if (f)
			fclose(f);
	}
	closedir(d);
	return n;
}

/* A set that is there is used on when the new one cannot be had. */
START_TEST(test_silent_resolver)
{
	struct listener_config configs[] = { config("telnet://127.0.0.1:0"),
					     config("telnet://silent.invalid:1") };
	struct listener_set *old = open_one(configs[0]);
	int64_t began = now_ns();

	atomic_store(&answers, false);
	ck_assert_ptr_null(listener_open(configs, 2, old, &why));
	ck_assert_str_eq(buf_str(&why), "cannot listen on telnet://silent.invalid:1: "
					"Temporary failure in name resolution");
	ck_assert_int_lt(now_ns() - began, 15 * NS_PER_S);
	ck_assert_uint_eq(resolvers(), 1);
	atomic_store(&answers, true);
	while (resolvers() && now_ns() - began < 60 * NS_PER_S)
		poll(NULL, 0, 10);
	ck_assert_uint_eq(resolvers(), 0);
	listener_close(old);
}
END_TEST

/* Nor does it hold up the end of the daemon. */
START_TEST(test_silent_resolver_at_the_end)
{
	struct listener_config c = config("telnet://silent.invalid:1");
	int64_t began = now_ns();
	sigset_t term, before;
	int sig;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &term, &before);
	raise(SIGTERM);
	atomic_store(&answers, false);
	ck_assert_ptr_null(listener_open(&c, 1, NULL, &why));
	ck_assert_int_lt(now_ns() - began, 4 * NS_PER_S);
	ck_assert_int_eq(sigwait(&term, &sig), 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	atomic_store(&answers, true);
	while (resolvers() && now_ns() - began < 60 * NS_PER_S)
		poll(NULL, 0, 10);
}
END_TEST

/* Each socket is taken over once, also where what was asked for is the same. */
START_TEST(test_any_port_twice)
{
	struct listener_config configs[] = { config("telnet://127.0.0.1:0"),
					     config("telnet://127.0.0.1:0") };
	struct listener_set *old = listener_open(configs, 2, NULL, &why), *set;
	unsigned first = port_of(old, 0), second = port_of(old, 1);

	set = listener_open(configs, 2, old, &why);
	ck_assert_ptr_nonnull(set);
	listener_close(old);
	ck_assert_int_ne(set->sockets[0].fd, set->sockets[1].fd);
	ck_assert_uint_eq(port_of(set, 0), first);
	ck_assert_uint_eq(port_of(set, 1), second);
	close(dial(first));
	close(dial(second));
	listener_close(set);
}
END_TEST

/* --- sockets in the file system --- */

START_TEST(test_unix)
{
	mode_t mask = umask(0);
	struct listener_set *set = open_one(unix_config());
	struct stat st;

	ck_assert_uint_eq(umask(mask), 0); /* ours is as it was */
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0660);
	close(dial_unix());
	assert_refused(unix_config(), "a running daemon listens there");
	listener_close(set);
	ck_assert_int_eq(access(path, F_OK), -1);
}
END_TEST

START_TEST(test_unix_replaces_what_is_stale)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct listener_set *set;
	struct stat old, st;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(un.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	close(fd);
	ck_assert_int_eq(stat(path, &old), 0);
	set = open_one(unix_config());
	ck_assert_int_eq(stat(path, &st), 0);
	close(dial_unix());
	/* Somebody else's is not removed. */
	ck_assert_int_eq(unlink(path), 0);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	listener_close(set);
	ck_assert_int_eq(access(path, F_OK), 0);
	close(fd);
}
END_TEST

START_TEST(test_unix_refuses_what_is_no_socket)
{
	char target[160];
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	close(fd);
	assert_refused(unix_config(), "no socket");
	ck_assert_int_eq(access(path, F_OK), 0);
	unlink(path);
	/* A link is not followed, wherever it leads. */
	snprintf(target, sizeof(target), "%s/target", dir);
	ck_assert_int_eq(symlink(target, path), 0);
	assert_refused(unix_config(), "no socket");
	ck_assert_int_eq(access(target, F_OK), -1);
	unlink(path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	assert_refused(unix_config(), "no socket");
	rmdir(path);
}
END_TEST

START_TEST(test_unix_directory)
{
	struct listener_config c = unix_config();
	struct listener_set *set;
	struct stat st;
	char sub[100];

	snprintf(sub, sizeof(sub), "%s/sub", dir);
	snprintf(path, sizeof(path), "%s/t.sock", sub);
	c = unix_config();
	assert_refused(c, "its directory cannot be opened: No such file or directory");
	ck_assert_int_eq(access(sub, F_OK), -1);
	c.asked = false; /* a default makes its own */
	set = open_one(c);
	ck_assert_int_eq(stat(sub, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, geteuid() == 0 ? 0755 : 0700);
	listener_close(set);
	ck_assert_int_eq(rmdir(sub), 0);
}
END_TEST

/* Of several that start at once one wins. */
static void *
try_open(void *arg)
{
	_autobuf_ struct buf reason = BUF_WHY;
	struct listener_config c = unix_config();

	*(struct listener_set **)arg = listener_open(&c, 1, NULL, &reason);
	return NULL;
}

START_TEST(test_unix_race)
{
	struct listener_set *sets[8];
	pthread_t threads[8];
	unsigned won = 0;

	for (size_t i = 0; i < COUNT(threads); i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, try_open, &sets[i]), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		pthread_join(threads[i], NULL);
		won += sets[i] != NULL;
	}
	ck_assert_uint_eq(won, 1);
	close(dial_unix());
	for (size_t i = 0; i < COUNT(threads); i++)
		listener_close(sets[i]);
}
END_TEST

/* --- accepting --- */

START_TEST(test_accepts)
{
	struct listener_config configs[] = { config("telnet://127.0.0.1:0"), unix_config() };
	struct listener_set *set = listener_open(configs, 2, NULL, &why);
	struct running r = start(set, WORKERS);
	uint64_t accepted, failed;
	int many[50];

	ask(dial(port_of(set, 0)));
	ask(dial_unix());
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = i % 2 ? dial_unix() : dial(port_of(set, 0));
	for (size_t i = 0; i < COUNT(many); i++)
		close(many[i]); /* a scan: nothing said */
	until((listener_counts(r.listener, &accepted, &failed), accepted) == 2 + COUNT(many));
	until(access_sessions(box.access) == 0);
	ask(dial(port_of(set, 0)));
	stop(r);
	ck_assert_int_eq(box.executions, 3);
	listener_close(set);
	ck_assert_int_eq(dial_unix(), -1);
	set = open_one(config("telnet://127.0.0.1:0"));
	r = start(set, WORKERS);
	ask(dial(port_of(set, 0)));
	listener_counts(r.listener, &accepted, &failed);
	ck_assert_uint_eq(accepted, 1);
	ck_assert_uint_eq(failed, 0);
	stop(r);
	listener_close(set);
	listener_stop(NULL);
}
END_TEST

START_TEST(test_burst)
{
	struct listener_set *set = open_one(config("telnet://127.0.0.1:0"));
	struct running r = start(set, 90);
	int fds[80];

	for (size_t i = 0; i < COUNT(fds); i++) {
		fds[i] = dial(port_of(set, 0));
		ck_assert_int_eq(write(fds[i], "/hold\n", 6), 6);
	}
	for (size_t i = 0; i < COUNT(fds); i++)
		ask(fds[i]);
	stop(r);
	listener_close(set);
}
END_TEST

START_TEST(test_allow)
{
	struct net_prefix allowed[1];
	struct listener_config c = config("telnet://127.0.0.1:0");
	struct listener_set *set;
	struct running r;

	ck_assert_int_eq(net_prefix_parse("10.0.0.0/8", allowed, &why), 0);
	c.allow = allowed;
	c.n_allow = 1;
	set = open_one(c);
	ck_assert_int_eq(net_prefix_parse("127.0.0.0/8", allowed, &why),
			 0); /* it has its own copy */
	r = start(set, WORKERS);
	expect_all(dial(port_of(set, 0)), "");
	stop(r);
	listener_close(set);
	set = open_one(c);
	r = start(set, WORKERS);
	ask(dial(port_of(set, 0)));
	stop(r);
	listener_close(set);
	ck_assert_int_eq(box.executions, 1);
}
END_TEST

START_TEST(test_busy)
{
	struct access_limits limits = { .max_sessions = 17,
					.max_per_source = 9 }; /* 16 of them for Unix sockets */
	struct listener_config configs[] = { config("telnet://127.0.0.1:0"), unix_config() };
	struct listener_set *set = listener_open(configs, 2, NULL, &why);
	struct running r = start(set, 2);
	int held, other;

	access_set_limits(box.access, &limits);
	held = dial(port_of(set, 0));
	ck_assert_int_eq(write(held, "/hold\necho up\n", 14), 14);
	until(box.executions == 1);
	expect_all(dial(port_of(set, 0)), busy);
	/* A place for a Unix socket there is, and the last worker; then there is none. */
	other = dial_unix();
	ck_assert_int_eq(write(other, "/hold\necho up\n", 14), 14);
	until(box.executions == 2);
	expect_all(dial_unix(), busy);
	ck_assert_uint_eq(access_sessions(box.access), 2);
	close(held);
	until(access_sessions(box.access) == 1);
	close(other);
	until(access_sessions(box.access) == 0);
	pool_set_max(r.pool, WORKERS);
	ask(dial(port_of(set, 0)));
	stop(r);
	listener_close(set);
}
END_TEST

/* --- sets exchanged --- */

START_TEST(test_use)
{
	struct listener_config configs[3] = { config("telnet://127.0.0.1:0"), unix_config() };
	struct listener_set *first = listener_open(configs, 2, NULL, &why), *second, *third;
	struct running r = start(first, WORKERS);
	unsigned kept = port_of(first, 0), new_port;
	struct stat before, after;

	ck_assert_int_eq(stat(path, &before), 0);
	ask(dial(kept));
	/* What is there in both stays open, and is not told from what it was. */
	configs[2] = config("telnet://[::1]:0");
	configs[2] = config("telnet://127.0.0.2:0");
	second = listener_open(configs, 3, first, &why);
	ck_assert_ptr_nonnull(second);
	ck_assert_uint_eq(port_of(second, 0), kept);
	listener_use(r.listener, second);
	listener_close(first);
	ask(dial(kept));
	ask(dial_unix());
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_uint_eq(after.st_ino, before.st_ino);
	/* A set that cannot be had changes nothing. */
	configs[2] = config("telnet://192.0.2.1:0");
	ck_assert_ptr_null(listener_open(configs, 3, second, &why));
	ask(dial(kept));
	ask(dial_unix());
	/* And what is gone is closed. */
	configs[0] = config("telnet://127.0.0.3:0");
	third = listener_open(configs, 1, second, &why);
	ck_assert_ptr_nonnull(third);
	listener_use(r.listener, third);
	listener_close(second);
	new_port = port_of(third, 0);
	ck_assert_int_eq(dial(kept), -1);
	ck_assert_int_eq(access(path, F_OK), -1);
	ck_assert_uint_ne(new_port, 0);
	stop(r);
	listener_close(third);
}
END_TEST

/* Goes on with what is configured, in the place of *set. */
static void
use(struct running r, struct listener_config *configs, size_t n, struct listener_set **set)
{
	struct listener_set *next = listener_open(configs, n, *set, &why);

	ck_assert_msg(next != NULL, "%s", buf_str(&why));
	listener_use(r.listener, next);
	listener_close(*set);
	*set = next;
}

static struct listener_config
config_at(const char *host, unsigned port)
{
	char url[64];

	snprintf(url, sizeof(url), "telnet://%s:%u", host, port);
	return config(url);
}

/* The old socket is in the way of the new one until it rests. */
START_TEST(test_use_the_same_port)
{
	struct listener_set *set = open_one(config("telnet://127.0.0.1:0"));
	struct running r = start(set, WORKERS);
	unsigned port = port_of(set, 0);
	struct listener_config any = config_at("*", port), one = config_at("127.0.0.1", port),
			       named[] = { config_at("127.0.0.2", port), one },
			       both[] = { any, one };
	struct listener_config broken[] = { any, config("telnet://192.0.2.1:0") };
	uint64_t accepted, failed;
	int held = dial(port);

	ck_assert_int_eq(write(held, "/hold\necho up\n", 14), 14);
	until(box.executions == 1);
	/* Also one whose port the system chose. */
	ck_assert_ptr_null(listener_open(broken, 2, set, &why));
	listener_use(r.listener, set);
	ask(dial(port));
	for (int i = 0; i < 20; i++) {
		use(r, &any, 1, &set);
		ck_assert_ptr_eq(strstr(set->sockets[0].url, "telnet://0.0.0.0:"),
				 set->sockets[0].url);
		ask(dial(port));
		use(r, i % 2 ? &one : named, i % 2 ? 1 : 2, &set);
		ask(dial(port));
		/* What cannot be had changes nothing, whether it had to make room or not. */
		ck_assert_ptr_null(listener_open(broken, 2, set, &why));
		listener_use(r.listener, set);
		ask(dial(port));
	}
	/* One that stays is in the way for good. */
	use(r, &one, 1, &set);
	buf_clear(&why);
	ck_assert_ptr_null(listener_open(both, 2, set, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "Address already in use"));
	ask(dial(port));
	/* A default that cannot be had takes nothing with it. */
	both[0].asked = false;
	use(r, both, 2, &set);
	ck_assert_uint_eq(set->n, 1);
	ask(dial(port));
	listener_counts(r.listener, &accepted, &failed);
	ck_assert_uint_eq(accepted, 2 + 20 * 3 + 2);
	close(held);
	stop(r);
	listener_close(set);
}
END_TEST

START_TEST(test_use_under_load)
{
	struct listener_config c = config("telnet://127.0.0.1:0");
	struct listener_set *set = open_one(c), *next;
	struct running r = start(set, WORKERS);

	for (int i = 0; i < 200; i++) {
		int fd = dial(port_of(set, 0));

		next = listener_open(&c, 1, set, &why);
		ck_assert_ptr_nonnull(next);
		listener_use(r.listener, next);
		listener_close(set);
		set = next;
		ask(fd);
	}
	stop(r);
	listener_close(set);
	ck_assert_int_eq(box.executions, 200);
}
END_TEST

/* --- no descriptors left --- */

/* Every descriptor that the process may have; fd is what they are copies of. */
struct taken {
	struct rlimit limit;
	int fds[256], n;
};

static void
take_descriptors(struct taken *t, int fd)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &t->limit), 0);
	limit = t->limit;
	limit.rlim_cur = 200;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	t->n = 0;
	while (t->n < (int)COUNT(t->fds) && (t->fds[t->n] = fcntl(fd, F_DUPFD_CLOEXEC, 0)) >= 0)
		t->n++;
	ck_assert_int_lt(t->n, (int)COUNT(t->fds));
}

static void
give_descriptor(struct taken *t)
{
	ck_assert_int_gt(t->n, 0);
	close(t->fds[--t->n]);
}

static void
give_descriptors(struct taken *t)
{
	while (t->n > 0)
		give_descriptor(t);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &t->limit), 0);
}

static void
expect_busy(int fd, int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char bytes[sizeof(busy)];

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	ck_assert_int_eq(recv(fd, bytes, sizeof(busy) - 1, MSG_WAITALL), sizeof(busy) - 1);
	ck_assert_mem_eq(bytes, busy, sizeof(busy) - 1);
}

START_TEST(test_out_of_descriptors)
{
	struct listener_set *set = open_one(config("telnet://127.0.0.1:0"));
	struct running r = start(set, WORKERS);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct taken taken;
	uint64_t accepted, failed;

	ask(dial(port_of(set, 0)));
	until(access_sessions(box.access) == 0);
	take_descriptors(&taken, fd);
	expect_busy(fd, port_of(set, 0));
	listener_counts(r.listener, &accepted, &failed);
	ck_assert_uint_eq(accepted, 1);
	ck_assert_uint_eq(failed, 1);
	give_descriptors(&taken);
	close(fd);
	/* After its pause it goes on. */
	ask(dial(port_of(set, 0)));
	stop(r);
	listener_close(set);
}
END_TEST

/* The last descriptor is for telling peers that there is none. */
START_TEST(test_the_spare_descriptor_comes_first)
{
	struct listener_set *set = open_one(config("telnet://127.0.0.1:0"));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct taken taken;
	struct running r;
	uint64_t accepted, failed;

	take_descriptors(&taken, fd);
	give_descriptor(&taken); /* to be woken by, but none to spare */
	r = start(set, WORKERS);
	give_descriptor(&taken);
	expect_busy(fd, port_of(set, 0));
	listener_counts(r.listener, &accepted, &failed);
	ck_assert_uint_eq(accepted, 0);
	give_descriptors(&taken);
	close(fd);
	ask(dial(port_of(set, 0)));
	stop(r);
	listener_close(set);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("listener");
	TCase *c = tcase_create("listener");
	SRunner *r;
	int failed;

	tcase_set_timeout(c, 120);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, test_options_are_inherited);
	tcase_add_test(c, test_urls);
	tcase_add_test(c, test_any_address);
	tcase_add_test(c, test_open_fails);
	tcase_add_test(c, test_address_named_twice);
	tcase_add_test(c, test_silent_resolver);
	tcase_add_test(c, test_silent_resolver_at_the_end);
	tcase_add_test(c, test_any_port_twice);
	tcase_add_test(c, test_unix);
	tcase_add_test(c, test_unix_replaces_what_is_stale);
	tcase_add_test(c, test_unix_refuses_what_is_no_socket);
	tcase_add_test(c, test_unix_directory);
	tcase_add_test(c, test_unix_race);
	tcase_add_test(c, test_accepts);
	tcase_add_test(c, test_burst);
	tcase_add_test(c, test_allow);
	tcase_add_test(c, test_busy);
	tcase_add_test(c, test_use);
	tcase_add_test(c, test_use_the_same_port);
	tcase_add_test(c, test_use_under_load);
	tcase_add_test(c, test_out_of_descriptors);
	tcase_add_test(c, test_the_spare_descriptor_comes_first);
	suite_add_tcase(s, c);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
