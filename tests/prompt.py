#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""prompt.py [CASE...] -- telmon's prompt, as prompt_box.py has it: lines, what the daemon is told, words, history, notes.

What runs while an answer is shown is in prompt_answer.py, what a person sees of a whole screen in prompt_tmux.py.
"""
import os
import re
import signal
import stat
import sys

from prompt_box import Daemon, Failure, main


# --- a line and its answer


def talk(box):
    t, d = box.prompt()
    t.type("cpu\r")
    d.answer("cpu", "12 %\n")
    t.see("12 %\r\n.*web1> ")
    t.type("nonsense\r")
    d.answer("nonsense", "error: what\n", 64)
    t.see("error: what\r\n.*web1> ")
    t.type("  \r")
    t.see("web1> ")
    t.type("quit\r")
    t.end()
    d.leave()


def leave_by_key(box):
    t, d = box.prompt()
    t.type("\x04")
    t.end()
    d.leave()


def leave_by_signal(box):
    for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        t, d = box.prompt()
        t.type("half a line")
        t.see("half a line")
        t.kill(sig)
        t.end()
        d.leave()


def drop(box):
    t, d = box.prompt()
    t.type("junk\x02\x02")
    t.see("junk\b\b")
    t.type("\x03")
    t.see(r"nk\^C\r\n.*web1> ")
    t.type("cpu\r")
    d.answer("cpu", "ok\n")
    t.see("ok\r\n.*web1> ")


def unfinished_line(box):
    """An answer without its line end does not stand before the prompt."""
    t, d = box.prompt()
    t.type("cpu\r")
    d.answer("cpu", "no end")
    t.see("no end\r\n.*web1> ")


# --- what the daemon is told


def window(box):
    t, d = box.prompt()
    t.type("ech")
    t.see("ech")
    t.resize(30, 100)
    d.hear("/resize 100 30")
    t.type("o hi\r")
    d.hear("echo hi")
    d.part("more", "one\n")
    t.see("one")
    t.resize(10, 60)
    d.hear("/resize 60 10")
    d.part("done", "two\n")
    t.see("two\r\n.*web1> ")
    t.resize(10, 60)
    t.type("echo same\r")
    d.answer("echo same", "same\n")
    t.see("^same")


def window_unknown(box):
    t, d = box.start(rows=0, columns=0), box.daemon
    d.greet("")
    t.see("web1> ")
    t.resize(24, 80)
    d.hear("/resize 80 24")


def dumb(box):
    t, d = box.prompt(window="/set width 80", color="off", TERM="dumb")
    t.resize(24, 70)
    t.see("web1> ")
    t.type("cpu\r")
    d.answer("/set width 70")
    d.answer("cpu", "ok\n")
    t.see("ok\r\n.*web1> ")


def strange_terminal(box):
    box.prompt(TERM="xterm-nonsense")
    box.daemon.peer.close()
    box.prompt(window="/set width 80", color="off", TERM="nonsense")


def unanswered(box):
    """Lines that the daemon does not answer are not sent."""
    t, d = box.prompt()
    for line in ("/cancel", " /cancel ", "/resize 10 10", "/key 00", "/key"):
        t.type(line + "\r")
        t.see("web1> ")
    t.type("/keys\r")
    d.answer("/keys", "error: what\n", 64)


def no_color(box):
    box.prompt(color="off", NO_COLOR="1")
    box.daemon.peer.close()
    box.prompt(color="on", NO_COLOR="")
    box.daemon.peer.close()
    box.prompt(color="off", TERM="vt100")


def as_json(box):
    t, d = box.start("-j"), box.daemon
    d.accept()
    d.answer("/framed 1")
    d.answer("/set format json")
    d.answer("/set person on")
    t.type("\x04")


# --- notes


def notes(box):
    t, d = box.prompt()
    t.type("half")
    t.see("half")
    d.part("note", "anna: \033[2Jhello\n")
    t.see(re.escape("\r\033[J") + r"anna: \?\[2Jhello\r\nweb1> half")
    t.type(" a line\r")
    d.hear("half a line")
    d.part("more", "a\n")
    d.part("note", "bert\n")
    d.part("done", "b\n")
    t.see(r"a\r\nbert\r\nb\r\n.*web1> ")


def notes_above_rows(box):
    """A line of three rows, the cursor in the second."""
    t, d = box.prompt()
    t.type("x" * 200)
    t.see("x{46}$")
    t.type("\033[D" * 80)
    while t.read(0.3):
        pass
    d.part("note", "bert\n")
    t.see(re.escape("\r\033[1A\033[J") + "bert\r\nweb1> x{70}")


def notes_wait(box):
    t, d = box.prompt()
    t.type("top\r")
    d.hear("top")
    d.part("more", "\033[?25lview")
    d.part("note", "anna\n")
    d.part("more", "more\n\033[?25h")
    d.part("done")
    t.see(r"viewmore\r\n.*anna\r\nweb1> ")


# --- words


def complete(box):
    t, d = box.prompt()
    t.type("plu\t")
    d.complete(3, "plu", ("plugins ", "what is loaded"))
    t.see("gins ")
    t.type("\r")
    d.answer("plugins ", "ok\n")
    t.see("ok\r\n.*web1> ")
    t.type("fi\t")
    d.complete(2, "fi", ("filesystem", ""), ("filesystems", ""))
    t.see("lesystem")
    t.type("\t")
    d.complete(10, "filesystem", ("filesystem", ""), ("filesystems", ""))
    t.see("filesystem   filesystems\r\n.*web1> filesystem")
    t.type("\r")
    d.answer("filesystem", "ok\n")
    t.see("ok\r\n.*web1> ")
    t.type("zz\t")
    d.complete(2, "zz", (None, "only a hint", "WORD"))
    t.see("\a")
    t.type("\x15echo üü cp\t")
    d.complete(12, "echo üü cp", ("cpu ", None))
    t.see("u ")
    t.type("x\r")
    d.answer("echo üü cpu x", "ok\n")


def complete_list(box):
    """Down the columns, bounded by the window, controls left out."""
    t, d = box.prompt()
    t.resize(8, 40)
    d.hear("/resize 40 8")
    t.type("w\t")
    d.complete(1, "w", *((f"word{i:03} ", "") for i in range(100)), ("w\033[2J", ""))
    t.see("ord0")
    t.type("\t")
    d.complete(5, "word0", *((f"word{i:03} ", "") for i in range(100)))
    t.see(r"\r\nword000  word005  word010  word015\r\nword001 .*word019\r\n-- 80 more\r\n.*web1> word0")


def explain(box):
    t, d = box.prompt()
    t.type("?")
    d.complete(0, "", ("cpu ", "busy"), ("disk ", "with\033[2J"), (None, "and more", "/help"))
    t.see(r"\r\n  cpu    busy\r\n  disk   with\?\[2J\r\n  /help  and more\r\nweb1> ")
    t.type("cpu a? | include \"b?\" \\? x?\r")
    d.answer("cpu a? | include \"b?\" \\? x?", "ok\n")
    t.see("^ok")
    # Where the daemon knows of nothing it is a letter, too.
    t.type("/say why ?")
    d.complete(9, "/say why ")
    t.see(r"\?")
    t.type("?\r")
    d.answer("/say why ??", "ok\n")
    t.see("^ok")


def own_keys(box):
    """~/.editrc has the last word; vi's friends keep the keys that nobody gets by without."""
    with open(box.folder + "/.editrc", "w", encoding="utf-8") as f:
        f.write('bind "^W" em-kill-line\nbind "\\e[5~" ed-prev-history\n')
    t, d = box.prompt()
    t.type("echo a\r")
    d.answer("echo a", "a\n")
    t.see("^a.*web1> ")
    t.type("one two\x17\033[5~b\r")
    d.answer("echo ab", "ab\n")
    t.see("^ab.*web1> ")
    d.peer.close()
    with open(box.folder + "/.editrc", "w", encoding="utf-8") as f:
        f.write("bind -v\n")
    t, d = box.prompt()
    t.type("ech one\0330")
    t.see("ech one")
    while t.read(0.2):
        pass
    t.type("x\x03")
    t.see(r"\^C\r\n.*web1> ")
    t.type("ec\t")
    d.complete(2, "ec", ("echo ", ""))
    t.see("ho ")
    t.type("x\r")
    d.answer("echo x", "x\n")


