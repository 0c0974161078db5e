"""A sender's style sheets, written anew so that no rule reaches out of the element that holds their text.

Each selector begins with that element's class. Rules for the page itself (`body`, `html`, `:root`) go to that
element; of what they say the page keeps a plain background colour. Of @-rules @media alone stays: @import and
@font-face bring in what nobody looked at (a font called Arial without letters), the others are not needed.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mail import css_allowed
from mail.css import without_comments

SCOPE = "sender-text"
# More than any mail has; each is held against every element by whoever reads it.
_MOST_SELECTORS = 2_000

_SIGN = re.compile(r""""[^"\n]*+"|'[^'\n]*+'|([{};])""")
_BRACE = re.compile(r""""[^"\n]*+"|'[^'\n]*+'|([{}])""")
# A bracket that never ends would take in the rules behind it.
_MEDIA = re.compile(r"@media(?=[\s(])((?:[\w\s:,.-]++|\([\w\s:,.-]*+\))++)", re.IGNORECASE)
_LONGEST_QUERY = 300
_NAME = r"-?[^\W\d][\w-]*+"
_COMPOUND = re.compile(
    rf"""(?P<type>\*|{_NAME})?+
    (?P<more>(?:[.]{_NAME}|\#[\w-]++
      |\[\s*+[a-z][\w-]*+\s*+(?:[~|^$*]?=\s*+(?:"[^"\\<>{{}}\n]*+"|'[^'\\<>{{}}\n]*+'|[\w-]++)\s*+)?+\]
      |:(?:link|visited|hover|active|focus|root|first-child|last-child|only-child|first-of-type|last-of-type)(?![\w(-])
      |:nth-(?:last-)?(?:child|of-type)\(\s*+(?:odd|even|[\dn+\s-]{{1,12}}+)\)
    )*+)""",
    re.IGNORECASE | re.VERBOSE,
)
_FIRST_NAME = re.compile(rf"[.]{_NAME}|\#[\w-]++")
_COMBINATOR = re.compile(r"\s*+[>+~]\s*+|\s++")
_COMMA = re.compile(r""""[^"\n]*+"|'[^'\n]*+'|(,)""")
_PAGE = frozenset({"html", "body"})


def scoped(sheet: str, media: str = "", page_names: frozenset[str] = frozenset()) -> str:
    """Return the rules of a style sheet that may stay, as one text.

    `media` is its element's attribute; `page_names` are the page's own classes and id: `.name`, `#name`.
    """
    text = without_comments(sheet).replace("<!--", " ").replace("-->", " ")
    media = media.strip()
    query = _query(f"@media {media}") if media else ""
    if media and not query:
        return ""
    rules = "\n".join(_Sheet(page_names).rules(text, nested=bool(media)))
    return f"{query}{{\n{rules}\n}}" if query and rules else rules


class _Sheet:
    def __init__(self, page_names: frozenset[str]) -> None:
        self._page_names = page_names
        self._left = _MOST_SELECTORS

    def rules(self, text: str, *, nested: bool) -> Iterator[str]:
        at = start = 0
        while sign := _SIGN.search(text, at):
            at = sign.end()
            if sign.group(1) is None:
                continue
            head, start = text[start : sign.start()].strip(), at
            if sign.group(1) != "{":
                continue
            at, inside = _block(text, at)
            start = at
            if not head.startswith("@"):
                yield from self._rule(head, inside)
            elif not nested and (query := _query(head)):
                rules = "\n".join(self.rules(inside, nested=True))
                if rules:
                    yield f"{query}{{\n{rules}\n}}"

    def _rule(self, head: str, inside: str) -> Iterator[str]:
        # Rules within rules are not for mail yet.
        if "{" in inside:
            return
        declared = list(css_allowed.allowed(inside))
        if not declared:
            return
        selectors, for_page = [], False
        for selector in _parted(head):
            if self._left <= 0:
                break
            self._left -= 1
            for found, is_page in _within_scope(selector.strip(), self._page_names):
                selectors.append(found)
                for_page = for_page or is_page
        if not selectors:
            return
        colours = [each for each in declared if css_allowed.plain_colour(each)] if for_page else []
        if colours:
            important = " !important" if colours[-1].important else ""
            yield f"body{{background-color:{colours[-1].value}{important}}}"
        yield f"{','.join(selectors)}{{{';'.join(map(str, declared))}}}"


