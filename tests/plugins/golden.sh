#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 the telmon authors
#
# What every plugin makes of every captured machine, against what it made when somebody checked it by hand. A fixture may
# have a folder `later`: the files that changed until the second sample, five seconds on.
#
#	GOLDEN		the program tests/unit/golden.c
#	TELMON_PLUGIN_PATH	folder with the plugins' .so files
#	TEMPLATE	template.so
#	srcdir		top of the source tree
#	UPDATE=1	writes the answers instead of comparing: then read the diff
#
# Arguments: names of plugins; none means all.
set -u
LC_ALL=C TZ=UTC
export LC_ALL TZ
: "${srcdir:=.}" "${GOLDEN:?is not set}" "${TELMON_PLUGIN_PATH:?is not set}" "${TEMPLATE:?is not set}"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

if [ $# -eq 0 ]; then
	for plugin in "$TELMON_PLUGIN_PATH"/*.so; do
		name=${plugin##*/}
		set -- "$@" "${name%.so}"
	done
	set -- "$@" template
fi
failed=0

# The command lines that a plugin is asked besides its commands' bare names.
ask()
{
	case $1 in
	process) set -- "process -n 3 -s rss_bytes" "process -s command -n 20" "process 'wor*[13]'" "process -n 2 er-2" ;;
	*) set -- ;;
	esac
	"$GOLDEN" "$plugin" "$work/first" "$work/second" "$@"
}

for fixture in small big empty truncated garbage; do
	rm -rf "$work/first" "$work/second"
	cp -R "$srcdir/tests/fixtures/$fixture" "$work/first" || exit 1
	cp -R "$srcdir/tests/fixtures/$fixture" "$work/second" || exit 1
	chmod -R u+w "$work/first" "$work/second"
	if [ -d "$work/first/later" ]; then
		cp -R "$work/first/later/." "$work/second" || exit 1
		rm -rf "$work/first/later" "$work/second/later"
	fi
	for name in "$@"; do
		plugin=$TELMON_PLUGIN_PATH/$name.so
		[ "$name" = template ] && plugin=$TEMPLATE # it is built, and not installed
		wanted=$srcdir/tests/plugins/$fixture/$name.out
		ask "$name" > "$work/out" 2> "$work/err"
		status=$?
		if [ $status -ne 0 ] || [ -s "$work/err" ]; then
			echo "FAIL: $fixture/$name: status $status"
			cat "$work/err"
			failed=1
		elif [ "${UPDATE:-0}" = 1 ]; then
			mkdir -p "${wanted%/*}" && cp "$work/out" "$wanted" || exit 1
		elif ! diff -u "$wanted" "$work/out"; then
			echo "FAIL: $fixture/$name"
			failed=1
		fi
	done
done
exit $failed
