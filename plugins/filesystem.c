/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * filesystem -- how full filesystems are: those that df(1) shows, with its numbers. Mounts come
 * from /proc/self/mountinfo; which of them are worth asking is decided from its text alone, because
 * even stat() on a dead mount hangs and on an automounter's wakes it. What mounts have been covered
 * by others is told by their parents, of several mounts of a device df's choice is kept. The host
 * asks them all together, so that a dead one is a row that says so, and takes nobody else's second.
 * Collected when somebody asks.
 */
#include <telmon/plugin.h>

#include <errno.h>

enum { SIZE, FREE, AVAILABLE, FILES, FILES_FREE, READ_ONLY, DEVICE_ERROR };

#define METRIC(n, u, what, how)                                                                    \
	{                                                                                          \
		.name = "filesystem_" n, .kind = TELMON_GAUGE, .unit = u, .help = what,            \
		.labels = "device,fstype,mountpoint", .formula = how,                              \
		.source = "statfs(2) of the mounts in /proc/self/mountinfo"                        \
	}

static const struct telmon_metric metrics[] = {
	[SIZE] = METRIC("size_bytes", TELMON_BYTES, "Size of the filesystem",
			"f_blocks * f_frsize"),
	[FREE] = METRIC("free_bytes", TELMON_BYTES,
			"Space that nothing uses, what is reserved for root included",
			"f_bfree * f_frsize"),
	[AVAILABLE] = METRIC("avail_bytes", TELMON_BYTES,
			     "Space that users other than root can have", "f_bavail * f_frsize"),
	[FILES] = METRIC("files", TELMON_NONE,
			 "Inodes there are; none for filesystems that do not count them",
			 "f_files"),
	[FILES_FREE] = METRIC("files_free", TELMON_NONE, "Inodes that nothing uses", "f_ffree"),
	[READ_ONLY] = METRIC("readonly", TELMON_NONE, "1 when mounted read-only, else 0",
			     "ST_RDONLY"),
	[DEVICE_ERROR] = { .name = "filesystem_device_error",
			   .kind = TELMON_GAUGE,
			   .labels = "device,fstype,mountpoint,device_error",
			   .source = "statfs(2)",
			   .help = "1 when the filesystem did not say how full it is, and why; "
				   "else 0" },
};

struct mount {
	double id, parent;
	const char *device_number; /* "254:0" */
	const char *root;	   /* the directory of the filesystem that is mounted */
	const char *point, *type, *device;
	const char *subvolume; /* of btrfs, else "": each has a device number of its own */
	struct mount *on;      /* what it hangs on; NULL for the first of all, or out of sight */
	bool buried;	       /* below another mount on its parent */
	bool hidden;   /* buried, hanging on one that is, or covered by one on its own place */
	bool may_hang; /* it, or one that it hangs on */
	size_t asked;  /* its place among those that are asked */
};

struct mounts {
	size_t n;
	struct mount *list;    /* in the order of the file */
	struct mount **sorted; /* room for n: by parent and point, then what is chosen */
};

/* ---- reading --------------------------------------------------------------------------- */

/* Takes a field, which ends at the next blank: an empty one is one. */
static char *
take_field(char **at)
{
	char *field = *at;
	size_t n = strcspn(field, " ");

	*at = field + n + (field[n] == ' ');
	field[n] = '\0';
	telmon_unescape(field);
	return field;
}

/* "36 35 98:0 /root /point rw,noatime shared:1 - ext4 /dev/sda1 rw" */
static bool
parse_mount(char *line, struct mount *ret)
{
	const char *id = take_field(&line), *parent = take_field(&line);

	ret->id = telmon_number(&id);
	ret->parent = telmon_number(&parent);
	if (isnan(ret->id) || isnan(ret->parent))
		return false;
	ret->device_number = take_field(&line);
	ret->root = take_field(&line);
	ret->point = take_field(&line);
	line = strstr(line, " - ");
	if (!line || ret->point[0] != '/')
		return false;
	line += 3;
	ret->type = take_field(&line);
	ret->device = take_field(&line);
	line = strcmp(ret->type, "btrfs") == 0 ? strstr(line, "subvolid=") : NULL;
	if (line)
		line[strcspn(line, ", ")] = '\0';
	ret->subvolume = line ? line : "";
	return ret->type[0] != '\0';
}

