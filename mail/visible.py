"""What a reader of an HTML mail sees of it, in order, without what is hidden.

Hidden are comments (with them what is for Outlook alone), what no mail reader shows (titles, scripts,
templates, frames, drawings), and what a style hides; see `mail.looks`.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from mail import css, looks
from mail.css import Declarations, Rule
from mail.html_tokens import Kind, Token, tokens
from mail.looks import Letters, Look
from mail.open_tags import VOID, OpenTags

UNSEEN = frozenset(
    {
        *("title", "style", "script", "template", "noscript", "datalist", "xml", "svg", "math"),
        *("iframe", "frame", "frameset", "noframes", "noembed", "embed", "applet", "map", "area"),
        *("param", "source", "track", "meta", "link", "base", "col", "colgroup"),
    }
)
# A picture of a single point counts opens, and nobody sees it.
_SMALLEST_PICTURE = 2
# Signs that are no blanks by Unicode and that nobody sees: fillers of the line that inboxes preview.
_FILLERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc")
_UNSEEN_KINDS = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Cn"})


# So many different classes and tags around a place are known; more are not needed to know what is hidden.
_MOST_NAMES = 300


@dataclass(frozen=True, slots=True)
class Opened:
    """A tag that a reader is in from here. `is_shown`: whether a picture in its place would be seen."""

    tag: Token
    look: Look
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Closed:
    """The end of a tag."""

    tag: Token


@dataclass(frozen=True, slots=True)
class _State:
    """What a tag hands on to those inside it. `around`: the names of all the tags that it is in."""

    sized: bool = True
    visible: bool = True
    coloured: bool = True
    around: frozenset[str] = frozenset()
    gone: bool = False

    def within(self, look: Look, names: frozenset[str]) -> "_State":
        is_known = names <= self.around or len(self.around) > _MOST_NAMES
        if is_known and look.size is look.visibility is look.colour is Letters.INHERITED:
            return self
        return _State(
            _now(look.size, self.sized),
            _now(look.visibility, self.visible),
            _now(look.colour, self.coloured),
            self.around if is_known else self.around | names,
        )

    @property
    def letters(self) -> bool:
        return self.sized and self.visible and self.coloured and not self.gone


_PLAIN = _State()
_GONE = _State(gone=True)


def walk(page: str, *, outlook: bool = False) -> Iterator[Opened | Closed | str]:
    """Yield the tags that a reader meets, and the letters between them as they stand in the source.

    `outlook`: as Outlook shows it, which knows a way to hide of its own.
    """
    pieces = list(tokens(page))
    sheet = _Sheet(pieces)
    tags: OpenTags[tuple[Token, _State]] = OpenTags(lambda each: each[0].name)
    for piece in pieces:
        match piece.kind:
            case Kind.TEXT | Kind.WORDS if (tags.stack[-1][1] if tags.stack else _PLAIN).letters:
                yield piece.text
            case Kind.RAW if tags.stack and tags.stack[-1][1].letters:
                yield piece.raw
            case Kind.END:
                yield from _closed(tags.ended_by_end(piece.name))
            case Kind.TAG if piece.name not in ("head", "html", "body") or not tags.holds(piece.name):
                yield from _closed(tags.ended_by_start(piece.name))
                state = tags.stack[-1][1] if tags.stack else _PLAIN
                names = sheet.names(piece)
                look = sheet.look(piece, names, state.around)
                if state.gone or _is_gone(piece, look, outlook=outlook):
                    state = _GONE
                else:
                    state = state.within(look, names)
                    yield Opened(piece, look, state.visible)
                if piece.name not in VOID:
                    tags.push((piece, state))
                elif not state.gone:
                    yield Closed(piece)
            case _:
                pass
    yield from _closed(tags.rest())


def _closed(ended: Iterable[tuple[Token, _State]]) -> Iterator[Closed]:
    return (Closed(tag) for tag, state in ended if not state.gone)


def is_seen(text: str) -> bool:
    """Return whether any sign of a text leaves a mark on the page."""
    return any(
        letter not in _FILLERS and (letter.isascii() or unicodedata.category(letter) not in _UNSEEN_KINDS)
        for letter in text
        if not letter.isspace()
    )


def is_picture(opened: Opened) -> bool:
    """Return whether a tag is a picture that a reader sees."""
    attributes = opened.tag.attributes
    if opened.tag.name != "img" or not opened.is_shown or not attributes.get("src", "").strip():
        return False
    style = css.declarations(attributes.get("style", ""))
    for side in ("width", "height"):
        said = style[side][0] if side in style else attributes.get(side, "")
        digits = said.strip().removesuffix("px")
        if digits.isdecimal() and int(digits[:9]) < _SMALLEST_PICTURE:
            return False
    return True


def _now(said: Letters, before: bool) -> bool:
    return before if said is Letters.INHERITED else said is Letters.SHOWN


def _is_gone(tag: Token, look: Look, *, outlook: bool) -> bool:
    if tag.name in UNSEEN or look.gone or (outlook and look.not_outlook):
        return True
    # A display of its own wins over these attributes.
    if look.display:
        return False
    attributes = tag.attributes
    return (
        "hidden" in attributes
        or (tag.name == "dialog" and "open" not in attributes)
        or (tag.name == "input" and attributes.get("type", "").lower() == "hidden")
    )


def _is_everywhere(style: Token) -> bool:
    media = style.attributes.get("media", "").lower() or "all"
    return "(" not in media and ("all" in media or "screen" in media)


class _Sheet:
    """The page's style sheets, found by tag, class and id."""

    def __init__(self, pieces: list[Token]) -> None:
        self._rules: dict[str, list[tuple[int, Rule]]] = {}
        self._known: dict[tuple[frozenset[str], frozenset[str], str], Look] = {}
        number = 0
        for style, inside in pairwise(pieces):
            if style.name != "style" or inside.kind is not Kind.RAW or not _is_everywhere(style):
                continue
            for rule in css.rules(inside.raw):
                number += 1
                key = next(iter(sorted(rule.parts[-1])), "*")
                self._rules.setdefault(key, []).append((number, rule))

    def names(self, tag: Token) -> frozenset[str]:
        """Return what selectors call the tag; nothing where there are no rules."""
        if not self._rules:
            return frozenset()
        identity = tag.attributes.get("id")
        return frozenset(
            [
                tag.name,
                *("." + name for name in tag.attributes.get("class", "").split()),
                *(["#" + identity] if identity else []),
            ]
        )

    def look(self, tag: Token, names: frozenset[str], around: frozenset[str]) -> Look:
        style = tag.attributes.get("style", "")
        if not self._rules:
            return looks.look(style) if style else looks.PLAIN
        key = (names, around, style)
        if key not in self._known:
            self._known[key] = looks.look(style, self._declared(names, around))
        return self._known[key]

    def _declared(self, names: frozenset[str], around: frozenset[str]) -> Declarations:
        fitting = [
            each
            for name in (*names, "*")
            for each in self._rules.get(name, ())
            if each[1].parts[-1] <= names and all(part <= around for part in each[1].parts[:-1])
        ]
        declared: dict[str, tuple[str, bool]] = {}
        for _, rule in sorted(fitting, key=lambda each: each[0]):
            for name, said in rule.declared.items():
                if said[1] or not declared.get(name, ("", False))[1]:
                    declared[name] = said
        return declared
