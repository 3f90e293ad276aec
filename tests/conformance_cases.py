# SPDX-License-Identifier: BSD-2-Clause
"""conformance_cases -- what conformance.py plays: the cases that are bytes and an answer. The ids are those of tests/telnet/CASES;
what needs more than a table is in conformance_talks.py."""
from conformance import END, PROMPT as P, After, Case

OFFER = "FF FD 18 FF FB 01 FF FB 03 FF FD 03 FF FD 1F"
SEND = "FF FA 18 01 FF F0"
AGREE = 'FF FB 18 FF FD 01 FF FD 03 FF FB 03 FF FB 1F FF FA 1F 00 50 00 18 FF F0 FF FA 18 00 "DUMB" FF F0'
GA = "FF F9"


def every(verb):
    return " ".join(f"FF {verb} {n:02X}" for n in range(256))


def each_do():
    """The answers to DO of all 256 options: ECHO and SGA are on already, TIMING-MARK is promised in its place."""
    answers = {n: f"FF FC {n:02X}" for n in range(256)}
    answers.update({0: "FF FB 00", 5: "FF FB 05", 42: "FF FB 2A"})
    return " ".join(answers[n] for n in range(256) if n not in (1, 3, 6)) + " FF FB 06"


def each_will():
    answers = {n: f"FF FE {n:02X}" for n in range(256)}
    answers.update({0: "FF FD 00", 42: "FF FD 2A"})
    return " ".join(answers[n] for n in range(256) if n not in (3, 24, 31))


def typed(*lines):
    """What lines show that were typed: the line, and what a script is told for it."""
    return "".join(f"{line}\n{answer}\n{P}" for line, answer in lines)


ECHO_X = P + typed(("echo x", "x"))