static int
read_mounts(struct telmon *t, struct mounts *ret)
{
	struct telmon_file f;
	const char *at;
	size_t lines = 0;
	char *text;
	int r = telmon_read(t, "/proc/self/mountinfo", &f);

	if (r < 0)
		return telmon_fail(t, r, "/proc/self/mountinfo cannot be read");
	for (at = f.text; telmon_next_line(&at);)
		lines++;
	text = telmon_alloc(t, f.size + 1);
	ret->list = telmon_alloc(t, (lines + 1) * sizeof(*ret->list));
	ret->sorted = telmon_alloc(t, (lines + 1) * sizeof(*ret->sorted));
	if (!text || !ret->list || !ret->sorted)
		return -ENOMEM;
	memcpy(text, f.text, f.size);
	for (char *end; (end = strchr(text, '\n')); text = end + 1) {
		*end = '\0';
		ret->n += parse_mount(text, &ret->list[ret->n]);
	}
	return 0;
}

/* ---- choosing -------------------------------------------------------------------------- */

static bool
is_one_of(const char *type, const char *const *types)
{
	while (*types && strcmp(*types, type) != 0)
		types++;
	return *types;
}

/* With the slash before all other characters, what lies below a directory follows it at once. */
static int
rank(char c)
{
	return c == '/' ? 1 : c ? (unsigned char)c + 1 : 0;
}

static int
by_parent_and_point(const void *a, const void *b)
{
	const struct mount *x = *(struct mount *const *)a, *y = *(struct mount *const *)b;
	const char *p = x->point, *q = y->point;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	while (*p && *p == *q)
		p++, q++;
	return rank(*p) - rank(*q);
}

static bool
is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && (path[n] == '/' || (n == 1 && path[n]));
}

static int
by_id(const void *a, const void *b)
{
	const struct mount *x = *(struct mount *const *)a, *y = *(struct mount *const *)b;

	return (x->id > y->id) - (x->id < y->id);
}

/* There may be thousands, each upon the one before. */
static void
find_parents(struct mounts *m)
{
	for (size_t i = 0; i < m->n; i++)
		m->sorted[i] = &m->list[i];
	qsort(m->sorted, m->n, sizeof(*m->sorted), by_id);
	for (size_t i = 0; i < m->n; i++) {
		struct mount *x = &m->list[i], wanted = { .id = x->parent }, *key = &wanted;
		struct mount **found = bsearch(&key, m->sorted, m->n, sizeof(*m->sorted), by_id);

		x->on = found && *found != x ? *found : NULL;
	}
}

/* Of two mounts on the same parent the one further up buries the one below it. */
static void
bury_below_siblings(struct mounts *m)
{
	const struct mount *above = NULL;

	for (size_t i = 0; i < m->n; i++)
		m->sorted[i] = &m->list[i];
	qsort(m->sorted, m->n, sizeof(*m->sorted), by_parent_and_point);
	for (size_t i = 0; i < m->n; i++) {
		struct mount *x = m->sorted[i];

		if (above && above->parent == x->parent && is_below(x->point, above->point))
			x->buried = true;
		else
			above = x;
	}
}

/* Filesystems of disks, which have device numbers, and of the kernel's own making answer from
 * memory. Whatever else there is may have somebody to wait for. */
static bool
is_own(const struct mount *m)
{
	static const char *const types[] = { "btrfs", "devtmpfs", "overlay", "ramfs",
					     "tmpfs", "zfs",	  NULL };

	return strncmp(m->device_number, "0:", 2) != 0 || is_one_of(m->type, types);
}

/* What a mount hangs on hides it, and keeps it waiting. One over another on the same place is the
 * other's child. The depth is bounded for the sake of files that lie. */
static void
mark(struct mounts *m)
{
	find_parents(m);
	bury_below_siblings(m);
	for (size_t i = 0; i < m->n; i++) {
		struct mount *x = &m->list[i], *at = x->on;

		if (at && strcmp(at->point, x->point) == 0)
			at->hidden = true;
		at = x;
		for (int depth = 0; at && depth < 256; depth++, at = at->on) {
			x->hidden = x->hidden || at->buried;
			x->may_hang = x->may_hang || !is_own(at);
		}
	}
}

/* Those that df calls dummies, and those that have no size for sure. */
static bool
is_dummy(const char *type)
{
	static const char *const types[] = {
		"autofs",      "proc",	 "subfs",      "debugfs", "devpts",	 "fusectl",
		"fuse.portal", "mqueue", "rpc_pipefs", "sysfs",	  "devfs",	 "kernfs",
		"ignore",      "none",	 "cgroup",     "cgroup2", "binfmt_misc", "bpf",
		"configfs",    "nsfs",	 "pipefs",     "pstore",  "securityfs",	 "selinuxfs",
		"smackfs",     "sockfs", "tracefs",    NULL,
	};

	return is_one_of(type, types);
}

