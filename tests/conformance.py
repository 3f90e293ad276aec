#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""conformance.py [CASE...] -- the cases of tests/telnet/CASES over a socket, against a running telmond.

Each case of conformance_cases.py is played in several deliveries: in one write; a byte a write; cut in two at every position (in
a sanitizer's build at a sample of them, unless CONFORMANCE=all); behind 4 KB of typed lines; cut at random places from a fixed seed. A piece is
sent when the daemon has read the one before it. What the table says must be on the screen and have been answered, and the
bytes of all deliveries must be the same: all of them where a case has only text or only telnet in it, and text and telnet each for itself
where it has both, because a reply does not wait for the echo of what was typed before it.

Once more with an xterm in place of the dumb terminal, so that the line editor serves: there the screen must be the same.
Environment: TELMOND, TELMON_PLUGIN_PATH, TELMON_TESTS_DIR, TEST_PATIENCE, CONFORMANCE.
"""
import dataclasses
import functools
import os
import random
import re
import socket
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
from daemon import PATIENCE, SLOW, Daemon, Failure  # noqa: E402
from screen import Screen  # noqa: E402

TESTS = os.environ.get("TELMON_TESTS_DIR", "tests")
EVERYTHING = not SLOW or os.environ.get("CONFORMANCE") == "all"
PROMPT = "box> "  # the host name of the captured machine
MARK = "\x06"  # stands for WILL TIMING-MARK where text is looked at: its place among text is promised
IAC, SB, SE = 0xff, 0xfa, 0xf0
LINES = [f"echo {n:02d} {'-' * 60}" for n in range(59)]  # typed ahead of a case, 4 KB


@dataclasses.dataclass(eq=False)
class Case:
    ids: str
    steps: list  # texts as in tests/telnet/*.in, After, END
    says: str = ""  # all telnet that the server sends behind the opening, in hex
    shows: str = PROMPT  # the screen from the first prompt on, up to the lines that TAIL adds; * for whatever
    text: str = ""  # a regular expression for the text behind the first prompt, with MARK in it
    opening: str = "agree"  # agree, refuse, or cold: then everything is part of the case
    echo: bool = True  # at the end
    loose: bool = False  # what is typed before it looks different when this comes while it still waits; answers do not
    tail: bool = True


@dataclasses.dataclass
class After:
    """What comes next is sent when this has been shown."""
    regex: str


# The first daemon is patient: no delivery is so slow that it is taken for silence. The second one probes.
CONFIG = ("grace = 5\nprobe_wait = 5\nscript_linger = 5\nidle_timeout = 60\n", "probe_wait = 2\nidle_timeout = 60\n")
ANSWERS, ANSWERER = {}, []  # kept; the daemon that is asked
END = object()  # the peer ends its side
OFFER_S = 0.4  # the daemon waits a little longer for the answers to its offer
TRIES = 5  # for what must be possible within a time, on a machine that has other things to do
TAIL = b"echo live\r\nquit\r\n"
OPENINGS = {"agree": 'FF FB 18 FF FD 01 FF FD 03 FF FB 03 FF FB 1F FF FA 1F 00 50 00 18 FF F0 FF FA 18 00 "DUMB" FF F0',
            "xterm": 'FF FB 18 FF FD 01 FF FD 03 FF FB 03 FF FB 1F FF FA 1F 00 50 01 00 FF F0 FF FA 18 00 "XTERM" FF F0',
            "refuse": "FF FC 18 FF FE 01 FF FE 03 FF FC 03 FF FC 1F"}


@functools.cache
def octets(items):
    """The bytes of a text as in tests/telnet/*.in."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|([0-9A-Fa-f]{2})(?=\s|$)', items)
    return b"".join(bytes.fromhex(pair) if pair else quoted.encode("latin-1").decode("unicode_escape").encode("latin-1")
                    for quoted, pair in found)


# ---- what comes back

def take_apart(stream):
    """The telnet in it, command by command, and the text."""
    says, text, at = [], bytearray(), 0
    while at < len(stream):
        if stream[at] != IAC or stream[at:at + 2] == b"\xff\xff":
            text.append(stream[at])
            at += 2 if stream[at] == IAC else 1
            continue
        code, end = stream[at + 1:at + 2], at + 2
        if code == bytes([SB]):
            end = stream.find(bytes([IAC, SE]), at) + 2
            end = end if end > 1 else len(stream)
        elif code and code[0] > SB:
            end = at + 3
        says.append(stream[at:end])
        if stream[at:end] == b"\xff\xfb\x06":
            text.append(ord(MARK))
        at = end
    return says, bytes(text)


def in_hex(says):
    return " ".join(command.hex(" ").upper() for command in says)


def shown(text):
    screen = Screen(300).feed(PROMPT + text.decode("utf-8", "replace").replace("\0", "").replace(MARK, ""))
    return "\n".join(screen.lines())


class Conversation:
    def __init__(self, daemon):
        self.daemon, self.socket = daemon, daemon.connect()
        self.got = b""
        self.ended = False
        self.at = 0  # where the last After matched

    def read(self, deadline, what):
        """Some more. False at the end."""
        self.socket.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            chunk = self.socket.recv(65536)
        except TimeoutError:
            raise Failure(f"waited in vain for {what}, got {self.got[-600:]!r}") from None
        except ConnectionResetError:
            raise Failure(f"a reset; before it came {self.got[-600:]!r}") from None
        self.got += chunk
        self.ended = not chunk
        return bool(chunk)

    def until(self, regex, begin=0):
        deadline = time.monotonic() + PATIENCE
        while not (match := re.compile(regex.encode() if isinstance(regex, str) else regex, re.S).search(self.got, begin)):
            if not self.read(deadline, repr(regex)):
                raise Failure(f"the end instead of {regex!r}: {self.got[-600:]!r}")
        return match

    def until_end(self):
        deadline = time.monotonic() + PATIENCE
        while not self.ended and self.read(deadline, "the end"):
            pass
        self.socket.close()
        return self.got

    def send(self, data):
        """One write, and then the daemon's turn."""
        self.socket.settimeout(PATIENCE)
        self.socket.sendall(data)
        deadline, pause = time.monotonic() + PATIENCE, 0
        while self.daemon.unread(self.socket) and time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(0.002, pause + 0.00002)

    def open(self, how):
        self.send(octets(OPENINGS[how]))
        self.until(PROMPT.encode() + (b"\xff\xf9" if how == "refuse" else b"$"))
        return len(self.got)

    def urgent(self, data):
        """One segment, its last byte urgent."""
        self.socket.send(data, socket.MSG_OOB)

    def live(self):
        """A line is still answered."""
        begin = len(self.got)
        self.send(b"echo live\r\n")
        self.until(r"(?<!echo )live\r?\n", begin)

    def close(self):
        self.socket.close()


# ---- deliveries: the pieces of a step's bytes; at: where the step begins in the whole case

def in_one(data, at):
    return [data]


def by_byte(data, at):
    return [data[i:i + 1] for i in range(len(data))]


def cut(position):
    def pieces(data, at):
        where = position - at
        return [data[:where], data[where:]] if 0 < where < len(data) else [data]
    pieces.__name__ = f"cut at {position}"
    return pieces


def behind(data, at):
    return [b"".join(line.encode() + b"\r\n" for line in LINES) + data] if at == 0 else [data]


def at_random(seed):
    def pieces(data, at):
        rng, out, largest = random.Random(seed), [], max(23, len(data) // 40)
        while data:
            n = rng.randrange(1, largest)
            out.append(data[:n])
            data = data[n:]
        return out
    pieces.__name__ = f"random, seed {seed}"
    return pieces


def size(case):
    return sum(len(step) for step in inputs(case))


def deliveries(case, few):
    n = size(case)
    ways = [in_one, at_random(1)]
    if n <= 4096:
        ways.append(by_byte)
    if case.opening == "agree" and case.steps and isinstance(case.steps[0], str):
        ways.append(behind)
    if n > 256:
        return ways
    positions = list(range(1, n))
    if not EVERYTHING:
        random.Random(case.ids).shuffle(positions)
        positions = positions[:1 if few else 4]
        ways += [at_random(seed) for seed in (2, 3)[:0 if few else 2]]
    else:
        ways += [at_random(seed) for seed in range(2, 12)]
    return ways + [cut(p) for p in positions]


# ---- one case

def first_prompt(banner):
    """What the banner says changes with the time, and a [yes] comes before the prompt or behind it, as it happens."""
    n = len(PROMPT)
    behind_it = b"\b" * n + b" " * n + b"\b" * n + b"[yes]\r\n" + PROMPT.encode()
    return PROMPT.encode() + (behind_it if b"[yes]" in banner.group() else b"")


def play(daemon, case, way, opening):
    """The bytes that came back behind the first prompt, or from the beginning if the case has the opening in it, and whether the
    answers to the daemon's offer may have come too late to be waited for."""
    talk, began, late = Conversation(daemon), time.monotonic(), None
    try:
        begin = 0 if opening == "cold" else talk.open(opening)
        talk.at, at = begin, 0
        for step in case.steps:
            if isinstance(step, After):
                talk.at = talk.until(step.regex, talk.at).end()
            elif step is END:
                talk.socket.shutdown(socket.SHUT_WR)
            else:
                data = octets(step)
                for piece in way(data, at):
                    talk.send(piece)
                at += len(data)
                late = opening == "cold" and time.monotonic() - began > OFFER_S if late is None else late
        if case.tail:
            talk.send(TAIL)
        return re.sub(rb"telmond [^\xff]*?" + PROMPT.encode(), first_prompt, talk.until_end()[begin:], count=1, flags=re.S), late
    finally:
        talk.close()


def expected_screen(case, way):
    shows = re.sub("<<(\\d+) (.*?)>>", lambda m: answer(int(m.group(1)), m.group(2)), case.shows)
    if way is behind:
        shows = "".join(f"{PROMPT}{line}\n{line[5:]}\n" for line in LINES) + shows
    if case.tail:
        shows += f"echo live\nlive\n{PROMPT}quit" if case.echo else f"live\n{PROMPT}"
    return re.sub(" +$", "", shows, flags=re.M).rstrip()


def answer(width, line):
    """What a script is told; <<80 help>> in what a case shows stands for it."""
    if (width, line) not in ANSWERS:
        ANSWERS[width, line] = "\n".join(
            ANSWERER[0].ask(f"/set charset ascii\n/set width {width}\n{line}").decode().splitlines())
    return ANSWERS[width, line]


def check_says(case, way, says):
    """Marks have their place in the text, not here."""
    mark, ga = b"\xff\xfb\x06", b"\xff\xf9"
    wanted = take_apart(bytes.fromhex(case.says))[0]
    if says.count(mark) != wanted.count(mark):
        raise Failure(f"{says.count(mark)} timing marks instead of {wanted.count(mark)}")
    drop = (mark, ga) if case.loose and way is behind else (mark,)  # each prompt before the case may have had its GA
    says, wanted = [c for c in says if c not in drop], [c for c in wanted if c not in drop]
    if says != wanted:
        raise Failure(f"it says   {in_hex(says)[:2000]}\n  instead of {in_hex(wanted)[:2000]}")


def check_text(case, way, text):
    if case.shows != "*" and (screen := shown(text)) != (expected := expected_screen(case, way)):
        raise Failure(f"it shows\n{screen}\n  instead of\n{expected}\n  text {text!r}")
    if not re.search(case.text.encode(), text, re.S):
        raise Failure(f"no {case.text!r} in {text!r}")


def look(case, way, stream):
    """Judges one delivery; its telnet and its text."""
    says, text = take_apart(stream)
    if case.opening == "cold":
        text = re.sub(b"\\A.*?" + PROMPT.encode(), b"", text, flags=re.S)
    check_says(case, way, says)
    if not is_binary(case) and re.search(rb"(?<!\r)\n|\r(?![\n\0])", text):
        raise Failure(f"a lone LF, or a CR with neither LF nor NUL: {text!r}")
    if not (case.loose and way is behind):
        check_text(case, way, text)
    elif case.tail and not re.search(rb"live\r?\n" + PROMPT.encode(), text):
        raise Failure(f"it is dead: {text[-600:]!r}")
    return says, text


def inputs(case):
    return [octets(step) for step in case.steps if isinstance(step, str)]


def is_edited(case, opening):
    """How libedit draws a line depends on what came along with its keys; the screen is the same."""
    return opening == "xterm" or b"xterm" in b"".join(inputs(case)).lower()


def is_binary(case):
    return any(b"\xff\xfd\x00" in step for step in inputs(case))


def is_pure(case):
    """Nothing but text, or nothing but telnet: then the order of all that comes back is certain."""
    return all(b"\xff" not in step or not take_apart(step)[1] for step in inputs(case)) and b"\xff\xfd\x06" not in b"".join(inputs(case))


def compare(case, way, stream, first):
    """With what the delivery in one piece gave."""
    if case.loose and way is behind:
        return
    (says, text), (first_says, first_text) = take_apart(stream), take_apart(first)
    # A mark that comes while the prompt is being written is answered before it or behind it.
    text, first_text = (t.replace(MARK.encode() + PROMPT.encode(), PROMPT.encode() + MARK.encode()) for t in (text, first_text))
    if way is behind:
        ahead = "".join(f"{line}\r\n{line[5:]}\r\n{PROMPT}" for line in LINES).encode()
        if not text.startswith(ahead):
            raise Failure(f"the lines before it show as {text[:6000]!r}")
        text = text[len(ahead):]
    elif is_pure(case) and stream != first:
        raise Failure(f"the bytes are\n  {stream!r}\n  and in one piece\n  {first!r}")
    if text != first_text:
        raise Failure(f"the text is\n  {text!r}\n  and in one piece\n  {first_text!r}")
    if set(says) != set(first_says):
        raise Failure(f"it says {in_hex(says)}, and in one piece {in_hex(first_says)}")


def run(daemon, case, way, opening, first):
    """first: what the delivery in one piece gave, None: this is it."""
    for _ in range(TRIES):
        stream, late = play(daemon, case, way, opening)
        if not late:
            break
    look(case, way, stream)
    if first is not None and not is_edited(case, opening):
        compare(case, way, stream, first)
    return stream


class Report:
    def __init__(self):
        self.failures, self.played = [], 0

    def attempt(self, what, function, *args):
        self.played += 1
        try:
            return function(*args)
        except Exception as why:  # whatever it is, the other cases are worth playing
            detail = "" if isinstance(why, Failure) else traceback.format_exc()
            self.failures.append(what)
            if len(self.failures) <= 12:
                print(f"FAIL {what}: {type(why).__name__}: {why}\n{detail}", flush=True)
            return None


def play_case(report, daemon, case):
    for opening in dict.fromkeys((case.opening, "xterm" if case.opening == "agree" else case.opening)):
        first = None
        for way in deliveries(case, opening == "xterm"):
            stream = report.attempt(f"{case.ids}, {way.__name__}, {opening}", run, daemon, case, way, opening, first)
            first = stream if way is in_one else first
            if first is None:
                return


def main():
    from conformance_cases import CASES
    from conformance_talks import TALKS, TIMED

    began, report = time.monotonic(), Report()
    wanted = [c for c in CASES if len(sys.argv) == 1 or set(c.ids.split()) & set(sys.argv[1:])]
    timed, talks = ([t for t in some if len(sys.argv) == 1 or set(t.__doc__.split(":")[0].split()) & set(sys.argv[1:])]
                    for some in (TIMED, TALKS))
    daemons = [Daemon(config, ("-R", os.path.join(TESTS, "fixtures", "small"))) for config in CONFIG]
    ANSWERER.append(daemons[0])
    before = [d.descriptors() for d in daemons]
    for talk in timed:  # before all others begin, which would cost it time
        report.attempt(talk.__doc__, talk, *daemons)
    with ThreadPoolExecutor(len(talks) + 8) as pool:
        # Those that wait for a deadline have threads of their own.
        jobs = [pool.submit(report.attempt, talk.__doc__, talk, *daemons) for talk in talks]
        jobs += [pool.submit(play_case, report, daemons[0], case) for case in wanted]
        for job in jobs:
            job.result()
    for d, n in zip(daemons, before):
        report.attempt("descriptors", settle, d, n)
        report.attempt("the end", d.end)
    print(f"{report.played} conversations, {len(report.failures)} failed, {time.monotonic() - began:.1f} s")
    sys.exit(1 if report.failures else 0)


def settle(daemon, before):
    deadline = time.monotonic() + PATIENCE
    while daemon.descriptors() > before + 2:  # spare ones of the kept threads
        if time.monotonic() > deadline:
            raise Failure(f"{daemon.descriptors() - before} descriptors leaked")
        time.sleep(0.02)


if __name__ == "__main__":
    sys.modules["conformance"] = sys.modules["__main__"]
    main()
