"""CSS syntax as far as mails need it: declarations, and the simple rules of style sheets.

Selectors of tags, classes and ids are read, also one inside the other; no others. An @media rule is for other
screens, so that what it hides is seen by somebody, and is passed over.
Every step takes time in proportion to the length of its text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_COMPOUND = re.compile(r"(?:\*|[a-z][a-z0-9-]*)?(?:[.#][\w-]+)*", re.IGNORECASE)
_PART = re.compile(r"[.#]?[\w-]+")
_BRACE = re.compile(r"[{}]")
# More rules than any mail has would be held against each of its tags.
_MOST_RULES = 500

Declarations = Mapping[str, tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One selector of a style sheet, outermost part first, and what it declares."""

    parts: tuple[frozenset[str], ...]
    declared: Declarations


def declarations(style: str) -> Declarations:
    """Return property -> (value, important), in lower case; the last of equal ones wins, as in CSS."""
    found: dict[str, tuple[str, bool]] = {}
    for piece in split(without_comments(style), ";"):
        name, colon, value = piece.partition(":")
        if not colon:
            continue
        name, value = name.strip().lower(), " ".join(value.lower().split())
        important = value.endswith("important") and value[:-9].rstrip().endswith("!")
        if important:
            value = value[:-9].rstrip()[:-1].rstrip()
        if name in found and found[name][1] and not important:
            continue
        if value:
            found[name] = (value, important)
    return found


def rules(sheet: str) -> Iterator[Rule]:
    """Yield the rules of a style sheet that count on every screen and have a selector we know."""
    count = 0
    for selectors, body in _blocks(without_comments(sheet)):
        declared = declarations(body)
        if not declared:
            continue
        for selector in selectors.split(","):
            parts = _parts(selector)
            if parts and count < _MOST_RULES:
                count += 1
                yield Rule(parts, declared)


def _parts(selector: str) -> tuple[frozenset[str], ...]:
    parts = []
    for compound in selector.replace(">", " ").split():
        if not _COMPOUND.fullmatch(compound):
            return ()
        parts.append(
            frozenset(
                name if name[0] in ".#" else name.lower() for name in _PART.findall(compound) if name != "*"
            )
        )
    return tuple(parts) if any(parts) else ()


def _blocks(sheet: str) -> Iterator[tuple[str, str]]:
    """Yield selectors and body of the sheet's own rules; those inside an @-rule are passed over."""
    at = 0
    sheet = sheet.replace("<!--", " ").replace("-->", " ")
    while (opening := sheet.find("{", at)) >= 0:
        head = sheet[at:opening].rpartition(";")[2].strip()
        closing = sheet.find("}", opening)
        if closing < 0:
            return
        if head.startswith("@"):
            at = _end_of_nested(sheet, opening)
            continue
        yield head, sheet[opening + 1 : closing]
        at = closing + 1


def _end_of_nested(sheet: str, opening: int) -> int:
    depth = 0
    for sign in _BRACE.finditer(sheet, opening):
        depth += 1 if sign.group() == "{" else -1
        if depth == 0:
            return sign.end()
    return len(sheet)


def without_comments(text: str) -> str:
    if "/*" not in text:
        return text
    kept, at = [], 0
    while (opening := text.find("/*", at)) >= 0:
        kept.append(text[at:opening])
        closing = text.find("*/", opening + 2)
        if closing < 0:
            return " ".join(kept)
        at = closing + 2
    return " ".join([*kept, text[at:]])


def split(text: str, sign: str) -> Iterator[str]:
    """Split at signs outside of quotes and brackets, as in `url(data:image/png;base64,...)`."""
    if not any(other in text for other in "(\"'"):
        yield from text.split(sign)
        return
    depth, quote, start = 0, "", 0
    for at, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth = max(0, depth - 1)
        elif letter == sign and not depth:
            yield text[start:at]
            start = at + 1
    yield text[start:]
