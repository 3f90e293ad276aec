#!/bin/sh
# cases.sh -- every case of tests/telnet/CASES stands in a test, at the codec and over a socket as its line says, and no
# test names a case that is not listed there.
tests=${srcdir:-.}/tests
status=0

# ids FILE...: the cases that these files name, each once.
ids()
{
	grep -oh 'TN-[0-9][0-9]*' "$@" | sort -u
}

# marked MARKS: the cases that are listed with one of these.
marked()
{
	sed -n "s/^\(TN-[0-9]*\)	[cs]*[$1][cs]*	.*/\1/p" "$tests/telnet/CASES" | sort -u
}

# within NAMES OF WHAT: none of these names is missing among those.
within()
{
	missing=$(echo "$1" | grep -vxF "$2")
	[ -z "$missing" ] || { echo "cases: $3: $missing" >&2; status=1; }
}

codec=$(ids "$tests"/telnet/*.in "$tests/unit/test_telnet.c")
wire=$(ids "$tests/conformance_cases.py" "$tests/conformance_talks.py")
within "$(marked c)" "$codec" 'without a test at the codec'
within "$(marked s)" "$wire" 'without a test over a socket'
within "$codec
$wire" "$(marked cs)" 'tested, but not listed in tests/telnet/CASES'
[ "$(marked cs | wc -l)" -ge 80 ] || { echo "cases: tests/telnet/CASES has lost its lines" >&2; status=1; }
exit $status
