#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 the telmon authors
#
# kit.sh -- telmon-plugin: what it writes compiles everywhere and is good, the plugins that ship are good, and of plugins
# that are not it says why.
#
#	TELMON_PLUGIN	the program
#	CC		a compiler; without one the test is skipped
#	TELMON_INCLUDE, TELMON_PLUGIN_PATH, TEMPLATE, builddir
set -u
# What the make around this was told is not for the makes within.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR
LC_ALL=C.UTF-8
export LC_ALL
: "${TELMON_PLUGIN:?is not set}" "${TELMON_INCLUDE:?is not set}" "${TELMON_PLUGIN_PATH:?is not set}" "${TEMPLATE:?is not set}"
: "${CC:=cc}" "${builddir:?is not set}" "${srcdir:?is not set}"
# Configured flags may be part of it.
command -v "${CC%% *}" >/dev/null || { echo "kit.sh: no compiler, skipping"; exit 77; }

dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
failed=0

fail()
{
	echo "FAIL: $*"
	failed=1
}

# ---- the plugins that ship

for plugin in "$TELMON_PLUGIN_PATH"/*.so "$TEMPLATE"; do
	"$TELMON_PLUGIN" check "$plugin" >"$dir/report" 2>&1 || fail "$plugin: status $?"
	if grep -v '^note: ' "$dir/report" | grep -v ': good (0 errors, 0 warnings, '; then
		fail "$plugin is not good"
	fi
done
"$TELMON_PLUGIN" check --json --root "$srcdir/tests/fixtures/small" "$TEMPLATE" >"$dir/json" || fail "--json"
grep -q '^{"file":".*template.so","verdict":"ok","errors":0,"warnings":0,"findings":\[{"level":"note",.*\]}$' "$dir/json" ||
	fail "--json says $(cat "$dir/json")"

# ---- a new one

"$TELMON_PLUGIN" new my-new_one "$dir/new" >"$dir/out" || fail "new: status $?"
"$TELMON_PLUGIN" new my-new_one "$dir/new" >"$dir/out" 2>&1 && fail "new overwrites"
"$TELMON_PLUGIN" new Bad "$dir/bad" >"$dir/out" 2>&1
if [ $? != 2 ] || [ -e "$dir/bad" ]; then fail "new takes a bad name"; fi
"$TELMON_PLUGIN" new free "$dir/free" 2>&1 | grep warning && fail "new warns of a name that nobody has"
"$TELMON_PLUGIN" new load "$dir/load" >"$dir/out" 2>&1 || fail "new load: status $?"
"$TELMON_PLUGIN" new status "$dir/status" >>"$dir/out" 2>&1 || fail "new status: status $?"
for line in "plugin 'load' is the name of a plugin in " "command 'load' is the name of one of plugin 'load' in " \
	"command 'status' is the name of one of telmond's own: "; do
	grep -q "^telmon-plugin: warning: $line" "$dir/out" || fail "new: no line '$line' in $(cat "$dir/out")"
done
for compiler in gcc clang; do
	command -v $compiler >/dev/null || continue
	for standard in c99 gnu99 c11 c17; do
		$compiler -std=$standard -Wall -Wextra -Werror -O2 -fPIC -shared -I"$TELMON_INCLUDE" -o "$dir/a.so" \
			"$dir/new/my-new_one.c" || fail "$compiler -std=$standard"
	done
done
for compiler in g++ clang++; do
	echo 'struct a { int b; } c = { .b = 1 };' | $compiler -x c++ -std=c++20 -c -o "$dir/a.o" - 2>/dev/null || continue
	$compiler -x c++ -std=c++20 -Wall -Wextra -Wno-missing-field-initializers -Werror -fPIC -shared -I"$TELMON_INCLUDE" \
		-o "$dir/a.so" "$dir/new/my-new_one.c" || fail "$compiler"
	"$TELMON_PLUGIN" check "$dir/a.so" >"$dir/report" || fail "$compiler: $(cat "$dir/report")"
done
# Its own tests, where there is a client to ask with.
if [ -x "$builddir/telmon" ]; then
	make -C "$dir/new" CC="${CC%% *}" TELMON_CFLAGS="-I$TELMON_INCLUDE" TELMON_BIN="$builddir" check >"$dir/out" 2>&1 ||
		fail "make check of a new one: $(cat "$dir/out")"
	make -s -C "$dir/new" CC="${CC%% *}" TELMON_CFLAGS="-I$TELMON_INCLUDE" TELMON_BIN="$builddir" run >"$dir/out" 2>&1
	grep -q '^ *[0-9].* ok$' "$dir/out" || fail "make run of a new one: $(cat "$dir/out")"
	cp "$dir/new/my-new_one.so" "$dir/new/forgotten.so"
	make -s -C "$dir/new" TELMON_CFLAGS="-I$TELMON_INCLUDE" TELMON_BIN="$builddir" ASK='plugins --csv | columns name' run >"$dir/out"
	[ "$(tail -n +2 "$dir/out")" = my-new_one ] || fail "make run has more plugins: $(cat "$dir/out")"
	for name in my-new-one my-new-one-lines; do
		make -s -C "$dir/new" TELMON_CFLAGS="-I$TELMON_INCLUDE" TELMON_BIN="$builddir" ASK="help $name" run >"$dir/$name"
	done
	grep -q '^source *.proc.meminfo, Dirty; ' "$dir/my-new-one" || fail "help of a view has no sources"
	grep '^source' "$dir/my-new-one-lines" && fail "help of a run has sources, which nobody declared"
	make -s -C "$dir/new" TELMON_CFLAGS= PLUGINDIR=/plugins DESTDIR="$dir/root" install || fail "make install of a new one"
	[ -f "$dir/root/plugins/my-new_one.so" ] || fail "make install of a new one installs nothing"
fi

# ---- bad ones: NAME STATUS REGEX [OPTION...], and C on standard input: what is in front of the plugin, with its members as P

bad()
{
	name=$1 status=$2 wanted=$3
	shift 3
	{
		echo '#include <telmon/plugin.h>'
		echo '#include <pthread.h>'
		echo '#include <signal.h>'
		echo '#include <stdio.h>'
		echo '#include <unistd.h>'
		cat
		echo 'TELMON_PLUGIN = { TELMON_PLUGIN_HEAD, .version = "1", .help = "h", P };'
	} >"$dir/$name.c"
	${CC%% *} -w -D_GNU_SOURCE -O1 -fPIC -shared -pthread -fvisibility=hidden -I"$TELMON_INCLUDE" -o "$dir/$name.so" \
		"$dir/$name.c" || { fail "$name does not compile"; return; }
	"$TELMON_PLUGIN" check "$@" "$dir/$name.so" >"$dir/report" 2>&1
	got=$?
	[ $got = "$status" ] || fail "$name: status $got"
	grep -q -e "$wanted" "$dir/report" || { fail "$name: no line '$wanted' in"; cat "$dir/report"; }
}

metric='static const struct telmon_metric m[] = { { .name = "m_bytes", .help = "h", .unit = TELMON_BYTES, .source = "s" } };'
column='static const struct telmon_column c[] = { { .name = "used", .help = "h", .type = TELMON_REAL } };'
command='static const struct telmon_command k[] = { { .name = "k", .help = "h", TELMON_COLUMNS(c), KIND = act } };'

bad crash 1 '^error: collect: crashed\|^error: collect: ended the process' <<END
$metric
static int collect(struct telmon *t) { return *(volatile int *)8; }
#define P TELMON_METRICS(m), .collect = collect
END
bad crash_cut 1 '^error: collect: \(crashed\|ended the process\) where all files end half way' <<END
$metric
static int collect(struct telmon *t)
{
	struct telmon_file f;
	if (telmon_read(t, "/proc/meminfo", &f) < 0 || f.size == 0)
		return -EIO;
	if (strncmp(f.text, "MemTotal", 8) == 0 && !strstr(f.text, "DirectMap4k") && !strstr(f.text, "HugePages_Total"))
		abort();
	return 0;
}
#define P TELMON_METRICS(m), .collect = collect
END
bad leaves 1 '^error: start: ended the process (exit status 3)' <<END
static int start(struct telmon *t) { exit(3); }
#define P .start = start
END
bad hang 1 "^error: run 'k': has not returned within 3 s" --limit 3 <<END
$column
static int act(struct telmon *t) { for (volatile int i = 0;; i++); }
#define KIND .run
$command
#define P TELMON_COMMANDS(k)
END
bad deaf 0 "^warning: run 'k', cancelled: goes on for" <<END
$column
static int act(struct telmon *t) { usleep(600000); return 0; }
#define KIND .run
$command
#define P TELMON_COMMANDS(k)
END
bad descriptors 1 '^error: collect, views and runs: leaks descriptors' <<END
$metric
static int collect(struct telmon *t) { dup(0); return 0; }
#define P TELMON_METRICS(m), .collect = collect
END
bad threads 1 '^error: collect, views and runs: leaves threads behind' <<END
$metric
static void *body(void *a) { pause(); return a; }
static int collect(struct telmon *t) { pthread_t p; pthread_create(&p, 0, body, 0); return 0; }
#define P TELMON_METRICS(m), .collect = collect
END
bad print 0 '^warning: it prints: .* hello there$' <<END
static int start(struct telmon *t) { printf("hello there\n"); return 0; }
#define P .start = start
END
bad chdir 1 '^error: the process: has got another working folder' <<END
$metric
static int collect(struct telmon *t) { return chdir("/"); }
#define P TELMON_METRICS(m), .collect = collect
END
bad handler 1 '^error: the process: has got another handler for signal 10' <<END
$metric
static int collect(struct telmon *t) { signal(SIGUSR1, SIG_IGN); return 0; }
#define P TELMON_METRICS(m), .collect = collect
END
bad counting 1 "^error: view 'k', two at once: give different answers" <<END
$column
$metric
static int collect(struct telmon *t) { return telmon_put(t, 0, 1); }
static int act(struct telmon *t) { static int n; telmon_row(t); telmon_int(t, ++n); return 0; }
#define KIND .view
$command
#define P TELMON_METRICS(m), TELMON_COMMANDS(k), .collect = collect
END
bad zero 0 '^warning: k: shows used as zero where nothing is known' <<END
$column
$metric
static int collect(struct telmon *t) { return telmon_put(t, 0, 1); }
static int act(struct telmon *t)
{
	double v = telmon_value(t, 0, 0);
	telmon_row(t);
	telmon_real(t, v > 0 ? v : 0);
	return 0;
}
#define KIND .view
$command
#define P TELMON_METRICS(m), TELMON_COMMANDS(k), .collect = collect
END
bad labels 1 "^error: collect: telmon_put(0 'm_bytes'): 1 label given, it has 0$" <<END
$metric
static int collect(struct telmon *t) { telmon_put1(t, 0, "x", 1); return 0; }
#define P TELMON_METRICS(m), .collect = collect
END
bad refused 1 "^error: view 'k': telmon_real(): comes before telmon_row()$" <<END
#define label .labels = "cpu,mode"
static const struct telmon_metric m[] = { { .name = "m_bytes", .help = "h", .unit = TELMON_BYTES, .source = "s", label } };
$column
static int collect(struct telmon *t)
{
	telmon_put(t, 0, 1);
	telmon_put(t, 9, 1);
	telmon_row(t);
	return telmon_put1(t, 0, "x", 1) < 0 ? EIO : 0;
}
static int act(struct telmon *t)
{
	struct telmon_file f;
	telmon_real(t, 1);
	telmon_row(t);
	telmon_text(t, "x");
	telmon_row(t);
	telmon_real(t, 1);
	telmon_real(t, 2);
	telmon_read(t, "/proc/stat", &f);
	telmon_status(t, 7);
	telmon_arg_int(t, 3);
	return 5;
}
#define KIND .view
$command
#define P TELMON_METRICS(m), TELMON_COMMANDS(k), .collect = collect
END
for line in "collect: telmon_put(0 'm_bytes'): 0 labels given, it has 2 (cpu, mode)" \
	"collect: telmon_put(0 'm_bytes'): 1 label given, it has 2 (cpu, mode)" \
	"collect: telmon_put(9): no such metric, the last one is 0 'm_bytes'" \
	"collect: telmon_row(): is not for this callback" \
	"collect: returned 5, which counts as success: 0, or a negative errno" \
	"view 'k': telmon_text(): column 'used' is a number" \
	"view 'k': telmon_real(): comes after the last column, 'used'" \
	"view 'k': telmon_read(): is not for this callback" \
	"view 'k': telmon_status(7): there are 0 to 3, it counts as 3" \
	"view 'k': telmon_arg(3): no such argument, 'k' has 0" \
	"view 'k': returned 5, which counts as success: 0, or a negative errno"; do
	grep -qxF "error: $line" "$dir/report" || fail "refused: no line '$line' in $(cat "$dir/report")"
done
grep -q 'it prints' "$dir/report" && fail "refused: what the host says is taken for the plugin's: $(cat "$dir/report")"
both='static const struct telmon_command k[] = { { .name = "k", .help = "h", TELMON_COLUMNS(c), .run = act },
	{ .name = "v", .help = "h", TELMON_COLUMNS(c), .view = view } };'
bad innocent 1 "^error: run 'k': \(crashed\|ended the process\)" <<END
$metric
$column
static int collect(struct telmon *t) { return telmon_put(t, 0, 1); }
static int act(struct telmon *t) { return *(volatile int *)8; }
static int view(struct telmon *t) { telmon_row(t); return telmon_real(t, telmon_value(t, 0, 0)); }
$both
#define P TELMON_METRICS(m), TELMON_COMMANDS(k), .collect = collect
END
grep "view 'v'.* fails" "$dir/report" && fail "innocent: a view is blamed for what a run did"
bad settings 0 "^note: collect: takes" <<END
$metric
static int collect(struct telmon *t) { return telmon_put(t, 0, telmon_setting(t, "limit") ? 1 : 0); }
#define P TELMON_METRICS(m), .collect = collect
END
"$TELMON_PLUGIN" check --set limit=1 --set limt=5 "$dir/settings.so" >"$dir/report"
[ "$(grep ^warning "$dir/report")" = "warning: settings: no callback asks for 'limt'" ] || fail "settings: $(cat "$dir/report")"
bad taken 0 "^warning: metric 'load1': is the name of one of plugin 'load' in $TELMON_PLUGIN_PATH: " <<END
static const struct telmon_metric m[] = { { .name = "load1", .help = "h", .source = "s" } };
$column
static int collect(struct telmon *t) { return telmon_put(t, 0, 1); }
static int act(struct telmon *t) { telmon_row(t); return telmon_real(t, telmon_value(t, 0, 0)); }
static const struct telmon_command k[] = { { .name = "load", .help = "h", TELMON_COLUMNS(c), .view = act },
	{ .name = "status", .help = "h", TELMON_COLUMNS(c), .view = act } };
#define P TELMON_METRICS(m), TELMON_COMMANDS(k), .collect = collect
END
for line in "command 'load': is the name of one of plugin 'load' in " "command 'status': is the name of one of telmond's own: "; do
	grep -q "^warning: $line" "$dir/report" || fail "taken: no line '$line'"
done
# A run with an argument may refuse what it is given, but not here and there in different ways.
bad asked 0 "^warning: run 'k': fails in a child of its own: no socket (Operation not permitted); .*--network" <<END
#include <sys/socket.h>
$column
static int act(struct telmon *t)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	return fd < 0 ? telmon_fail(t, -errno, "no socket") : close(fd);
}
static const struct telmon_arg a[] = { { .name = "host", .help = "h", .type = TELMON_TEXT } };
static const struct telmon_command k[] = { { .name = "k", .help = "h", TELMON_COLUMNS(c), TELMON_ARGS(a), .run = act } };
#define P TELMON_COMMANDS(k)
END
"$TELMON_PLUGIN" check --network "$dir/asked.so" | grep '^warning' && fail "--network opens nothing for a run"
# Errnos of its own are not the end of its child, after which it would have forgotten.
bad errnos 0 "^warning: run 'k': fails: as told (Broken pipe)$" <<END
$column
static int told;
static int act(struct telmon *t)
{
	static const int errors[] = { -EPIPE, -ETIMEDOUT, -EHOSTDOWN };
	return telmon_fail(t, errors[told++ % 3], "as told");
}
static int last(struct telmon *t) { return told ? telmon_row(t) : telmon_fail(t, -EIO, "it has forgotten"); }
static const struct telmon_command k[] = { { .name = "k", .help = "h", TELMON_COLUMNS(c), .run = act },
	{ .name = "l", .help = "h", TELMON_COLUMNS(c), .run = act }, { .name = "m", .help = "h", TELMON_COLUMNS(c), .run = act },
	{ .name = "n", .help = "h", TELMON_COLUMNS(c), .run = last } };
#define P TELMON_COMMANDS(k)
END
grep 'it has forgotten' "$dir/report" && fail "errnos: what it returns is taken for the end of its child"
# With its defaults a run works, unless it is told too little or has nobody to ask.
bad never 0 "^warning: run 'k': fails: no such thing (No such device)$" <<END
$column
static int act(struct telmon *t) { return telmon_fail(t, -ENODEV, "no such thing"); }
static const struct telmon_arg a[] = { { .name = "rows", .help = "h", .type = TELMON_INT, .def = "3" } };
static const struct telmon_command k[] = { { .name = "k", .help = "h", TELMON_COLUMNS(c), TELMON_ARGS(a), .run = act } };
#define P TELMON_COMMANDS(k)
END
bad wants 0 "^note: run 'k': fails: which host? (Invalid argument)$" <<END
$column
static int act(struct telmon *t)
{
	return telmon_arg_given(t, 0) ? telmon_fail(t, -ENOENT, "no such host") : telmon_fail(t, -EINVAL, "which host?");
}
static int nobody(struct telmon *t) { return telmon_fail(t, -ECONNREFUSED, "nobody is there"); }
static const struct telmon_arg a[] = { { .name = "host", .help = "h", .type = TELMON_TEXT } };
static const struct telmon_arg full[] = { { .name = "host", .help = "h", .type = TELMON_TEXT, .def = "here" } };
static int full_act(struct telmon *t)
{
	return *telmon_arg_text(t, 0) ? 0 : telmon_fail(t, -EINVAL, "a host must have a name");
}
static const struct telmon_command k[] = { { .name = "k", .help = "h", TELMON_COLUMNS(c), TELMON_ARGS(a), .run = act },
	{ .name = "l", .help = "h", TELMON_COLUMNS(c), .run = nobody },
	{ .name = "m", .help = "h", TELMON_COLUMNS(c), TELMON_ARGS(full), .run = full_act } };
#define P TELMON_COMMANDS(k)
END
grep '^warning' "$dir/report" && fail "wants: what it cannot have is laid at its door"
# What an installed one does when it is loaded is not the fault of the one that is checked.
mkdir -p "$dir/other/plugins/.libs" && cp "$TELMON_PLUGIN" "$dir/other/telmon-plugin"
cp "$TELMON_PLUGIN_PATH/load.so" "$dir/other/plugins/.libs"
echo '__attribute__((constructor)) static void at_load(void) { __builtin_trap(); }' >"$dir/other/crashes.c"
${CC%% *} -fPIC -shared -o "$dir/other/plugins/.libs/crashes.so" "$dir/other/crashes.c" || fail "crashes does not compile"
"$dir/other/telmon-plugin" check "$dir/taken.so" >"$dir/report" || fail "an installed one that crashes: status $?, $(cat "$dir/report")"
for line in "note: names: those of $dir/other/plugins/.libs/crashes.so could not be compared: " \
	"warning: command 'load': is the name of one of plugin 'load' in "; do
	grep -qF "$line" "$dir/report" || fail "an installed one that crashes: no line '$line' in $(cat "$dir/report")"
done
"$dir/other/telmon-plugin" new load "$dir/load2" 2>&1 | grep -q "warning: plugin 'load' is the name" || fail "new: an installed one crashes"
bad path 1 "^error: run 'k': telmon_read(\"proc/stat\"): a path is absolute, and without ..$" <<END
$column
static int act(struct telmon *t) { struct telmon_file f; telmon_read(t, "proc/stat", &f); return 0; }
#define KIND .run
$command
#define P TELMON_COMMANDS(k)
END
bad logs 0 "^note: the log: starting$" <<END
static int start(struct telmon *t) { telmon_log(t, TELMON_NOTICE, "starting"); return 0; }
#define P .start = start
END
grep -q 'it prints' "$dir/report" && fail "logs: a line for the log is taken for one that is printed: $(cat "$dir/report")"
bad names 0 "^warning: metric 'x_kb': has a unit that its name does not say: _bytes is missing" <<END
static const struct telmon_metric m[] = { { .name = "x_kb", .kind = TELMON_COUNTER, .unit = TELMON_BYTES } };
static int collect(struct telmon *t) { return 0; }
#define P TELMON_METRICS(m), .collect = collect
END
for line in "metric 'x_kb': has no help" "metric 'x_kb': has no source" "metric 'x_kb': is a counter: its name ends in _total" \
	"metric 'x_kb': is in 'kb'"; do
	grep -q "^warning: $line" "$dir/report" || fail "names: no line '$line'"
done
bad twice 1 "^error: loading it: .*'m_bytes'" <<END
static const struct telmon_metric m[] = { { .name = "m_bytes" }, { .name = "m_bytes" } };
#define P TELMON_METRICS(m)
END
bad unknown 1 '^error: loading it: .*undefined symbol: nobody_has_this' <<END
int nobody_has_this(void);
static int start(struct telmon *t) { return nobody_has_this(); }
#define P .start = start
END
bad exports 0 '^warning: symbols: exports 1 besides telmon_plugin, such as helper' <<END
__attribute__((visibility("default"))) int helper(void) { return 1; }
#define P .start = NULL
END
# Where the kernel has no Landlock, or does not tell, a child may read what we may.
if grep -q landlock /sys/kernel/security/lsm 2>/dev/null; then
	echo secret >"$dir/secret"
	bad opens 0 "^warning: collect: fails in a child of its own" <<END
$metric
static int collect(struct telmon *t)
{
	FILE *f = fopen("$dir/secret", "r");
	return f ? fclose(f) : telmon_fail(t, -errno, "no secret");
}
#define P TELMON_METRICS(m), .collect = collect
END
	"$TELMON_PLUGIN" check --read "$dir/secret" "$dir/opens.so" | grep -q '^warning' && fail "--read opens nothing"
fi
# A sanitizer counts memory by itself.
case ${ASAN_OPTIONS:-}${SANITIZED:-} in
*yes*) ;;
*)
	bad large 0 "^warning: collect: fails in a child of its own: .*Cannot allocate memory; .*--max-memory" <<END
$metric
static int collect(struct telmon *t)
{
	void *p = malloc(300 << 20);
	*(volatile char *)&p;
	free(p);
	return p ? 0 : -ENOMEM;
}
#define P TELMON_METRICS(m), .collect = collect
END
	"$TELMON_PLUGIN" check --max-memory 512M "$dir/large.so" | grep '^warning' && fail "--max-memory gives none"
	bad memory 0 '^warning: collect, views and runs: keeps 1.* more bytes of memory each time' <<END
$metric
static int collect(struct telmon *t) { *(volatile char *)malloc(100) = 1; return 0; }
#define P TELMON_METRICS(m), .collect = collect
END
	bad forgets 0 '^warning: stop and start: keeps 1.* more bytes of memory each time' <<END
static int start(struct telmon *t) { *(volatile char *)malloc(100) = 1; return 0; }
#define P .start = start
END
esac
echo text >"$dir/text.so"
"$TELMON_PLUGIN" check "$dir/text.so" >"$dir/report" && fail "a text is an object"
grep -q '^error: loading it: .*is not a shared object' "$dir/report" || fail "a text: $(cat "$dir/report")"
for usage in '' 'check' 'new' 'check --root' 'check --set x y.so' 'check --max-memory 1K y.so' 'fly'; do
	# shellcheck disable=SC2086
	"$TELMON_PLUGIN" $usage >/dev/null 2>&1
	[ $? = 2 ] || fail "usage '$usage'"
done
exit $failed
