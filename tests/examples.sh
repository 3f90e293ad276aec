#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 the telmon authors
#
# examples.sh -- the plugins of examples/, built outside the tree as their README says, checked, and asked inside the daemon
# and in a child of its own. Without a compiler or a client it is skipped.
set -u
# What the make around this was told is not for the makes within.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR
: "${TELMON_INCLUDE:?is not set}" "${builddir:?is not set}" "${srcdir:?is not set}" "${CC:=cc}"
[ -x "$builddir/telmon" ] || { echo "examples.sh: no client was built, skipping"; exit 77; }
command -v "${CC%% *}" >/dev/null || { echo "examples.sh: no compiler, skipping"; exit 77; }
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
cp -R "$srcdir/examples/." "$dir" && chmod -R u+w "$dir" || exit 99
failed=0
for example in "$dir"/*/; do
	make -C "$example" CC="${CC%% *}" CFLAGS='-O2 -Wall -Wextra -Werror' TELMON_CFLAGS="-I$TELMON_INCLUDE" TELMON_BIN="$builddir" \
		check >"$dir/out" 2>&1 || { failed=1; echo "FAIL: $example"; cat "$dir/out"; }
	grep '^warning' "$dir/out" && failed=1
done
exit $failed
