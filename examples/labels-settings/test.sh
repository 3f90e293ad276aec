#!/bin/sh
# test.sh -- the files in numbers/, and a key that turns up later; inside the daemon and in a child of its own.
cd "$(dirname "$0")" || exit 99
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
sed "s,/var/lib/numbers,$work/numbers,g" telmond.conf >"$work/conf"
CONF=$work/conf
export CONF
for ISOLATE in false true; do
	export ISOLATE
	rm -rf "$work/numbers"
	mkdir "$work/numbers"
	cp numbers/backup numbers/import "$work/numbers/"
	got=$(../ask.sh / 'values --csv | sort key | sort file' \
		'metrics kv_* --prometheus | include ^telmon_kv_dump' \
		"!echo new=1 >$work/numbers/.later; mv $work/numbers/.later $work/numbers/later" \
		'until -t 10 values --csv | where key = new')
	wanted='file,key,value,text
backup,dump_size_bytes,1048576,
backup,rows,1200,
backup,runs_total,7,
backup,state,,"done, at last"
import,late_seconds,12,
import,rows,-3.5,
telmon_kv_dump_size_bytes{file="backup"} 1048576
file,key,value,text
later,new,1,'
	if [ "$got" != "$wanted" ]; then
		printf 'test.sh: isolate = %s: wanted:\n%s\ntest.sh: got:\n%s\n' "$ISOLATE" "$wanted" "$got"
		exit 1
	fi
done
echo "test.sh: passed"
