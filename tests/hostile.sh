#!/bin/sh
# hostile.sh -- everything in hostile.py, for make check.
exec /usr/bin/python3 "${srcdir:-.}/tests/hostile.py"
