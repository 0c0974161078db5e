"""Rows that a quote hides: what was meant by a row whose quotes do not add up, or that nobody can tell.

A quote that is never closed makes a cell of the rows that follow it, and the next quote, whichever it was,
ends that cell. Three things can be counted, and they decide together: whether a quote that closes a cell of
several lines has a delimiter or line end behind it, whether the lines inside are rows of the list's width,
and whether there are addresses in them. A letter in a cell, with addresses and line breaks, is honest.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lists.csv_lines import Lines, Row
from lists.errors import OpenQuote
from lists.repair import unwrapped

_ADDRESS = re.compile(r'[^\s@,;<>"]+@[^\s@,;<>"]+\.[^\s@,;<>"]+')
# So many lines behind an open quote are looked at before it is decided that they are rows.
_LINES_LOOKED_AT = 20
# So far on the next quote is looked for.
_BYTES_LOOKED_AT = 1 << 16


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A row as it is meant, in strict CSV, in place of the text up to the offset `end`."""

    text: bytes
    end: int


class Meaning:
    """Tells what was meant by a row with an irregular quote or a line break inside a cell.

    width:  how many cells a row has.
    strict: a person said that quotes mean what RFC 4180 says: a cell that is closed by the book is right.
    """

    def __init__(self, lines: Lines, width: int, header: Sequence[str], *, strict: bool) -> None:
        self._lines = lines
        self._width = width
        self._strict = strict
        # In prose a blank follows every comma; in a table that is rare, and then the header has it too.
        self._blanks = any(cell[:1] == " " for cell in header[1:])
        self._tabs = lines.delimiter == b"\t"

    def of(self, text: bytes, start: int, row: Row, *, after_odd: bool, final: bool) -> Rewritten | bool:
        """Return the row in another reading; False: the strict one is right; True: more text is needed.

        `after_odd` tells that the last quote before the one that opens a cell of several lines has neither a
        delimiter nor a line end behind it. Raises OpenQuote where rows are hidden and nobody can tell what
        was meant.
        """
        if not row.whole and not final:
            return True
        if (row.irregular or not row.closed) and b'\\"' in text[start : row.end]:
            escaped = self._lines.escaped(text, start, final)
            if escaped is True:
                return True
            alone = row.closed and row.opened < 0
            if escaped and not (alone and self._hidden_by_escapes(text[start : escaped[1]].splitlines())):
                # A quote too few takes in rows here as well, with the right number of cells by chance.
                if not self._strict and any(map(self._may_be_row, _later_lines(escaped[0]))):
                    raise OpenQuote(start, certain=False)
                return Rewritten(self._lines.written(escaped[0]), escaped[1])
        body = text[start : row.end]
        if row.closed and row.opened < 0:
            return self._one_line(body, row)
        if row.closed and row.stray < 0:
            return self._by_the_book(text, body, start, row, final)
        return self._left_open(body, start, row, after_odd)

    def check_header(self, text: bytes) -> None:
        """Raise OpenQuote where the header, with which a text begins, has rows in a cell."""
        row = self._lines.row(text, 0)
        certain = row.reopens or row.stray >= 0 or (row.opened >= 0 and not row.closed)
        if certain or self._addresses(*text[: row.end].splitlines()[1:]):
            raise OpenQuote(0, certain=certain)

    def _hidden_by_escapes(self, lines: Sequence[bytes]) -> bool:
        """Tell whether what is one row, if backslashes stand before quotes inside cells, are several."""
        if len(lines) < 2:
            return False
        alike = self._addresses(lines[0]) & self._addresses(lines[-1])
        return any(map(self._may_be_row, lines[1:-1])) or (bool(alike) and self._is_row(lines[-1]))

    def _one_line(self, body: bytes, row: Row) -> Rewritten | bool:
        if row.irregular or row.cells != self._width:
            cells = self._undoubled(body.rstrip(b"\r\n"))
            if cells is not None:
                return Rewritten(self._lines.written(cells), row.end)
        return False

    def _by_the_book(self, text: bytes, body: bytes, start: int, row: Row, final: bool) -> Rewritten | bool:
        """Judge a row of which every cell with a line break closes as RFC 4180 wants it."""
        lines = body.splitlines()
        if not self._are_rows(lines, row, start):
            if self._strict or text[row.closes - 1] not in self._lines.bounds:
                return False
            # Such a quote may as well open a cell that begins with a delimiter or line break. If so, the next
            # quote is the one that closes it.
            following = text.find(b'"', row.closes + 1, row.closes + _BYTES_LOOKED_AT)
            if following < 0:
                return not final and len(text) < row.closes + _BYTES_LOOKED_AT
            hides = any(map(self._may_be_row, text[start : row.closes].splitlines()[1:]))
            if text[following - 1] in self._lines.bounds or not hides:
                return False
        elif self._strict:
            return False
        elif (cells := self._undoubled(lines[0])) is not None:
            return self._line_by_itself(body, start, cells)
        elif self._tabs and (meant := self._literal(body, lines, row, start)):
            return meant
        raise OpenQuote(start, certain=False)

    def _left_open(self, body: bytes, start: int, row: Row, after_odd: bool) -> Rewritten | bool:
        """Judge a row with a cell of several lines that closes nowhere, or has text behind its close."""
        lines = body.splitlines()
        if len(lines) == 1 and body.rstrip().endswith(b'"'):
            # It hides nobody, and a list that was cut off would not end with a quote.
            return False
        stray = row.stray - start if row.stray >= 0 else -1
        closing = len(body[:stray].splitlines()) - 1 if stray >= 0 else len(lines) - 1
        if body[stray - 1 : stray] in (b"\r", b"\n"):
            closing += 1
        if meant := self._meant(body, lines, row, start, closing):
            return meant
        opens = row.closed and self._opens(body, stray)
        unclosed = opens or not row.closed
        if after_odd and unclosed and row.opened >= 0 and body[row.opened - start + 1] in self._lines.bounds:
            # It closes a cell whose opening quote something else stands before.
            return self._line_by_itself(body, start, self._with_quote(lines[0], row, start))
        if row.closed and not self._hides(body, lines, row, start, closing):
            return False
        raise OpenQuote(start, certain=unclosed)

    def _are_rows(self, lines: Sequence[bytes], row: Row, start: int) -> bool:
        """Tell whether a cell that is closed by the book holds nothing but whole rows of people."""
        first = self._undoubled(lines[0])
        if first is None:
            first = self._with_quote(lines[0], row, start)
            # Its last cell may hold whatever people write.
            before = len(self._lines.loose(lines[0][: row.opened - start]))
            if row.cells == before == self._width:
                first = first[:before]
            elif not self._is_tight(first):
                return False
        if self._width < 2 or self._width == row.cells != len(first):
            return False
        people = self._people(first) & self._addresses(*lines[1:])
        return bool(people) and all(map(self._is_row, lines[1:]))

    def _hides(self, body: bytes, lines: Sequence[bytes], row: Row, start: int, closing: int) -> bool:
        """Tell whether a cell of several lines, whose closing quote has text behind it, holds rows."""
        stray = row.stray - start
        if not self._opens(body, stray):
            if self._strict:
                return False
            # What stands behind that quote in its line may be the row's own.
            first = self._with_quote(lines[0], row, start)
            whole = len(first) == self._width and self._people(first)
            inside = body[:stray].splitlines()[1:]
            return any(
                self._is_row(line) and self._addresses(line if whole else part)
                for line, part in zip(lines[1:], inside, strict=False)
            )
        # The quote stands where a cell begins, and so opens one: the one before it was never closed.
        last = lines[closing]
        if (cells := self._lines.single(last)) is not None and (len(cells) == self._width or b"@" in last):
            return True
        wide = last.count(self._lines.delimiter) + 1 >= self._width
        if b"@" in last and b"@" in lines[0] and wide:
            return True
        return any(self._may_be_row(line) for line in body[:stray].splitlines()[1:])

    def _meant(
        self, body: bytes, lines: Sequence[bytes], row: Row, start: int, closing: int
    ) -> Rewritten | None:
        """Return the first line as a row of its own, where that is what was meant.

        It is where all its quotes close within it once those inside cells count as doubled; and in a list
        with tabs, in which quotes often mean nothing (IANA text/tab-separated-values has none).
        """
        if not all(self._is_row(line) for line in lines[1:closing][:_LINES_LOOKED_AT] if line):
            return None
        if (cells := self._undoubled(lines[0])) is not None:
            return self._line_by_itself(body, start, cells)
        return self._literal(body, lines, row, start) if self._tabs else None

    def _undoubled(self, line: bytes) -> list[bytes] | None:
        cells = self._lines.undoubled(line)
        return cells if cells is not None and len(cells) == self._width else None

    def _literal(self, body: bytes, lines: Sequence[bytes], row: Row, start: int) -> Rewritten | None:
        """Return the first line with the quote that opens there as a character like any other."""
        cells = self._with_quote(lines[0], row, start)
        if len(cells) != self._width or self._width < 2:
            return None
        following = next((line for line in lines[1:] if line), b"")
        if following and following.count(self._lines.delimiter) != self._width - 1:
            return None
        return self._line_by_itself(body, start, cells)

    def _line_by_itself(self, body: bytes, start: int, cells: Sequence[bytes]) -> Rewritten:
        return Rewritten(self._lines.written(cells), start + len(body.splitlines(keepends=True)[0]))

    def _with_quote(self, line: bytes, row: Row, start: int) -> list[bytes]:
        """Return the cells of the first line, the quote that opens there a character like any other."""
        place = row.opened - start
        before = self._lines.loose(line[:place])[:-1]
        return [*before, *line[place:].split(self._lines.delimiter)]

    def _opens(self, body: bytes, quote: int) -> bool:
        """Tell whether a quote can only open a cell: it stands where one begins, with text behind it."""
        return quote > 0 and body[quote - 1] in self._lines.bounds

    def _is_row(self, line: bytes) -> bool:
        cells = self._lines.loose(line)
        return len(cells) == self._width and self._is_tight(cells)

    def _may_be_row(self, line: bytes) -> bool:
        cells = self._lines.loose(line)
        return len(cells) > 1 and self._is_tight(cells) and bool(self._addresses(line))

    def _is_tight(self, cells: Sequence[bytes]) -> bool:
        return self._blanks or not any(cell[:1] == b" " for cell in cells[1:])

    def _addresses(self, *lines: bytes) -> set[int]:
        """Return which cells of the lines are addresses and nothing else."""
        return set().union(*(self._people(self._lines.loose(line)) for line in lines))

    def _people(self, cells: Sequence[bytes]) -> set[int]:
        """Return which cells are addresses and nothing else, as they are or unwrapped."""
        told = [cell.decode(errors="replace").strip(' "') if b"@" in cell else "" for cell in cells]
        return {n for n, cell in enumerate(told) if _ADDRESS.fullmatch(unwrapped(cell) or cell)}


def _later_lines(cells: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the lines of cells that hold several, without the first of each."""
    for cell in cells:
        yield from cell.splitlines()[1:]
