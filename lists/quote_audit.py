"""Every quote of a CSV text is looked at while it streams by, as whole columns of bytes and not one by one.

Where each quote opens a cell at its beginning, closes one at its end or is doubled, the text passes as it is.
Only rows in which one does something else, and rows whose cells hold lines that might be rows, are looked at
one by one. A text without quotes costs one search for them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from lists.csv_lines import QUOTE, Lines
from lists.errors import OpenQuote
from lists.open_quotes import Meaning
from lists.text_columns import Letters, Mask, Places

_LINE_FEED, _RETURN, _AT = ord("\n"), ord("\r"), ord("@")


def audited(
    blocks: Iterable[bytes], lines: Lines, meaning: Meaning, width: int, longest_bytes: int
) -> Iterator[bytes]:
    """Yield a CSV text (UTF-8, from its first row) in which every quote means what RFC 4180 says.

    Raises OpenQuote where rows are hidden, or a row is longer than `longest_bytes`.
    """
    audit = _Audit(lines, meaning, width)
    waiting: list[bytes] = []
    # So long a row that is not at its end is not read anew before as much has come again.
    size = enough = 0
    offset = 0
    for block in blocks:
        waiting.append(block)
        size += len(block)
        if audit.left_open and b'"' not in block and size <= longest_bytes:
            continue
        if size < enough and size <= longest_bytes:
            continue
        text = waiting[0] if len(waiting) == 1 else b"".join(waiting)
        part, done = audit.read(text, offset, final=False)
        if part:
            yield part
        offset += done
        rest = text[done:]
        if len(rest) > longest_bytes:
            raise OpenQuote(offset, longest_bytes=longest_bytes)
        waiting = [rest] if rest else []
        size = len(rest)
        enough = 2 * size
    if waiting:
        yield audit.read(b"".join(waiting), offset, final=True)[0]


@dataclass(frozen=True, slots=True)
class _Marks:
    """The quotes and line ends of a text.

    quotes:     where they are; `opens`, `closes` tell which of them may open and which may close a cell,
                `starts` and `ends` which stand where a cell begins and ends.
    breaks:     where the line ends are; `before` tells how many quotes stand before each.
    """

    quotes: Places
    opens: Mask
    closes: Mask
    starts: Mask
    ends: Mask
    breaks: Places
    before: Places

    def irregular(self, parity: int) -> Places:
        """Return the quotes that do not do their part, where the first to open is number `parity`."""
        wrong = np.empty(len(self.quotes), np.bool_)
        wrong[parity::2] = ~self.opens[parity::2]
        wrong[1 - parity :: 2] = ~self.closes[1 - parity :: 2]
        return self.quotes[wrong]

    def outside(self, parity: int) -> Places:
        """Return the line ends that end rows, where the first quote to open is number `parity`."""
        ends: Places = self.breaks[(self.before & 1) == parity]
        return ends


class _Audit:
    """Looks at one part of the text after the other; each begins with a row."""

    def __init__(self, lines: Lines, meaning: Meaning, width: int) -> None:
        self._lines = lines
        self._meaning = meaning
        self._width = width
        self._bounds = np.zeros(256, np.bool_)
        self._bounds[list(lines.bounds)] = True
        self._after_odd = False
        # Whether a cell is open at the end of what was read: only a quote can change that.
        self.left_open = False

    def read(self, text: bytes, offset: int, *, final: bool) -> tuple[bytes, int]:
        """Return the whole rows of a text, as they are meant, and how many of its bytes those were."""
        self.left_open = False
        if b'"' not in text:
            done = len(text) if final else max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
            return text if done == len(text) else text[:done], done
        marks = self._marks(text)
        if not final and len(marks.breaks) and self._single_lines(marks):
            done = int(marks.breaks[-1]) + 1
            self._after_odd = self._odd_before(int(marks.before[-1]), marks)
            return text[:done], done
        try:
            return self._rows(text, marks, final=final)
        except OpenQuote as err:
            raise OpenQuote(offset + err.offset, certain=err.certain) from None

    def _marks(self, text: bytes) -> _Marks:
        letters = np.frombuffer(text, np.uint8)
        marked = letters == QUOTE
        marked |= letters == _LINE_FEED
        if b"\r" in text:
            marked |= letters == _RETURN
        places = np.flatnonzero(marked)
        is_quote = letters[places] == QUOTE
        quotes = places[is_quote]
        starts = np.ones(len(quotes), np.bool_)
        first = int(quotes[0] == 0)
        starts[first:] = self._bounds[letters[quotes[first:] - 1]]
        ends = np.ones(len(quotes), np.bool_)
        last = len(quotes) - int(quotes[-1] == len(text) - 1)
        ends[:last] = self._bounds[letters[quotes[:last] + 1]]
        opens, closes = starts.copy(), ends.copy()
        adjacent = np.flatnonzero(np.diff(quotes) == 1)
        opens[adjacent + 1] = True
        closes[adjacent] = True
        return _Marks(quotes, opens, closes, starts, ends, places[~is_quote], np.cumsum(is_quote)[~is_quote])

    def _single_lines(self, marks: _Marks) -> bool:
        """Tell whether every line is a row by itself: its quotes open and close cells, or mean nothing.

        A line without a quote at the beginning of a cell opens none. If that and the quotes of the other
        lines leave none open at any line's end, then none was open at any line's beginning either.
        """
        within = int(marks.before[-1])
        opens, closes = marks.opens[:within], marks.closes[:within]
        if not np.any(marks.before & 1) and np.all(opens[::2]) and np.all(closes[1::2]):
            return True
        line = np.repeat(np.arange(len(marks.breaks)), np.diff(marks.before, prepend=0))
        opening = np.zeros(len(marks.breaks), np.bool_)
        opening[line[marks.starts[:within]]] = True
        kept = opening[line]
        if np.any(np.bincount(line[kept]) & 1):
            return False
        opens, closes = opens[kept], closes[kept]
        return bool(np.all(opens[::2]) and np.all(closes[1::2]))

    def _rows(self, text: bytes, marks: _Marks, *, final: bool) -> tuple[bytes, int]:
        letters = np.frombuffer(text, np.uint8)
        suspects: dict[int, list[int]] = {}
        outside: dict[int, list[int]] = {}
        quotes = marks.quotes.tolist()
        parts: list[bytes] = []
        place = copied = 0
        while place < len(text):
            parity = bisect_left(quotes, place) & 1
            if parity not in suspects:
                ends = marks.outside(parity)
                outside[parity] = ends.tolist()
                suspects[parity] = self._suspects(letters, marks, parity, ends, final)
            number = bisect_left(suspects[parity], place)
            if number == len(suspects[parity]):
                break
            before = bisect_left(outside[parity], suspects[parity][number])
            start = max(place, outside[parity][before - 1] + 1 if before else 0)
            row = self._lines.row(text, start)
            odd = self._odd_before(bisect_left(quotes, max(start, row.opened)), marks)
            meant = self._meaning.of(text, start, row, after_odd=odd, final=final)
            if meant is True:
                parts.append(text[copied:start])
                self._after_odd = self._odd_before(bisect_left(quotes, start), marks)
                self.left_open = not row.closed
                return b"".join(parts), start
            place = row.end
            if meant is not False:
                parts += [text[copied:start], meant.text]
                place = copied = meant.end
        done = len(text)
        if not final:
            rows = outside[parity] if place < len(text) else []
            done = max(place, rows[-1] + 1 if rows else 0)
        parts.append(text[copied:done])
        before = bisect_left(quotes, done)
        self._after_odd = self._odd_before(before, marks)
        self.left_open = bool(len(quotes) - before & 1)
        return b"".join(parts), done

    def _odd_before(self, number: int, marks: _Marks) -> bool:
        """Tell whether something stands behind the last of so many quotes that ends no cell."""
        return not marks.ends[number - 1] if number else self._after_odd

    def _suspects(
        self,
        letters: Letters,
        marks: _Marks,
        parity: int,
        outside: Places,
        final: bool,
    ) -> list[int]:
        """Return where something is that only a look at the row can settle, in order."""
        found = [marks.irregular(parity)]
        inside = marks.breaks[(marks.before & 1) != parity]
        if len(inside):
            # An address behind the first line, and as many delimiters in a line as a row has.
            ends = np.append(outside, len(letters))[np.searchsorted(outside, inside)]
            following = np.append(marks.breaks, len(letters))[np.searchsorted(marks.breaks, inside) + 1]
            signs = np.flatnonzero(letters == _AT)
            stops = np.flatnonzero(letters == self._lines.delimiter[0])
            peopled = np.searchsorted(signs, ends) > np.searchsorted(signs, inside)
            wide = np.searchsorted(stops, following) - np.searchsorted(stops, inside) >= self._width - 1
            found.append(inside[peopled & wide])
        if final and (len(marks.quotes) - parity) & 1:
            found.append(marks.quotes[-1:])
        return sorted(set(np.concatenate(found).tolist()))