# --- history


def history(box):
    path = box.folder + "/telmon/history"
    t, d = box.prompt()
    for line in ("echo one", " secret", "echo two", "echo two"):
        t.type(line + "\r")
        d.answer(line, "ok\n")
        t.see("ok\r\n.*web1> ")
    t.type("junk")
    t.see("junk")
    t.type("\x03")
    t.see("web1> ")
    t.kill(signal.SIGKILL)  # nothing is lost with the client
    if stat.S_IMODE(os.stat(path).st_mode) != 0o600 or stat.S_IMODE(os.stat(box.folder + "/telmon").st_mode) != 0o700:
        raise Failure("others may read it")
    with open(path, encoding="utf-8") as f:
        kept = f.read().splitlines()[1:]
    if kept != [r"echo\040one", r"echo\040two"]:
        raise Failure(f"kept is {kept!r}")
    t, d = box.prompt()
    t.type("\033[A")
    t.see("echo two")
    t.type("\033[A")
    t.see("one")
    t.type("\r")
    d.answer("echo one", "ok\n")


def history_of_several(box):
    """Each adds to what the others have kept; the newest 500 stay."""
    one, d1 = box.start(), Daemon.__new__(Daemon)
    d1.__dict__.update(box.daemon.__dict__)
    d1.greet()
    two, d2 = box.prompt()
    one.see("web1> ")
    for i in range(3):
        for t, d, name in ((one, d1, "one"), (two, d2, "two")):
            t.type(f"{name}{i}\r")
            d.answer(f"{name}{i}", "ok\n")
            t.see("ok\r\n.*web1> ")
    path = box.folder + "/telmon/history"
    with open(path, encoding="utf-8") as f:
        if f.read().split()[1:] != ["one0", "two0", "one1", "two1", "one2", "two2"]:
            raise Failure("not all lines are there, in their order")
    with open(path, "a", encoding="utf-8") as f:
        f.writelines(f"line{i}\n" for i in range(600))
    one.type("last\r")
    d1.answer("last", "ok\n")
    one.see("ok\r\n.*web1> ")
    with open(path, encoding="utf-8") as f:
        lines = f.read().split()[1:]
    if len(lines) != 500 or lines[-2:] != ["line599", "last"]:
        raise Failure(f"{len(lines)} lines, the last {lines[-2:]!r}")


