"""The shapes of a campaign's mails: what is the same in many of them, so that it is looked at once.

Looking at a mail takes longer than rendering it. A shape is what the template wrote, with the recipient's own
words left out where they cannot change what is seen: they stand between tags, or within the quotes of an
attribute that shows nothing, and hold no sign of HTML.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from types import CodeType
from typing import Any, Generic, Self, TypeVar

import jinja2
from markupsafe import escape

from mail.html_tokens import Kind, tokens

# These stand in a shape for the recipient's link and for any word of theirs.
LINK = "https://unsubscribe.invalid/" + "x" * 43
_WORD = "zqxjword"
_SHOWING = frozenset({"style", "class", "id", "hidden", "open", "type", "width", "height", "media"})
_STRUCTURE = re.compile("[<>\"'`]")
# A template whose branches make more shapes than this has each mail looked at.
_KEPT_SHAPES = 512

# A template's own text, or None for a word of the recipient's.
Shape = tuple[str | None, ...]
Verdict = TypeVar("Verdict")
# Whether a page shows the link, and the address.
Look = Callable[[str], tuple[bool, bool]]


@dataclass(frozen=True, slots=True)
class Known(Generic[Verdict]):
    """A shape, the pieces of it that have to be watched, and the verdicts on their texts."""

    shape: Shape
    watched: tuple[int, ...]
    own: tuple[int, ...]
    links: tuple[int, ...]
    fixed: tuple[str | None, ...]
    take_fixed: Callable[[Sequence[str | None]], tuple[str | None, ...]]
    verdicts: dict[tuple[str, ...], Verdict] = field(default_factory=dict)

    @classmethod
    def of(cls, shape: Shape, watched: tuple[int, ...]) -> Self:
        links = tuple(place for place, text in enumerate(shape) if text == LINK)
        fixed = [place for place, text in enumerate(shape) if text is not None and text != LINK]
        # Of a single place an itemgetter gives no tuple.
        take_fixed = itemgetter(*fixed, *fixed[:1]) if fixed else tuple
        own = tuple(place for place, text in enumerate(shape) if text is None)
        return cls(shape, watched, own, links, take_fixed(shape) if fixed else (), take_fixed)

    def fits(self, pieces: Sequence[str], link: str) -> bool:
        """Return whether a mail has this shape, as far as a quick look tells."""
        if len(pieces) != len(self.shape) or self.take_fixed(pieces) != self.fixed:
            return False
        words = "\0".join([pieces[place] for place in self.own])
        return (
            link not in words
            and not _STRUCTURE.search(words)
            and [pieces[place] for place in self.links] == [link] * len(self.links)
        )

    def key(self, pieces: Sequence[str]) -> tuple[str, ...]:
        """Return what tells mails of this shape apart."""
        if len(self.verdicts) >= _KEPT_SHAPES:
            self.verdicts.clear()
        return tuple([pieces[place] for place in self.watched])

    def filled(self, pieces: Sequence[str]) -> list[str]:
        """Return the pieces with a stand-in for what does not matter."""
        return _filled(self.shape, pieces, self.watched)


class Shapes(Generic[Verdict]):
    """The shapes known so far of the mails that one template makes; `constants` stand in all of them."""

    def __init__(self, template: jinja2.Template, constants: Iterable[str]) -> None:
        written = {"", *_constants(template), *constants, *(str(escape(text)) for text in constants)}
        self._written = frozenset(written)
        self._known: dict[Shape, Known[Verdict]] = {}
        self._last: Known[Verdict] = Known.of((), ())

    def __len__(self) -> int:
        return len(self._known)

    def find(self, pieces: Sequence[str], link: str, look: Look) -> Known[Verdict]:
        """Return the shape that a mail has; `look` is asked of a shape that is new."""
        # Most mails have the shape of the one before.
        if self._last.fits(pieces, link):
            return self._last
        written = self._written
        shape = tuple([piece if piece in written else _fixed(piece, link) for piece in pieces])
        known = self._known.get(shape)
        if known is None:
            _make_room(self._known)
            known = self._known[shape] = Known.of(shape, tuple(_to_watch(shape, pieces, look)))
        self._last = known
        return known


def _fixed(piece: str, link: str) -> str | None:
    if piece == link:
        return LINK
    return piece.replace(link, LINK) if link in piece or _STRUCTURE.search(piece) else None


def _to_watch(shape: Shape, pieces: Sequence[str], look: Look) -> Iterator[int]:
    """Yield the pieces of a recipient's own that can change what is seen."""
    values = [place for place, known in enumerate(shape) if known is None]
    if not values:
        return
    filled = _filled(shape)
    at, page = starts(filled), "".join(filled)
    free = _free_places(page, [at[place] for place in values])
    has_link, has_address = look(page)
    # Where the link's only words are a recipient's own, an empty cell leaves a link that nobody sees.
    is_label = has_link and not look("".join(_filled(shape, word="")))[0]
    # An address that a filter wrote, as in `postal_address | upper`, looks like a recipient's word.
    is_address = not has_address and look("".join(pieces))[1]
    for place in values:
        if is_label or is_address or at[place] not in free:
            yield place


def _filled(
    shape: Shape, pieces: Sequence[str] = (), watched: Iterable[int] = (), word: str = _WORD
) -> list[str]:
    """Return the pieces of a shape: those watched as they are, and a word for the recipient's others."""
    own = frozenset(watched)
    return [
        pieces[place] if place in own else word if known is None else known
        for place, known in enumerate(shape)
    ]


def _free_places(page: str, places: Sequence[int]) -> frozenset[int]:
    """Return those of the places where a word without signs of HTML changes nothing that is seen."""
    free = set()
    left = iter(places)
    place = next(left, None)
    for token in tokens(page):
        while place is not None and place < token.end:
            if token.kind in (Kind.TEXT, Kind.COMMENT, Kind.WORDS) or (
                token.kind is Kind.TAG
                and any(place in span and name not in _SHOWING for name, _, span in token.spans)
            ):
                free.add(place)
            place = next(left, None)
    return frozenset(free)


def starts(pieces: Iterable[str]) -> list[int]:
    """Return where each piece begins in the whole."""
    places, at = [], 0
    for piece in pieces:
        places.append(at)
        at += len(piece)
    return places


def _make_room(kept: dict[Any, Any]) -> None:
    if len(kept) >= _KEPT_SHAPES:
        kept.clear()


def _constants(template: jinja2.Template) -> Iterator[str]:
    """Yield the texts that a compiled template writes itself."""
    todo: list[CodeType] = [
        function.__code__ for function in (template.root_render_func, *template.blocks.values())
    ]
    while todo:
        for constant in todo.pop().co_consts:
            if isinstance(constant, str):
                yield constant
            elif isinstance(constant, CodeType):
                todo.append(constant)
