"""The first bytes of a CSV text: as many as it takes to see its header row and some rows under it."""

from lists import content, encodings, header_row
from lists.content import Content
from lists.errors import ListError


def beginning(found: Content, encoding: str, source: str) -> tuple[bytes, bool]:
    """Return enough of a text, as UTF-8, to hold its header row, and whether that is all of the text.

    Raises ListError where the first row is longer than any header.
    """
    raw, size = found.start, content.START_BYTES
    start = _as_utf8(raw, encoding, source)
    # A line that names the delimiter, titles and names can fill more.
    if len(raw) >= size and not header_row.holds(start, 3):
        size = header_row.LONGEST_BYTES
        raw = found.beginning(size)
        start = _as_utf8(raw, encoding, source)
        if len(raw) >= size and not header_row.holds(start, 1):
            raise ListError(
                f"{source}: its first row is longer than {size >> 20} MB, or a quote in it is never closed; "
                "mend that row."
            )
    return start, len(raw) < size


def _as_utf8(start: bytes, encoding: str, source: str) -> bytes:
    return next(iter(encodings.as_utf8([start], encoding, source)))
