/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * filesystem -- how full filesystems are: those that df(1) shows, with its numbers. Mounts come
 * from /proc/self/mountinfo; which of them are worth asking is decided from its text alone, because
 * even stat() on a dead mount hangs and on an automounter's wakes it. What mounts have been covered
 * by others is told by their parents, of several mounts of a device df's choice is kept. statfs is
 * the host's, whose deadline makes a dead mount a row that says so. Collected when somebody asks.
 */
#include <telmon/plugin.h>

#include <errno.h>
#include <stdio.h>

enum { SIZE, FREE, AVAILABLE, FILES, FILES_FREE, READ_ONLY, DEVICE_ERROR };

/* Mounts that do not answer are waited for no longer than this in one collect. */
static const double patience_s = 4;

#define LABELS                                                                                     \
	.labels = "device,fstype,mountpoint",                                                      \
	.source = "statfs(2) of the mounts in /proc/self/mountinfo"

static const struct telmon_metric metrics[] = {
	[SIZE] = { .name = "filesystem_size_bytes",
		   .kind = TELMON_GAUGE,
		   .unit = TELMON_BYTES,
		   LABELS,
		   .help = "Size of the filesystem",
		   .formula = "f_blocks * f_frsize" },
	[FREE] = { .name = "filesystem_free_bytes",
		   .kind = TELMON_GAUGE,
		   .unit = TELMON_BYTES,
		   LABELS,
		   .help = "Space that nothing uses, what is reserved for root included",
		   .formula = "f_bfree * f_frsize" },
	[AVAILABLE] = { .name = "filesystem_avail_bytes",
			.kind = TELMON_GAUGE,
			.unit = TELMON_BYTES,
			LABELS,
			.help = "Space that users other than root can have",
			.formula = "f_bavail * f_frsize" },
	[FILES] = { .name = "filesystem_files",
		    .kind = TELMON_GAUGE,
		    LABELS,
		    .help = "Inodes there are; none for filesystems that do not count them",
		    .formula = "f_files" },
	[FILES_FREE] = { .name = "filesystem_files_free",
			 .kind = TELMON_GAUGE,
			 LABELS,
			 .help = "Inodes that nothing uses",
			 .formula = "f_ffree" },
	[READ_ONLY] = { .name = "filesystem_readonly",
			.kind = TELMON_GAUGE,
			LABELS,
			.help = "1 when mounted read-only, else 0",
			.formula = "ST_RDONLY" },
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
	const char *options; /* of the filesystem; tell btrfs' subvolumes apart */
	bool buried;	     /* below another mount on its parent */
	bool hidden; /* buried, hanging on one that is, or covered by one on its own place */
};

struct mounts {
	size_t n;
	struct mount *list;    /* in the order of the file */
	struct mount **sorted; /* room for n; each step sorts it as it needs */
};

/* ---- reading ----------------------------------------------------------------------------------
 */

