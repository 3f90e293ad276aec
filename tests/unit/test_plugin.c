/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * test_plugin -- loads objects that are compiled here, good ones and wrong ones of every kind, and
 * reads the sentence that each is refused with. Needs a C compiler (CC, else cc) and the header
 * (TELMON_INCLUDE).
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "plugin.h"

/* Last: it makes a macro of the word `fail`, which plugin.h uses. */
#include <check.h>

static char dir[64];
static struct buf why = BUF_WHY;

static void
setup(void)
{
	snprintf(dir, sizeof(dir), "/tmp/telmon-plugin-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
teardown(void)
{
	char command[128];

	buf_fini(&why);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	ck_assert_int_eq(system(command), 0);
}

static const char *
in_dir(const char *name)
{
	static char path[2][256];
	static unsigned turn;

	turn ^= 1;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static void
write_file(const char *path, const char *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	close(fd);
}

/* Compiles a source as DIR/name and returns its path. It is written elsewhere and renamed, as one
 * installs. */
static const char *
build_with(const char *name, const char *flags, const char *source)
{
	const char *cc = getenv("CC"), *include = getenv("TELMON_INCLUDE"), *c = in_dir("plugin.c");
	char command[1024];

	write_file(c, source, strlen(source));
	snprintf(command, sizeof(command),
		 "%s -w -shared -fPIC %s -I'%s' -o '%s/.new' '%s' && mv '%s/.new' '%s/%s'",
		 cc ? cc : "cc", flags, include ? include : "include", dir, c, dir, dir, name);
	ck_assert_msg(system(command) == 0, "%s", command);
	return in_dir(name);
}

static const char *
build(const char *name, const char *source)
{
	return build_with(name, "", source);
}

static struct plugin *
load(const char *path)
{
	struct plugin *p = plugin_load(path, NULL, 10, &why);

	ck_assert_msg(p != NULL, "%s", buf_str(&why));
	ck_assert_uint_eq(why.len, 0);
	return p;
}

/* It is not loaded, and the reason begins with the path and contains the sentence. */
static void
refused(const char *path, const char *sentence)
{
	const char *text;

	buf_clear(&why);
	ck_assert_ptr_null(plugin_load(path, NULL, 10, &why));
	text = buf_str(&why);
	ck_assert_msg(strncmp(text, path, strlen(path)) == 0, "'%s' does not begin with '%s'", text,
		      path);
	ck_assert_msg(strstr(text, sentence) != NULL, "'%s' is not in '%s'", sentence, text);
	buf_clear(&why);
}

/* Pieces of sources. One line of a plugin is one string here. */
/* clang-format off */
#define INCLUDE "#include <telmon/plugin.h>\n"
#define RUN "static int run(struct telmon *t) { (void)t; return 0; }\n"
#define COLUMNS \
	"static const struct telmon_column columns[] = {\n" \
	"	{ .name = \"a_bytes\", .unit = TELMON_BYTES }, { .name = \"b\" } };\n"
#define HEAD "TELMON_PLUGIN = { TELMON_PLUGIN_HEAD, "
#define COMMANDS_OF(members) \
	"static const struct telmon_command commands[] = { { " members " } };\n" \
	HEAD "TELMON_COMMANDS(commands) };\n"
/* A plugin with one command, of which the text gives the members. */
#define COMMAND(members) INCLUDE RUN COLUMNS COMMANDS_OF(members)
/* ... with these columns. */
#define WITH_COLUMNS(elements) \
	INCLUDE RUN "static const struct telmon_column columns[] = { " elements " };\n" \
	COMMANDS_OF(".name = \"x\", .run = run, TELMON_COLUMNS(columns)")
/* ... with these arguments. */
#define WITH_ARGS(elements) \
	INCLUDE RUN COLUMNS "static const struct telmon_arg args[] = { " elements " };\n" \
	COMMANDS_OF(".name = \"x\", .run = run, TELMON_COLUMNS(columns), TELMON_ARGS(args)")

static const char good[] =
	INCLUDE RUN COLUMNS
	"static const struct telmon_metric metrics[] = {\n"
	"	{ .name = \"one\", .labels = \"cpu\" }, { .name = \"two\" } };\n"
	"static int collect(struct telmon *t) { return telmon_put(t, 1, VALUE); }\n"
	"static int view(struct telmon *t)\n"
	"{ telmon_row(t); telmon_real(t, telmon_value(t, 1, 0)); return 0; }\n"
	"static const struct telmon_arg args[] = {\n"
	"	{ .name = \"rows\", .flag = 'n', .type = TELMON_INT, .def = \"10\",\n"
	"	  .min = 1, .max = 99 },\n"
	"	{ .name = \"by\", .flag = 's', .type = TELMON_COLUMN, .def = \"b\" },\n"
	"	{ .name = \"pattern\", .type = TELMON_TEXT } };\n"
	"static const struct telmon_command commands[] = {\n"
	"	{ .name = \"look-at\", .help = \"looks\", .view = view, TELMON_COLUMNS(columns),\n"
	"	  TELMON_ARGS(args) },\n"
	"	{ .name = \"go\", .run = run, .cache_s = 2, .deadline_s = 3,\n"
	"	  TELMON_COLUMNS(columns) } };\n"
	HEAD
	"	.version = \"1.2\", .mode = TELMON_SAMPLED, .interval_s = 5, .collect = collect,\n"
	"	TELMON_METRICS(metrics), TELMON_COMMANDS(commands) };\n";
/* clang-format on */

/* ---- good ones ---------------------------------------------------------------------------- */

START_TEST(test_good)
{
	struct plugin *p = load(build_with("hello-1_a.so", "-DVALUE=7", good));
	const struct telmon_command *cmd = p->object.decl->commands;

	ck_assert_str_eq(p->name, "hello-1_a");
	ck_assert_str_eq(p->object.name, "hello-1_a");
	ck_assert_str_eq(p->path, in_dir("hello-1_a.so"));
	ck_assert_ptr_eq(p->object.decl, &p->decl);
	ck_assert_str_eq(p->decl.version, "1.2");
	ck_assert_str_eq(p->decl.help, "");
	ck_assert(p->sampled);
	ck_assert_int_eq(p->interval_ns, 5 * NS_PER_S);
	ck_assert_int_eq(p->deadline_ns, 10 * NS_PER_S);
	ck_assert_uint_eq(p->object.set->count, 2);
	ck_assert_str_eq(p->object.set->metrics[0].labels[0], "cpu");
	ck_assert_str_eq(p->metrics[1].name, "two");
	ck_assert_uint_eq(p->decl.n_commands, 2);
	ck_assert_str_eq(cmd[0].name, "look-at");
	ck_assert_ptr_nonnull(cmd[0].view);
	ck_assert_ptr_null(cmd[0].run);
	ck_assert_uint_eq(cmd[0].n_columns, 2);
	ck_assert_str_eq(cmd[0].columns[0].name, "a_bytes");
	ck_assert_str_eq(cmd[0].columns[0].help, "");
	ck_assert_int_eq(cmd[0].columns[0].unit, TELMON_BYTES);
	ck_assert_uint_eq(cmd[0].n_args, 3);
	ck_assert_str_eq(cmd[0].args[1].def, "b");
	ck_assert_str_eq(cmd[1].help, "");
	ck_assert_double_eq(cmd[1].cache_s, 2);
	ck_assert_double_eq(cmd[1].deadline_s, 3);
	ck_assert_ptr_null(p->settings[0]);
	ck_assert_uint_eq(p->object.size_metric, sizeof(struct telmon_metric));
	ck_assert_ptr_eq(plugin_ref(p), p);
	plugin_unref(p);
	plugin_unref(p);
	plugin_unref(NULL);
}
END_TEST

START_TEST(test_it_works)
{
	struct plugin *p = load(build_with("works.so", "-DVALUE=7", good));
	struct host *h = host_new(NULL, &why);
	struct snapshot *s = NULL;
	struct rows rows;

	ck_assert_int_eq(host_start(h, &p->object, NULL, 0, &why), 0);
	ck_assert_int_eq(host_collect(h, &p->object, NULL, 0, &s, &why), 0);
	ck_assert_double_eq(snapshot_value(s, 1, 0), 7);
	rows_init(&rows, p->commands[0].columns, p->commands[0].n_columns, 0);
	ck_assert_int_eq(host_view(h, &p->object, &p->commands[0], s, NULL, NULL, &rows, &why), 0);
	ck_assert_int_eq(rows_cell(&rows, 0, 0)->i, 7);
	rows_fini(&rows);
	snapshot_unref(s);
	host_stop(h, &p->object);
	host_free(h);
	plugin_unref(p);
}
END_TEST

START_TEST(test_options)
{
	char *settings[] = { (char[]){ "a=1" }, (char[]){ "b=2" }, NULL };
	struct plugin_options options = { .interval_s = 0.5,
					  .deadline_s = 2,
					  .settings = settings };
	struct plugin *p = plugin_load(build_with("options.so", "-DVALUE=7", good), &options, 10,
				       &why);

	ck_assert_ptr_nonnull(p);
	settings[0][0] = 'x';
	ck_assert_int_eq(p->interval_ns, NS_PER_S / 2);
	ck_assert_int_eq(p->deadline_ns, 2 * NS_PER_S);
	ck_assert_str_eq(p->settings[0], "a=1");
	ck_assert_str_eq(p->object.settings[1], "b=2");
	ck_assert_ptr_null(p->object.settings[2]);
	plugin_unref(p);
}
END_TEST

START_TEST(test_little_is_enough)
{
	struct plugin *p = load(build("empty.so", INCLUDE HEAD "};\n"));

	ck_assert(!p->sampled);
	ck_assert_int_eq(p->interval_ns, NS_PER_S);
	ck_assert_uint_eq(p->object.set->count, 0);
	ck_assert_uint_eq(p->decl.n_commands, 0);
	plugin_unref(p);
	/* A view without a metric: it may show its arguments, or metrics that start adds. */
	p = load(build("view.so", COMMAND(".name = \"x\", .view = run, TELMON_COLUMNS(columns)")));
	ck_assert_ptr_nonnull(p->commands[0].view);
	plugin_unref(p);
}
END_TEST

/* A program that was compiled with headers of which the last members did not exist yet. */
START_TEST(test_older_structs)
{
	/* clang-format off */
	static const char source[] =
		"#include <stdint.h>\n"
		"#include <stddef.h>\n"
		"struct telmon;\n"
		"struct metric { const char *name, *help; int kind, unit; };\n"
		"struct column { const char *name, *help; int type, unit; };\n"
		"struct arg { const char *name, *help; char flag; int type; };\n"
		"struct command {\n"
		"	const char *name, *help;\n"
		"	const struct column *columns; size_t n_columns;\n"
		"	const struct arg *args; size_t n_args;\n"
		"	int (*view)(struct telmon *); int (*run)(struct telmon *);\n"
		"};\n"
		"struct plugin {\n"
		"	uint32_t abi, size, size_m, size_col, size_arg, size_cmd;\n"
		"	const char *version, *help; int mode; double interval;\n"
		"	const struct metric *m; size_t n_m; const struct command *c; size_t n_c;\n"
		"};\n"
		RUN
		"static const struct metric metrics[] = { { \"m1\", \"h\", 1, 1 }, { \"m2\", 0, 0, 0 } };\n"
		"static const struct column columns[] = {\n"
		"	{ \"c1\", 0, 2, 0 }, { \"c2\", 0, 0, 1 }, { \"c3\", 0, 1, 2 } };\n"
		"static const struct arg args[] = { { \"rows\", 0, 'n', 0 }, { \"word\", 0, 0, 2 } };\n"
		"static const struct command commands[] = {\n"
		"	{ \"one\", \"h\", columns, 3, args, 2, run, 0 },\n"
		"	{ \"two\", 0, columns, 2, 0, 0, 0, run } };\n"
		"const struct plugin telmon_plugin = {\n"
		"	1, sizeof(struct plugin), sizeof(struct metric), sizeof(struct column),\n"
		"	sizeof(struct arg), sizeof(struct command), \"0.1\", \"old\", 0, 0,\n"
		"	metrics, 2, commands, 2 };\n";
	/* clang-format on */
	struct plugin *p = load(build("older.so", source));
	const struct telmon_command *cmd = p->commands;

	ck_assert_str_eq(p->decl.help, "old");
	ck_assert_ptr_null((void *)p->decl.start);
	ck_assert_ptr_null((void *)p->decl.collect);
	ck_assert_uint_eq(p->object.set->count, 2);
	ck_assert_str_eq(p->object.set->metrics[1].name, "m2");
	ck_assert_int_eq(p->object.set->metrics[0].kind, TELMON_COUNTER);
	ck_assert_str_eq(p->metrics[1].name, "m2");
	ck_assert_ptr_null(p->metrics[1].labels);
	ck_assert_uint_lt(p->object.size_metric, sizeof(struct telmon_metric));
	ck_assert_uint_eq(p->decl.size_column, sizeof(struct telmon_column));
	ck_assert_str_eq(cmd[1].name, "two");
	ck_assert_str_eq(cmd[0].columns[2].name, "c3");
	ck_assert_int_eq(cmd[0].columns[2].unit, TELMON_SECONDS);
	ck_assert_double_eq(cmd[0].columns[2].warn, 0);
	ck_assert_str_eq(cmd[0].args[1].name, "word");
	ck_assert_ptr_null(cmd[0].args[1].def);
	ck_assert_double_eq(cmd[1].cache_s, 0);
	plugin_unref(p);
}
END_TEST

/* ---- the same name again ------------------------------------------------------------------ */

static double
value_of(struct plugin *p)
{
	struct host *h = host_new(NULL, &why);
	struct snapshot *s = NULL;
	double v;

	ck_assert_int_eq(host_collect(h, &p->object, NULL, 0, &s, &why), 0);
	v = snapshot_value(s, 1, 0);
	snapshot_unref(s);
	host_free(h);
	return v;
}

static unsigned
descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

START_TEST(test_loaded_anew)
{
	struct plugin *p[6];
	char flags[32];
	unsigned before = descriptors();

	for (int i = 0; i < 6; i++) {
		snprintf(flags, sizeof(flags), "-DVALUE=%d", i + 1);
		p[i] = load(build_with("again.so", flags, good));
		ck_assert_double_eq(value_of(p[i]), i + 1);
		ck_assert_str_eq(p[i]->name, "again");
	}
	/* The same file once more, under another name too: each has a state of its own. */
	ck_assert_int_eq(link(in_dir("again.so"), in_dir("linked.so")), 0);
	for (int i = 0; i < 6; i++) {
		for (int j = 0; j < i; j++)
			ck_assert_ptr_ne(p[i]->handle, p[j]->handle);
		ck_assert_double_eq(value_of(p[i]), i + 1);
	}
	for (int i = 0; i < 6; i++)
		plugin_unref(p[i]);
	p[0] = load(in_dir("linked.so"));
	p[1] = load(in_dir("linked.so"));
	ck_assert_ptr_ne(p[0]->handle, p[1]->handle);
	ck_assert_double_eq(value_of(p[1]), 6);
	plugin_unref(p[0]);
	plugin_unref(p[1]);
	ck_assert_uint_eq(descriptors(), before);
}
END_TEST

/* ---- files that are no objects ------------------------------------------------------------ */

static char *
slurp(const char *path, size_t *ret_n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	bytes = xmalloc((size_t)st.st_size);
	ck_assert_int_eq(read(fd, bytes, (size_t)st.st_size), st.st_size);
	close(fd);
	*ret_n = (size_t)st.st_size;
	return bytes;
}

/* Whether an object that is loaded now is mapped by its own name. */
static bool
is_mapped_itself(const char *path)
{
	struct plugin *p = plugin_load(path, NULL, 10, &why);
	Dl_info info = { 0 };
	bool itself;

	ck_assert(p && dladdr(dlsym(p->handle, "telmon_plugin"), &info));
	itself = strstr(info.dli_fname, "/debugged.so") != NULL;
	plugin_unref(p);
	return itself;
}

START_TEST(test_debugged)
{
	const char *path = build_with("debugged.so", "-DVALUE=7", good);

	ck_assert(!is_mapped_itself(path));
	setenv("TELMON_DEBUG", "1", 1);
	ck_assert(is_mapped_itself(path));
	unsetenv("TELMON_DEBUG");
}
END_TEST

START_TEST(test_no_object)
{
	const char *path = in_dir("bad.so");
	char huge[5000];

	refused(path, "No such file");
	write_file(path, "", 0);
	refused(path, "is empty");
	write_file(path, "#!/bin/sh\n", 10);
	refused(path, "is not a shared object (no ELF header)");
	memset(huge, 'x', sizeof(huge));
	write_file(path, huge, sizeof(huge));
	refused(path, "is not a shared object (no ELF header)");
	write_file(path, "\177ELF\2\1\1", 7);
	refused(path, "is cut short");
	unlink(path);
	mkdir(path, 0755);
	refused(path, "is not a file");
	ck_assert_int_eq(rmdir(path), 0);
	mkfifo(path, 0600);
	refused(path, "is not a file");
	memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	ck_assert_ptr_null(plugin_load(huge, NULL, 10, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "makes no name for a plugin"));
	buf_clear(&why);
	ck_assert_ptr_null(plugin_load("nowhere.so", NULL, 10, &why));
	ck_assert_str_eq(buf_str(&why), "nowhere.so: No such file or directory");
	buf_clear(&why);
	ck_assert_ptr_null(plugin_load("/x/\x1b[2J.so", NULL, 10, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "/x/?[2J.so: its file name"));
	buf_clear(&why);
	ck_assert_ptr_null(plugin_load("/x/.so", NULL, 10, &why));
}
END_TEST

static void
patched(const char *bytes, size_t n, size_t at, unsigned char value, const char *sentence)
{
	const char *path = in_dir("patched.so");
	char *copy = xmalloc(n);

	memcpy(copy, bytes, n);
	copy[at] = (char)value;
	write_file(path, copy, n);
	free(copy);
	refused(path, sentence);
}

START_TEST(test_other_objects)
{
	size_t n;
	_autofree_ char *bytes = slurp(build_with("ok.so", "-DVALUE=1", good), &n);
	bool wide = sizeof(void *) == 8;

	patched(bytes, n, EI_CLASS, wide ? ELFCLASS32 : ELFCLASS64,
		wide ? "is a 32-bit object" : "is a 64-bit object");
	patched(bytes, n, EI_DATA,
		(unsigned char)(bytes[EI_DATA] == ELFDATA2LSB ? ELFDATA2MSB : ELFDATA2LSB),
		"other byte order");
	patched(bytes, n, offsetof(ElfW(Ehdr), e_machine), EM_SPARC, "another processor");
	patched(bytes, n, offsetof(ElfW(Ehdr), e_type), ET_REL,
		"is an ELF file but not a shared object");
	patched(bytes, n, offsetof(ElfW(Ehdr), e_phentsize), 3, "damaged ELF header");
}
END_TEST

/* Wherever a copy stops, it is refused, and never mapped: that would be a SIGBUS. */
START_TEST(test_cut_short)
{
	const char *path = in_dir("cut.so");
	size_t n;
	_autofree_ char *bytes = slurp(build_with("whole.so", "-DVALUE=1", good), &n);

	for (size_t len = 64; len < n; len += n / 40) {
		write_file(path, bytes, len);
		refused(path, "is cut short");
	}
	write_file(path, bytes, n - 1);
	refused(path, "is cut short");
}
END_TEST

START_TEST(test_linker_says_why)
{
	refused(build("undefined.so", INCLUDE
		      "int missing_function(void);\n"
		      "static int run(struct telmon *t) { (void)t; return missing_function(); "
		      "}\n" COLUMNS "static const struct telmon_command commands[] = { { .name = "
		      "\"x\", .run = run, TELMON_COLUMNS(columns) } };\n" HEAD
		      "TELMON_COMMANDS(commands) };\n"),
		"undefined symbol: missing_function");
}
END_TEST

START_TEST(test_symbol)
{
	refused(build("none.so", "int x;\n"), "has no symbol telmon_plugin");
	refused(build_with("hidden.so", "-fvisibility=hidden", "const int telmon_plugin = 1;\n"),
		"has no symbol telmon_plugin");
	refused(build("function.so",
		      "int telmon_plugin(void);\nint telmon_plugin(void) { return 0; }\n"),
		"that is not data");
	refused(build("small.so", "const int telmon_plugin = 1;\n"), "has only 4 bytes");
	refused(build("short.so", "const int telmon_plugin[8] = { 1, 64, 24, 24, 24, 64 };\n"),
		"telmon_plugin");
}
END_TEST

/* ---- declarations that are wrong ---------------------------------------------------------- */

START_TEST(test_abi_and_sizes)
{
	refused(build("newer.so", INCLUDE HEAD ".abi = 7 };\n"),
		"needs plugin ABI 7, this daemon has 1");
	refused(build("zero.so", INCLUDE HEAD ".abi = 0 };\n"), "says no ABI");
	refused(build("nohead.so", INCLUDE "TELMON_PLUGIN = { .abi = 1 };\n"),
		"its struct telmon_plugin has 0 bytes");
	refused(build("big.so", INCLUDE HEAD ".size = sizeof(struct telmon_plugin) + 8 };\n"),
		"its struct telmon_plugin has");
	refused(build("metric.so", INCLUDE HEAD ".size_metric = 4096 };\n"),
		"its struct telmon_metric has 4096 bytes");
	refused(build("metric2.so", INCLUDE HEAD ".size_metric = 16 };\n"),
		"its struct telmon_metric has 16 bytes");
	refused(build("column.so", INCLUDE HEAD ".size_column = 25 };\n"),
		"its struct telmon_column has 25 bytes");
	refused(build("arg.so", INCLUDE HEAD ".size_arg = 0 };\n"),
		"its struct telmon_arg has 0 bytes");
	refused(build("command.so", INCLUDE HEAD ".size_command = 8 };\n"),
		"its struct telmon_command has 8 bytes");
}
END_TEST

START_TEST(test_head)
{
	refused(build("mode.so", INCLUDE HEAD ".mode = 5 };\n"), "its mode 5 is unknown");
	refused(build("sampled.so", INCLUDE HEAD ".mode = TELMON_SAMPLED };\n"),
		"it is sampled but has no collect");
	refused(build("interval.so", INCLUDE HEAD ".interval_s = -1 };\n"),
		"its interval of -1 s is out of range");
	refused(build("nan.so", INCLUDE HEAD ".interval_s = NAN };\n"), "is out of range");
	refused(build("notable.so", INCLUDE HEAD ".n_commands = 1 };\n"),
		"tables of metrics or commands are missing");
	refused(build("notable2.so", INCLUDE HEAD ".n_metrics = 1 };\n"),
		"tables of metrics or commands are missing");
	refused(build("many.so", COMMAND(".name = \"x\" }, [5000] = { .name = \"y\"")), "too long");
	refused(build("metrics.so",
		      INCLUDE "static const struct telmon_metric m[] = { { .name = \"up\" }, { "
			      ".name = \"up\" } };\n" HEAD "TELMON_METRICS(m) };\n"),
		"metric 'up' is declared twice");
	refused(build("metrics2.so", INCLUDE
		      "static const struct telmon_metric m[] = { { .name = \"Up\" } };\n" HEAD
		      "TELMON_METRICS(m) };\n"),
		"'Up' is no name for a metric");
}
END_TEST

START_TEST(test_commands)
{
	refused(build("both.so",
		      COMMAND(".name = \"x\", .run = run, .view = run, TELMON_COLUMNS(columns)")),
		"command 'x' has both view and run");
	refused(build("neither.so",
		      COMMAND(".name = \"x\", TELMON_COLUMNS(columns) }, { .run = run")),
		"command 'x' has neither view nor run");
	refused(build("noname.so", COMMAND(".run = run, TELMON_COLUMNS(columns)")),
		"'' is no name for a command");
	refused(build("upper.so", COMMAND(".name = \"Cpu\", .run = run, TELMON_COLUMNS(columns)")),
		"'Cpu' is no name for a command");
	refused(build("slash.so", COMMAND(".name = \"a/b\", .run = run, TELMON_COLUMNS(columns)")),
		"'a/b' is no name");
	refused(build("under.so", COMMAND(".name = \"a_b\", .run = run, TELMON_COLUMNS(columns)")),
		"'a_b' is no name");
	refused(build("escape.so",
		      COMMAND(".name = \"a\\033[2J\", .run = run, TELMON_COLUMNS(columns)")),
		"'a?[2J' is no name");
	refused(build("twice.so", COMMAND(".name = \"x\", .run = run, TELMON_COLUMNS(columns) }, { "
					  ".name = \"x\", .view = run, "
					  "TELMON_COLUMNS(columns)")),
		"command 'x' is declared twice");
	refused(build("nocolumns.so", COMMAND(".name = \"x\", .run = run }, { .name = \"y\", .run "
					      "= run, TELMON_COLUMNS(columns)")),
		"command 'x' has no columns");
	refused(build("nocolumns2.so", COMMAND(".name = \"x\", .run = run, .n_columns = 3 }, { "
					       "TELMON_COLUMNS(columns)")),
		"command 'x' has no columns");
	refused(build("noargs.so",
		      COMMAND(".name = \"x\", .run = run, TELMON_COLUMNS(columns), .n_args = 1")),
		"command 'x' has no table of arguments");
	refused(build("cache.so",
		      COMMAND(".name = \"x\", .run = run, TELMON_COLUMNS(columns), .cache_s = -1")),
		"out of range");
	refused(build("deadline.so", COMMAND(".name = \"x\", .run = run, TELMON_COLUMNS(columns), "
					     ".deadline_s = NAN")),
		"out of range");
}
END_TEST

START_TEST(test_columns)
{
	refused(build("c1.so", WITH_COLUMNS("{ .name = \"a b\" }")),
		"'a b' is no name for a column");
	refused(build("c2.so", WITH_COLUMNS("{ .help = \"x\" }")), "'' is no name for a column");
	refused(build("c3.so",
		      WITH_COLUMNS("{ .name = \"a\" }, { .name = \"b\" }, { .name = \"a\" }")),
		"has the column 'a' twice");
	refused(build("c4.so", WITH_COLUMNS("{ .name = \"a\", .type = TELMON_FLAG }")),
		"column 'x.a' has a type");
	refused(build("c5.so", WITH_COLUMNS("{ .name = \"a\", .unit = 99 }")),
		"column 'x.a' has the unknown unit 99");
	refused(build("c6.so", WITH_COLUMNS("{ .name = \"a\", .priority = 10 }")),
		"column 'x.a' has a priority");
	refused(build("c7.so", WITH_COLUMNS("{ .name = \"a\", .warn = NAN }")),
		"column 'x.a' has a priority or threshold");
}
END_TEST

START_TEST(test_arguments)
{
	refused(build("a1.so", WITH_ARGS("{ .name = \"A\" }")), "'A' is no name for an argument");
	refused(build("a2.so", WITH_ARGS("{ .name = \"a\", .flag = 'n' }, { .name = \"b\" }, { "
					 ".name = \"c\", .flag = 'n' }")),
		"argument 'c' of command 'x' has the flag of another one");
	refused(build("a3.so", WITH_ARGS("{ .name = \"a\", .flag = '-' }")),
		"has a flag that is no letter or digit");
	refused(build("a4.so", WITH_ARGS("{ .name = \"a\", .type = TELMON_FLAG }")),
		"is a FLAG without a letter");
	refused(build("a5.so", WITH_ARGS("{ .name = \"a\", .type = 77 }")), "has an unknown type");
	refused(build("a6.so", WITH_ARGS("{ .name = \"a\", .type = TELMON_INT, .def = \"ten\" }")),
		"has a default that is not of its type");
	refused(build("a7.so", WITH_ARGS("{ .name = \"a\", .type = TELMON_INT, .def = \"10\", .min "
					 "= 1, .max = 5 }")),
		"has a default");
	refused(build("a8.so",
		      WITH_ARGS("{ .name = \"a\", .type = TELMON_COLUMN, .def = \"nope\" }")),
		"has a default");
	refused(build("a9.so",
		      WITH_ARGS("{ .name = \"a\", .type = TELMON_REAL, .def = \"1.5x\" }")),
		"has a default");
	refused(build("a10.so",
		      WITH_ARGS("{ .name = \"a\", .type = TELMON_REAL, .min = 5, .max = 1 }")),
		"has a range");
	plugin_unref(
		load(build("a11.so", WITH_ARGS("{ .name = \"a\", .flag = 'n', .type = TELMON_REAL, "
					       ".def = \"1.5\", .min = 1, .max = 2 }, "
					       "{ .name = \"b\", .flag = 'N', .type = TELMON_FLAG "
					       "}, { .name = \"c\" }, { .name = \"d\" }"))));
}
END_TEST

/* ---- tables and folders ------------------------------------------------------------------- */

START_TEST(test_table)
{
	struct plugin *p[3] = { load(build("zebra.so", INCLUDE HEAD "};\n")),
				load(build("ant.so", INCLUDE HEAD "};\n")),
				load(build("mole.so", INCLUDE HEAD "};\n")) };
	struct plugin_table *t = plugin_table_new(p, 3, NULL, 0),
			    *none = plugin_table_new(NULL, 0, NULL, 0);

	for (int i = 0; i < 3; i++)
		plugin_unref(p[i]);
	ck_assert_uint_eq(t->count, 3);
	ck_assert_str_eq(t->plugins[0]->name, "ant");
	ck_assert_str_eq(t->plugins[2]->name, "zebra");
	ck_assert_ptr_eq(plugin_table_find(t, "mole"), p[2]);
	ck_assert_ptr_null(plugin_table_find(t, "mol"));
	ck_assert_ptr_null(plugin_table_find(none, "mole"));
	ck_assert_ptr_eq(plugin_table_ref(t), t);
	plugin_table_unref(t);
	ck_assert_str_eq(plugin_table_find(t, "ant")->name, "ant");
	plugin_table_unref(t);
	plugin_table_unref(none);
	plugin_table_unref(NULL);
}
END_TEST

START_TEST(test_scan)
{
	char **paths = NULL;

	write_file(in_dir("b.so"), "x", 1);
	write_file(in_dir("a.so"), "x", 1);
	write_file(in_dir(".hidden.so"), "x", 1);
	write_file(in_dir("c.so.1"), "x", 1);
	write_file(in_dir("d.la"), "x", 1);
	mkdir(in_dir("dir.so"), 0755);
	ck_assert_int_eq(symlink("a.so", in_dir("z.so")), 0);
	ck_assert_int_eq(symlink("nothing", in_dir("dangling.so")), 0);
	ck_assert_int_eq(plugin_scan(dir, &paths), 0);
	ck_assert_str_eq(paths[0], in_dir("a.so"));
	ck_assert_str_eq(paths[1], in_dir("b.so"));
	ck_assert_str_eq(paths[2], in_dir("z.so"));
	ck_assert_ptr_null(paths[3]);
	for (char **p = paths; *p; p++)
		free(*p);
	free(paths);
	paths = NULL;
	ck_assert_int_eq(plugin_scan(in_dir("nowhere"), &paths), -ENOENT);
	ck_assert_int_eq(plugin_scan(in_dir("a.so"), &paths), -ENOTDIR);
	ck_assert_ptr_null(paths);
	ck_assert_int_eq(plugin_scan(in_dir("dir.so"), &paths), 0);
	ck_assert_ptr_null(paths[0]);
	free(paths);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("plugin");
	TCase *t = tcase_create("plugin");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, test_good);
	tcase_add_test(t, test_it_works);
	tcase_add_test(t, test_options);
	tcase_add_test(t, test_little_is_enough);
	tcase_add_test(t, test_older_structs);
	tcase_add_test(t, test_loaded_anew);
	tcase_add_test(t, test_debugged);
	tcase_add_test(t, test_no_object);
	tcase_add_test(t, test_other_objects);
	tcase_add_test(t, test_cut_short);
	tcase_add_test(t, test_linker_says_why);
	tcase_add_test(t, test_symbol);
	tcase_add_test(t, test_abi_and_sizes);
	tcase_add_test(t, test_head);
	tcase_add_test(t, test_commands);
	tcase_add_test(t, test_columns);
	tcase_add_test(t, test_arguments);
	tcase_add_test(t, test_table);
	tcase_add_test(t, test_scan);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
