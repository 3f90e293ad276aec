#!/bin/sh
# terminal_plink.sh -- everything in terminal.py with plink, for make check.
exec /usr/bin/python3 -B "${srcdir:-.}/tests/terminal.py" plink
