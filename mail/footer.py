"""The unsubscribe link and the postal address at a mail's end, where its reader would not see them otherwise.

Both are asked for by law and by mailbox providers (CAN-SPAM, 15 U.S.C. 7704(a)(5)). What counts is the mail
of one recipient as it is shown: a link in a comment, behind a style or in the branch of a template that this
recipient does not get is none.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import escape

from mail import outlook
from mail.mail_shapes import LINK, Shapes, starts
from mail.page_end import end_of
from mail.visible import Closed, Opened, is_picture, is_seen, walk

_FOOTER = jinja2.Environment(
    autoescape=True, loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates")
).get_template("footer.html.j2")

_TOKEN = re.compile(r"[^\W_]+")


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
        self.shapes: Shapes[Addition] = Shapes(html, (postal_address, unsubscribe_text))

    def added(self, pieces: Sequence[str], url: str) -> str:
        """Return the mail that the pieces make, with what its reader would not see in it.

        Raises Unseen where its reader sees nothing at its end either.
        """
        link = str(escape(url))
        # So that there is a piece of the template's own to add to behind a recipient's last word.
        pieces = [*pieces, ""]
        known = self.shapes.find(pieces, link, self._seen)
        key = known.key(pieces)
        addition = known.verdicts.get(key)
        if addition is None:
            addition = known.verdicts[key] = self._addition(known.filled(pieces))
        if not addition.html:
            return "".join(pieces)
        # The place is one of the shape, in which the link may have another length.
        place = addition.piece
        around = (known.shape[place] or pieces[place], addition.offset)
        piece = f"{around[0][: around[1]]}{addition.html}{around[0][around[1] :]}"
        return "".join([*pieces[:place], piece.replace(LINK, link), *pieces[place + 1 :]])

    def added_to_text(self, text: str, url: str) -> str:
        """Return a plain text with what it lacks below a line of its own."""
        missing = []
        if url not in text:
            missing.append(f"{self._text}: {url}")
        if self._address not in text and not self._pattern.search(_plain(text)):
            missing.append(self._address)
        return "\n".join([text.rstrip("\n"), "", "-- ", *missing, ""]) if missing else text

    def _addition(self, pieces: Sequence[str]) -> Addition:
        page = "".join(pieces)
        has_link, has_address = self._seen(page)
        if has_link and has_address:
            return Addition("", 0, 0)
        html = _FOOTER.render(
            unsubscribe_url="" if has_link else LINK,
            unsubscribe_text=self._text,
            postal_address="" if has_address else self._address,
        )
        place, still_open = end_of(page)
        at = starts(pieces)
        piece = max(number for number, start in enumerate(at) if start <= place)
        for addition in (
            Addition(html, piece, place - at[piece]),
            Addition("".join(f"</{name}>" for name in still_open) + html, piece, place - at[piece]),
        ):
            if all(self._seen("".join(_inserted(pieces, addition, addition.html)))):
                return addition
        raise Unseen

    def _seen(self, page: str) -> tuple[bool, bool]:
        """Return whether every reader of a page sees the link of a shape, and the address."""
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
    return target == LINK or (target.startswith(LINK) and target[len(LINK)] in "?#&/")


def _inserted(pieces: Sequence[str], addition: Addition, html: str) -> Iterator[str]:
    yield from pieces[: addition.piece]
    piece = pieces[addition.piece]
    yield from (piece[: addition.offset], html, piece[addition.offset :])
    yield from pieces[addition.piece + 1 :]


def _pattern(address: str) -> re.Pattern[str]:
    """Return what finds the letters and digits of an address, however it is set in lines and signs."""
    words = _TOKEN.findall(_plain(address))
    between = r"[\W_]*+"
    return re.compile(between.join(map(re.escape, words)) or re.escape(address.strip()), re.IGNORECASE)


def _plain(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text).replace("\u00ad", "")
