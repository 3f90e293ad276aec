/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * network -- traffic of each interface from /proc/net/dev, and what /sys/class/net says of it. The
 * counters are one file for all interfaces; state, size and speed are several files for each, so
 * they are read when an interface turns up and at every tenth sample, and may be ten samples old.
 * /proc/net/dev adds what the kernel missed to `drop`, so its sums differ from those of ip(8).
 */
#include <telmon/plugin.h>

#include <errno.h>
#include <stdio.h>

enum { NAME_SIZE = 64, TEXT_SIZE = 64, MAX_INTERFACES = 8192, LOOK_AGAIN = 10, N_FIELDS = 16 };

/* The first N_FIELDS are the numbers of a line, in its order. */
enum {
	RX_BYTES,
	RX_PACKETS,
	RX_ERRS,
	RX_DROP,
	RX_FIFO,
	RX_FRAME,
	RX_COMPRESSED,
	RX_MULTICAST,
	TX_BYTES,
	TX_PACKETS,
	TX_ERRS,
	TX_DROP,
	TX_FIFO,
	TX_COLLS,
	TX_CARRIER,
	TX_COMPRESSED,
	UP,
	MTU,
	SPEED,
	INFO,
};

#define COUNT(n, u, what)                                                                          \
	{                                                                                          \
		.name = "network_" n "_total", .kind = TELMON_COUNTER, .unit = u,                  \
		.labels = "device", .help = what, .source = "/proc/net/dev"                        \
	}
#define FROM_SYS(file) .labels = "device", .source = "/sys/class/net/*/" file ", every tenth sample"

static const struct telmon_metric metrics[] = {
	[RX_BYTES] = COUNT("receive_bytes", TELMON_BYTES, "Bytes received"),
	[RX_PACKETS] = COUNT("receive_packets", TELMON_NONE, "Packets received"),
	[RX_ERRS] = COUNT("receive_errs", TELMON_NONE, "Packets received with an error"),
	[RX_DROP] = COUNT("receive_drop", TELMON_NONE,
			  "Packets received and dropped, or missed by the device"),
	[RX_FIFO] = COUNT("receive_fifo", TELMON_NONE,
			  "Packets lost because the device's queue was full"),
	[RX_FRAME] = COUNT("receive_frame", TELMON_NONE,
			   "Packets with a length, overrun, checksum or frame error"),
	[RX_COMPRESSED] = COUNT("receive_compressed", TELMON_NONE, "Compressed packets received"),
	[RX_MULTICAST] = COUNT("receive_multicast", TELMON_NONE, "Multicast packets received"),
	[TX_BYTES] = COUNT("transmit_bytes", TELMON_BYTES, "Bytes sent"),
	[TX_PACKETS] = COUNT("transmit_packets", TELMON_NONE, "Packets sent"),
	[TX_ERRS] = COUNT("transmit_errs", TELMON_NONE,
			  "Packets that could not be sent because of an error"),
	[TX_DROP] = COUNT("transmit_drop", TELMON_NONE, "Packets dropped before they were sent"),
	[TX_FIFO] = COUNT("transmit_fifo", TELMON_NONE,
			  "Packets lost because the device's queue ran dry"),
	[TX_COLLS] = COUNT("transmit_colls", TELMON_NONE, "Collisions"),
	[TX_CARRIER] = COUNT("transmit_carrier", TELMON_NONE,
			     "Packets lost with the carrier, or to a window or heartbeat error"),
	[TX_COMPRESSED] = COUNT("transmit_compressed", TELMON_NONE, "Compressed packets sent"),
	[UP] = { .name = "network_up",
		 .kind = TELMON_GAUGE,
		 .help = "1 when the interface's state is up, else 0",
		 FROM_SYS("operstate") },
	[MTU] = { .name = "network_mtu_bytes",
		  .kind = TELMON_GAUGE,
		  .unit = TELMON_BYTES,
		  .help = "Largest packet that goes out whole",
		  FROM_SYS("mtu") },
	[SPEED] = { .name = "network_speed_bytes",
		    .kind = TELMON_GAUGE,
		    .unit = TELMON_BYTES_PER_S,
		    .help = "Speed of the link, a second",
		    FROM_SYS("speed"),
		    .formula = "Mbit/s * 1000000 / 8" },
	[INFO] = { .name = "network_info",
		   .kind = TELMON_INFO,
		   .labels = "device,address,duplex,operstate",
		   .help = "What is known of the interface in words",
		   .source = "/sys/class/net/*/{address,duplex,operstate}, every tenth sample" },
};

