#!/bin/sh
# prompt_tmux.sh -- everything in prompt_tmux.py, for make check.
exec /usr/bin/python3 -B "${srcdir:-.}/tests/prompt_tmux.py"
