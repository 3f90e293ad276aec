/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * tcp-service -- asks a TCP service whether it lives: how long a connection takes, and the first
 * line that it says. That it does not answer is what this plugin is there to tell, not a failure of
 * the plugin: it is a value (up = 0) and a status. It waits in small pieces and asks
 * telmon_cancelled() between them, so that nobody waits for it.
 */
#include <telmon/plugin.h>

#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { UP, CONNECT, BANNER };

static const struct telmon_metric metrics[] = {
	[UP] = { .name = "tcp_service_up",
		 .help = "Whether the service takes connections",
		 .kind = TELMON_GAUGE,
		 .labels = "service",
		 .source = "connect(2): 1 when it succeeds within the setting timeout" },
	[CONNECT] = { .name = "tcp_service_connect_seconds",
		      .help = "Time until the connection stood",
		      .kind = TELMON_GAUGE,
		      .unit = TELMON_SECONDS,
		      .labels = "service",
		      .source = "connect(2)" },
	[BANNER] = { .name = "tcp_service_banner_info",
		     .help = "First line that the service says unasked",
		     .kind = TELMON_INFO,
		     .labels = "service,banner",
		     .source = "recv(2)" },
};

/* What came of one attempt. */
struct answer {
	double connect_s; /* NaN: no connection */
	char banner[200]; /* "" = it said nothing */
	char error[100];  /* "" = none */
};

/* ---- the network ---- */

/* Waits until the socket is ready, `until` on telmon_clock() is there, or nobody cares. 0 or
 * -errno. */
static int
wait_for(struct telmon *t, int fd, short events, double until)
{
	struct pollfd p = { .fd = fd, .events = events, .revents = 0 };

	for (;;) {
		if (telmon_cancelled(t))
			return -ECANCELED;
		if (poll(&p, 1, 50) > 0)
			return 0;
		if (telmon_clock(t) >= until)
			return -ETIMEDOUT;
	}
}

static int
connect_one(struct telmon *t, const struct addrinfo *a, double until)
{
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
			a->ai_protocol);
	int r = 0, error = 0;
	socklen_t size = sizeof(error);

	if (fd < 0)
		return -errno;
	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0)
		r = errno == EINPROGRESS ? wait_for(t, fd, POLLOUT, until) : -errno;
	if (r == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0)
		r = -error;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

/* Text of somebody else's: telmon cleans it before anybody sees it. */
static void
read_banner(struct telmon *t, int fd, double until, struct answer *ret)
{
	size_t n = 0;

	while (n < sizeof(ret->banner) - 1 && wait_for(t, fd, POLLIN, until) == 0) {
		ssize_t got = recv(fd, ret->banner + n, sizeof(ret->banner) - 1 - n, 0);

		if (got <= 0)
			break;
		n += (size_t)got;
		if (memchr(ret->banner, '\n', n))
			break;
	}
	ret->banner[n] = '\0';
	ret->banner[strcspn(ret->banner, "\r\n")] = '\0';
}

static void
say_error(struct answer *ret, const char *what)
{
	snprintf(ret->error, sizeof(ret->error), "%s", what);
}

static void
ask(struct telmon *t, const char *host, const char *port, double timeout, struct answer *ret)
{
	struct addrinfo hints, *list = NULL;
	double began = telmon_clock(t);
	int fd = -EHOSTUNREACH, r;

	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	*ret = (struct answer){ .connect_s = NAN };
	r = getaddrinfo(host, port, &hints, &list);
	if (r != 0) {
		say_error(ret, gai_strerror(r));
		return;
	}
	for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next)
		fd = connect_one(t, a, began + timeout);
	freeaddrinfo(list);
	if (fd < 0) {
		say_error(ret, strerror(-fd));
		return;
	}
	ret->connect_s = telmon_clock(t) - began;
	read_banner(t, fd, began + timeout, ret);
	close(fd);
}

/* ---- the sample ---- */

static double
timeout_of(struct telmon *t)
{
	const char *setting = telmon_setting(t, "timeout");
	double s = setting ? telmon_number(&setting) : 2;

	return s > 0 && s <= 8 ? s : 2;
}

