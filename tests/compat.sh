#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 the telmon authors
#
# compat.sh -- an object that was built with the first header lives in today's daemon, inside and in a child of its own, and
# passes today's check. tests/compat is never changed; when the ABI grows, what is there goes on working.
set -u
: "${TELMON_PLUGIN:?is not set}" "${FIRST_PLUGIN:?is not set}" "${builddir:?is not set}" "${srcdir:?is not set}"
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
cp "$FIRST_PLUGIN" "$dir/first.so" || exit 99
failed=0

"$TELMON_PLUGIN" check "$dir/first.so" >"$dir/report" 2>&1 || failed=1
grep '^error\|^warning' "$dir/report" && failed=1
[ -x "$builddir/telmon" ] || { echo "compat.sh: no client was built, the daemon is not asked"; exit $failed; }

srcdir=$(cd "$srcdir" && pwd)
PATH=$builddir:$PATH
export PATH
echo 'plugin first { isolate = false  settings = { "key=a value" } }' >"$dir/telmond.conf"
cd "$dir" || exit 99
cat >wanted <<'END'
label,value,number_bytes,added,unknown
z,5,8589934592,7,
status 1
what,answer
arguments,none 3 -1 0 0
setting,a value
no setting,
uname,Linux
user,root
statfs,ok
list,ok
alloc,ok
clock,ok
sleep,ok
what,answer
arguments,w 4 0.5 1 1
metric,kind,labels,value
first_added,gauge,,7
first_labelled_total,counter,"a=""x"",b=""z""",5
first_number_bytes,gauge,,8589934592
END
mkdir -p root/proc root/etc
echo 'MemTotal: 8388608 kB' >root/proc/meminfo
echo 'root:x:0:0::/:/bin/sh' >root/etc/passwd
for ISOLATE in false true; do
	export ISOLATE
	# shellcheck disable=SC2016 # the inner shell expands
	NAME=first sh "$srcdir/examples/ask.sh" root 'first-view --csv' '!echo status $status' 'first-run --csv' \
		'first-run -n 4 -s 0.5 -l -b answer w --csv | head 1' \
		"metrics first_* --csv | exclude 'b=.y' | columns metric,kind,labels,value | sort metric" >got 2>&1
	diff -u wanted got || { echo "FAIL: isolate = $ISOLATE"; failed=1; }
done
exit $failed
