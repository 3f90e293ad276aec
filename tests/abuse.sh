#!/bin/sh
# abuse.sh -- everything in abuse.py, for make check.
exec /usr/bin/python3 "${srcdir:-.}/tests/abuse.py"