def _block(text: str, at: int) -> tuple[int, str]:
    """Return where a block ends that begins at a place, and what stands in it."""
    depth, start = 1, at
    for sign in _BRACE.finditer(text, at):
        depth += {"{": 1, "}": -1}.get(sign.group(1) or "", 0)
        if depth == 0:
            return sign.end(), text[start : sign.start()]
    return len(text), text[start:]


def _query(head: str) -> str:
    """Return an @media rule's head, or an empty text where it is none, or holds more than we know."""
    match = _MEDIA.fullmatch(head) if len(head) <= _LONGEST_QUERY else None
    if match is None:
        return ""
    query = " ".join(match.group(1).split())
    return f"@media {query}" if query else ""


def _parted(selectors: str) -> Iterator[str]:
    start = 0
    for sign in _COMMA.finditer(selectors):
        if sign.group(1):
            yield selectors[start : sign.start()]
            start = sign.end()
    yield selectors[start:]


def _within_scope(selector: str, page_names: frozenset[str]) -> Iterator[tuple[str, bool]]:
    """Yield a selector as it may stand, and whether it means the page itself; nothing where it must go."""
    parts = list(_compounds(selector))
    if not parts or parts[-1] is None:
        return
    compounds = [each for each in parts if each is not None]
    page = 0
    while page < len(compounds) and _means_page(compounds[page]):
        page += 1
    if any(_means_page(each) for each in compounds[page:]):
        return
    if page:
        own = re.sub(":root", "", compounds[page - 1].more, flags=re.IGNORECASE)
        # As much weight above a class as `body` has.
        yield from _joined(f"div.{SCOPE}{own}", compounds[page:], is_page=True)
        return
    yield from _joined(f".{SCOPE}", [replace(compounds[0], combinator=" "), *compounds[1:]], is_page=False)
    first = compounds[0]
    # The page itself may have that class, and every rule for all is one for the page.
    if (first.type == "*" and not first.more) or (not first.type and first.first_name in page_names):
        yield from _joined(f".{SCOPE}{first.more}", compounds[1:], is_page=True)


def _joined(begin: str, rest: Sequence["_Compound"], *, is_page: bool) -> Iterator[tuple[str, bool]]:
    # Nothing stands beside the scope.
    if is_page and rest and rest[0].combinator in ("+", "~"):
        return
    yield begin + "".join(f"{each.combinator}{each.type}{each.more}" for each in rest), is_page and not rest


def _means_page(compound: "_Compound") -> bool:
    return compound.type.lower() in _PAGE or ":root" in compound.more.lower()


@dataclass(frozen=True, slots=True)
class _Compound:
    """A part of a selector: what joins it to the one before, its type, and its classes and so on."""

    combinator: str
    type: str
    more: str

    @property
    def first_name(self) -> str:
        return match.group() if (match := _FIRST_NAME.match(self.more)) else ""


def _compounds(selector: str) -> Iterator[_Compound | None]:
    """Yield the parts of a selector; None at the end where it holds what we do not know."""
    at, combinator = 0, " "
    while (match := _COMPOUND.match(selector, at)) and match.group():
        yield _Compound(combinator, match["type"] or "", match["more"])
        at = match.end()
        if at == len(selector):
            return
        between = _COMBINATOR.match(selector, at)
        if between is None:
            break
        combinator = between.group().strip() or " "
        at = between.end()
    yield None
