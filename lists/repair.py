"""Taking apart what people paste into an address cell: `Name <a@b>`, `mailto:`, invisible characters.

Nothing here changes a row by itself: the results are suggestions, and `HygienePolicy.repair` says whether
the first kind may be used.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

# Characters that show nothing and travel along with copied text: soft hyphen, zero-width space, joiners and
# direction marks, word joiner, byte order mark.
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
MAILTO = re.compile(r"mailto:([^?]*)(\?.*)?", re.IGNORECASE | re.DOTALL)
AT_SIGN = re.compile(r"\s*(\(at\)|\[at\]|@)\s*", re.IGNORECASE)
STOP = re.compile(r"\s*[,;]\s*")
STOPS = re.compile(r"\.{2,}")
IN_ANGLE_BRACKETS = re.compile(r"[^<>]*<([^<>]*)>[\s,;]*", re.DOTALL)


def unwrapped(text: str) -> str:
    """Return the address inside a cell that wraps one, or "" where nothing was wrapped.

    Wrapping is `Name <a@b>`, `mailto:a@b?subject=...` and invisible characters, in any nesting. The result
    is not judged here.
    """
    inner = text
    while True:
        step = INVISIBLE.sub("", inner).strip()
        if match := IN_ANGLE_BRACKETS.fullmatch(step):
            step = match[1].strip()
        if match := MAILTO.fullmatch(step):
            # RFC 6068 percent-encodes what a URI cannot hold.
            step = unquote(match[1]).strip()
        if step == inner:
            return inner if inner != text else ""
        inner = step


def candidates(text: str) -> Iterator[str]:
    """Yield what was probably meant by a malformed cell, the likeliest first; each is still to be judged."""
    tried = {text}
    for candidate in _readings(text):
        # A quote never stands in an address that is accepted.
        if candidate not in tried and '"' not in candidate:
            tried.add(candidate)
            yield candidate


def _readings(text: str) -> Iterator[str]:
    plain = unwrapped(text) or text
    yield plain
    tidy = plain.replace("＠", "@").replace("﹫", "@")
    tidy = AT_SIGN.sub("@", tidy).strip(" \t\r\n.,;:'\"`<>()[]{}")
    yield tidy
    if tidy.count("@") != 1:
        return
    # Two addresses in one cell are never guessed at, nor is a blank inside a name: joining "anna berg" may
    # make the address of somebody else. A full stop that was doubled or mistyped has one reading.
    local_part, domain = tidy.split("@")
    domain = STOP.sub(".", domain)
    yield STOPS.sub(".", f"{local_part.strip('.')}@{domain.strip('.')}")
