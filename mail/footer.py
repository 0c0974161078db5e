"""The unsubscribe link and the postal address at a mail's end, where its reader would not see them otherwise.

Both are asked for by law and by mailbox providers (CAN-SPAM, 15 U.S.C. 7704(a)(5)). What counts is the mail
of one recipient as it is shown: a link in a comment, behind a style or in the branch of a template that this
recipient does not get is none.

Looking takes longer than rendering. So a mail's *shape* is looked at once: what the template wrote, with the
recipient's own words left out where they cannot change what is seen, since they stand between tags or within
the quotes of an attribute that shows nothing.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType

import jinja2
from markupsafe import escape

from mail import outlook
from mail.html_tokens import Kind, tokens
from mail.page_end import end_of
from mail.visible import Closed, Opened, is_picture, is_seen, walk

_FOOTER = jinja2.Environment(
    autoescape=True, loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates")
).get_template("footer.html.j2")

# These stand in a shape for the recipient's link and for any word of theirs.
_LINK = "https://unsubscribe.invalid/" + "x" * 43
_WORD = "zqxjword"
_SHOWING = frozenset({"style", "class", "id", "hidden", "open", "type", "width", "height", "media"})
_STRUCTURE = re.compile("[<>\"'`]")
_TOKEN = re.compile(r"[^\W_]+")
# A template whose branches make more shapes than this has each mail looked at.
_KEPT_SHAPES = 512

Shape = tuple[str | None, ...]


class Unseen(Exception):
    """Whatever is added at a mail's end, its reader sees none of it."""


@dataclass(frozen=True, slots=True)
class Addition:
    """What is to be put into a mail of one shape: `html` at a place in one of its pieces; empty: nothing."""

    html: str
    piece: int
    offset: int


