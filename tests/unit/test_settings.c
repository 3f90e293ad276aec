/* SPDX-License-Identifier: BSD-2-Clause
 * Copyright (c) 2026 the telmon authors
 */
/*
 * Unit tests of settings: defaults, every key, every kind of error with its line, flags over file.
 */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "settings.h"

#include <check.h>

static char dir[] = "/tmp/test_settings.XXXXXX", file[64];

static void
write_file(const char *text, size_t n)
{
	FILE *f = fopen(file, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

static struct settings *
load(const char *text)
{
	struct settings_flags flags = { .file = file };
	_autobuf_ struct buf why = BUF_WHY;
	struct settings *s;

	write_file(text, strlen(text));
	s = settings_load(&flags, &why);
	ck_assert_msg(s != NULL, "%s: %s", text, buf_str(&why));
	ck_assert_uint_eq(why.len, 0);
	return s;
}

/* The error is FILE:LINE: and then begins with this. */
static void
assert_bytes_refused(const char *text, size_t n, int line, const char *message)
{
	struct settings_flags flags = { .file = file };
	_autobuf_ struct buf why = BUF_WHY, want = BUF_WHY;

	write_file(text, n);
	ck_assert_msg(settings_load(&flags, &why) == NULL, "%s", text);
	buf_printf(&want, "%s:%d: %s", file, line, message);
	ck_assert_msg(strncmp(buf_str(&why), buf_str(&want), want.len) == 0, "got: %s\nwant: %s",
		      buf_str(&why), buf_str(&want));
}

static void
assert_refused(const char *text, int line, const char *message)
{
	assert_bytes_refused(text, strlen(text), line, message);
}

START_TEST(defaults)
{
	struct settings *s = load("");

	ck_assert_uint_eq(s->max_sessions, 1024);
	ck_assert_uint_eq(s->max_per_source, 64);
	ck_assert_uint_eq(s->max_line, 4096);
	ck_assert_uint_eq(s->max_editors, 256);
	ck_assert_uint_eq(s->max_output, 1 << 20);
	ck_assert_uint_eq(s->max_answer, 64 << 20);
	ck_assert_double_eq(s->grace_s, 0.2);
	ck_assert_double_eq(s->probe_wait_s, 0.15);
	ck_assert_double_eq(s->script_linger_s, 0.3);
	ck_assert_double_eq(s->idle_timeout_s, 600);
	ck_assert_double_eq(s->command_timeout_s, 10);
	ck_assert_double_eq(s->login_timeout_s, 60);
	ck_assert_double_eq(s->cache_s, 1);
	ck_assert_str_eq(s->metric_prefix, "telmon_");
	ck_assert_ptr_nonnull(s->plugin_path[0]);
	ck_assert_ptr_null(s->plugin_path[1]);
	ck_assert(s->plugin_path_trusted);
	ck_assert_uint_eq(s->n_plugins, 0);
	ck_assert_ptr_null(settings_find_plugin(s, "cpu"));
	settings_free(s);
	settings_free(NULL);
}
END_TEST

static void
assert_default_socket(const char *path)
{
	struct settings *s = load("# nothing\n");

	ck_assert_uint_eq(s->n_listeners, path ? 3 : 2);
	for (size_t i = 0; i < s->n_listeners; i++)
		ck_assert(!s->listeners[i].asked && s->listeners[i].n_allow == 0);
	ck_assert_str_eq(s->listeners[0].url.host, "127.0.0.1");
	ck_assert_uint_eq(s->listeners[0].url.port, 2323);
	ck_assert_int_eq(s->listeners[0].mode, SETTINGS_AUTO);
	ck_assert_str_eq(s->listeners[1].url.host, "::1");
	if (path) {
		ck_assert_int_eq(s->listeners[2].url.scheme, NET_UNIX);
		ck_assert_str_eq(s->listeners[2].url.path, path);
		ck_assert_int_eq(s->listeners[2].mode, SETTINGS_SCRIPT);
	}
	settings_free(s);
}

START_TEST(default_listeners)
{
	char longest[300];

	setenv("RUNTIME_DIRECTORY", "/run/a:/run/b", 1);
	setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
	assert_default_socket("/run/a/telmon.sock");
	unsetenv("RUNTIME_DIRECTORY");
	assert_default_socket(geteuid() == 0 ? "/run/telmon/telmon.sock"
					     : "/run/user/7/telmon.sock");
	unsetenv("XDG_RUNTIME_DIR");
	assert_default_socket(geteuid() == 0 ? "/run/telmon/telmon.sock" : NULL);
	memset(longest, '/', sizeof(longest));
	memset(longest + 1, 'x', sizeof(longest) - 2);
	longest[sizeof(longest) - 1] = '\0';
	setenv("RUNTIME_DIRECTORY", longest, 1);
	assert_default_socket(NULL);
	unsetenv("RUNTIME_DIRECTORY");
}
END_TEST

START_TEST(every_key)
{
	struct settings *s = load(
		"max_sessions = 10\nmax_per_source=5 max_line = 128\nmax_editors = 0\n"
		"max_output = 65536\nmax_answer = 1000000\n"
		"grace = 0 probe_wait = .5\nscript_linger = 1\nidle_timeout = 0\n"
		"command_timeout = 2.5 login_timeout = 30 cache = 0.25 // a comment\n"
		"metric_prefix = \"node_\" /* another\n one */\n"
		"plugin_path = { \"/a\", '/b/c' }\n");

	ck_assert_uint_eq(s->max_sessions, 10);
	ck_assert_uint_eq(s->max_per_source, 5);
	ck_assert_uint_eq(s->max_line, 128);
	ck_assert_uint_eq(s->max_editors, 0);
	ck_assert_uint_eq(s->max_output, 65536);
	ck_assert_uint_eq(s->max_answer, 1000000);
	ck_assert_double_eq(s->grace_s, 0);
	ck_assert_double_eq(s->probe_wait_s, 0.5);
	ck_assert_double_eq(s->script_linger_s, 1);
	ck_assert_double_eq(s->idle_timeout_s, 0);
	ck_assert_double_eq(s->command_timeout_s, 2.5);
	ck_assert_double_eq(s->login_timeout_s, 30);
	ck_assert_double_eq(s->cache_s, 0.25);
	ck_assert_str_eq(s->metric_prefix, "node_");
	ck_assert_str_eq(s->plugin_path[0], "/a");
	ck_assert_str_eq(s->plugin_path[1], "/b/c");
	ck_assert_ptr_null(s->plugin_path[2]);
	ck_assert(!s->plugin_path_trusted);
	settings_free(s);
}
END_TEST

START_TEST(listener_sections)
{
	struct settings *s = load(
		"listener \"telnet://10.0.0.5:2323\" { mode = auto  allow = { \"10.0.0.0/8\", "
		"\"::1\" } }\n"
		"listener \"unix:/run/x\" { }\nlistener \"unix:/run/y\" { mode = telnet }\n"
		"listener \"telnet://*:0\" { mode = script }\nlistener \"telnet://LOCALHOST:0\" "
		"{}\n");

	ck_assert_uint_eq(s->n_listeners, 5);
	ck_assert_int_eq(s->listeners[0].mode, SETTINGS_AUTO);
	ck_assert_uint_eq(s->listeners[0].n_allow, 2);
	ck_assert_uint_eq(s->listeners[0].allow[0].bits, 104);
	ck_assert_uint_eq(s->listeners[0].allow[1].bits, 128);
	ck_assert(s->listeners[0].asked);
	ck_assert_int_eq(s->listeners[1].mode, SETTINGS_SCRIPT);
	ck_assert_int_eq(s->listeners[2].mode, SETTINGS_TELNET);
	ck_assert_int_eq(s->listeners[3].mode, SETTINGS_SCRIPT);
	ck_assert_str_eq(s->listeners[4].url.host, "localhost");
	settings_free(s);
}
END_TEST

START_TEST(plugin_sections)
{
	struct settings *s = load(
		"plugin cpu { interval = 1 deadline = 2.5 }\nplugin disk { enabled = false }\n"
		"plugin hello { file = \"/opt/hello.so\" isolate = true settings = { \"host=db1\", "
		"\"x=\" } }\n"
		"plugin other { isolate = false max_memory = 512M }\n"
		"plugin large { max_memory = 64G }\nplugin small { max_memory = 32768K }\n");
	const struct settings_plugin *p = settings_find_plugin(s, "cpu");

	ck_assert_uint_eq(s->n_plugins, 6);
	ck_assert_double_eq(p->interval_s, 1);
	ck_assert_double_eq(p->deadline_s, 2.5);
	ck_assert(p->enabled && p->isolate == -1 && !p->file && !p->settings);
	ck_assert(!settings_find_plugin(s, "disk")->enabled);
	p = settings_find_plugin(s, "hello");
	ck_assert_str_eq(p->file, "/opt/hello.so");
	ck_assert_int_eq(p->isolate, 1);
	ck_assert_double_eq(p->interval_s, 0);
	ck_assert_str_eq(p->settings[0], "host=db1");
	ck_assert_str_eq(p->settings[1], "x=");
	ck_assert_ptr_null(p->settings[2]);
	p = settings_find_plugin(s, "other");
	ck_assert_int_eq(p->isolate, 0);
	ck_assert_uint_eq(p->max_memory, 512 << 20);
	ck_assert_uint_eq(settings_find_plugin(s, "large")->max_memory, UINT64_C(64) << 30);
	ck_assert_uint_eq(settings_find_plugin(s, "small")->max_memory, 32 << 20);
	ck_assert_ptr_null(settings_find_plugin(s, "cp"));
	settings_free(s);
}
END_TEST

START_TEST(unknown_keys)
{
	assert_refused("\n\nmax_sesions = 5\n", 3,
		       "'max_sesions' is not a setting (did you mean 'max_sessions'?)");
	assert_refused("zzz = 5\n", 1, "'zzz' is not a setting");
	assert_refused("plugin cpu {\n intervall = 1\n}\n", 2,
		       "'intervall' is not a setting of a plugin (did you mean 'interval'?)");
	assert_refused("listener \"telnet://*:1\" { made = auto }", 1,
		       "'made' is not a setting of a listener (did you mean 'mode'?)");
	/* A key of one place is unknown in another. */
	assert_refused("interval = 1\n", 1, "'interval' is not a setting");
	assert_refused("plugin cpu { grace = 1 }\n", 1, "'grace' is not a setting of a plugin");
	assert_refused("sub { x = 1 }\n", 1, "'sub' is not a setting");
}
END_TEST

START_TEST(repeated_keys)
{
	assert_refused("grace = 1\ngrace = 1\n", 2, "'grace' is set twice");
	assert_refused("plugin_path = { \"/a\" }\nplugin_path = { \"/b\" }\n", 2,
		       "'plugin_path' is set twice");
	assert_refused("plugin_path = \"/a\"\nplugin_path = { }\n", 2,
		       "'plugin_path' is set twice");
	assert_refused("plugin x { interval = 1\n interval = 2 }\n", 2, "'interval' is set twice");
	assert_refused("listener \"telnet://*:1\" {\n allow = { \"::1\" }\n allow = { }\n}\n", 4,
		       "'allow' is set twice");
	/* The same key in two sections is none. */
	settings_free(load("plugin x { interval = 1 }\nplugin y { interval = 1 }\n"));
	settings_free(load("plugin_path = { \"/a\" }\nplugin_path += { \"/b\" }\n"));
}
END_TEST

START_TEST(repeated_sections)
{
	assert_refused("plugin x { }\n\nplugin x {\n}\n", 3, "section 'x' is there twice");
	assert_refused("listener \"telnet://*:1\" { }\nlistener \"telnet://*:1\" { }\n", 2,
		       "section 'telnet://*:1' is there twice");
	assert_refused("listener \"telnet://web:1\" { }\nlistener \"telnet://WEB:1\" {\n\n}\n", 2,
		       "listener 'telnet://WEB:1': the same listener is there twice");
	assert_refused("listener \"unix:/x\" { }\nlistener \"unix:///x\" { }\n", 2,
		       "listener 'unix:///x': the same");
}
END_TEST

START_TEST(wrong_values)
{
	assert_refused("max_sessions = many\n", 1,
		       "'max_sessions' must be a whole number from 1 to 100000, not 'many'");
	assert_refused("max_sessions = 1.5\n", 1, "'max_sessions' must be a whole number");
	assert_refused("max_sessions = 0x10\n", 1, "'max_sessions' must be a whole number");
	assert_refused("max_sessions = 0\n", 1, "'max_sessions' must be a whole number");
	assert_refused("max_sessions = 100001\n", 1, "'max_sessions' must be a whole number");
	assert_refused("max_sessions = 99999999999999999999\n", 1,
		       "'max_sessions' must be a whole number");
	assert_refused("max_sessions = -1\n", 1, "'max_sessions' must be a whole number");
	assert_refused("grace = 10.1\n", 1,
		       "'grace' must be a number of seconds from 0 to 10, not '10.1'");
	assert_refused("grace = nan\n", 1, "'grace' must be a number of seconds");
	assert_refused("grace = 5s\n", 1, "'grace' must be a number of seconds");
	assert_refused("grace = \"\"\n", 1, "'grace' must be a number of seconds");
	assert_refused("max_output = 1000\n", 1,
		       "'max_output' must be a size in bytes from 64K to 1G, not '1000'");
	assert_refused("max_output = 2G\n", 1, "'max_output' must be a size in bytes");
	assert_refused("max_output = 1T\n", 1, "'max_output' must be a size in bytes");
	assert_refused("max_output = M\n", 1, "'max_output' must be a size in bytes");
	assert_refused("plugin x { max_memory = 512m }\n", 1,
		       "'max_memory' must be a size in bytes from 32M to 64G, not '512m'");
	assert_refused("max_line = 4K\n", 1, "'max_line' must be a whole number");
	assert_refused("metric_prefix = \"a b\"\n", 1,
		       "'metric_prefix' must be the beginning of a metric's name");
	assert_refused("metric_prefix = \"1a\"\n", 1, "'metric_prefix' must be");
	assert_refused("plugin_path = { \"/a\",\n \"b\" }\n", 2,
		       "'plugin_path' must be an absolute path, not 'b'");
	assert_refused("plugin x { enabled = maybe }\n", 1,
		       "'enabled' must be false or true, not 'maybe'");
	assert_refused("plugin x { isolate = 2 }\n", 1, "'isolate' must be false or true");
	assert_refused("plugin x { interval = 0 }\n", 1,
		       "'interval' must be a number of seconds from 0.1 to 86400");
	assert_refused("plugin x { settings = { \"novalue\" } }\n", 1,
		       "'settings' must be a list of \"key=value\"");
	assert_refused("plugin x { settings = { \"=v\" } }\n", 1, "'settings' must be");
	assert_refused("plugin x {\n file = \"x.so\"\n}\n", 2, "'file' must be an absolute path");
	assert_refused("plugin x {\n file = \"/a/y.so\"\n}\n", 1,
		       "plugin 'x': 'file' must be named x.so");
	assert_refused("plugin \"a/b\" { }\n", 1, "plugin 'a/b': a plugin's name");
	assert_refused("listener \"telnet://*:1\" {\n mode = human\n}\n", 2,
		       "'mode' must be auto, script or telnet, not 'human'");
	assert_refused(
		"listener \"telnet://*:1\" { allow = { \"10.0.0.1/8\" } }\n", 1,
		"'allow' must be a list of addresses: '10.0.0.1/8' has bits set behind its prefix");
	assert_refused("\nlistener \"http://x:1\" {\n\n}\n", 2,
		       "listener 'http://x:1': the URL must begin with");
	assert_refused("listener \"unix:/x\" { allow = { \"::1\" } }\n", 1,
		       "listener 'unix:/x': 'allow' is for addresses");
}
END_TEST

START_TEST(broken_syntax)
{
	static const char first[] = "\0grace = 1\n", second[] = "grace = 1\n# a \0 comment\n",
			  last[] = "grace = 1\n\0";

	assert_refused("grace 1\n", 1, "missing equal sign");
	assert_refused("grace = { 1 }\n", 1, "unexpected token");
	assert_refused("}\n", 1, "unexpected closing brace");
	assert_refused("listener { }\n", 1, "missing title");
	assert_refused("grace = 1\nplugin x {\n interval = 1\n", 3, "the file ends in the middle");
	assert_refused("grace =\n", 1, "the file ends in the middle");
	assert_refused("grace", 1, "the file ends in the middle");
	assert_refused("metric_prefix = \"abc\n", 1, "the file ends in the middle");
	assert_refused("metric_prefix = 'abc\n", 1, "the file ends in the middle");
	assert_bytes_refused(first, sizeof(first) - 1, 1, "a NUL byte");
	assert_bytes_refused(second, sizeof(second) - 1, 2, "a NUL byte");
	assert_bytes_refused(last, sizeof(last) - 1, 2, "a NUL byte");
	assert_refused("grace = 1\n/* abc\n", 2, "a comment or a quote is not closed");
	assert_refused("grace = 1\n\"abc\n", 2, "a comment or a quote is not closed");
	assert_refused("metric_prefix = \"\\999\"\n", 1, "bad escape");
	assert_refused("plugin x { } }\n", 1, "unexpected closing brace");
	/* A broken file leaves nothing behind in the scanner. */
	settings_free(load("grace = 1\n"));
}
END_TEST

START_TEST(errors_are_clean_text)
{
	struct settings_flags flags = { .file = file };
	_autobuf_ struct buf why = BUF_WHY;
	static const char text[] = "\x1b[2J\xe2\x80\xae = 1\n";

	write_file(text, sizeof(text) - 1);
	ck_assert_ptr_null(settings_load(&flags, &why));
	ck_assert_ptr_null(strchr(buf_str(&why), 0x1b));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "'?[2J?' is not a setting"));
}
END_TEST

