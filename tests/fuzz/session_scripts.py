# SPDX-License-Identifier: BSD-2-Clause
"""session_scripts -- what a made-up peer does, from a seed alone: a list of steps for fuzz_session.py. Some peers are grown from a
grammar (telnet openings and suboptions whole, cut and absurd; keys; command lines out of the real vocabulary; pastes, resizes,
pauses), others are recordings with pieces dropped, doubled, swapped, spliced and spoilt.

A step is (what, value): send BYTES, urgent BYTES, wait SECONDS, deaf SECONDS (reads nothing), sip N (reads N bytes and waits),
await REGEX (0.3 s at most), eof, reset.
"""
import dataclasses
import os
import random
import re

from conformance import octets

IAC = b"\xff"
TERMINALS = (b"XTERM", b"xterm-256color", b"VT100", b"vt220", b"LINUX", b"screen", b"tmux-256color", b"ANSI", b"dumb", b"unknown", b"putty",
             b"rxvt-unicode", b"network", b"a b", b"../x", b"", b"x" * 41, b"\xff\xff")
OPTIONS = (0, 1, 3, 5, 6, 24, 31, 32, 34, 36, 37, 39, 42, 255)
WORDS = ("cpu", "disk", "echo", "explain", "filesystem", "help", "host", "load", "memory", "metrics", "network", "pressure", "process",
         "status", "version", "top", "graph", "plugins", "me", "pro", "cpuu", "", "--", "-", "/who", "quit")
ARGUMENTS = ("--json", "--csv", "--text", "-n 3", "-n 0", "-n -1", "-n 99999999999999999999", "-s rss_bytes", "-s pid", "-s cpu_percent", "-s none",
             "*", "cpu*", "[a-z]*", "[", "-p", "--prometheus", "cpu_seconds_total", "cpu.busy_percent", "load1", "'quoted word'", '"a b"', "back\\ slash",
             "''", "'", '"', "\\", "x" * 300, "grün", "日本", "-r", "--", "-")
COLUMNS = ("cpu", "busy_percent", "busy%", "busy", "device", "mount", "used_percent", "used", "size_bytes", "interface", "pid", "user", "state",
           "metric", "value", "labels", "kind", "none", "read_bytes_per_s", "cpu,busy%", "mount,used,mount", "pid,command", ",", "a,,b")
PATTERNS = ("a", ".*", "^/", "x$", "(a*)*b", "a{1,255}", "[[:alpha:]]+", "[", "(", "*", "\\1", "cpu|mem", "^$", "é", ".{0,255}", "((a{1,9}){1,9}){1,9}")
VALUES = ("0", "1", "90%", "1.5G", "2h", "10m", "-1", "nan", "inf", "1e308", "9" * 40, "ok", "'a b'", "K", "%", "")
SETTINGS = ("charset ascii", "charset utf-8", "charset auto", "color on", "color off", "format json", "format csv", "format text", "width 20",
            "width 512", "width auto", "width 0", "width -3", "person on", "person off", "prompt x>", "prompt '%s\\n'", "prompt ''", "none", "", "none x")
SLASHES = ("/who", "/help", "/history", "/hold", "/cancel", "/framed 1", "/framed 2", "/complete 3 cpu", "/complete 0 ", "/complete 99999 x",
           "/complete 12 cpu | sort b", "/complete 6 watch ", "/complete -1 x", "/complete", "/resize 80 24", "/resize 1 1", "/resize 99999 99999",
           "/resize", "/resize a b", "/key 61", "/key 03", "/key 1b5b41", "/key 0", "/key zz", "/key", "/say hello", "/say \u202e\u200b", "/nonsense", "/", "/w")
