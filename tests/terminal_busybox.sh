#!/bin/sh
# terminal_busybox.sh -- everything in terminal.py with busybox, for make check.
exec /usr/bin/python3 -B "${srcdir:-.}/tests/terminal.py" busybox
