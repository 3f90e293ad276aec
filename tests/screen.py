# SPDX-License-Identifier: BSD-2-Clause
"""screen -- what a terminal would show: as much of ECMA-48 as a line editor and a table need, on a screen that never scrolls."""
import re
import unicodedata

SEQUENCE = re.compile("\x1b(?:\\[([0-?]*)[ -/]*([@-~])|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|[ -/]*[0-~])")


def width(c):
    if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


class Screen:
    def __init__(self, columns):
        self.columns = columns
        self.rows = [[]]
        self.row = self.column = 0
        self.wraps = False  # the last column is written: the next character goes to the next row
        self.saved = (0, 0)

    def lines(self):
        lines = ["".join(cell or "" for cell in row).rstrip() for row in self.rows]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def feed(self, text):
        at = 0
        while at < len(text):
            if text[at] == "\x1b" and (match := SEQUENCE.match(text, at)):
                if match.group(2):
                    self.control(match.group(1), match.group(2))
                elif match.group(0) in ("\x1b7", "\x1b8"):
                    self.keep(match.group(0) == "\x1b7")
                at = match.end()
            else:
                self.put(text[at])
                at += 1
        return self

    def keep(self, save):
        if save:
            self.saved = (self.row, self.column)
        else:
            self.move(*self.saved)

    def move(self, row, column):
        self.wraps = False
        self.row = max(0, row)
        self.column = min(max(0, column), self.columns - 1)
        while len(self.rows) <= self.row:
            self.rows.append([])

    def put(self, c):
        if c == "\r":
            self.move(self.row, 0)
        elif c == "\n":
            self.move(self.row + 1, self.column)
        elif c == "\b":
            self.move(self.row, self.column - 1)
        elif c == "\t":
            self.move(self.row, (self.column // 8 + 1) * 8)
        elif c >= " " and c != "\x7f":
            self.print(c, width(c))

    def print(self, c, n):
        if self.wraps or self.column + n > self.columns:
            self.move(self.row + 1, 0)
        row = self.rows[self.row]
        row.extend(" " * (self.column + n - len(row)))
        if n == 0:
            if self.column:
                row[self.column - 1] += c
            return
        row[self.column:self.column + n] = [c, None][:n]
        self.wraps = self.column + n == self.columns
        self.column = min(self.column + n, self.columns - 1)

    def control(self, parameters, final):
        numbers = [int(p) if p.isdigit() else 0 for p in parameters.split(";")] if parameters else [0]
        n = max(1, numbers[0])
        row = self.rows[self.row]
        if final in "ABCD":
            self.move(self.row + {"A": -n, "B": n}.get(final, 0), self.column + {"C": n, "D": -n}.get(final, 0))
        elif final == "G":
            self.move(self.row, n - 1)
        elif final in "Hf":
            self.move(n - 1, max(1, numbers[1] if len(numbers) > 1 else 1) - 1)
        elif final == "K":
            self.erase(row, numbers[0])
        elif final == "J":
            self.erase(row, numbers[0])
            others = {0: self.rows[self.row + 1:], 1: self.rows[:self.row]}.get(numbers[0], self.rows)
            for other in others:
                other.clear()
        elif final == "P":
            del row[self.column:self.column + n]
        elif final == "@" and self.column < len(row):
            row[self.column:self.column] = [" "] * n
        elif final == "X":
            row[self.column:self.column + n] = [" "] * len(row[self.column:self.column + n])

    def erase(self, row, how):
        if how == 0:
            del row[self.column:]
        else:
            end = len(row) if how == 2 else min(len(row), self.column + 1)
            row[:end] = [" "] * end
