#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""ttypes.py -- 200 people at once, each at a terminal of another type, type the same: to the byte each gets what somebody with that
terminal got who was alone with a daemon. Some names are in every terminal database, some in few, some in none, and some are none.

Environment: TELMOND, TELMON_PLUGIN_PATH, TELMON_TESTS_DIR, TEST_PATIENCE.
"""
import os
import random
import re
import sys
import threading
import time

sys.dont_write_bytecode = True
import pace  # noqa: E402
from daemon import PATIENCE, Daemon, Failure, wait_for  # noqa: E402

SESSIONS = 200
TRIES = 3  # a machine that stands still tears the bytes of a key apart, which makes two of it: then all is played again
MACHINE = os.path.join(os.environ.get("TELMON_TESTS_DIR", "tests"), "fixtures", "small")
PROMPT = b"box> "
OPENING = bytes.fromhex("fffb18 fffd01 fffd03 fffb03 fffb1f fffa1f00500018fff0")  # WILL TTYPE; the rest agreed; 80 x 24

KNOWN = """ansi cons25 cons25-debian cygwin dumb Eterm Eterm-color hurd linux mach mach-bold mach-color mach-gnu mach-gnu-color pcansi
rxvt rxvt-basic rxvt-m rxvt-unicode rxvt-unicode-256color screen screen-256color screen-256color-bce screen-bce screen-s screen-w
screen.xterm-256color sun tmux tmux-256color vt100 vt102 vt220 vt52 wsvt25 wsvt25m xterm xterm-256color xterm-color xterm-debian
xterm-mono xterm-r5 xterm-r6 xterm-vt220 xterm-xfree86 putty putty-256color konsole konsole-256color alacritty foot xterm-kitty
xterm-ghostty wezterm iterm2 iterm2.app nsterm st-256color vte-256color gnome-256color mlterm contour dtterm teraterm kterm vt320 vt420
vt510 vt525 vt100-nav vt102-w vt220-8bit adm3a wyse50 wyse60 tvi950 hp2621 hp70092 att4424 ibm3151 aixterm sun-color sun-cmd beterm
avatar d220 h19 qansi tty33 teletype network unknown emacs eterm lft minix mterm ncsa aaa bterm scoansi at386 iris-ansi""".split()
STRANGE = [
    b"", b" ", b"-", b"--", b".", b"..", b"...", b"/", b"../../etc/passwd", b"/etc/terminfo/x/xterm", b"x/xterm", b"./xterm", b"~", b"~root",
    b"%n%n%s%s", b"$(reboot)", b"`reboot`", b"${TERM}", b";reboot", b"|reboot", b"xterm;reboot", b"xterm\0", b"\0", b"\0xterm", b"xt\0erm",
    b"xterm\r\n", b"xterm\n", b"\nxterm", b"\x1b[2J", b"\x1b]0;title\x07", b"\x9b2J", b"\xc2\x9b2J", "gr\u00fc\u00dfe".encode(), "\u65e5\u672c".encode(),
    b"\xff\xff", b"xterm\xff\xff", b"\x80\xfe", b"\xe2\x80\xaexterm", b"xterm xterm", b"xterm:vt100", b"xterm,vt100", b"xterm|vt100",
    b"xterm-", b"xterm--", b"xterm-----------------------", b"-xterm", b"xterm-256color-of-mine", b"xterm+256color", b"vt", b"vt1",
    b"vt9", b"vt99999999999999", b"vt100000", b"xter", b"xtermx", b"XTERM-MONO-", b"Vt220-W", b"dumb-emacs-ansi", b"DUMBER", b"\t", b"a" * 39, b"a" * 40,
    b"a" * 41, b"xterm-" + b"x" * 34, b"xterm-" + b"x" * 35, b"a" * 255, b"a" * 4000, b"-" * 40, b"a-" * 20, b"1", b"0" * 40, b"#", b"x" + b"-x" * 19,
]


def names():
    """So many, each another one."""
    rng = random.Random(1)
    found = dict.fromkeys([name.encode() for name in KNOWN] + STRANGE)
    while len(found) < SESSIONS:
        stem = rng.choice(["", "xterm-", "vt", "tmux-", "linux-", "screen."])
        found[(stem + "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789-+._", k=rng.randrange(1, 30)))).encode()] = None
    return list(found)[:SESSIONS]


# What is typed, and what is waited for before the next; nothing of what a terminal shows is in it.
def line(keys, mark):
    return keys + b"\r", rb"(\r\n%s\r\n|error: )[^\xff]*" % mark + PROMPT


TYPED = [
    line(b"echo wrld\x1b[D\x1b[D\x1b[Do\x05 one-two\x1b[1;5D\x1b[3~x\x01\x06\x06\x04\x05\x17\x19\x19\x05; echo mark1", b"mark1"),
    line("echo grüße 日本 €\x1b[D\x1b[D\x7f\x05; echo mark2".encode(), b"mark2"),
    line(b"echo " + b"0123456789" * 20 + b"\x01\x1b[C\x1b[C\x1b[C\x1b[C\x1b[Cinserted \x0c\x05\x7f; echo mark3", b"mark3"),
    line(b"ech\tmark4", b"mark4"),
    line(b"pr\t\t\x15netw\t| so\tinte\t| where interface = e\t\x15echo mark5", b"mark5"),
    line(b"plugins ?\x15echo mark6", b"mark6"),
    line(b"\x1b[A\x1b[A\x1b[A\x1b[B\x01echo mark7;echo ", b"mark7"),
    line(b"\x12wor\x12\x05\x01echo mark8;echo ", b"mark8"),
    (b"junk", rb"junk"),
    (b"\x03", PROMPT),
    line(b"\x1b[<0;1;1M\x1bOP\x1b[15~\x1b[200~echo mark9", b"mark9"),
    (b"\x04", None),
]


class Person:
    def __init__(self, daemon, name):
        self.socket, self.name = daemon.connect(), name
        self.got, self.at = b"", 0

    def open(self):
        """The name is told in the same breath, and again for a daemon that does not take it and asks for another: so no opening
        takes so long that the prompt comes first."""
        told = b"\xff\xfa\x18\x00" + self.name.replace(b"\xff", b"\xff\xff") + b"\xff\xf0"
        self.socket.sendall(OPENING + told + told)
        self.until(PROMPT)

    def read(self):
        """Some more. False at the end."""
        chunk = self.socket.recv(65536)
        self.got += chunk
        return bool(chunk)

    def until(self, pattern):
        deadline = time.monotonic() + PATIENCE
        regex = pattern and re.compile(pattern, re.S)
        while not (regex and (match := regex.search(self.got, self.at))):
            if not self.read():
                if not pattern:
                    return
                raise Failure(f"the end instead of {pattern!r}: {self.got[-600:]!r}")
            if time.monotonic() > deadline:
                raise Failure(f"waited in vain for {pattern!r}: {self.got[-600:]!r}")
        self.at = match.end()

    def type(self, meet):
        """All that came, but for the banner, which tells the time. meet: waits for the others."""
        try:
            self.open()
            for keys, wanted in TYPED:
                meet()
                for key in keys:
                    self.socket.sendall(bytes([key]))
                self.until(wanted)
        except TimeoutError:
            raise Failure(f"nothing more came: {self.got[-600:]!r}") from None
        finally:
            self.socket.close()
        return re.sub(rb"telmond [^\xff]*?" + PROMPT, PROMPT, self.got, count=1, flags=re.S)


def alone(daemon):
    got = {}
    for name in names():
        try:
            got[name] = Person(daemon, name).type(lambda: None)
        except Failure as why:
            raise Failure(f"{name!r}, alone: {why}") from None
    return got


def together(daemon):
    got, failures = {}, []
    barrier = threading.Barrier(SESSIONS, timeout=6 * PATIENCE)

    def run(person):
        try:
            got[person.name] = person.type(barrier.wait)
        except threading.BrokenBarrierError:
            pass  # it waited for one that failed
        except (Failure, OSError) as why:
            failures.append(f"{person.name!r}, among all: {why}")
            barrier.abort()
    threads = [threading.Thread(target=run, args=(Person(daemon, name),)) for name in names()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures or len(got) < SESSIONS:
        raise Failure("\n".join(failures[:5]) or "they did not meet")
    return got


def play(people):
    """What they got from a daemon of their own, which is as before when they have gone."""
    # So patient that nobody is taken for somebody who is silent.
    daemon = Daemon("grace = 5\nprobe_wait = 5\nidle_timeout = 600\n", ("-R", MACHINE))
    try:
        wait_for(lambda: b"eth0" in daemon.ask("network"), "its first look at the machine, which Tab knows")
        before = daemon.descriptors()
        got = people(daemon)
        wait_for(lambda: daemon.descriptors() <= before + 2, "descriptors to be closed")  # spare ones of the kept threads
        if re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", daemon.log()):
            raise Failure("a control byte in the log")
    except BaseException as why:
        ended = not daemon.alive()
        daemon.kill()
        if not ended:
            raise
        raise Failure(f"{why}\nthe daemon has ended:\n{daemon.log()[-6000:]}") from None
    daemon.end()
    return got


def differs(one, other):
    at = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))
    return f"from byte {at} on:\n  {one[max(0, at - 60):at + 200]!r}\n  and alone\n  {other[max(0, at - 60):at + 200]!r}"


def main():
    began = time.monotonic()
    for _ in range(TRIES):
        stood_still = time.monotonic() - pace.now()
        expected, got = play(alone), play(together)
        failed = [name for name in names() if got[name] != expected[name]]
        if not failed or time.monotonic() - pace.now() - stood_still < pace.TURN:
            break
    for name in failed[:5]:
        print(f"FAILED: {name!r} differs {differs(got[name], expected[name])}")
    edited = sum(b"\x1b" in stream for stream in expected.values())
    if edited < SESSIONS // 4:
        print(f"FAILED: only {edited} terminals have an editor")
        failed.append("edited")
    print(f"ttypes.py: {SESSIONS} sessions, {edited} edited, {len(set(expected.values()))} kinds of bytes, {len(failed)} failed, "
          f"{time.monotonic() - began:.1f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as why:
        sys.exit(f"FAILED: {why}")