# --- a daemon that goes away


def again(box):
    t, d = box.prompt()
    t.type("ec")
    t.see("ec")
    d.go()
    t.see("-- the connection was lost; the next line connects again\r\nweb1> ec$")
    t.type("ho \t?")  # nobody knows what may stand there
    t.see("\a")
    t.type("\r")
    t.see(r"error: cannot connect: .*d\.sock: No such file or directory\r\n.*web1> $")
    d.listen()
    t.type("\x10")
    t.see("echo")
    t.type("\r")
    d.greet()
    d.answer("echo", "hi\n")
    t.see("-- connected again\r\nhi\r\n.*web1> ")
    t.type("\x04")
    t.end()
    d.leave()


def again_is_given_up(box):
    """A daemon that accepts and says nothing."""
    t, d = box.prompt()
    d.peer.close()
    d.lines.close()
    t.see("the next line connects again\r\nweb1> $")
    t.type("cpu\r")
    d.accept()
    d.hear("/framed 1")
    t.type("\x03")
    t.see("error: gave up waiting for the daemon\r\n.*web1> $")
    t.type("\x04")
    t.end()


def bad_begin(box):
    t, d = box.start(), box.daemon
    d.accept()
    d.answer("/framed 1")
    d.hear("/set person on")
    d.say(b"what?\n")
    t.see("error: this is no telmond, or one of another version\r\n")
    t.end(69)


CASES = [
    talk, leave_by_key, leave_by_signal, drop, unfinished_line, window, window_unknown, dumb, strange_terminal,
    unanswered, no_color, as_json, notes, notes_above_rows, notes_wait, complete, complete_list, explain, history,
    history_of_several, own_keys, again, again_is_given_up, bad_begin,
]

if __name__ == "__main__":
    sys.exit(main(CASES, sys.argv[1:]))
