# SPDX-License-Identifier: BSD-2-Clause
"""conformance_talks -- cases of tests/telnet/CASES that are no bytes with one answer: the peer is silent, measures a time, waits for a
deadline, sends urgent data, or says what depends on what it hears. Each is played with two daemons: a patient one, and one
that probes after 0.2 s."""
import os
import re
import socket
import time

import pace
from conformance import (OPENINGS, PATIENCE, PROMPT, SLOW, TESTS, TRIES, Conversation, Failure, at_random, behind, by_byte, cut,
                         in_hex, in_one, octets, take_apart)

WAYS = (in_one, by_byte, at_random(1), at_random(2), cut(1), cut(2), cut(5))
PROBE = "FF FD 18"
OFFER = "FF FB 01 FF FB 03 FF FD 03 FF FD 1F"
SEND = "FF FA 18 01 FF F0"


def deliver(talk, way, items):
    data = octets(items) if isinstance(items, str) else items
    for piece in way(data, 0):
        talk.send(piece)


def expect_says(talk, wanted):
    says = in_hex(take_apart(talk.got)[0])
    if says != wanted:
        raise Failure(f"it says {says} instead of {wanted}")


# ---- openings

def probe(_, probing):
    """TN-001: silence, probe, offer, question for the type, banner and prompt."""
    for way in WAYS:
        talk = Conversation(probing)
        talk.until(octets(PROBE))
        expect_says(talk, PROBE)
        deliver(talk, way, "FF FB 18")
        talk.until(octets(SEND))
        expect_says(talk, f"{PROBE} {OFFER} {SEND}")
        deliver(talk, way, OPENINGS["agree"][9:])
        talk.until("telmond .*" + PROMPT)
        talk.live()
        expect_says(talk, f"{PROBE} {OFFER} {SEND}")
        talk.close()


def plain(_, probing):
    """TN-003: a peer that answers the probe with text, or not at all."""
    streams = set()
    for way in WAYS:
        talk = Conversation(probing)
        talk.until(octets(PROBE))
        deliver(talk, way, '"echo x\\necho y\\nquit\\n"')
        streams.add(talk.until_end())
    if len(streams) != 1:
        raise Failure(f"several answers: {streams}")
    text = streams.pop()
    if not re.fullmatch(octets(PROBE) + rb"\rtelmond [^\r\xff]*\nbox> x\nbox> y\nbox> ", text):
        raise Failure(f"{text!r}")
    talk = Conversation(probing)
    talk.until(PROMPT)
    deliver(talk, in_one, '"help\\n"')
    talk.until("/quit.*" + PROMPT)
    expect_says(talk, PROBE)
    talk.close()


def script(patient, _):
    """TN-007: over TCP and over the Unix socket."""
    for connect in (patient.connect, patient.connect_unix):
        streams = set()
        for way in WAYS:
            with connect() as s:
                for piece in way(b"echo x\nhelp\r\nnonsense\nfilesystem | count\necho last", 0):
                    s.sendall(piece)
                s.shutdown(socket.SHUT_WR)
                data = b""
                while chunk := s.recv(65536):
                    data += chunk
            streams.add(data)
        if len(streams) != 1 or re.search(rb"[\xff\r]|box> ", data) or not re.fullmatch(rb"x\n.*error: .*\n *5\nlast\n", data, re.S):
            raise Failure(f"{streams}")


def ahead(patient, _):
    """TN-017: whether anybody is there is answered although the next line, the last one, is there already."""
    for way in (*WAYS, behind):
        for opening in ("agree", "refuse"):
            talk = Conversation(patient)
            begin = talk.open(opening)
            deliver(talk, way, '"echo x\\r\\n" FF F6 "quit\\r\\n"')
            if (n := talk.until_end()[begin:].count(b"[yes]")) != 1:
                raise Failure(f"{way.__name__}, {opening}: {n} answers in {talk.got[begin:]!r}")


def behind_mark(patient, _):
    """TN-017: the answer comes behind the mark before which a client throws away what it gets."""
    talk = Conversation(patient)
    begin = talk.open("agree")
    talk.send(octets("FF F6 FF F4 FF FD 06"))
    talk.until(r"\xff\xfb\x06.*\[yes\].*" + PROMPT, begin)
    talk.live()
    talk.close()


