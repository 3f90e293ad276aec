#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""record.py PORT FILE -- writes down what a client sends: listens on a free port, says which, and relays one connection to the
daemon at PORT until either side ends. FILE is a recording for tests/fuzz/corpus/session, from which session_scripts.py makes new ones: each
line is what came in one piece, in the words of tests/telnet/*.in."""
import re
import select
import socket
import sys


def in_words(data):
    words = []
    for text, other in re.findall(rb"([ !#-\[\]-~]+)|(.)", data, re.S):
        words.append(f'"{text.decode()}"' if text else other.hex().upper())
    return " ".join(words)


def relay(client, daemon, file):
    while True:
        for ready in select.select([client, daemon], [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return
            if ready is client:
                file.write(in_words(data) + "\n")
                daemon.sendall(data)
            else:
                client.sendall(data)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    server = socket.create_server(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    client, _ = server.accept()
    with open(sys.argv[2], "w") as file, socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as daemon, client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
        relay(client, daemon, file)


main()
