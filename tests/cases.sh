#!/bin/sh
# cases.sh -- every case of tests/telnet/CASES stands in a test, at the codec and over a socket as its line says, and no
# test names a case that is not listed there.
srcdir=${srcdir:-.}
tests=$srcdir/tests
status=0

# ids FILE...: the cases that these files name, each once.
ids()
{
	grep -oh 'TN-[0-9][0-9]*' "$@" | sort -u
}

listed=$(sed -n 's/^\(TN-[0-9]*\)	.*/\1/p' "$tests/telnet/CASES" | sort -u)
codec=$(ids "$tests"/telnet/*.in "$tests/unit/test_telnet.c")
wire=$(ids "$tests/conformance_cases.py" "$tests/conformance_talks.py")

# want MARK TESTED WHAT: each case marked so is one of those that are tested.
want()
{
	for id in $(sed -n "s/^\(TN-[0-9]*\)	[cs]*$1[cs]*	.*/\1/p" "$tests/telnet/CASES"); do
		echo "$2" | grep -qx "$id" || { echo "cases: $id has no test $3" >&2; status=1; }
	done
}

want c "$codec" "at the codec"
want s "$wire" "over a socket"
for id in $codec $wire; do
	echo "$listed" | grep -qx "$id" || { echo "cases: $id is tested, but not listed in tests/telnet/CASES" >&2; status=1; }
done
[ "$(echo "$listed" | wc -l)" -ge 80 ] || { echo "cases: tests/telnet/CASES has lost its lines" >&2; status=1; }
exit $status