# ---- what has a time

def interrupt(patient, _):
    """TN-015: IP, BRK and ^C end what runs within 250 ms."""
    for key in ("FF F4", "FF F3", "03"):
        took = []
        while len(took) < TRIES and not any(t <= 0.25 for t in took):
            talk = Conversation(patient)
            begin = talk.open("agree")
            talk.send(b"until -t 60 echo x | include y\r\n")
            talk.until("y\r\n", begin)
            began = pace.now()
            talk.send(octets(key))
            talk.until(PROMPT, begin)
            took.append(pace.now() - began)
            talk.live()
            talk.close()
        if min(took) > (2.5 if SLOW else 0.25):
            raise Failure(f"{key} took {min(took):.3f} s")


def opening_of(name):
    """The bytes of a recorded opening, up to what was typed behind it; whether it waited for the probe."""
    with open(os.path.join(TESTS, "telnet", name + ".in")) as f:
        text = f.read()
    opening = text[:text.rindex("!state")]
    lines = [line.split("#")[0] for line in opening.splitlines() if not line.startswith("!")]
    return octets("\n".join(lines)), "!offer probed" in opening


def clients(_, probing):
    """TN-109: recorded openings: prompt within 250 ms, window and echo as the client has them."""
    for name, width, echo in (("client-inetutils", 120, True), ("client-busybox", 120, True), ("client-putty", 120, True),
                              ("client-expect", 80, True), ("client-curl", 80, True), ("client-nc-t", 512, False),
                              ("client-telnetlib", 512, False)):
        opening, waits = opening_of(name)
        table = probing.ask(f"/set width {width}\nfilesystem | head 1")
        took = []
        for way in WAYS:
            began = pace.now()
            talk = Conversation(probing)
            if waits:
                talk.until(octets(PROBE))
            deliver(talk, way, opening)
            begin = talk.until(PROMPT).end()
            took.append(pace.now() - began)
            talk.send(b"filesystem | head 1\r\n")
            talk.until("\n[^\n]*" + PROMPT, begin)
            text = take_apart(talk.got[begin:])[1].replace(b"\r", b"")
            if text != (b"filesystem | head 1\n" if echo else b"") + table + PROMPT.encode():
                raise Failure(f"{name}: {text!r}")
            talk.live()
            talk.close()
        if min(took) > (2.5 if SLOW else 0.25):
            raise Failure(f"{name}: a prompt after {min(took):.3f} s")


def open_suboption(patient, _):
    """TN-062: a suboption without an end is held to its cap, others are served, and its deadline ends it."""
    before = patient.status("VmRSS")
    talk = Conversation(patient)
    talk.open("agree")
    talk.send(octets('FF FA 18 00 "xterm"') + b"A" * (1 << 20))
    other = Conversation(patient)
    other.open("agree")
    other.live()
    other.close()
    if patient.status("VmRSS") - before > (100000 if SLOW else 20000):
        raise Failure(f"{patient.status('VmRSS') - before} KiB more")
    again(talk)


def again(talk):
    """Types until it is answered, which it is when the ten seconds of a deadline are over."""
    deadline, begin = time.monotonic() + 10 + PATIENCE, len(talk.got)
    while b"live\r\n" not in talk.got[begin:]:
        if time.monotonic() > deadline:
            raise Failure("the deadline ends nothing")
        talk.send(b"\r\necho live\r\n")
        talk.socket.settimeout(0.2)
        try:
            talk.got += talk.socket.recv(65536)
        except TimeoutError:
            pass
    talk.close()


# ---- urgent data

def synch(patient, _):
    """TN-074: what was typed before the data mark is gone."""
    for way in WAYS:
        talk = Conversation(patient)
        begin = talk.open("agree")
        deliver(talk, way, '"nonsense"')
        talk.send(b"\xff")
        talk.urgent(b"\xf2")
        expect_nothing_ran(talk, begin)
    talk = Conversation(patient)
    begin = talk.open("agree")
    talk.urgent(octets('"nonsense\\r\\n" FF F2'))
    expect_nothing_ran(talk, begin)


def expect_nothing_ran(talk, begin):
    talk.live()
    if b"error" in talk.got[begin:]:
        raise Failure(f"it ran: {talk.got[begin:]!r}")
    talk.close()


