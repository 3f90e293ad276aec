#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""prompt_tmux.py [CASE...] -- what no other client than telmon does in a terminal: it is stopped and goes on, is ended by signals,
finds the next daemon, and keeps its history. The rest is in terminal.py. Environment: see terminal_box.py.
"""
import signal
import sys

from terminal_box import AT, PROMPT, TELMON_CLIENT, Failure, play


def history(box):
    """The next client has it, too."""
    box.prompt()
    for line in ("echo alpha", "echo beta"):
        box.type(line, "Enter")
        box.see(rf"^{line[5:]}\n{PROMPT.rstrip()}\n\Z")
    box.type("C-d")
    box.see(r"shell>\n\Z")
    box.prompt()
    box.type("Up", "Up")
    box.edited("echo alpha", 10)


def watch_stopped(box):
    """^Z and fg while a view is drawn."""
    before = box.modes()
    box.prompt()
    box.type("watch -n 0.1 load", "Enter")
    box.see("^every")
    box.type("C-z")
    box.see(r"Stopped.*shell>\n\Z")
    if box.modes() != before or box.state() != ["1", "0"]:
        raise Failure(f"stopped: {box.state()} {box.screen()}")
    box.type("clear; fg", "Enter")
    box.see("^every")
    box.wait("the cursor is shown", box.state, lambda s: s == ["0", "0"])
    box.type("x")
    box.see(rf"^{PROMPT.rstrip()}\n\Z")
    box.wait("no cursor", box.state, lambda s: s == ["1", "0"])


def watch_killed(box):
    """The daemon dies while it draws."""
    before = box.modes()
    box.prompt()
    box.type("watch -n 0.1 load", "Enter")
    box.see("^every")
    box.stop_daemon(signal.SIGKILL)
    box.see(rf"^error: the connection was lost\n{PROMPT.rstrip()}\n\Z")
    box.wait("no cursor", box.state, lambda s: s == ["1", "0"])
    box.type("C-d")
    box.see(r"shell>\n\Z")
    if box.modes() != before:
        raise Failure(f"afterwards: {box.screen()}")


def leaving(box):
    """By a signal the shell gets its terminal back, too."""
    before = box.modes()
    for key in ("C-\\", "TERM"):
        box.prompt()
        box.type("echo half")
        box.edited("echo half", 9)
        if key == "TERM":
            box.tmux("run-shell", "kill -TERM $(pgrep -x telmon -P #{pane_pid})")
        else:
            box.type(key)
        box.see(r"shell>\n\Z")
        if box.modes() != before:
            raise Failure(f"after {key}: {box.screen()}")


def stopping(box):
    """^Z and fg."""
    before = box.modes()
    box.prompt()
    box.type("echo ha")
    box.edited("echo ha", 7)
    box.type("C-z")
    box.see(r"Stopped.*shell>\n\Z")
    if box.modes() != before:
        raise Failure(f"stopped: {box.screen()}")
    box.type("clear; fg", "Enter")
    box.see(rf"^{PROMPT}echo ha\n\Z")
    box.type("lf", "Enter")
    box.see(rf"^half\n{PROMPT.rstrip()}\n\Z")
    box.type("C-d")
    box.see(r"shell>\n\Z")


def shutdown(box):
    """The next daemon is found."""
    lost = ("-- telmond stops", "-- the connection was lost; the next line connects again")
    box.prompt()
    box.type("echo ha")
    box.edited("echo ha", 7)
    box.stop_daemon()
    box.screen_is(*lost, PROMPT + "echo ha", cursor=(AT + 7, 2))
    box.start_daemon()
    box.type("lf", "Enter")
    box.screen_is(*lost, PROMPT + "echo half", "-- connected again", "half", PROMPT)


CASES = [history, watch_stopped, watch_killed, leaving, stopping, shutdown]

if __name__ == "__main__":
    sys.exit(play("prompt_tmux.py", TELMON_CLIENT, CASES, sys.argv[1:]))