class Footer:
    """What the mails of one campaign must show, and the shapes known so far."""

    def __init__(self, html: jinja2.Template, postal_address: str, unsubscribe_text: str) -> None:
        self._address, self._text = postal_address, unsubscribe_text
        self._pattern = _pattern(postal_address)
        constant = (postal_address, unsubscribe_text)
        self._literals = {"", *_constants(html), *constant, *(str(escape(text)) for text in constant)}
        self._watched: dict[Shape, tuple[int, ...]] = {}
        self._additions: dict[tuple[Shape, tuple[str, ...]], Addition] = {}

    def added(self, pieces: Sequence[str], url: str) -> str:
        """Return the mail that the pieces make, with what its reader would not see in it.

        Raises Unseen where its reader sees nothing at its end either.
        """
        escaped = str(escape(url))
        literals = self._literals
        # So that there is a piece of the template's own to add to behind a recipient's last word.
        pieces = [*pieces, ""]
        shape: Shape = tuple(
            [piece if piece in literals else _LINK if piece == escaped else None for piece in pieces]
        )
        own = "\0".join([piece for piece, known in zip(pieces, shape, strict=True) if known is None])
        if _STRUCTURE.search(own) or escaped in own:
            shape = tuple(
                piece.replace(escaped, _LINK)
                if known is None and (_STRUCTURE.search(piece) or escaped in piece)
                else known
                for piece, known in zip(pieces, shape, strict=True)
            )
        watched = self._watched.get(shape)
        if watched is None:
            _make_room(self._watched)
            watched = self._watched[shape] = tuple(self._to_watch(shape, pieces))
        key = (shape, tuple([pieces[place] for place in watched]))
        addition = self._additions.get(key)
        if addition is None:
            _make_room(self._additions)
            addition = self._additions[key] = self._addition(_filled(shape, pieces, watched))
        if not addition.html:
            return "".join(pieces)
        # The place is one of the shape, in which the link may have another length.
        place = addition.piece
        around = "".join(
            _inserted([shape[place] or pieces[place]], replace(addition, piece=0), addition.html)
        )
        return "".join([*pieces[:place], around.replace(_LINK, escaped), *pieces[place + 1 :]])

    def added_to_text(self, text: str, url: str) -> str:
        """Return a plain text with what it lacks below a line of its own."""
        missing = []
        if url not in text:
            missing.append(f"{self._text}: {url}")
        if self._address not in text and not self._pattern.search(_plain(text)):
            missing.append(self._address)
        return "\n".join([text.rstrip("\n"), "", "-- ", *missing, ""]) if missing else text

    def _to_watch(self, shape: Shape, pieces: Sequence[str]) -> Iterator[int]:
        """Yield the pieces of a recipient's own that can change what is seen."""
        values = [place for place, known in enumerate(shape) if known is None]
        if not values:
            return
        filled = _filled(shape)
        starts, page = _starts(filled), "".join(filled)
        free = _free_places(page, [starts[place] for place in values])
        has_link, has_address = self._seen(page)
        # Where the link's only words are a recipient's own, an empty cell leaves a link that nobody sees.
        is_label = has_link and not self._seen("".join(_filled(shape, word="")))[0]
        # An address that a filter wrote, as in `postal_address | upper`, looks like a recipient's word.
        is_address = not has_address and self._seen("".join(pieces))[1]
        for place in values:
            if is_label or is_address or starts[place] not in free:
                yield place

    def _addition(self, pieces: Sequence[str]) -> Addition:
        page = "".join(pieces)
        has_link, has_address = self._seen(page)
        if has_link and has_address:
            return Addition("", 0, 0)
        html = _FOOTER.render(
            unsubscribe_url="" if has_link else _LINK,
            unsubscribe_text=self._text,
            postal_address="" if has_address else self._address,
        )
        place, still_open = end_of(page)
        starts = _starts(pieces)
        piece = max(number for number, start in enumerate(starts) if start <= place)
        for addition in (
            Addition(html, piece, place - starts[piece]),
            Addition("".join(f"</{name}>" for name in still_open) + html, piece, place - starts[piece]),
        ):
            if all(self._seen("".join(_inserted(pieces, addition, addition.html)))):
                return addition
        raise Unseen

    def _seen(self, page: str) -> tuple[bool, bool]:
        """Return whether every reader of a page sees the link, and the address."""
        has_link, has_address = self._seen_in(page, in_outlook=False)
        if (has_link or has_address) and outlook.is_read_otherwise(page):
            there = self._seen_in(outlook.as_outlook(page), in_outlook=True)
            return has_link and there[0], has_address and there[1]
        return has_link, has_address

    def _seen_in(self, page: str, *, in_outlook: bool) -> tuple[bool, bool]:
        letters, links, has_link = [], [], False
        for step in walk(page, outlook=in_outlook):
            match step:
                case Opened(tag):
                    if tag.name == "a" and _is_link(tag.attributes.get("href", "")):
                        links.append(tag)
                    has_link = has_link or bool(links and is_picture(step))
                case Closed(tag):
                    if links and links[-1] is tag:
                        links.pop()
                case str():
                    letters.append(step)
                    has_link = has_link or bool(links and is_seen(step))
        return has_link, self._pattern.search(_plain("".join(letters))) is not None


def _is_link(target: str) -> bool:
    target = target.strip()
    return target == _LINK or (target.startswith(_LINK) and target[len(_LINK)] in "?#&/")


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


def _starts(pieces: Iterable[str]) -> list[int]:
    starts, at = [], 0
    for piece in pieces:
        starts.append(at)
        at += len(piece)
    return starts


def _inserted(pieces: Sequence[str], addition: Addition, html: str) -> Iterator[str]:
    yield from pieces[: addition.piece]
    piece = pieces[addition.piece]
    yield from (piece[: addition.offset], html, piece[addition.offset :])
    yield from pieces[addition.piece + 1 :]


def _make_room(kept: dict[object, object]) -> None:
    if len(kept) >= _KEPT_SHAPES:
        kept.clear()


def _pattern(address: str) -> re.Pattern[str]:
    """Return what finds the letters and digits of an address, however it is set in lines and signs."""
    words = _TOKEN.findall(_plain(address))
    between = r"[\W_]*+"
    return re.compile(between.join(map(re.escape, words)) or re.escape(address.strip()), re.IGNORECASE)


def _plain(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text).replace("\u00ad", "")


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
