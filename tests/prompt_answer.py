#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""prompt_answer.py [CASE...] -- telmon while an answer is shown, as prompt_box.py has it: keys, ^C, the terminal afterwards.
"""
import re
import select
import signal
import sys
import time

from prompt_box import PATIENCE, Failure, main


# --- keys while an answer runs


def keys(box):
    t, d = box.prompt()
    t.type("top\r")
    d.hear("top")
    d.part("more", "\033[?1049h\033[?25lpage")
    t.see("page")
    t.type("\033[A")
    d.hear("/key 1b5b41")
    t.type("\rü")
    d.hear("/key 0dc3bc")
    d.part("done", "\033[?25h\033[?1049l")
    before = t.see("web1> ")
    if "\n" in before:
        raise Failure(f"between view and prompt came {before!r}")
    t.type("\x04")
    t.end()
    d.leave()


def keys_wait(box):
    """What is typed before an answer has shown anything is for the command if it does, else for the next line."""
    t, d = box.prompt()
    t.type("slow\r")
    d.hear("slow")
    t.type("cp")
    t.type("u\r")
    d.part("done", "slow\n")
    t.see("^slow")
    d.answer("cpu", "12 %\n")
    t.see("web1> cpu\r\n.*12 %.*web1> ")
    t.type("top\r")
    d.hear("top")
    t.type("q")
    t.resize(24, 79)
    d.hear("/resize 79 24")
    d.part("more", "page\n")
    d.hear("/key 71")
    d.part("done", "")
    t.see("web1> ")


def keys_ahead(box):
    """Lines that were typed in one go are lines, whatever the first one shows."""
    t, d = box.prompt()
    t.type("watch\rcpu\r")
    d.hear("watch")
    d.part("more", "tick\n")
    t.see("tick")
    t.type("x")
    d.hear("/key 78")
    d.part("done")
    d.answer("cpu", "12 %\n")
    t.see("12 %.*web1> ")


def keys_too_many(box):
    t, d = box.prompt()
    t.type("slow\r")
    d.hear("slow")
    for _ in range(20):
        t.type("0123456789" * 50)
    d.part("more", "shown\n")
    got = ""
    while len(got) < 2 * 4096:
        line = d.lines.readline().decode()
        if not re.fullmatch(r"/key ([0-9a-f]{2})+\n", line):
            raise Failure(f"got {line!r}")
        got += line[5:-1]
    text = bytes.fromhex(got).decode()
    if not ("0123456789" * 1000).startswith(text):
        raise Failure(f"keys are {text!r}")
    d.part("done", "")


def not_echoed(box):
    t, d = box.prompt()
    t.type("watch\r")
    d.hear("watch")
    d.part("more", "tick\n")
    t.see("tick\r\n")
    t.type("xyz")
    d.hear("/key 78797a")
    d.part("done", "end\n")
    if t.see("end"):
        raise Failure("typed keys were echoed")


# --- ^C


def cancel(box):
    t, d = box.prompt()
    t.type("watch cpu\r")
    d.hear("watch cpu")
    d.part("more", "tick\n")
    t.see("tick")
    t.type("\x03")
    d.hear("/cancel")
    d.part("done", "", 130)
    t.see("web1> ")
    t.type("cpu\r")
    d.answer("cpu", "ok\n")
    t.see("ok")
    t.type("\x04")
    t.end()
    d.leave()


def in_order(box):
    """What is typed in one go counts in its order, before and behind a ^C."""
    t, d = box.prompt()
    t.type("junk\x03slow\r")
    d.hear("slow")
    t.see(r"junk\^C\r\n")
    t.type("rubbish\x03cpu\r")
    d.hear("/cancel")
    d.part("more", "late\n")
    d.part("done", "", 130)
    d.answer("cpu", "12 %\n")
    t.see("12 %.*web1> ")
    t.type("slow\r\x03cpu\r")
    d.hear("slow")
    d.hear("/cancel")
    d.part("done", "", 130)
    d.answer("cpu", "13 %\n")
    t.see("13 %.*web1> ")
    t.type("slow\r")
    d.hear("slow")
    t.kill(signal.SIGINT)
    d.hear("/cancel")
    d.part("done", "", 130)
    t.type("\x04")
    t.end()
    d.leave()


def cancel_drops_keys(box):
    t, d = box.prompt()
    t.type("slow\r")
    d.hear("slow")
    t.type("rubbish\r")
    t.resize(24, 79)
    d.hear("/resize 79 24")
    t.type("\x03")
    d.hear("/cancel")
    d.part("done", "", 130)
    t.see("web1> ")
    t.type("cpu\r")
    d.answer("cpu", "ok\n")


def cancel_flood(box):
    """Parts that never pause do not keep a ^C waiting."""
    t, d = box.prompt()
    t.type("flood\r")
    d.hear("flood")
    flood = (b"more 0 60000\n" + b"x" * 59999 + b"\n") * 4
    d.peer.setblocking(False)
    sent, typed, deadline = 0, False, time.monotonic() + PATIENCE
    while not select.select([d.peer], [], [], 0)[0]:
        if time.monotonic() > deadline:
            raise Failure(f"{sent} bytes, and no /cancel")
        try:
            sent += d.peer.send(flood[sent % len(flood):])
        except BlockingIOError:
            pass
        t.read(0.01)
        if sent > 1000000 and not typed:
            t.type("\x03")
            typed = True
    d.peer.settimeout(PATIENCE)
    d.hear("/cancel")


def give_up(box, line="slow"):
    t, d = box.prompt()
    t.type(line + "\r")
    d.hear(line)
    t.type("\x03")
    d.hear("/cancel")
    t.type("\x03")
    d.hear("/cancel")  # so soon it is but an impatient finger
    time.sleep(0.6)
    t.type("\x03")
    t.see("error: gave up waiting for the daemon")
    t.end(130)


def give_up_setting(box):
    """The client asks for its prompt after such a line, but not whom somebody has given up on."""
    give_up(box, "/set prompt x")


def give_up_at_once(box):
    t, d = box.prompt()
    t.type("slow\r")
    d.hear("slow")
    d.part("more", "\033[?1049h\033[?25l")
    t.see("25l")
    t.type("\x1c")
    t.see(re.escape("\033[?1049l\033[?25h"))
    t.end()


def give_up_completing(box):
    t, d = box.prompt()
    t.type("cp\t")
    d.hear("/complete 2 cp")
    t.type("\x03")
    d.hear("/cancel")
    time.sleep(0.6)
    t.type("\x03")
    t.see("gave up")
    t.end(130)


# --- the terminal afterwards

SEQUENCES = "\033[?1049h\033[?7l\033[?25l\033[3;10r\033[1;31mview"
UNDONE = re.escape("\033[m\0337\033[r\0338\033[?7h\033[?1049l\033[?25h")


def undone_at_the_end(box):
    t, d = box.prompt()
    t.type("top\r")
    d.hear("top")
    for c in SEQUENCES:
        d.part("more", c)
    t.see("view")
    d.part("done", "", 130)
    t.see(UNDONE + "web1> ")
    t.type("top\r")
    d.hear("top")
    d.part("more", "\033[?25;1049h")  # cut short
    d.part("done", "\033[?25l\033[1")
    t.see(re.escape("\030\033[?1049l\033[?25h") + ".*web1> ")


def undone_when_the_daemon_dies(box):
    t, d = box.prompt()
    t.type("top\r")
    d.hear("top")
    d.part("more", SEQUENCES)
    t.see("view")
    d.go()
    t.see(UNDONE + "error: the connection was lost\r\n.*web1> ")
    t.type("\x04")
    t.end()


def undone_by_signals(box):
    for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGALRM):
        t, d = box.prompt()
        t.type("top\r")
        d.hear("top")
        d.part("more", SEQUENCES)
        t.see("view")
        t.kill(sig)
        t.see(UNDONE)
        t.end(-sig if sig in (signal.SIGUSR1, signal.SIGALRM) else 0)


def silence(box):
    """-t is for the daemon, not for who reads what it has shown."""
    t, d = box.prompt("-t", "0.3")
    t.type("top\r")
    d.hear("top")
    d.part("more", "page")
    t.see("page")
    time.sleep(0.6)
    t.type("q")
    d.hear("/key 71")
    d.part("done")
    t.see("web1> ")
    t.type("slow\r")
    d.hear("slow")
    t.see("error: no answer in time\r\n.*web1> ")
    t.type("cpu\r")
    d.greet()
    d.answer("cpu", "ok\n")
    t.see("-- connected again\r\nok")


CASES = [
    keys, keys_wait, keys_ahead, keys_too_many, not_echoed, cancel, in_order, cancel_drops_keys, cancel_flood,
    give_up, give_up_setting, give_up_at_once, give_up_completing, undone_at_the_end, undone_when_the_daemon_dies, undone_by_signals,
    silence,
]

if __name__ == "__main__":
    sys.exit(main(CASES, sys.argv[1:]))