struct interface {
	unsigned looked_at; /* sample number; 0 = never */
	double mtu, speed;  /* NaN = unknown */
	char name[NAME_SIZE], operstate[TEXT_SIZE], address[TEXT_SIZE], duplex[TEXT_SIZE];
};

struct state {
	struct interface *interfaces; /* in the order of the file, as of the last sample */
	size_t n, cap;
	unsigned samples;
};

static int
start(struct telmon *t)
{
	return telmon_new_state(t, sizeof(struct state));
}

static void
stop(struct telmon *t)
{
	struct state *s = t->state;

	free(s->interfaces);
	free(s);
}

/* One line of /sys/class/net/NAME/FILE; "" when there is none or it is too long. */
static void
read_sys(struct telmon *t, const char *name, const char *file, char *ret, size_t size)
{
	char path[2 * NAME_SIZE + 32];
	const char *at, *line;
	struct telmon_file f;
	size_t n;

	ret[0] = '\0';
	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, file);
	if (telmon_read(t, path, &f) < 0)
		return;
	at = f.text;
	line = telmon_next_line(&at);
	n = line ? (size_t)(at - line) - 1 : 0;
	if (n < size) {
		memcpy(ret, f.text, n);
		ret[n] = '\0';
	}
}

static double
read_sys_number(struct telmon *t, const char *name, const char *file)
{
	char text[TEXT_SIZE];
	const char *at = text;
	double v;

	read_sys(t, name, file, text, sizeof(text));
	v = telmon_number(&at);
	return v >= 0 ? v : NAN;
}

/* A link that is down says speed -1, or nothing. */
static void
look_at(struct telmon *t, struct interface *f)
{
	if (strchr(f->name, '/') || f->name[0] == '.')
		return;
	read_sys(t, f->name, "operstate", f->operstate, sizeof(f->operstate));
	read_sys(t, f->name, "address", f->address, sizeof(f->address));
	read_sys(t, f->name, "duplex", f->duplex, sizeof(f->duplex));
	f->mtu = read_sys_number(t, f->name, "mtu");
	f->speed = read_sys_number(t, f->name, "speed") * 1e6 / 8;
}

static bool
make_room(struct state *s)
{
	size_t cap = s->cap ? 2 * s->cap : 8;
	struct interface *p;

	if (s->n < s->cap)
		return true;
	if (s->n >= MAX_INTERFACES || !(p = realloc(s->interfaces, cap * sizeof(*p))))
		return false;
	s->interfaces = p;
	s->cap = cap;
	return true;
}

/* The interface of line number `at` of this sample, moved there if it stood elsewhere. What stays
 * behind the last line is gone. NULL: no memory. */
static struct interface *
find_interface(struct state *s, const char *name, size_t size, size_t at)
{
	struct interface found = { .mtu = NAN, .speed = NAN };
	size_t i = at;

	while (i < s->n &&
	       (strncmp(s->interfaces[i].name, name, size) != 0 || s->interfaces[i].name[size]))
		i++;
	if (i == at && i < s->n)
		return &s->interfaces[at];
	if (i < s->n) {
		found = s->interfaces[i];
	} else {
		if (!make_room(s))
			return NULL;
		memcpy(found.name, name, size);
		s->n++;
	}
	memmove(&s->interfaces[at + 1], &s->interfaces[at], (i - at) * sizeof(found));
	s->interfaces[at] = found;
	return &s->interfaces[at];
}

