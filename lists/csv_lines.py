"""Rows of a CSV text taken apart quote by quote, in the readings that the writers of lists give them.

A strict row is read as RFC 4180 and pyarrow read it: a quote opens a cell only at its beginning, two quotes
inside stand for one, and what follows a closing quote belongs to the cell.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

QUOTE = ord('"')
# Behind the opening quote: up to the one that closes the cell.
_TO_THE_CLOSE = re.compile(rb'[^"]*+(?:""[^"]*+)*+"')
_BREAK = re.compile(rb"[\r\n]")
_ESCAPED_CELL = re.compile(rb'"((?:[^"\\]|\\.|"")*+)"', re.DOTALL)
_ESCAPED_TO_THE_END = re.compile(rb'"(?:[^"\\]|\\.|"")*+\\?\Z', re.DOTALL)
_ESCAPE = re.compile(rb'\\(["\\])|""')


@dataclass(frozen=True, slots=True)
class Row:
    """A row as its quotes delimit it.

    end:          the offset behind its line end, or of the text's end.
    cells:        how many it has.
    whole:        whether its line end was seen; `closed` whether its last quote was.
    opened:       the offset of the quote of the first cell with a line break, -1 where there is none.
    stray:        the offset of the first quote that closes a cell with a line break and has neither a
                  delimiter nor a line end behind it, -1 where there is none.
    closes:       the offset of the quote that closes the cell at `opened`, where `closed`.
    irregular:    whether any quoted cell goes on behind its closing quote; `reopens` whether such a quote
                  stands where a cell begins.
    """

    end: int
    cells: int
    whole: bool
    closed: bool
    opened: int
    stray: int
    closes: int
    irregular: bool
    reopens: bool


class Lines:
    """Reads rows of one list, whose cells are separated by `delimiter`."""

    def __init__(self, delimiter: str) -> None:
        self.delimiter = delimiter.encode()
        self.bounds = frozenset(self.delimiter + b"\r\n")
        self._stop = re.compile(b"[\r\n" + re.escape(self.delimiter) + b"]")
        self._plain = re.compile(b'(?!")(?:[^\\\\\r\n' + re.escape(self.delimiter) + b"]|\\\\.)*+", re.DOTALL)

    def row(self, text: bytes, start: int) -> Row:
        """Return the strict row that begins at an offset."""
        place, cells, opened, stray, closes, irregular, reopens = start, 0, -1, -1, -1, False, False
        size = len(text)
        while True:
            if place < size and text[place] == QUOTE:
                close = _TO_THE_CLOSE.match(text, place + 1)
                broken = opened < 0 and _BREAK.search(text, place, close.end() if close else size)
                if broken:
                    opened, closes = place, close.end() - 1 if close else size
                if close is None:
                    return Row(size, cells + 1, False, False, opened, stray, closes, irregular, reopens)
                if close.end() < size and text[close.end()] not in self.bounds:
                    irregular = True
                    reopens |= close.end() - 2 > place and text[close.end() - 2] in self.bounds
                    if stray < 0 and _BREAK.search(text, place, close.end()):
                        stray = close.end() - 1
                place = close.end()
            cells += 1
            stop = self._stop.search(text, place)
            if stop is None:
                return Row(size, cells, False, True, opened, stray, closes, irregular, reopens)
            place = stop.end()
            if stop[0] != self.delimiter:
                end = place + (stop[0] == b"\r" and text[place : place + 1] == b"\n")
                return Row(end, cells, True, True, opened, stray, closes, irregular, reopens)

    def single(self, line: bytes) -> list[bytes] | None:
        """Return the cells of a line as strict reading has them; None where a quote is left open in it."""
        cells: list[bytes] = []
        place = 0
        while True:
            begun = place
            quoted = b""
            if line[place : place + 1] == b'"':
                close = _TO_THE_CLOSE.match(line, place + 1)
                if close is None:
                    return None
                quoted = line[place + 1 : close.end() - 1].replace(b'""', b'"')
                begun = place = close.end()
            stop = line.find(self.delimiter, place)
            cells.append(quoted + (line[begun:] if stop < 0 else line[begun:stop]))
            if stop < 0:
                return cells
            place = stop + len(self.delimiter)

    def loose(self, line: bytes) -> list[bytes]:
        """Return the cells of a line in any case: where quotes do not add up, they mean nothing."""
        return self.single(line) or line.split(self.delimiter)

    def undoubled(self, line: bytes) -> list[bytes] | None:
        """Return the cells of a line whose writer put quotes around cells and did not double those inside.

        A cell ends there at the first quote with a delimiter or the line's end behind it. None where one
        does not end.
        """
        cells: list[bytes] = []
        place = 0
        while True:
            if line[place : place + 1] == b'"':
                close = line.find(b'"' + self.delimiter, place + 1)
                if close < 0:
                    if len(line) < place + 2 or line[-1] != QUOTE:
                        return None
                    cells.append(line[place + 1 : -1])
                    return cells
                cells.append(line[place + 1 : close])
                place = close + 1 + len(self.delimiter)
                continue
            stop = line.find(self.delimiter, place)
            if stop < 0:
                cells.append(line[place:])
                return cells
            cells.append(line[place:stop])
            place = stop + len(self.delimiter)

    def escaped(self, text: bytes, start: int, final: bool) -> tuple[list[bytes], int] | bool:
        r"""Return (cells, end) of a row in which a backslash stands before quotes inside cells (\").

        False where it is no such row, True where more text is needed to tell.
        """
        cells: list[bytes] = []
        place = start
        while True:
            if text[place : place + 1] == b'"':
                cell = _ESCAPED_CELL.match(text, place)
                if cell is None:
                    return not final and _ESCAPED_TO_THE_END.match(text, place) is not None
                cells.append(_ESCAPE.sub(lambda found: found[1] or b'"', cell[1]))
            else:
                cell = self._plain.match(text, place)
                assert cell is not None
                cells.append(_ESCAPE.sub(lambda found: found[1] or b'"', cell[0]))
            if cell.end() < len(text) and text[cell.end()] not in self.bounds:
                # A letter behind the closing quote belongs to the cell, if that is of one line.
                more = self._plain.match(text, cell.end())
                if more is None or _BREAK.search(text, place, cell.end()):
                    return False
                cells[-1] += more[0]
                cell = more
            place = cell.end()
            if place == len(text):
                return (cells, place) if final else True
            if text[place] not in self.bounds:
                return False
            if text[place] != self.delimiter[0]:
                return cells, place + (2 if text[place : place + 2] == b"\r\n" else 1)
            place += 1

    def written(self, cells: Sequence[bytes]) -> bytes:
        """Return cells as a strict row, each in quotes."""
        quoted = [b'"' + cell.replace(b'"', b'""') + b'"' for cell in cells]
        return self.delimiter.join(quoted) + b"\n"