CASES = [
    # Opening and defaults.
    Case("TN-002", ['FF FE 01 FF FE 03 FF FC 18 FF FC 1F "help\\r\\n"'], says=f"{OFFER} {GA} {GA} {GA}", shows=f"{P}<<512 help>>\n{P}",
         opening="cold", echo=False),
    Case("TN-006", ['"echo x\\r\\n"'], says=f"{GA} {GA}", shows=f"{P}x\n{P}", opening="refuse", echo=False),
    Case("TN-006", ['FF FE 03'], says=f"FF FC 03 {GA}", loose=True),
    Case("TN-008 TN-005", [AGREE + ' "echo x\\r\\n"'], says=f"{OFFER} {SEND}", shows=ECHO_X, opening="cold"),

    # Commands.
    Case("TN-009 TN-012", ["FF F1 FF F9"]),
    Case("TN-011", ['"echo a" FF FF "b\\r\\n"'], shows=P + typed(("echo a?b", "a?b"))),
    Case("TN-013", ['"abc" FF F3'], shows=f"{P}abc\n{P}"),
    Case("TN-014", ['"abc" FF F4'], shows=f"{P}abc\n{P}"),
    Case("TN-015", ['"until -t 60 echo x | include y\\r\\n"', After("y\r\n"), "FF F4"],
         shows=f"{P}until -t 60 echo x | include y\n{P}"),
    Case("TN-017", ['"abc" FF F6', After("yes"), "FF F8"], shows=f"[yes]\n{P}", loose=True),
    Case("TN-017", ["FF F6", After("yes.*> ")], shows=f"[yes]\n{P}", loose=True),
    Case("TN-018", ['"echo xy" FF F7 "z\\r\\n"'], shows=P + typed(("echo xz", "xz"))),
    Case("TN-020", ['"garbage" FF F8 "echo x\\r\\n"'], shows=ECHO_X),
    Case("TN-021", ["FF EC FF ED FF EF"]),
    Case("TN-021 TN-013", ['"abc" FF EE'], shows=f"{P}abc\n{P}"),
    Case("TN-023", ["FF", END], tail=False),
    Case("TN-024", ["FF FB", END], tail=False),
    Case("TN-024", ["FF FA", END], tail=False),
    Case("TN-024", ["FF FA 1F FF", END], tail=False),

    # Line ends and characters.
    Case("TN-025", ['"echo x\\r\\n"'], shows=ECHO_X),
    Case("TN-026", ['"echo x\\r" 00'], shows=ECHO_X),
    Case("TN-027", ['"echo x\\n"'], shows=ECHO_X),
    Case("TN-029", ['"echo x\\r"', After("\nx\r\n.*> "), '"\\n"'], shows=ECHO_X),
    Case("TN-030", ['"echo x\\r\\r\\n"'], shows=f"{ECHO_X}\n{P}"),
    Case("TN-031", ['"\\recho x\\recho y\\r\\n"'], shows=f"{P}\n" + P + typed(("echo x", "x"), ("echo y", "y"))),
    Case("TN-032", ['"ec" 00 "ho" 00 " x\\r\\n"'], shows=ECHO_X),
    Case("TN-033 TN-025", ['"help\\r\\nhelp echo\\r\\nnonsense\\r\\n"'],
         shows=P + typed(("help", "<<80 help>>"), ("help echo", "<<80 help echo>>"), ("nonsense", "<<80 nonsense>>"))),
    Case("TN-035", ['"/set charset utf-8\\r\\necho gr\\xc3\\xbcn \\xe6\\xbc\\xa2\\r\\n/set charset ascii\\r\\necho gr\\xc3\\xbcn\\r\\n"'],
         shows=f"{P}/set charset utf-8\n" + P + typed(("echo grün 漢", "grün 漢")) + f"/set charset ascii\n{P}echo gr?n\ngr?n\n{P}"),

    # Negotiation.
    Case("TN-036", ["FF FD 25 FF FD 26 FF FD 2E FF FD 24 FF FD 22 FF FD 27"],
         says="FF FC 25 FF FC 26 FF FC 2E FF FC 24 FF FC 22 FF FC 27"),
    Case("TN-037 TN-099 TN-085", ["FF FB 25 FF FB 26 FF FB 27 FF FB 20 FF FB 21 FF FB 22 FF FB 23"],
         says="FF FE 25 FF FE 26 FF FE 27 FF FE 20 FF FE 21 FF FE 22 FF FE 23"),
    Case("TN-038", [every("FD"), "FF FE 00"], says=each_do() + " FF FC 00", loose=True),
    Case("TN-039", [every("FB"), "FF FC 00"], says=each_will() + " FF FE 00"),
    Case("TN-041", ["FF FD 01 FF FD 01 FF FD 03"]),
    Case("TN-042 TN-043", ["FF FE 01 FF FE 01"], says="FF FC 01", echo=False, loose=True),
    Case("TN-044", ["FF FE 01 FF FD 01 FF FD 01"], says="FF FC 01 FF FB 01"),
    Case("TN-045", ['FF FA 1F 00 84 00 18 FF F0', '"filesystem\\r\\n"', After("ok.*> "), "FF FC 1F", '"filesystem\\r\\n"'], says="FF FE 1F",
         shows=P + typed(("filesystem", "<<132 filesystem>>"), ("filesystem", "<<80 filesystem>>"))),
    Case("TN-047", [" ".join(["FF FD 01 FF FE 01"] * 10000), "FF FD 01"], says=" ".join(["FF FC 01"] + ["FF FB 01 FF FC 01"] * 9999 + ["FF FB 01"])),
    Case("TN-050", ["FF FD 18 FF FD 1F"], says="FF FC 18 FF FC 1F"),
    Case("TN-051 TN-068", ['FF FD 00 "echo \\xc3\\xbc\\r\\n"', After("\n.*\n.*> "), "FF FE 00"], says="FF FB 00 FF FC 00", shows="*", loose=True,
         text="^echo [^\\r\n]*\r?\n[^\\r\n]*\nbox> echo live\r\nlive\r\nbox> "),
    Case("TN-054", ['"echo x\\r\\n"', After("\nx\r\n"), "FF FB 27 FF FE 03 FF FD 03 FF FB 2A", '"echo x\\r\\n"'],
         says="FF FE 27 FF FC 03 FF FB 03 FF FD 2A", shows=P + typed(("echo x", "x"), ("echo x", "x"))),
    Case("TN-055", ["FF FD FF FF FB FF FF FE FF FF FC FF"], says="FF FC FF FF FE FF"),

    # Suboptions.
    Case("TN-056 TN-057", ["FF FA FF F0 FF FA 1F FF F0 FF FA 18 FF F0 FF FA 05 FF F0", '"filesystem\\r\\n"'],
         shows=P + typed(("filesystem", "<<80 filesystem>>"))),
    Case("TN-059", ["FF FA 1F 00 84 00 18 FF F0", '"filesystem\\r\\n"'], shows=P + typed(("filesystem", "<<132 filesystem>>"))),
    Case("TN-060", ["FF FA 1F 00 FF FF 00 18 FF F0", '"filesystem\\r\\n"'], shows=P + typed(("filesystem", "<<255 filesystem>>"))),
    Case("TN-061", ["FF FA 1F" + " FF FF" * 1000000 + " FF F0", '"filesystem\\r\\n"'], shows=P + typed(("filesystem", "<<80 filesystem>>"))),
    Case("TN-063", ['FF FA 63 "echo leaked\\r\\n" FF F0 FF FA FF FF "echo leaked\\r\\n" FF F0']),
    Case("TN-065 TN-103", ['FF FA 22 03 05 02 03 FF F0 FF FA 05 01 FF F0 FF FA 2A 01 ";UTF-8" FF F0']),
    Case("TN-066", ["FF FA 1F 00 F0 00 F0 FF F0", '"filesystem\\r\\n"'], shows=P + typed(("filesystem", "<<240 filesystem>>"))),
    Case("TN-067", ["FF FA 1F 00 84 FF FB 01 00 18 FF F0", '"filesystem\\r\\n"'], shows=P + typed(("filesystem", "<<80 filesystem>>"))),

    # BINARY, ECHO, SGA.
    Case("TN-069", ["FF FB 00", '"echo x\\r"', After("\nx\r\n"), '"echo y\\r\\n"'], says="FF FD 00", shows=P + typed(("echo x", "x"), ("echo y", "y"))),
    Case("TN-071", ["FF FB 01"], says="FF FE 01"),
    Case("TN-073", ["FF FC 03 FF FB 03 FF FB 03"], says="FF FE 03 FF FD 03"),

    # NAWS, TTYPE, NEW-ENVIRON, CHARSET.
    Case("TN-080", ["FF FA 1F FF FF FF FF FF FF FF FF FF F0", '"filesystem\\r\\n"'], shows=P + typed(("filesystem", "<<512 filesystem>>"))),
    Case("TN-081", ["FF FA 1F 00 84 00 18 FF F0 FF FA 1F 00 00 00 00 FF F0", '"filesystem\\r\\n"'],
         shows=P + typed(("filesystem", "<<80 filesystem>>"))),
    Case("TN-083", ["FF FA 1F 00 84 00 FF F0 FF FA 1F 00 84 00 18 00 FF F0", '"filesystem\\r\\n"'],
         shows=P + typed(("filesystem", "<<80 filesystem>>"))),
    Case("TN-084", ['FF FB 18 FF FA 18 00 "xterm" FF F0 FF FD 01 FF FD 03 FF FB 1F FF FA 1F 00 50 00 18 FF F0 "echo \\xc3\\xbc\\r\\n"'],
         says=f"{OFFER} {SEND}", shows=P + typed(("echo ü", "ü")), opening="cold"),
    Case("TN-086", ['FF FA 27 00 00 "USER" 01 "-f root" FF F0 FF FA 27 00 00 "CREDENTIALS_DIRECTORY" 01 "/tmp" 03 "PATH" 01 "/tmp" FF F0 '
                    'FF FA 27 00 00 "LD_PRELOAD" 01 "/x.so" FF F0 FF FA 24 00 00 "TERMCAP" 01 "/etc/passwd" FF F0', '"echo x\\r\\n"'], shows=ECHO_X),
    Case("TN-087", ["FF FB 18 " + " ".join(f'FF FA 18 00 " {n}" FF F0' for n in range(20)) + ' FF FD 01 FF FD 03 FF FC 1F "echo x\\r\\n"'],
         says=f"{OFFER} " + " ".join([SEND] * 8), shows=ECHO_X, opening="cold"),
    Case("TN-089", ["FF FA 18 01 FF F0"]),
    Case("TN-090", ['FF FB 2A FF FA 2A 01 ";UTF-8" FF F0 FF FA 2A 01 " ISO-8859-1 utf-8" FF F0'],
         says="FF FD 2A FF FA 2A 02 55 54 46 2D 38 FF F0 FF FA 2A 02 75 74 66 2D 38 FF F0"),
    Case("TN-091", ['FF FB 2A FF FA 2A 01 ";EBCDIC;IBM037" FF F0 FF FA 2A 01 FF F0 FF FA 2A 01 "[TTABLE ]" 01 ";UTF-8" FF F0 FF FA 2A 04 01 FF F0'],
         says="FF FD 2A FF FA 2A 03 FF F0 FF FA 2A 03 FF F0 FF FA 2A 03 FF F0 FF FA 2A 05 FF F0"),

    # LINEMODE, STATUS, TIMING-MARK.
    Case("TN-095", ["FF FA 22 03" + " 13 FF FF FF FF" * 35 + " FF F0"]),
    Case("TN-095", ["FF FA 22 03" + " 13 FF FF FF FF" * 10000 + " FF F0"]),
    Case("TN-101", ["FF FA 05 01 FF F0 FF FD 05 FF FA 05 01 FF F0"],
         says="FF FB 05 FF FA 05 00 FB 01 FB 03 FD 03 FB 05 FD 18 FD 1F FF F0"),
    Case("TN-104", ["FF FD 06", '"echo x\\r\\n"'], says="FF FB 06", shows=ECHO_X),
    Case("TN-105", ['"echo x\\r\\n" FF FD 06 "echo y\\r\\n" FF FD 06'], says="FF FB 06 FF FB 06", shows=P + typed(("echo x", "x"), ("echo y", "y")),
         text="\nx\r\n(box> )?\x06.*\ny\r\n(box> )?\x06"),
    Case("TN-107", ["FF FE 06 FF FC 06"]),
    Case("TN-108", ["FF FB 06 FF FB 06"], says="FF FE 06 FF FE 06"),
]

# Each command as the very first bytes, in its own connection.
CASES += [Case("TN-019", [f"FF {code:02X} {'FF F0' if code == 0xfa else ''} {AGREE}"], says=f"{OFFER} {SEND}", shows="*", opening="cold",
               text="echo live\r\nlive\r\nbox> quit") for code in range(0xec, 0xfb)]
