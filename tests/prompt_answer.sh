#!/bin/sh
# prompt_answer.sh -- everything in prompt_answer.py, for make check.
exec /usr/bin/python3 -B "${srcdir:-.}/tests/prompt_answer.py"
