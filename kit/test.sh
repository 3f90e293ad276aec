#!/bin/sh
# test.sh -- what the plugin makes of the machine in fixture/, inside the daemon and in a child of its own, compared with
# what it should. Made for the plugin as telmon-plugin wrote it: of yours, say what is asked (got) and what comes (wanted), and
# copy the files that it reads below fixture/.
cd "$(dirname "$0")" || exit 99
wanted='dirty_bytes,writeback_bytes,state
229376,,ok
name,size_bytes
MemTotal,4194304000
MemFree,1048576000
value
229376'
for ISOLATE in false true; do
	export ISOLATE
	got=$(./ask.sh fixture '@COMMAND@ --csv' '@COMMAND@-lines -n 2 --csv' \
		'metrics @METRIC@_dirty_bytes --csv | columns value')
	if [ "$got" != "$wanted" ]; then
		printf 'test.sh: isolate = %s: wanted:\n%s\ntest.sh: got:\n%s\n' "$ISOLATE" "$wanted" "$got"
		exit 1
	fi
done
echo "test.sh: passed"