static int
start(struct telmon *t)
{
	if (telmon_setting(t, "host") && telmon_setting(t, "port"))
		return 0;
	return telmon_fail(t, -EINVAL, "the settings host=... and port=... are wanted");
}

static int
collect(struct telmon *t)
{
	const char *host = telmon_setting(t, "host"), *port = telmon_setting(t, "port");
	struct answer a;
	char service[300];

	snprintf(service, sizeof(service), "%s:%s", host, port);
	ask(t, host, port, timeout_of(t), &a);
	if (telmon_cancelled(t))
		return -ECANCELED;
	telmon_put1(t, UP, service, isnan(a.connect_s) ? 0 : 1);
	telmon_put1(t, CONNECT, service, a.connect_s);
	telmon_put2(t, BANNER, service, isnan(a.connect_s) ? a.error : a.banner, 1);
	return 0;
}

/* ---- commands ---- */

static const struct telmon_column columns[] = {
	{ .name = "service", .help = "Host and port", .type = TELMON_TEXT },
	{ .name = "state", .help = "up or down", .type = TELMON_TEXT },
	{ .name = "connect_s",
	  .help = "Time until the connection stood",
	  .type = TELMON_REAL,
	  .unit = TELMON_SECONDS,
	  .warn = 0.5,
	  .crit = 2 },
	{ .name = "banner",
	  .help = "First line of the service, or why there is none",
	  .type = TELMON_TEXT,
	  .priority = 1 },
};

static int
view_service(struct telmon *t)
{
	int status = 0;

	for (size_t i = 0; i < telmon_count(t, UP); i++) {
		bool up = telmon_value(t, UP, i) == 1;

		telmon_row(t);
		telmon_text(t, telmon_label(t, UP, i, 0));
		telmon_text(t, up ? "up" : "down");
		telmon_real(t, telmon_value1(t, CONNECT, telmon_label(t, UP, i, 0)));
		telmon_text(t, telmon_label(t, BANNER, i, 1));
		status = up ? status : 2;
	}
	telmon_status(t, status);
	return 0;
}

enum { HOST, PORT, TIMEOUT };

static const struct telmon_arg probe_args[] = {
	[HOST] = { .name = "host", .help = "Name or address", .type = TELMON_TEXT },
	[PORT] = { .name = "port", .help = "Number or name of the port", .type = TELMON_TEXT },
	[TIMEOUT] = { .name = "seconds",
		      .help = "How long to wait",
		      .flag = 't',
		      .type = TELMON_REAL,
		      .def = "2",
		      .min = 0.1,
		      .max = 8 },
};

static int
run_probe(struct telmon *t)
{
	struct answer a;

	if (!telmon_arg_given(t, HOST) || !telmon_arg_given(t, PORT))
		return telmon_fail(t, -EINVAL, "which HOST and PORT?");
	ask(t, telmon_arg_text(t, HOST), telmon_arg_text(t, PORT), telmon_arg_real(t, TIMEOUT), &a);
	telmon_row(t);
	telmon_text(t, telmon_arg_text(t, HOST));
	telmon_text(t, isnan(a.connect_s) ? "down" : "up");
	telmon_real(t, a.connect_s);
	telmon_text(t, isnan(a.connect_s) ? a.error : a.banner);
	telmon_status(t, isnan(a.connect_s) ? 2 : 0);
	return 0;
}

static const struct telmon_command commands[] = {
	{ .name = "tcp-service",
	  .help = "Whether the configured service answers",
	  TELMON_COLUMNS(columns),
	  .view = view_service },
	{ .name = "tcp-probe",
	  .help = "Tries any service once",
	  TELMON_COLUMNS(columns),
	  TELMON_ARGS(probe_args),
	  .run = run_probe,
	  .deadline_s = 10 },
};

TELMON_PLUGIN = {
	TELMON_PLUGIN_HEAD,
	.version = "1",
	.help = "A TCP service: connect time and banner",
	.mode = TELMON_SAMPLED,
	.interval_s = 10,
	TELMON_METRICS(metrics),
	TELMON_COMMANDS(commands),
	.start = start,
	.collect = collect,
};