/* mountinfo writes blank, tab, LF and backslash as three octal digits. */
static void
decode(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
		    s[3] >= '0' && s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* Takes a field, which ends at the next blank: an empty one is one. */
static char *
take_field(char **at)
{
	char *field = *at;
	size_t n = strcspn(field, " ");

	*at = field + n + (field[n] == ' ');
	field[n] = '\0';
	decode(field);
	return field;
}

/* "36 35 98:0 /root /point rw,noatime shared:1 - ext4 /dev/sda1 rw" */
static bool
parse_mount(char *line, struct mount *ret)
{
	const char *ids = line;

	ret->id = telmon_number(&ids);
	ret->parent = telmon_number(&ids);
	if (isnan(ret->id) || isnan(ret->parent))
		return false;
	take_field(&line);
	take_field(&line);
	ret->device_number = take_field(&line);
	ret->root = take_field(&line);
	ret->point = take_field(&line);
	line = strstr(line, " - ");
	if (!line || ret->point[0] != '/')
		return false;
	line += 3;
	ret->type = take_field(&line);
	ret->device = take_field(&line);
	ret->options = line;
	return ret->type[0] != '\0';
}

static int
read_mounts(struct telmon *t, struct mounts *ret)
{
	struct telmon_file f;
	const char *at, *line;
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
	for (at = text; (line = telmon_next_line(&at));) {
		text[at - 1 - text] = '\0';
		ret->n += parse_mount(text + (line - text), &ret->list[ret->n]);
	}
	return 0;
}

/* ---- choosing ---------------------------------------------------------------------------------
 */

static int
by_id(const void *a, const void *b)
{
	const struct mount *x = *(struct mount *const *)a, *y = *(struct mount *const *)b;

	return (x->id > y->id) - (x->id < y->id);
}

/* With the slash before all other characters, whatever lies below a directory follows it at once.
 */
static int
compare_paths(const char *a, const char *b)
{
	for (; *a == *b; a++, b++)
		if (!*a)
			return 0;
	if (*a == '/' || *b == '/')
		return *a && *b ? (*a == '/' ? -1 : 1) : (*a ? 1 : -1);
	return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static int
by_parent_and_point(const void *a, const void *b)
{
	const struct mount *x = *(struct mount *const *)a, *y = *(struct mount *const *)b;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	return compare_paths(x->point, y->point);
}

static bool
is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1)
		return path[1] != '\0';
	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

static void
sort(struct mounts *m, int (*compare)(const void *, const void *))
{
	for (size_t i = 0; i < m->n; i++)
		m->sorted[i] = &m->list[i];
	qsort(m->sorted, m->n, sizeof(*m->sorted), compare);
}

/* sorted is by id. NULL for the first of all, whose parent is itself or out of sight. */
static struct mount *
parent_of(const struct mounts *m, const struct mount *child)
{
	const struct mount wanted = { .id = child->parent }, *key = &wanted;
	struct mount **found = bsearch(&key, m->sorted, m->n, sizeof(*m->sorted), by_id);

	return found && *found != child ? *found : NULL;
}

/* Of two mounts on the same parent the one further up buries the one below it. */
static void
bury_below_siblings(struct mounts *m)
{
	const struct mount *above = NULL;

	sort(m, by_parent_and_point);
	for (size_t i = 0; i < m->n; i++) {
		struct mount *x = m->sorted[i];

		if (above && above->parent == x->parent && is_below(x->point, above->point))
			x->buried = true;
		else
			above = x;
	}
}

/* What hangs on a buried mount is hidden with it. The depth is bounded for the sake of files that
 * lie. */
static bool
hangs_on_buried(const struct mounts *m, const struct mount *x)
{
	for (int depth = 0; x && depth < 256; depth++, x = parent_of(m, x))
		if (x->buried)
			return true;
	return false;
}

/* One mount over another on the same place is the other's child. */
static void
mark_hidden(struct mounts *m)
{
	bury_below_siblings(m);
	sort(m, by_id);
	for (size_t i = 0; i < m->n; i++) {
		struct mount *x = &m->list[i], *covered = parent_of(m, x);

		if (hangs_on_buried(m, x))
			x->hidden = true;
		if (covered && strcmp(covered->point, x->point) == 0)
			covered->hidden = true;
	}
}

/* Those that df calls dummies, and those that have no size for sure and would be asked for nothing.
 */
static bool
is_dummy(const char *type)
{
	static const char *const types[] = {
		"autofs",      "proc",	 "subfs",      "debugfs", "devpts",	 "fusectl",
		"fuse.portal", "mqueue", "rpc_pipefs", "sysfs",	  "devfs",	 "kernfs",
		"ignore",      "none",	 "cgroup",     "cgroup2", "binfmt_misc", "bpf",
		"configfs",    "nsfs",	 "pipefs",     "pstore",  "securityfs",	 "selinuxfs",
		"smackfs",     "sockfs", "tracefs",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

static bool
is_remote(const struct mount *m)
{
	static const char *const types[] = { "acfs", "afs",   "coda",  "auristorfs", "fhgfs",
					     "gpfs", "ibrix", "ocfs2", "vxfs" };

	if (strchr(m->device, ':') || strcmp(m->device, "-hosts") == 0)
		return true;
	if (strncmp(m->device, "//", 2) == 0 &&
	    (strcmp(m->type, "cifs") == 0 || strcmp(m->type, "smb3") == 0 ||
	     strcmp(m->type, "smbfs") == 0))
		return true;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(m->type, types[i]) == 0)
			return true;
	return false;
}

/* Where btrfs says which subvolume is mounted: each has a device number of its own that mountinfo
 * does not show. */
static size_t
subvolume(const struct mount *m, const char **ret)
{
	const char *s = strcmp(m->type, "btrfs") == 0 ? strstr(m->options, "subvolid=") : NULL;

	*ret = s ? s : "";
	return strcspn(*ret, ", ");
}

static bool
same_device(const struct mount *a, const struct mount *b)
{
	const char *x, *y;
	size_t n, m;

	if (strcmp(a->device_number, b->device_number) != 0)
		return false;
	n = subvolume(a, &x);
	m = subvolume(b, &y);
	return n == m && memcmp(x, y, n) == 0;
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

/* ---- asking -----------------------------------------------------------------------------------
 */

static void
put_sizes(struct telmon *t, const char *const *labels, const struct telmon_statfs *s)
{
	telmon_put_labels(t, SIZE, labels, 3, (double)s->size_bytes);
	telmon_put_labels(t, FREE, labels, 3, (double)s->free_bytes);
	telmon_put_labels(t, AVAILABLE, labels, 3, (double)s->available_bytes);
	telmon_put_labels(t, READ_ONLY, labels, 3, s->read_only);
	if (s->files == 0)
		return;
	telmon_put_labels(t, FILES, labels, 3, (double)s->files);
	telmon_put_labels(t, FILES_FREE, labels, 3, (double)s->files_free);
}

/* As df does, says nothing of filesystems without a size and of places where the asker may not go.
 */
static void
put_mount(struct telmon *t, const struct mount *m, int r, const struct telmon_statfs *s)
{
	const char *labels[] = { m->device, m->type, m->point, "" };

	if (r == -EACCES || r == -ENOENT || (r == 0 && s->size_bytes == 0))
		return;
	if (r == -ETIMEDOUT)
		labels[3] = "no answer";
	else if (r == -EBUSY)
		labels[3] = "not probed";
	else if (r < 0)
		labels[3] = strerror(-r);
	telmon_put_labels(t, DEVICE_ERROR, labels, 4, r < 0);
	if (r == 0)
		put_sizes(t, labels, s);
}

static int
collect(struct telmon *t)
{
	struct mounts m = { .n = 0 };
	double begin = telmon_clock(t);
	size_t n;
	int r = read_mounts(t, &m);

	if (r < 0)
		return r;
	mark_hidden(&m);
	n = choose(&m);
	for (size_t i = 0; i < n; i++) {
		struct telmon_statfs s = { .size_bytes = 0 };

		if (telmon_cancelled(t))
			return -ECANCELED;
		r = telmon_clock(t) - begin > patience_s ? -EBUSY
							 : telmon_statfs(t, m.sorted[i]->point, &s);
		put_mount(t, m.sorted[i], r, &s);
	}
	return 0;
}

/* ---- the table --------------------------------------------------------------------------------
 */

#define BYTES(n, p, ...)                                                                           \
	{                                                                                          \
		.name = n, .type = TELMON_INT, .unit = TELMON_BYTES, .priority = p, __VA_ARGS__    \
	}
#define PERCENT(n, p, ...)                                                                         \
	{                                                                                          \
		.name = n, .type = TELMON_INT, .unit = TELMON_PERCENT, .priority = p, .warn = 85,  \
		.crit = 95, __VA_ARGS__                                                            \
	}

static const struct telmon_column columns[] = {
	{ .name = "mount", .type = TELMON_TEXT, .help = "Where it is mounted" },
	{ .name = "device", .type = TELMON_TEXT, .priority = 5, .help = "What is mounted" },
	{ .name = "type", .type = TELMON_TEXT, .priority = 6, .help = "Type of the filesystem" },
	BYTES("size_bytes", 3, .help = "Size", .formula = "f_blocks * f_frsize"),
	BYTES("used_bytes", 4, .help = "Space that is used",
	      .formula = "(f_blocks - f_bfree) * f_frsize"),
	BYTES("available_bytes", 1, .help = "Space that users other than root can have",
	      .formula = "f_bavail * f_frsize"),
	PERCENT("used_percent", 0,
		.help = "Used share of what users can have, rounded up as df does",
		.formula = "100 * used / (used + available)"),
	{ .name = "inodes",
	  .type = TELMON_INT,
	  .priority = 8,
	  .help = "Inodes there are; unknown where they are not counted",
	  .formula = "f_files" },
	PERCENT("inodes_used_percent", 7, .help = "Used share of the inodes, rounded up as df does",
		.formula = "100 * (f_files - f_ffree) / f_files"),
	{ .name = "state",
	  .type = TELMON_TEXT,
	  .priority = 2,
	  .help = "ok, read-only, no answer (a dead server), not probed (too many of those), or "
		  "the error's text" },
};

/* Rounded up; in integers while that can be, as df does, so that 50 is 50. */
static double
percent(double used, double available)
{
	double total = used + available, share;
	uint64_t hundredfold;

	if (!(used >= 0 && available >= 0 && total > 0))
		return NAN;
	if (total > (double)(UINT64_MAX / 100)) {
		share = 100 * (used / total);
		return (int)share + (share > (int)share);
	}
	hundredfold = (uint64_t)used * 100;
	return (double)(hundredfold / (uint64_t)total + (hundredfold % (uint64_t)total != 0));
}

/* Where the view is in the metrics that not every mount has; they were put in the same order. */
struct cursors {
	size_t size, files;
};

static bool
is_at(struct telmon *t, unsigned metric, size_t at, size_t mount)
{
	for (size_t i = 0; i < 3; i++) {
		const char *a = telmon_label(t, metric, at, i),
			   *b = telmon_label(t, DEVICE_ERROR, mount, i);

		if (!a || !b || strcmp(a, b) != 0)
			return false;
	}
	return true;
}

/* The cells from size_bytes to used_percent; true when it is mounted read-only. */
static bool
cells_of_size(struct telmon *t, bool known, size_t i)
{
	double size = known ? telmon_value(t, SIZE, i) : NAN,
	       available = known ? telmon_value(t, AVAILABLE, i) : NAN;
	double used = known ? size - telmon_value(t, FREE, i) : NAN;

	telmon_real(t, size);
	telmon_real(t, used >= 0 ? used : NAN);
	telmon_real(t, available);
	telmon_real(t, percent(used, available));
	return known && telmon_value(t, READ_ONLY, i) > 0;
}

static int
row_mount(struct telmon *t, size_t i, struct cursors *c)
{
	const char *error = telmon_label(t, DEVICE_ERROR, i, 3);
	bool has_size = is_at(t, SIZE, c->size, i), has_files = is_at(t, FILES, c->files, i),
	     read_only;
	double files = has_files ? telmon_value(t, FILES, c->files) : NAN;
	double files_free = has_files ? telmon_value(t, FILES_FREE, c->files) : NAN;
	int r = telmon_row(t);

	telmon_text(t, telmon_label(t, DEVICE_ERROR, i, 2));
	telmon_text(t, telmon_label(t, DEVICE_ERROR, i, 0));
	telmon_text(t, telmon_label(t, DEVICE_ERROR, i, 1));
	read_only = cells_of_size(t, has_size, c->size);
	telmon_real(t, files);
	telmon_real(t, percent(files - files_free, files_free));
	telmon_text(t, telmon_value(t, DEVICE_ERROR, i) > 0 ? error
		       : read_only			    ? "read-only"
							    : "ok");
	c->size += has_size;
	c->files += has_files;
	return r;
}

static int
view_filesystem(struct telmon *t)
{
	size_t n = telmon_count(t, DEVICE_ERROR);
	struct cursors c = { 0, 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = row_mount(t, i, &c);
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
