#!/bin/sh
# test.sh -- a log that grows, is rotated and is cut; inside the daemon and in a child of its own.
cd "$(dirname "$0")" || exit 99
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
log=$work/log
sed -e 's/interval = .*/interval = 0.1/' -e "s,file=[^\"]*,file=$log," -e "s,/var/log,$work," telmond.conf >"$work/conf"
CONF=$work/conf
export CONF
for ISOLATE in false true; do
	export ISOLATE
	rm -f "$log" "$log.1"
	printf 'an old error\n' >"$log"
	got=$(../ask.sh / \
		'until -t 10 log-follow' \
		"!printf 'fine\nan error\nhalf a fail' >>$log" \
		'until -t 10 log-follow | where lines = 2' \
		"!printf 'ure\nold file\n' >>$log; mv $log $log.1; echo last words: fail >>$log.1; echo new error >$log" \
		'until -t 10 log-follow | where lines = 6' \
		"!: >$log" \
		'until -t 10 log-follow | where rotations = 2' \
		"!echo fail again >>$log" \
		'until -t 10 log-follow | where lines = 7' \
		'log-matches -n 4 --csv' 'log-follow --csv | columns lines,matches,rotations' | tail -n 7)
	wanted='line
half a failure
last words: fail
new error
fail again
lines,matches,rotations
7,5,2'
	if [ "$got" != "$wanted" ]; then
		printf 'test.sh: isolate = %s: wanted:\n%s\ntest.sh: got:\n%s\n' "$ISOLATE" "$wanted" "$got"
		exit 1
	fi
done
echo "test.sh: passed"
