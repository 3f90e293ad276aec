#!/bin/sh
# fuzz_session.sh -- ten seconds of made-up peers against a whole daemon, always the same ones, for make check.
exec /usr/bin/python3 "${srcdir:-.}/tests/fuzz/fuzz_session.py" 10