static void
put_interface(struct telmon *t, const struct interface *f)
{
	const char *const info[] = { f->name, f->address, f->duplex, f->operstate };

	telmon_put1(t, MTU, f->name, f->mtu);
	telmon_put1(t, SPEED, f->name, f->speed);
	if (!f->operstate[0])
		return;
	telmon_put1(t, UP, f->name, strcmp(f->operstate, "up") == 0);
	telmon_put_labels(t, INFO, info, 4, 1);
}

/* "  eth0: 29618054 734 ...". Names may hold colons, and old kernels put no blank behind the last
 * one. False when the line is none of an interface. */
static bool
take_line(struct telmon *t, const char *line, size_t size, size_t at)
{
	struct state *s = t->state;
	const char *name = line + strspn(line, " "), *colon = memrchr(line, ':', size), *rest;
	double fields[N_FIELDS];
	struct interface *f;

	if (!colon || colon <= name || colon - name >= NAME_SIZE)
		return false;
	rest = colon + 1;
	for (unsigned i = 0; i < N_FIELDS; i++)
		if (isnan(fields[i] = telmon_number(&rest)))
			return false;
	f = find_interface(s, name, (size_t)(colon - name), at);
	if (!f)
		return false;
	if (f->looked_at == 0 || s->samples - f->looked_at >= LOOK_AGAIN) {
		f->looked_at = s->samples;
		look_at(t, f);
	}
	for (unsigned i = 0; i < N_FIELDS; i++)
		telmon_put1(t, i, f->name, fields[i]);
	put_interface(t, f);
	return true;
}

static int
collect(struct telmon *t)
{
	struct state *s = t->state;
	const char *at, *line;
	struct telmon_file f;
	size_t found = 0;
	int r = telmon_read(t, "/proc/net/dev", &f);

	if (r < 0)
		return telmon_fail(t, r, "/proc/net/dev cannot be read");
	if (++s->samples == 0)
		s->samples = 1;
	for (at = f.text; (line = telmon_next_line(&at));)
		found += take_line(t, line, (size_t)(at - line) - 1, found);
	s->n = found;
	return 0;
}

static const struct telmon_column columns[] = {
	{ .name = "interface", .type = TELMON_TEXT, .help = "Name of the interface" },
	{ .name = "state",
	  .type = TELMON_TEXT,
	  .priority = 2,
	  .help = "up, down, dormant, ...; unknown for those without a link",
	  .formula = "/sys/class/net/*/operstate" },
	{ .name = "rx_bytes_per_s",
	  .type = TELMON_REAL,
	  .unit = TELMON_BYTES_PER_S,
	  .priority = 1,
	  .help = "Bytes received",
	  .formula = "growth / interval; a counter of 32 bits may wrap" },
	{ .name = "tx_bytes_per_s",
	  .type = TELMON_REAL,
	  .unit = TELMON_BYTES_PER_S,
	  .priority = 1,
	  .help = "Bytes sent",
	  .formula = "growth / interval; a counter of 32 bits may wrap" },
	{ .name = "rx_packets_per_s",
	  .type = TELMON_REAL,
	  .unit = TELMON_PER_S,
	  .priority = 4,
	  .help = "Packets received" },
	{ .name = "tx_packets_per_s",
	  .type = TELMON_REAL,
	  .unit = TELMON_PER_S,
	  .priority = 4,
	  .help = "Packets sent" },
	{ .name = "rx_errors",
	  .type = TELMON_INT,
	  .priority = 3,
	  .help = "Packets received with an error, since boot" },
	{ .name = "rx_dropped",
	  .type = TELMON_INT,
	  .priority = 5,
	  .help = "Packets received and dropped or missed, since boot" },
	{ .name = "tx_errors",
	  .type = TELMON_INT,
	  .priority = 3,
	  .help = "Packets not sent because of an error, since boot" },
	{ .name = "tx_dropped",
	  .type = TELMON_INT,
	  .priority = 5,
	  .help = "Packets dropped before they were sent, since boot" },
	{ .name = "mtu", .type = TELMON_INT, .priority = 7, .help = "Largest packet in bytes" },
	{ .name = "speed_bits_per_s",
	  .type = TELMON_REAL,
	  .unit = TELMON_BITS_PER_S,
	  .priority = 6,
	  .help = "Speed of the link; unknown when it is down or has none",
	  .formula = "/sys/class/net/*/speed * 1000000" },
};

