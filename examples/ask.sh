#!/bin/sh
# ask.sh ROOT COMMAND... -- asks a daemon of its own, with the plugin that the Makefile here names, about the machine below
# ROOT. A COMMAND that begins with ! is the shell's. Prints the answers; the status is that of the last one.
#
#	NAME	the plugin, where no Makefile says it
#	CONF	the configuration (telmond.conf)
#	ISOLATE	true or false: what its line "isolate = ..." is to say instead
root=$1
shift
work=$(mktemp -d) || exit 99
chmod 700 "$work"
: >"$work/log"
# Not all that lies here: a copy that somebody has forgotten would be a second plugin.
name=$(sed -n 's/^NAME = //p' Makefile 2>/dev/null)
mkdir "$work/plugins" && cp "${name:-$NAME}.so" "$work/plugins/" || exit 99
sed "${ISOLATE:+s/isolate = [a-z]*/isolate = $ISOLATE/}" "${CONF:-telmond.conf}" >"$work/conf" || exit 99
telmond -c "$work/conf" -R "$root" -p "$work/plugins" -l "unix:$work/sock" 2>"$work/log" &
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
status=0
for command in "$@"; do
	case $command in
	!*) eval "${command#!}" ;;
	*) telmon -H "$work/sock" "$command" ;;
	esac
	status=$?
done
exit $status