KEYS = [bytes([c]) for c in range(32)] + [
    b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1b[H", b"\x1b[F", b"\x1b[3~", b"\x1b[5~", b"\x1b[6~", b"\x1b[1;5C", b"\x1b[1;5D", b"\x1bOP",
    b"\x1bOA", b"\x1bb", b"\x1bf", b"\x1bd", b"\x1b\x7f", b"\x1b", b"\x1b[", b"\x1b[99999999999~", b"\x1b[200~", b"\x1b[201~", b"\x1b]0;t\x07",
    b"\x1bP+q\x1b\\", b"\x1b[?1;2c", b"\x1b[12;40R", b"\x7f", b"\x7f" * 9, b"?", b"??", b"\t", b"\t\t", b" ", b"q", b"/", b"n", b"b", b"s", b"\x12cpu", b"\x12",
    b"\x03", b"\x04", b"\x0c", b"\x15", b"\x17", b"\x0b", b"\x19", b"\x1a", b"\x1c"]
TEXTS = ["é".encode(), "漢字".encode(), "e\u0301".encode(), "\u202e".encode(), "👩\u200d💻".encode(), b"\xc3", b"\xf0\x9f", b"\x80\x80", b"\xc0\xaf",
         b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc2\x9b31m", "a\u0301".encode() * 30, b"\xef\xbf\xbf"]


@dataclasses.dataclass
class Script:
    seed: int
    kind: str
    over: str = "tcp"  # or unix
    steps: list = dataclasses.field(default_factory=list)
    strict: bool = False  # grown by the rules of a framed session or a script: its answers are looked at

    def send(self, data):
        self.steps.append(("send", data))

    def step(self, what, value=None):
        self.steps.append((what, value))

    def sent(self):
        return b"".join(value for what, value in self.steps if what in ("send", "urgent"))


# ---- telnet

def suboption(rng):
    option = rng.choice((5, 24, 31, 42, 34, 39, 99, 255))
    body = rng.choice((
        lambda: rng.choice((b"\x00", b"\x01")) + rng.choice(TERMINALS), lambda: rng.randbytes(4), lambda: rng.randbytes(rng.randrange(12)), lambda: b"\x01",
        lambda: b"\x01;UTF-8;" + rng.randbytes(3), lambda: b"\x01[TTABLE ]\x01;UTF-8", lambda: bytes(rng.randrange(256) for _ in range(3)) * rng.choice((1, 40, 2000)),
        lambda: b"\x00\x00USER\x01-f root\x03PATH\x01/", lambda: b"echo leaked\r\n"))()
    if rng.random() < 0.8:
        body = body.replace(IAC, IAC + IAC)
    end = rng.choice((b"\xff\xf0",) * 9 + (b"", b"\xff", b"\xf0", b"\xff\xf0\xff\xf0"))
    return b"\xff\xfa" + bytes([option]) + body + end


def window(rng):
    columns, rows = rng.choice(((80, 24), (1, 1), (0, 0), (132, 43), (65535, 65535), (rng.randrange(600), rng.randrange(200))))
    size = bytes([columns >> 8, columns & 255, rows >> 8, rows & 255])
    return b"\xff\xfa\x1f" + size.replace(IAC, IAC + IAC) + b"\xff\xf0"


def negotiation(rng):
    roll = rng.random()
    if roll < 0.45:
        return IAC + bytes([rng.randrange(0xfb, 0xff), rng.choice(OPTIONS)])
    if roll < 0.6:
        return window(rng)
    if roll < 0.8:
        return suboption(rng)
    if roll < 0.95:
        return IAC + bytes([rng.randrange(0xec, 0x100)])
    return IAC + bytes([rng.choice((0xfb, 0xfd)), rng.choice(OPTIONS)]) + IAC + bytes([rng.choice((0xfc, 0xfe)), rng.choice(OPTIONS)]) * rng.choice((1, 50))


def opening(rng):
    parts = [b"\xff\xfb\x18", b"\xff\xfd\x01", b"\xff\xfd\x03", b"\xff\xfb\x03", b"\xff\xfb\x1f", window(rng),
             b"\xff\xfa\x18\x00" + rng.choice(TERMINALS) + b"\xff\xf0"]
    if rng.random() < 0.2:
        parts = rng.sample(parts, rng.randrange(1, len(parts) + 1))
    if rng.random() < 0.1:
        parts.insert(rng.randrange(len(parts)), negotiation(rng))
    return b"".join(parts)


# ---- command lines

def stage(rng):
    pattern, column = rng.choice(PATTERNS), rng.choice(COLUMNS)
    return rng.choice((
        f"include {pattern}", f"grep '{pattern}'", f"exclude '{pattern}'", f"begin '{pattern}'", f"head {rng.choice(VALUES)}", "head", f"tail {rng.randrange(9)}",
        "count", f"sort {column}", f"sort -r {column}", f"columns {column}", f"where {column} {rng.choice(('=', '!=', '<', '<=', '>', '>=', '~', '!~', '=='))} "
        f"{rng.choice(VALUES)}", f"where {column}", "none", ""))


def pipeline(rng):
    words = [rng.choice(WORDS)] + [rng.choice(ARGUMENTS) for _ in range(rng.choice((0, 0, 0, 1, 1, 2, 3)))]
    return " | ".join([" ".join(words)] + [stage(rng) for _ in range(rng.choice((0, 0, 0, 1, 1, 2, 3, 17)))])


def command(rng):
    roll = rng.random()
    if roll < 0.5:
        return pipeline(rng)
    if roll < 0.62:
        return f"watch -n {rng.choice(('0.1', '0.1', '1', '0', 'x'))} -c {rng.choice(('1', '2', '3', '0'))} {pipeline(rng)}"
    if roll < 0.7:
        return f"watch {rng.choice(('', '-n 0.1', 'watch', '-c'))} {pipeline(rng)}"
    if roll < 0.78:
        return f"until -t {rng.choice(('0', '0.1', '0.3', '60', '-1'))} -n 0.1 {pipeline(rng)}"
    if roll < 0.83:
        return f"top {rng.choice(('', '-n 0.1', '-c 2', 'x'))}" if rng.random() < 0.5 else f"graph {rng.choice(ARGUMENTS)}"
    if roll < 0.91:
        return "/set " + rng.choice(SETTINGS)
    return rng.choice(SLASHES)


def line(rng):
    text = "; ".join(command(rng) for _ in range(rng.choice((1, 1, 1, 1, 2, 3))))
    data = text.encode()
    if rng.random() < 0.05:
        data = spoil(rng, data)
    if rng.random() < 0.02:
        data = data.ljust(rng.choice((4095, 4096, 4097, 9000)), b"x")
    return data


def spoil(rng, data):
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(data) + 1)
        roll = rng.random()
        if roll < 0.3 and data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        elif roll < 0.5:
            del data[at:at + rng.randrange(1, 9)]
        elif roll < 0.7:
            data[at:at] = rng.choice(KEYS + TEXTS)
        elif roll < 0.85:
            data[at:at] = negotiation(rng)
        else:
            data[at:at] = data[at:at + 40] * rng.choice((1, 3, 100))
    return bytes(data)


# ---- peers

def pause(script, rng):
    roll = rng.random()
    if roll < 0.5:
        return
    if roll < 0.8:
        script.step("wait", rng.random() * 0.03)
    elif roll < 0.94:
        script.step("await", b"> $|\n$")
    elif roll < 0.97:
        script.step("deaf", rng.random() * 0.2)
    else:
        script.step("sip", rng.randrange(1, 4096))


def type_keys(script, rng):
    for _ in range(rng.randrange(1, 30)):
        roll = rng.random()
        if roll < 0.5:
            script.send(rng.choice(KEYS))
        elif roll < 0.6:
            script.send(rng.choice(TEXTS))
        elif roll < 0.9:
            script.send(bytes([rng.randrange(32, 127)]))
        else:
            script.send(negotiation(rng))
        if rng.random() < 0.1:
            script.step("wait", rng.random() * 0.01)


def type_line(script, rng, end=(b"\r\n", b"\r\0", b"\r", b"\n")):
    data = line(rng) + rng.choice(end)
    if rng.random() < 0.25:  # key by key
        for at in range(0, min(len(data), 200)):
            script.send(data[at:at + 1])
        data = data[200:]
    script.send(data)


def paste(script, rng):
    lines = [line(rng) for _ in range(rng.randrange(2, 8))]
    script.send(b"\r\n".join(lines * rng.choice((1, 1, 5, 30))) + rng.choice((b"\r\n", b"")))


def telnet(rng, script):
    script.kind = "telnet"
    script.send(opening(rng))
    if rng.random() < 0.8:
        script.step("await", b"> $")
    for _ in range(rng.randrange(1, 14)):
        rng.choice((type_keys, type_line, type_line, type_line, paste))(script, rng)
        if rng.random() < 0.3:
            script.send(negotiation(rng))
        if rng.random() < 0.1:
            script.send(window(rng))
        if rng.random() < 0.05:
            script.step("urgent", rng.choice((b"\xff\xf4\xff\xf2", b"\xf2", b"x", b"junk\r\n\xff\xf2")))
        pause(script, rng)
    ending(script, rng)


def plain(rng, script):
    script.kind = "plain"
    script.step("await", b"> $")
    for _ in range(rng.randrange(1, 8)):
        rng.choice((type_keys, type_line, type_line, paste))(script, rng)
        pause(script, rng)
    ending(script, rng)


def lines(rng, script):
    script.kind, script.strict = "script", True
    for _ in range(rng.randrange(1, 14)):
        script.send(line(rng).replace(IAC, b"") + rng.choice((b"\n", b"\r\n")))
        pause(script, rng)
    ending(script, rng)


def framed(rng, script):
    script.kind, script.strict = "framed", True
    script.send(b"/framed 1\n")
    for _ in range(rng.randrange(1, 14)):
        data = line(rng).replace(IAC, b"") + b"\n"
        if rng.random() < 0.25:
            data += rng.choice((b"/cancel\n", b"/key 71\n/key 03\n", b"/resize 40 10\n", b"/set person on\n", b"\n", b"/cancel\n/cancel\n"))
        script.send(data)
        pause(script, rng)
    ending(script, rng)


def noise(rng, script):
    script.kind = "noise"
    likely = b"\xff\xff\xff\xfa\xf0\xfb\xfd\xfe\x00\x01\x03\x18\x1f\r\n ;|'"
    for _ in range(rng.randrange(1, 6)):
        script.send(bytes(rng.choice(likely) if rng.random() < 0.5 else rng.randrange(256) for _ in range(rng.choice((1, 30, 3000)))))
        pause(script, rng)
    ending(script, rng)


def ending(script, rng):
    roll = rng.random()
    if roll < 0.25:
        script.send(rng.choice((b"quit\r\n", b"/quit\n", b"\x04", b"exit\n", b"\xff\xec", b"\x03\x04")))
    elif roll < 0.5:
        script.step("eof")
    elif roll < 0.65:
        script.step("reset")
    elif roll < 0.7:
        script.send(rng.choice((b"\xff", b"\xff\xfa", b"\xff\xfb", b"\xff\xfa\x18\x00", b"cpu")))
        script.step("eof")


# ---- recordings

def recordings(tests):
    """Lists of pieces: what real clients sent, what the byte scripts send, and what the transcripts do."""
    found = []
    folder = os.path.join(tests, "fuzz", "corpus", "session")
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name)) as f:
            found.append([octets(text) for text in f.read().splitlines() if text and not text.startswith("#")])
    for name in sorted(os.listdir(os.path.join(tests, "telnet"))):
        if name.endswith(".in"):
            with open(os.path.join(tests, "telnet", name)) as f:
                pieces = [octets(re.sub(r"#[^\"]*$", "", text)) for text in f.read().splitlines() if not re.match("[#!]|repeat", text)]
            found.append([piece for piece in pieces if piece])
    for name in sorted(os.listdir(os.path.join(tests, "sessions"))):
        with open(os.path.join(tests, "sessions", name)) as f:
            sends = re.findall(r"^send \w+ (.*)$", f.read(), re.M)
        if sends:
            found.append([text.encode("latin-1", "replace").decode("unicode_escape").encode("latin-1", "replace") for text in sends])
    return [pieces for pieces in found if pieces]


def mutate(rng, script, recorded):
    script.kind = "recording"
    pieces = list(rng.choice(recorded))
    if rng.random() < 0.3:
        other = rng.choice(recorded)
        pieces = pieces[:rng.randrange(len(pieces) + 1)] + other[rng.randrange(len(other)):]
    for _ in range(rng.randrange(6)):
        at = rng.randrange(len(pieces) + 1)
        roll = rng.random()
        if roll < 0.2:
            del pieces[at:at + rng.randrange(1, 4)]
        elif roll < 0.35 and pieces:
            pieces[at:at] = [pieces[at % len(pieces)]] * rng.choice((1, 2, 30))
        elif roll < 0.5 and pieces:
            other = rng.randrange(len(pieces))
            pieces[at % len(pieces)], pieces[other] = pieces[other], pieces[at % len(pieces)]
        elif roll < 0.8 and pieces:
            pieces[at % len(pieces)] = spoil(rng, pieces[at % len(pieces)])
        else:
            pieces.insert(at, rng.choice((line(rng) + b"\r\n", negotiation(rng), rng.choice(KEYS))))
    if rng.random() < 0.2:  # all of it cut otherwise
        joined = b"".join(pieces)
        size = rng.choice((1, 2, 7, 100000))
        pieces = [joined[at:at + size] for at in range(0, min(len(joined), 3000 * size), size)]
    for piece in pieces:
        script.send(piece)
        if rng.random() < 0.3:
            pause(script, rng)
    ending(script, rng)


def tame(script):
    """Over the Unix socket the tests' user is an administrator, and `plugins` can change what the daemon runs: not a word of it there."""
    if script.over == "unix" and re.search(rb"p\W*l\W*u\W*g", script.sent()):
        script.over = "tcp"
    return script


def grow(seed, recorded):
    rng = random.Random(seed)
    script = Script(seed, "")
    script.over = "unix" if rng.random() < 0.3 else "tcp"
    if rng.random() < 0.25:
        mutate(rng, script, recorded)
    elif script.over == "unix":
        rng.choice((lines, lines, framed, framed, noise))(rng, script)
    else:
        rng.choice((telnet, telnet, telnet, telnet, plain, lines, framed, noise))(rng, script)
    return tame(script)
