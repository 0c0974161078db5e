"""What a style does to a tag in the eyes of a reader: whether it, its letters or its pictures are seen.

Senders hide the line that inboxes preview in many ways at once, for mail readers differ in what they know
(https://www.caniemail.com); any of them is enough here.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from mail.css import Declarations, declarations

_ZERO = re.compile(r"[+-]?(?:0+\.?0*|\.0+)(?:px|pt|em|rem|ex|ch|%|vh|vw|in|cm|mm)?")
_LENGTH = re.compile(r"([+-]?\d*\.?\d+)(px|pt|em|rem|ex|ch|%|vh|vw|in|cm|mm)?")
_FONT_SIZE = re.compile(r"(?:^|\s)([+-]?\d*\.?\d+(?:px|pt|em|rem|ex|ch|%|vh|vw|in|cm|mm)?)(?=/|\s|$)")
_CLEAR = re.compile(r"(?:rgba?|hsla?)\([^()]*[,/]\s*0*\.?0*%?\s*\)")
# Smaller letters nobody can read; some senders write 1px where they mean none.
_LEGIBLE_PIXELS = 2.0
_FAR_PIXELS = 500.0
# A style of a real mail is shorter; a longer one is read anew each time and takes no memory.
_KEPT_LENGTH = 1_000


class Letters(StrEnum):
    """What a tag says of the letters in it; what it leaves open, it has from the tag around it."""

    SHOWN = "shown"
    HIDDEN = "hidden"
    INHERITED = "inherited"


@dataclass(frozen=True, slots=True)
class Look:
    """What a style does to a tag.

    gone:       nothing in it is seen, whatever stands inside.
    size:       whether its letters have a size, which a tag inside may give back.
    visibility: likewise, and of pictures as well.
    colour:     likewise, of letters.
    display:    the display written, or an empty text.
    keeps_lines: whether line breaks of the source are seen as such; None where it does not say.
    not_outlook: whether Outlook hides it.
    """

    gone: bool = False
    size: Letters = Letters.INHERITED
    visibility: Letters = Letters.INHERITED
    colour: Letters = Letters.INHERITED
    display: str = ""
    keeps_lines: bool | None = None
    not_outlook: bool = False


PLAIN = Look()


def look(style: str, sheet: Declarations | None = None) -> Look:
    """Return what a tag's own style, and what style sheets declare for it, do to it."""
    if not sheet:
        return _kept_look(style) if len(style) <= _KEPT_LENGTH else _look(declarations(style))
    own = declarations(style)
    both = {**sheet, **own}
    for name, (value, important) in sheet.items():
        if important and name in own and not own[name][1]:
            both[name] = (value, important)
    return _look(both)


@lru_cache(maxsize=2_048)
def _kept_look(style: str) -> Look:
    return _look(declarations(style))


def _look(declared: Declarations) -> Look:
    def value(name: str) -> str:
        return declared[name][0] if name in declared else ""

    display, position = value("display"), value("position")
    hides_overflow = any(
        value(name).startswith(("hidden", "clip")) for name in ("overflow", "overflow-x", "overflow-y")
    )
    closed = any(_ZERO.fullmatch(value(name)) for name in ("max-height", "height", "max-width", "width"))
    out_of_flow = position in ("absolute", "fixed")
    far = any(
        _pixels(value(name)) <= -_FAR_PIXELS for name in ("left", "top", "right", "bottom", "margin-left")
    )
    gone = (
        display == "none"
        or bool(_ZERO.fullmatch(value("opacity")))
        or (hides_overflow and closed)
        or (out_of_flow and (far or value("clip").replace(" ", "").startswith("rect(0")))
        or (out_of_flow and value("clip").replace(" ", "").startswith("rect(1px"))
        or value("clip-path").replace(" ", "") in ("inset(50%)", "inset(100%)", "circle(0)", "circle(0px)")
        or _pixels(value("text-indent")) <= -_FAR_PIXELS
        or value("content-visibility") == "hidden"
        or value("transform").replace(" ", "") in ("scale(0)", "scale(0,0)", "scalex(0)", "scaley(0)")
    )
    return Look(
        gone=gone,
        size=_size(declared),
        visibility=_visibility(value("visibility")),
        colour=_colour(value("color")),
        display=display,
        keeps_lines=_keeps_lines(value("white-space")),
        not_outlook=value("mso-hide") == "all",
    )


def _size(declared: Declarations) -> Letters:
    size = declared["font-size"][0] if "font-size" in declared else ""
    if "font" in declared and (not size or list(declared).index("font") > list(declared).index("font-size")):
        short = _FONT_SIZE.search(declared["font"][0])
        size = short.group(1) if short else size
    if not size:
        return Letters.INHERITED
    if _ZERO.fullmatch(size):
        return Letters.HIDDEN
    length = _LENGTH.fullmatch(size)
    if length is None:
        return Letters.INHERITED if size in ("inherit", "larger", "smaller", "unset") else Letters.SHOWN
    if length.group(2) in ("em", "ex", "ch", "%"):
        # So many times the size around it.
        return Letters.INHERITED
    if length.group(2) in ("px", "pt", None):
        return Letters.HIDDEN if float(length.group(1)) < _LEGIBLE_PIXELS else Letters.SHOWN
    return Letters.SHOWN


def _visibility(value: str) -> Letters:
    match value:
        case "hidden" | "collapse":
            return Letters.HIDDEN
        case "visible" | "initial":
            return Letters.SHOWN
        case _:
            return Letters.INHERITED


def _colour(value: str) -> Letters:
    if not value or value in ("inherit", "currentcolor", "unset"):
        return Letters.INHERITED
    clear = value == "transparent" or _CLEAR.fullmatch(value)
    return Letters.HIDDEN if clear else Letters.SHOWN


def _keeps_lines(value: str) -> bool | None:
    if not value or value in ("inherit", "unset"):
        return None
    return value.startswith(("pre", "break-spaces"))


def _pixels(value: str) -> float:
    length = _LENGTH.fullmatch(value)
    if length is None:
        return 0.0
    times = {"em": 16, "rem": 16, "%": 5}.get(length.group(2) or "px", 1)
    return float(length.group(1)) * times
