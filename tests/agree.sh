#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Copyright (c) 2026 the telmon authors
#
# Whether the numbers of a running daemon are those of free, df, ps, uname and /proc on this machine. They are taken at
# different instants and some move, so each comparison may be tried again for a while; a wrong formula stays wrong.
#
#	TELMON_SOCKET	the daemon's Unix socket
#
# Arguments: what to compare; none means all.
# Functions are called by name.
# shellcheck disable=SC2317
set -u
LC_ALL=C
export LC_ALL

if [ -z "${TELMON_SOCKET:-}" ] || ! command -v nc > /dev/null; then
	echo "needs TELMON_SOCKET and nc"
	exit 77
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 1
failed=0

# One command's answer as CSV without its header row.
ask()
{
	echo "$1 --csv" | nc -N -U "$TELMON_SOCKET" | tr -d '\r' | sed 1d
}

# close A B TOLERANCE: files of lines of words; numbers may differ by the tolerance, words not at all.
close()
{
	awk -v tolerance="$3" '
	function number(s) { return s ~ /^-?[0-9.]+$/ }
	NR == FNR { line[NR] = $0; n = NR; next }
	{
		if (split(line[FNR], a, " ") != split($0, b, " "))
			bad = 1
		for (i in b) {
			d = a[i] - b[i]
			if (number(a[i]) && number(b[i]) ? d > tolerance || -d > tolerance : a[i] != b[i])
				bad = 1
		}
		m = FNR
	}
	END { exit bad || n == 0 || m != n }' "$1" "$2"
}

# Each writes `ours` and `theirs`, or fails; check_NAME may take several tries.
check_memory()
{
	ask memory | tr ',' ' ' > ours
	free -b | sed -n -e 's/^Mem:/memory/p' -e 's/^Swap:/swap/p' | sed 's/  */ /g' > theirs
	sed -i 's/ *$//' ours theirs
	close ours theirs 8388608
}

check_load()
{
	ask 'load | columns load1,load5,load15' | tr ',' ' ' > ours
	cut -d ' ' -f 1-3 /proc/loadavg > theirs
	close ours theirs 0.05
}

# The mount comes last because it may hold blanks; df cannot show some characters any other way than we do.
check_filesystem()
{
	ask 'filesystem | where state != "no answer" | columns size_bytes,used_bytes,available_bytes,used_percent,mount' |
		sed 's/,/ /; s/,/ /; s/,/ /; s/,/ /; s/"//g' | sort -k 5 > ours
	df -B1 --output=size,used,avail,pcent,target 2> /dev/null | sed -e 1d -e 's/%//' -e 's/^ *//' -e 's/  */ /g' |
		sort -k 5 > theirs
	close ours theirs 8388608
}

# Those that ps sees before and after must be there; a few may have come and gone in between, as those that ask do.
check_process()
{
	ps -e -o pid= | tr -d ' ' | sort > before
	ask 'process | columns pid' | sort > ours
	ps -e -o pid= | tr -d ' ' | sort > after
	comm -12 before after > theirs
	sort -u before after > some
	[ -s ours ] && [ -z "$(comm -23 theirs ours)" ] && [ "$(comm -13 some ours | wc -l)" -le 8 ]
}

# Owners of those that both see; a process that changed its user is the test.
check_user()
{
	ps -e -o pid=,user:64= | sed 's/^ *//; s/  */ /g' | sort -k 1b,1 > before
	ask 'process | columns pid,user' | tr ',' ' ' | sort -k 1b,1 > after
	join before after | cut -d ' ' -f 2 > theirs
	join before after | cut -d ' ' -f 3 > ours
	close ours theirs 0
}

check_network()
{
	ask 'network | columns interface' | sort > ours
	sed -e '1,2d' -e 's/:[^:]*$//' -e 's/^ *//' /proc/net/dev | sort > theirs
	close ours theirs 0
}

check_cpu()
{
	ask 'cpu | columns cpu' > ours
	sed -n -e 's/^cpu .*/all/p' -e 's/^cpu\([0-9][0-9]*\) .*/\1/p' /proc/stat > theirs
	close ours theirs 0
}

check_host()
{
	ask 'host | columns hostname,kernel,architecture,cpus' | tr ',' ' ' > ours
	echo "$(uname -n) $(uname -r) $(uname -m) $(grep -c '^cpu[0-9]' /proc/stat)" > theirs
	close ours theirs 0
}

[ $# -gt 0 ] || set -- memory load filesystem process user network cpu host
for what in "$@"; do
	tries=0
	until "check_$what"; do
		tries=$((tries + 1))
		if [ $tries -eq 20 ]; then
			echo "FAIL: $what"
			diff -u theirs ours
			failed=1
			break
		fi
		sleep 0.5
	done
	[ $tries -eq 20 ] || echo "ok: $what"
done
exit $failed