static bool
is_remote(const struct mount *m)
{
	static const char *const always[] = { "acfs", "afs",   "coda",	"auristorfs", "fhgfs",
					      "gpfs", "ibrix", "ocfs2", "vxfs",	      NULL };
	static const char *const shares[] = { "cifs", "smb3", "smbfs", NULL };

	return strchr(m->device, ':') || strcmp(m->device, "-hosts") == 0 ||
	       is_one_of(m->type, always) ||
	       (strncmp(m->device, "//", 2) == 0 && is_one_of(m->type, shares));
}

static bool
same_device(const struct mount *a, const struct mount *b)
{
	return strcmp(a->device_number, b->device_number) == 0 &&
	       strcmp(a->subvolume, b->subvolume) == 0;
}

/* Whether df would rather show the later of two mounts of one device: it likes devices with a path,
 * then what is mounted nearer to / unless it shows less of the filesystem. */
static bool
is_better(const struct mount *seen, const struct mount *later)
{
	bool nearer = strlen(seen->point) > strlen(later->point);
	bool shows_less = strlen(seen->root) < strlen(later->root);

	return (strchr(later->device, '/') && !strchr(seen->device, '/')) ||
	       (nearer && !shows_less) ||
	       (strcmp(seen->device, later->device) != 0 && strcmp(seen->point, later->point) == 0);
}

/* Servers that export several directories of one device are all shown. */
static bool
both_wanted(const struct mount *a, const struct mount *b)
{
	return is_remote(a) && is_remote(b) && strcmp(a->device, b->device) != 0;
}

/* Fills sorted with what is to be shown; a better mount takes the place of the one it stands for.
 * Returns their number. */
static size_t
choose(struct mounts *m)
{
	size_t chosen = 0;

	for (size_t i = 0; i < m->n; i++) {
		struct mount *x = &m->list[i];
		size_t seen = chosen;

		if (x->hidden || is_dummy(x->type))
			continue;
		while (seen > 0 && !same_device(m->sorted[seen - 1], x))
			seen--;
		if (seen == 0 || both_wanted(m->sorted[seen - 1], x))
			m->sorted[chosen++] = x;
		else if (is_better(m->sorted[seen - 1], x))
			m->sorted[seen - 1] = x;
	}
	return chosen;
}

/* ---- asking ---------------------------------------------------------------------------- */

/* As df does, says nothing of what has no size, and of places where the asker may not go. */
static void
put_mount(struct telmon *t, const struct mount *m, int r, const struct telmon_statfs *s)
{
	const char *const error = r == 0	    ? ""
				  : r == -ETIMEDOUT ? "no answer"
				  : r == -EBUSY	    ? "not probed"
						    : strerror(-r);
	const char *const labels[] = { m->device, m->type, m->point, error };
	const double values[] = {
		[SIZE] = (double)s->size_bytes,
		[FREE] = (double)s->free_bytes,
		[AVAILABLE] = (double)s->available_bytes,
		[FILES] = s->files ? (double)s->files : NAN,
		[FILES_FREE] = s->files ? (double)s->files_free : NAN,
		[READ_ONLY] = s->read_only,
	};

	if (r == -EACCES || r == -ENOENT || (r == 0 && s->size_bytes == 0))
		return;
	telmon_put_labels(t, DEVICE_ERROR, labels, 4, r < 0);
	for (unsigned i = 0; r == 0 && i < DEVICE_ERROR; i++)
		telmon_put_labels(t, i, labels, 3, values[i]);
}

/* Asks the n that are chosen; last those that may hang. */
static int
ask(struct telmon *t, struct mounts *m, size_t n)
{
	const char **points = telmon_alloc(t, n * sizeof(*points));
	struct telmon_statfs *stats = telmon_alloc(t, n * sizeof(*stats));
	int *errors = telmon_alloc(t, n * sizeof(*errors)), r;
	size_t asked = 0;

	if (!points || !stats || !errors)
		return -ENOMEM;
	for (int may_hang = 0; may_hang < 2; may_hang++) {
		for (size_t i = 0; i < n; i++) {
			if (m->sorted[i]->may_hang != may_hang)
				continue;
			points[asked] = m->sorted[i]->point;
			m->sorted[i]->asked = asked++;
		}
	}
	r = telmon_statfs_many(t, points, n, stats, errors);
	for (size_t i = 0; r == 0 && i < n; i++) {
		size_t at = m->sorted[i]->asked;

		put_mount(t, m->sorted[i], errors[at], &stats[at]);
	}
	return r;
}