static void
assert_unreadable(const char *path, const char *reason)
{
	struct settings_flags flags = { .file = path };
	_autobuf_ struct buf why = BUF_WHY;

	ck_assert_ptr_null(settings_load(&flags, &why));
	ck_assert_msg(strstr(buf_str(&why), reason), "%s", buf_str(&why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), path));
}

START_TEST(files_that_cannot_be_read)
{
	char *large = xmalloc(2 << 20);

	assert_unreadable("/no/such/file", "No such file");
	assert_unreadable(dir, "directory");
	memset(large, '\n', 2 << 20);
	write_file(large, 2 << 20);
	free(large);
	assert_unreadable(file, "too large");
}
END_TEST

START_TEST(flags_win)
{
	const char *const urls[] = { "telnet://127.0.0.1:0", "telnet://127.0.0.1:0", "unix:/z" };
	const char *const dirs[] = { "/p", "q" };
	struct settings_flags flags = {
		.file = file, .listen = urls, .n_listen = 3, .plugin_dirs = dirs, .n_plugin_dirs = 2
	};
	static const char text[] =
		"listener \"unix:/from/file\" { }\nplugin_path = { \"/from/file\" }\n";
	_autobuf_ struct buf why = BUF_WHY;
	struct settings *s;

	write_file(text, sizeof(text) - 1);
	s = settings_load(&flags, &why);
	ck_assert_msg(s != NULL, "%s", buf_str(&why));
	ck_assert_uint_eq(s->n_listeners, 3);
	ck_assert(s->listeners[0].asked && s->listeners[2].asked);
	ck_assert_str_eq(s->listeners[2].url.path, "/z");
	ck_assert_int_eq(s->listeners[2].mode, SETTINGS_SCRIPT);
	ck_assert_str_eq(s->plugin_path[0], "/p");
	ck_assert_str_eq(s->plugin_path[1], "q");
	ck_assert_ptr_null(s->plugin_path[2]);
	ck_assert(s->plugin_path_trusted);
	settings_free(s);
}
END_TEST

