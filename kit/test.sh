#!/bin/sh
# test.sh -- what the plugin makes of the machine in fixture/, compared with what it should.
cd "$(dirname "$0")" || exit 99
got=$(./ask.sh fixture '@COMMAND@ --csv' '@COMMAND@-lines -n 2 --csv' 'metrics @METRIC@_dirty_bytes --csv | columns value')
wanted='dirty_bytes,writeback_bytes,state
229376,,ok
name,size_bytes
MemTotal,4194304000
MemFree,1048576000
value
229376'
[ "$(echo "$got" | tr -d '\r')" = "$wanted" ] && { echo "test.sh: passed"; exit 0; }
echo "test.sh: wanted:"
echo "$wanted"
echo "test.sh: got:"
echo "$got"
exit 1
