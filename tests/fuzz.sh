#!/bin/sh
# fuzz.sh -- replays each fuzzer's corpus: what once was found stays mended.
: "${srcdir:=.}" "${builddir:=.}"
status=0
for dict in "$srcdir"/tests/fuzz/*.dict; do
	name=$(basename "$dict" .dict)
	"$builddir/tests/fuzz/fuzz_$name" "$srcdir/tests/fuzz/corpus/$name" >/dev/null ||
		{ echo "fuzz: $name fails on its corpus" >&2; status=1; }
done
exit $status