START_TEST(wrong_flags)
{
	const char *const twice[] = { "unix:/z", "unix:/z" }, *const bad[] = { "localhost" };
	struct settings_flags flags = { .file = file, .listen = twice, .n_listen = 2 };
	_autobuf_ struct buf why = BUF_WHY;

	write_file("", 0);
	ck_assert_ptr_null(settings_load(&flags, &why));
	ck_assert_str_eq(buf_str(&why), "--listen unix:/z: the same listener is there twice");
	buf_clear(&why);
	flags.listen = bad;
	flags.n_listen = 1;
	ck_assert_ptr_null(settings_load(&flags, &why));
	ck_assert_ptr_nonnull(strstr(buf_str(&why), "--listen localhost: the URL must begin"));
}
END_TEST

static void
collect(void *ctx, const char *key, const char *value, const char *origin)
{
	buf_printf(ctx, "%s=%s (%s)\n", key, value, origin);
}

START_TEST(listing)
{
	const char *const dirs[] = { "/p", "/q" };
	struct settings_flags flags = { .file = file, .plugin_dirs = dirs, .n_plugin_dirs = 2 };
	_autobuf_ struct buf why = BUF_WHY, out = BUF_INIT(4096);
	static const char text[] = "grace = 0.25\nmax_output = 100000\n";
	struct settings *s;

	write_file(text, sizeof(text) - 1);
	s = settings_load(&flags, &why);
	settings_list(s, collect, &out);
	settings_free(s);
	ck_assert_str_eq(
		buf_str(&out),
		"max_sessions=1024 (default)\nmax_per_source=64 (default)\n"
		"max_line=4096 (default)\nmax_editors=256 (default)\n"
		"max_output=100000 (file)\nmax_answer=67108864 (default)\n"
		"grace=0.25 (file)\nprobe_wait=0.15 (default)\nscript_linger=0.3 (default)\n"
		"idle_timeout=600 (default)\ncommand_timeout=10 (default)\n"
		"login_timeout=60 (default)\ncache=1 (default)\n"
		"metric_prefix=telmon_ (default)\nplugin_path=/p:/q (flag)\n");
}
END_TEST

