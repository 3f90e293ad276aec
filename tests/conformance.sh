#!/bin/sh
# conformance.sh -- every case of tests/telnet/CASES over a socket, for make check.
exec /usr/bin/python3 "${srcdir:-.}/tests/conformance.py"
