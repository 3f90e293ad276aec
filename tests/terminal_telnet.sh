#!/bin/sh
# terminal_telnet.sh -- everything in terminal.py with telnet, for make check.
exec /usr/bin/python3 -B "${srcdir:-.}/tests/terminal.py" telnet
