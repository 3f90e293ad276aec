#!/bin/sh
# prompt.sh -- everything in prompt.py, for make check.
exec /usr/bin/python3 -B "${srcdir:-.}/tests/prompt.py"
