"""How the rows of a CSV text stand: delimiter, header, and where the first row begins."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from lists import sep_line
from lists.errors import ListError

DELIMITERS = ",;\t|"
# What a person says (--quote, list.quote) where quotes mean nothing.
NO_QUOTE = "none"


@dataclass(frozen=True, slots=True)
class Layout:
    """How the rows of a CSV text stand: its header (or None), how many cells a row has, and the delimiter.

    `quote` is what stands around cells, "" where quotes mean nothing; `told` whether a person said so.
    `preamble_bytes` stand before the header: blank lines, and a line that names the delimiter.
    """

    header: list[str] | None
    width: int
    delimiter: str
    preamble_bytes: int
    quote: str = '"'
    told: bool = False


def layout(start: bytes, delimiter: str, *, with_header: bool, source: str, quote: str = "") -> Layout:
    """Tell how a CSV text (UTF-8, no byte order mark) stands by its first bytes.

    `delimiter` is one character, "tab", or "" where it is to be found. Raises ListError for any other.
    """
    text = start.lstrip(b"\r\n")
    told = "\t" if delimiter.lower() in ("tab", "\\t") else delimiter
    if len(told) > 1 or told in ('"', "\n", "\r") or not told.isascii():
        raise ListError(f"{delimiter!r} (list.delimiter) separates no columns: give one character, or tab.")
    # Excel writes, and reads, a first line that names the delimiter.
    named, text = sep_line.taken_off(text, told, source)
    mark = "" if quote == NO_QUOTE else '"'
    found = told or named or sniffed(text, mark)
    cells = _first_row(text, found, mark)
    if named:
        likely = sniffed(text, mark)
        sep_line.refuse_wrong(named, len(cells), likely, len(_first_row(text, likely, mark)), source)
    if not cells:
        raise ListError(f"{source} is empty: give a list with a header row and at least one recipient.")
    return Layout(
        cells if with_header else None, len(cells), found, len(start) - len(text), mark, bool(quote)
    )


def reader(text: TextIO, delimiter: str, quote: str) -> Iterator[list[str]]:
    """Return a reader of rows; without a `quote` quotes are characters like any other."""
    if not quote:
        return csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(text, delimiter=delimiter)


def sniffed(text: bytes, quote: str = '"') -> str:
    """Return the delimiter: of those in the first row the one that gives most columns."""
    widths = {delimiter: len(_first_row(text, delimiter, quote)) for delimiter in DELIMITERS}
    return max(DELIMITERS, key=lambda delimiter: widths[delimiter])


def _first_row(text: bytes, delimiter: str, quote: str) -> list[str]:
    return next(reader(io.StringIO(_as_text(text)), delimiter, quote), [])


def _as_text(text: bytes) -> str:
    # A cut in the middle of a character at the end of the sample is of no consequence.
    return text.decode("utf-8", errors="ignore").replace("\r\n", "\n").replace("\r", "\n")
