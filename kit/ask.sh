#!/bin/sh
# ask.sh ROOT COMMAND... -- asks a daemon of its own, with the plugin of this folder, about the machine below ROOT.
# Prints the answers; the status is that of the last one.
cd "$(dirname "$0")" || exit 99
root=$1
shift
work=$(mktemp -d) || exit 99
chmod 700 "$work"
: >"$work/log"
telmond -c telmond.conf -R "$root" -p . -l "unix:$work/sock" 2>"$work/log" &
pid=$!
trap 'kill $pid 2>/dev/null; wait $pid 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
tries=0
until grep -q '^listening on' "$work/log"; do
	tries=$((tries + 1))
	if [ $tries -gt 200 ] || ! kill -0 $pid 2>/dev/null; then
		cat "$work/log" >&2
		exit 99
	fi
	sleep 0.05
done
for command in "$@"; do
	telmon -H "$work/sock" "$command"
	status=$?
done
cat "$work/log" >"${LOG:-/dev/null}"
exit $status
