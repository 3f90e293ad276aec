#!/bin/sh
# ttypes.sh -- ttypes.py, for make check.
exec /usr/bin/python3 -B "${srcdir:-.}/tests/ttypes.py"
