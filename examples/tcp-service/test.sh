#!/bin/sh
# test.sh -- a service that greets, and one that is not there; inside the daemon and in a child of its own.
cd "$(dirname "$0")" || exit 99
python=$(command -v python3) || { echo "test.sh: no python3, skipping"; exit 0; }
work=$(mktemp -d) || exit 99
"$python" -c '
import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
while True:
    c, _ = s.accept()
    c.sendall(b"220 hello\x1b[31m there\r\n")
    c.close()
' >"$work/port" &
service=$!
trap 'kill $service 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
tries=0
until [ -s "$work/port" ]; do
	tries=$((tries + 1))
	[ $tries -gt 200 ] && exit 99
	sleep 0.05
done
read -r port <"$work/port"
sed "s/port=22/port=$port/" telmond.conf >"$work/conf"
CONF=$work/conf
export CONF
for ISOLATE in false true; do
	export ISOLATE
	# shellcheck disable=SC2016 # the inner shell expands
	got=$(../ask.sh / 'until -t 10 tcp-service' 'tcp-service --csv | columns service,state,banner' \
		"tcp-probe 127.0.0.1 $port --csv | columns state,banner" 'tcp-probe 127.0.0.1 1 --csv' '!echo status $status' | tail -n 7)
	wanted="service,state,banner
127.0.0.1:$port,up,220 hello?[31m there
state,banner
up,220 hello?[31m there
service,state,connect_s,banner
127.0.0.1,down,,Connection refused
status 2"
	if [ "$got" != "$wanted" ]; then
		printf 'test.sh: isolate = %s: wanted:\n%s\ntest.sh: got:\n%s\n' "$ISOLATE" "$wanted" "$got"
		exit 1
	fi
done
echo "test.sh: passed"
