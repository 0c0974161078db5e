"""HTML's tokens with their places in the text, as a browser takes them (WHATWG HTML, 13.2.5).

A parser that builds a tree, such as lxml, mends what it does not expect in its own way (it closes a link
before a table, and drops what stands behind `</html>`); whether a reader sees a word is asked of browsers.
Every step takes time in proportion to the length of its text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from html import unescape

# A value in quotes that never end takes in all the rest, and there is no tag then.
_TAG = re.compile(
    r"""<(/?)([a-zA-Z][^\s/>]*+)((?:[^>"'=]++|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s"'>][^\s>]*+)?|["'])*+)>"""
)
_ATTRIBUTE = re.compile(r"""[\s/]*+(=?[^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"?|'([^']*+)'?|([^\s>]*+)))?""")
_REFERENCE = re.compile(r"&(?:#\d{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[a-zA-Z][a-zA-Z0-9]{1,31};)")
_COMMENT_END = re.compile(r"--!?>")
# What these hold is no HTML up to their own end tag.
_RAW = frozenset({"script", "style", "xmp", "iframe", "noembed", "noframes"})
_WORDS_ALONE = frozenset({"textarea", "title"})


class Kind(StrEnum):
    """What a piece of HTML is. RAW is the inside of a script or style, WORDS that of a title or textarea."""

    TEXT = "text"
    TAG = "tag"
    END = "end"
    COMMENT = "comment"
    RAW = "raw"
    WORDS = "words"


@dataclass(frozen=True)
class Token:
    """A piece of HTML from `start` to `end`; `name` is a tag's, in lower case."""

    kind: Kind
    start: int
    end: int
    raw: str
    name: str = ""

    @property
    def text(self) -> str:
        """The letters that it stands for."""
        return unescape(self.raw) if "&" in self.raw else self.raw

    @cached_property
    def attributes(self) -> Mapping[str, str]:
        """A tag's attributes by lower-case name; of two equal ones the first counts."""
        found: dict[str, str] = {}
        for name, value, _ in self.spans:
            found.setdefault(name, _decoded(value))
        return found

    @property
    def spans(self) -> Iterator[tuple[str, str, range]]:
        """Yield each attribute's name, its value as it stands there, and the places of a quoted value."""
        at = len(self.name) + 1
        stop = len(self.raw) - 1
        while at < stop:
            match = _ATTRIBUTE.match(self.raw, at, stop)
            if match is None or match.end() == at:
                return
            at = match.end()
            name = match.group(1).lower()
            quoted = match.group(2) if match.group(2) is not None else match.group(3)
            places = range(0)
            if quoted is not None:
                first = match.start(2) if match.group(2) is not None else match.start(3)
                places = range(self.start + first, self.start + first + len(quoted) + 1)
            if name:
                yield name, quoted if quoted is not None else match.group(4) or "", places


def tokens(text: str) -> Iterator[Token]:
    """Yield the pieces of a page in order; together they are all but a last tag that never ends."""
    at = 0
    while at < len(text):
        sign = text.find("<", at)
        if sign != at:
            end = sign if sign >= 0 else len(text)
            yield Token(Kind.TEXT, at, end, text[at:end])
            at = end
            continue
        following = text[at + 1 : at + 2]
        if following in ("!", "?") or (following == "/" and not _is_letter(text[at + 2 : at + 3])):
            end = _comment_end(text, at)
            yield Token(Kind.COMMENT, at, end, text[at:end])
            at = end
        elif following == "/" or _is_letter(following):
            match = _TAG.match(text, at)
            if match is None:
                return
            name = match.group(2).lower()
            yield Token(Kind.END if match.group(1) else Kind.TAG, at, match.end(), match.group(), name)
            at = match.end()
            if not match.group(1) and (name in _RAW or name in _WORDS_ALONE or name == "plaintext"):
                end = _raw_end(text, name, at)
                if end > at:
                    yield Token(Kind.WORDS if name in _WORDS_ALONE else Kind.RAW, at, end, text[at:end])
                at = end
        else:
            yield Token(Kind.TEXT, at, at + 1, "<")
            at += 1


def _is_letter(sign: str) -> bool:
    return sign.isascii() and sign.isalpha()


def _comment_end(text: str, at: int) -> int:
    if not text.startswith("<!--", at):
        return _end_of(text, ">", at)
    for short in ("<!-->", "<!--->"):
        if text.startswith(short, at):
            return at + len(short)
    end = _COMMENT_END.search(text, at + 4)
    return end.end() if end else len(text)


def _raw_end(text: str, name: str, at: int) -> int:
    if name == "plaintext":
        return len(text)
    end = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(text, at)
    return end.start() if end else len(text)


def _end_of(text: str, sign: str, at: int) -> int:
    end = text.find(sign, at)
    return end + len(sign) if end >= 0 else len(text)


def _decoded(value: str) -> str:
    # `?a=1&copy=2` holds no sign of copyright: within a value a reference ends with its semicolon.
    return _REFERENCE.sub(lambda match: unescape(match.group()), value) if "&" in value else value