static int
collect(struct telmon *t)
{
	struct mounts m = { .n = 0 };
	int r = read_mounts(t, &m);

	if (r < 0)
		return r;
	mark(&m);
	return ask(t, &m, choose(&m));
}

/* ---- the table ------------------------------------------------------------------------- */

#define NUMBER(n, u, p, ...)                                                                       \
	{                                                                                          \
		.name = n, .type = TELMON_INT, .unit = u, .priority = p, __VA_ARGS__               \
	}
#define FULL .warn = 85, .crit = 95

static const struct telmon_column columns[] = {
	{ .name = "mount", .type = TELMON_TEXT, .help = "Where it is mounted" },
	{ .name = "device", .type = TELMON_TEXT, .priority = 5, .help = "What is mounted" },
	{ .name = "type", .type = TELMON_TEXT, .priority = 6, .help = "Type of the filesystem" },
	NUMBER("size_bytes", TELMON_BYTES, 3, .help = "Size", .formula = "f_blocks * f_frsize"),
	NUMBER("used_bytes", TELMON_BYTES, 4, .help = "Space that is used",
	       .formula = "(f_blocks - f_bfree) * f_frsize"),
	NUMBER("available_bytes", TELMON_BYTES, 1,
	       .help = "Space that users other than root can have",
	       .formula = "f_bavail * f_frsize"),
	NUMBER("used_percent", TELMON_PERCENT, 0, FULL,
	       .help = "Used share of what users can have, rounded up as df does",
	       .formula = "100 * used / (used + available)"),
	NUMBER("inodes", TELMON_NONE, 8,
	       .help = "Inodes there are; unknown where they are not counted",
	       .formula = "f_files"),
	NUMBER("inodes_used_percent", TELMON_PERCENT, 7, FULL,
	       .help = "Used share of the inodes, rounded up as df does",
	       .formula = "100 * (f_files - f_ffree) / f_files"),
	{ .name = "state",
	  .type = TELMON_TEXT,
	  .priority = 2,
	  .help = "ok, read-only, no answer (a dead server), not probed (too many of those), or "
		  "the error's text" },
};

/* Of the mount with these labels. */
static double
value_of(struct telmon *t, unsigned metric, const char *const *labels)
{
	long at = telmon_find(t, metric, labels, 3);

	return at < 0 ? NAN : telmon_value(t, metric, (size_t)at);
}

/* Rounded up as df does, with the bits that it takes for 50 to be 50. */
static double
percent(double used, double available)
{
	double total = used + available;
	long double share = 100.0L * used / total;

	if (!(used >= 0 && available >= 0 && total > 0))
		return NAN;
	return (int)share + (share > (int)share);
}

static int
row_mount(struct telmon *t, size_t i)
{
	const char *labels[4];
	double size, used, available, files, files_free;
	int r = telmon_row(t);

	for (size_t which = 0; which < 4; which++)
		labels[which] = telmon_label(t, DEVICE_ERROR, i, which);
	size = value_of(t, SIZE, labels);
	used = size - value_of(t, FREE, labels);
	available = value_of(t, AVAILABLE, labels);
	files = value_of(t, FILES, labels);
	files_free = value_of(t, FILES_FREE, labels);
	telmon_text(t, labels[2]);
	telmon_text(t, labels[0]);
	telmon_text(t, labels[1]);
	telmon_real(t, size);
	telmon_real(t, used >= 0 ? used : NAN);
	telmon_real(t, available);
	telmon_real(t, percent(used, available));
	telmon_real(t, files);
	telmon_real(t, percent(files - files_free, files_free));
	telmon_text(t, telmon_value(t, DEVICE_ERROR, i) > 0 ? labels[3]
		       : value_of(t, READ_ONLY, labels) > 0 ? "read-only"
							    : "ok");
	return r;
}

static int
view_filesystem(struct telmon *t)
{
	size_t n = telmon_count(t, DEVICE_ERROR);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = row_mount(t, i);
	return r;
}

static const struct telmon_command commands[] = {
	{ .name = "filesystem",
	  .help = "How full filesystems are, as df(1) counts",
	  .view = view_filesystem,
	  TELMON_COLUMNS(columns) },
};

TELMON_PLUGIN = {
	TELMON_PLUGIN_HEAD,	   .version = "1",     .help = "Space and inodes of filesystems",
	.mode = TELMON_ON_DEMAND,  .collect = collect, TELMON_METRICS(metrics),
	TELMON_COMMANDS(commands),
};