/* Some drivers count bytes in 32 bits: a fall from their upper half that the link could have
 * carried is a wrap. */
static double
byte_rate(struct telmon *t, unsigned metric, size_t i, double speed)
{
	const double range = 4294967296.0;
	double before = telmon_previous(t, metric, i), s = telmon_interval(t);
	double d = telmon_value(t, metric, i) - before;

	if (d < 0 && before < range && before > range / 2 && (d + range) / s <= speed)
		d += range;
	return d >= 0 && s > 0 ? d / s : NAN;
}

/* Where the view is in the metrics that not every interface has. They were put in the order of the
 * others. */
struct cursors {
	size_t info, mtu, speed;
};

/* The series of `name` at the cursor, which then moves on; -1 if another one stands there. */
static long
take_series(struct telmon *t, unsigned metric, const char *name, size_t *cursor)
{
	const char *label = telmon_label(t, metric, *cursor, 0);

	return label && strcmp(label, name) == 0 ? (long)(*cursor)++ : -1;
}

static double
take_value(struct telmon *t, unsigned metric, const char *name, size_t *cursor)
{
	long at = take_series(t, metric, name, cursor);

	return at < 0 ? NAN : telmon_value(t, metric, (size_t)at);
}

/* A line is put with all of its numbers: i is the same interface in each of their metrics. */
static int
row_interface(struct telmon *t, size_t i, struct cursors *c)
{
	const char *name = telmon_label(t, RX_BYTES, i, 0);
	double mtu = take_value(t, MTU, name, &c->mtu),
	       speed = take_value(t, SPEED, name, &c->speed);
	long info = take_series(t, INFO, name, &c->info);
	int r = telmon_row(t);

	telmon_text(t, name);
	telmon_text(t, info < 0 ? NULL : telmon_label(t, INFO, (size_t)info, 3));
	telmon_real(t, byte_rate(t, RX_BYTES, i, speed));
	telmon_real(t, byte_rate(t, TX_BYTES, i, speed));
	telmon_real(t, telmon_rate(t, RX_PACKETS, i));
	telmon_real(t, telmon_rate(t, TX_PACKETS, i));
	telmon_real(t, telmon_value(t, RX_ERRS, i));
	telmon_real(t, telmon_value(t, RX_DROP, i));
	telmon_real(t, telmon_value(t, TX_ERRS, i));
	telmon_real(t, telmon_value(t, TX_DROP, i));
	telmon_real(t, mtu);
	telmon_real(t, speed * 8);
	return r;
}

static int
view_network(struct telmon *t)
{
	size_t n = telmon_count(t, RX_BYTES);
	struct cursors c = { 0, 0, 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = row_interface(t, i, &c);
	return r;
}

static const struct telmon_command commands[] = {
	{ .name = "network",
	  .help = "Traffic of each interface",
	  .view = view_network,
	  TELMON_COLUMNS(columns) },
};

TELMON_PLUGIN = {
	TELMON_PLUGIN_HEAD,
	.version = "1",
	.help = "Traffic and state of network interfaces",
	.mode = TELMON_SAMPLED,
	.start = start,
	.stop = stop,
	.collect = collect,
	TELMON_METRICS(metrics),
	TELMON_COMMANDS(commands),
};