def synch_interrupt(patient, _):
    """TN-075: the interrupt in the urgent text counts, at the prompt and while something runs."""
    talk = Conversation(patient)
    begin = talk.open("agree")
    talk.urgent(octets('"nonsense\\r\\n" FF F4 FF F2'))
    talk.until(PROMPT, begin)
    expect_nothing_ran(talk, begin)
    talk = Conversation(patient)
    begin = talk.open("agree")
    talk.send(b"until -t 60 echo x | include y\r\n")
    talk.until("y\r\n", begin)
    talk.urgent(octets('"nonsense\\r\\n" FF F4 FF F2'))
    talk.until(PROMPT, begin)
    expect_nothing_ran(talk, begin)


def synch_without_mark(patient, _):
    """TN-077: an urgent byte that is no data mark: the deadline ends it."""
    talk = Conversation(patient)
    talk.open("agree")
    talk.urgent(b"x")
    again(talk)


def many_urgent_bytes(patient, _):
    """TN-078: ten thousand of them, and then a data mark."""
    talk = Conversation(patient)
    begin = talk.open("agree")
    for _ in range(1000 if SLOW else 10000):
        talk.urgent(b"x")
    talk.send(b"\xff")
    talk.urgent(b"\xf2")
    expect_nothing_ran(talk, begin)


def options_within_synch(patient, _):
    """TN-079: a window size, a refusal and EC in the text that is dropped."""
    talk = Conversation(patient)
    begin = talk.open("agree")
    talk.urgent(octets('"junk" FF FA 1F 00 84 00 18 FF F0 FF F7 FF FB 27 "junk" FF F2'))
    talk.send(b"filesystem | head 1\r\n")
    talk.until("\n.*\n.*" + PROMPT, begin)
    says, text = take_apart(talk.got[begin:])
    if in_hex(says) != "FF FE 27" or patient.ask("/set width 132\nfilesystem | head 1") not in text.replace(b"\r", b""):
        raise Failure(f"{in_hex(says)} {text!r}")
    talk.close()


# ---- peers that listen

def converse(daemon, turn, piece):
    """Sends back what `turn` makes of what comes; how many telnet commands came until it was quiet for half a second."""
    talk, commands = Conversation(daemon), 0
    talk.send(octets("FF FB 18"))
    talk.socket.settimeout(0.5)
    try:
        while commands <= 64 and (got := talk.socket.recv(65536)):
            says = take_apart(got)[0]
            commands += len(says)
            back = turn(got, says)
            for at in range(0, len(back), piece):
                talk.socket.sendall(back[at:at + piece])
            if not says and commands:  # text alone: what a reflected prompt causes is no negotiation
                break
    except TimeoutError:
        pass
    talk.close()
    return commands


def reflector(patient, _):
    """TN-048: every byte comes back."""
    for piece in (65536, 1, 3):
        if (n := converse(patient, lambda got, says: got, piece)) > 64:
            raise Failure(f"{n} commands")


def mirror(patient, _):
    """TN-049: WILL for each DO, and DO for each WILL."""
    def agree(got, says):
        return b"".join(bytes([255, command[1] ^ 6, command[2]]) for command in says if len(command) == 3)
    for piece in (65536, 1, 3):
        if (n := converse(patient, agree, piece)) > 64:
            raise Failure(f"{n} commands")


def status_storm(patient, _):
    """TN-102: 100,000 questions whose answers nobody reads."""
    before = patient.status("VmRSS")
    talk = Conversation(patient)
    talk.open("agree")
    talk.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    talk.send(octets("FF FD 05"))
    talk.socket.settimeout(PATIENCE)
    try:
        talk.socket.sendall(octets("FF FA 05 01 FF F0") * 100000)
    except OSError:  # at the limit it closes
        pass
    if patient.status("VmRSS") - before > (100000 if SLOW else 20000):
        raise Failure(f"{patient.status('VmRSS') - before} KiB more")
    other = Conversation(patient)
    other.open("agree")
    other.live()
    other.close()
    talk.close()


TIMED = [clients, interrupt]
TALKS = [open_suboption, synch_without_mark, probe, plain, script, ahead, behind_mark, synch, synch_interrupt, many_urgent_bytes,
         options_within_synch, reflector, mirror, status_storm]