static char *manual;

/* The paragraph of a key says its default, as "default VALUE." */
static void
look_up(void *ctx, const char *key, const char *value, const char *origin)
{
	_autobuf_ struct buf item = BUF_INIT(200), said = BUF_INIT(200);
	const char *at, *end;

	(void)origin;
	buf_printf(&item, "\n.It Ic %s No ", key);
	at = strstr(manual, buf_str(&item));
	ck_assert_msg(at != NULL, "the manual lacks %s", key);
	++*(int *)ctx;
	/* The default of the path is the build's, that of the prefix is quoted. */
	if (strcmp(key, "plugin_path") == 0 || strcmp(key, "metric_prefix") == 0)
		return;
	end = strstr(at + 1, "\n.It ");
	buf_printf(&said, "default %s.\n", value);
	at = strstr(at, buf_str(&said));
	ck_assert_msg(at != NULL && (!end || at < end), "the manual has another default of %s",
		      key);
}

START_TEST(the_manual_knows_every_key)
{
	const char *srcdir = getenv("srcdir");
	_autofree_ char *path = xasprintf("%s/doc/telmond.conf.5", srcdir ? srcdir : ".");
	FILE *f = fopen(path, "r");
	struct settings *s = load("");
	int items = 0, keys = 12 + 2; /* those of plugin sections and of listener sections */

	if (!f && !srcdir) {
		/* Started by hand from somewhere else. */
		settings_free(s);
		return;
	}
	ck_assert_msg(f != NULL, "%s", path);
	manual = xcalloc(1, 1 << 16);
	ck_assert_uint_gt(fread(manual, 1, (1 << 16) - 1, f), 1000);
	fclose(f);
	settings_list(s, look_up, &keys);
	for (const char *p = manual; (p = strstr(p, "\n.It Ic ")); p++)
		items++;
	ck_assert_int_eq(items, keys);
	free(manual);
	settings_free(s);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("settings");
	TCase *fast = tcase_create("fast");
	SRunner *runner;
	int failed;

	setlocale(LC_CTYPE, "C.UTF-8");
	if (!mkdtemp(dir))
		return 1;
	snprintf(file, sizeof(file), "%s/telmond.conf", dir);
	tcase_add_test(fast, defaults);
	tcase_add_test(fast, default_listeners);
	tcase_add_test(fast, every_key);
	tcase_add_test(fast, listener_sections);
	tcase_add_test(fast, plugin_sections);
	tcase_add_test(fast, unknown_keys);
	tcase_add_test(fast, repeated_keys);
	tcase_add_test(fast, repeated_sections);
	tcase_add_test(fast, wrong_values);
	tcase_add_test(fast, broken_syntax);
	tcase_add_test(fast, errors_are_clean_text);
	tcase_add_test(fast, files_that_cannot_be_read);
	tcase_add_test(fast, flags_win);
	tcase_add_test(fast, wrong_flags);
	tcase_add_test(fast, listing);
	tcase_add_test(fast, the_manual_knows_every_key);
	suite_add_tcase(s, fast);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	unlink(file);
	rmdir(dir);
	return failed ? 1 : 0;
}
