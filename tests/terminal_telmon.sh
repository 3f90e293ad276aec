#!/bin/sh
# terminal_telmon.sh -- everything in terminal.py with telmon, for make check.
exec /usr/bin/python3 -B "${srcdir:-.}/tests/terminal.py" telmon
