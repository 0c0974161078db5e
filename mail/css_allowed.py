"""Which CSS declarations a sender may bring into single mail: properties by name, with bounds on values.

What is let through is written anew from a small grammar without escapes, braces or open quotes, so that every
mail reader takes it for the same. A property that is not named here (`position`, `transform`, `filter`,
`content`, `animation`, variables, ...) could reach beyond its own place, and is left out; so is a length that
pushes what follows out of sight.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from mail.css import split, without_comments

# In CSS pixels; an em is taken for 16 of them, whatever the size of the letters.
_PIXELS = {
    **{"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78},
    **{"em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0, "vw": 10.0, "vh": 10.0, "vmin": 10.0, "vmax": 10.0},
    "deg": 1.0,
    "%": 1.0,
}


@dataclass(frozen=True, slots=True)
class _Bound:
    """How large a value's lengths may be, in pixels or per cent, and what else it may hold."""

    most: float
    least: float = 0.0
    calculated: bool = False


_WORDS = _Bound(0)
_SIDES = ("top", "right", "bottom", "left")
_BOUNDS: dict[str, _Bound] = {
    **dict.fromkeys(
        (
            *("border-collapse", "box-sizing", "caption-side", "clear", "color", "direction", "display"),
            *("empty-cells", "float", "font-family", "font-style", "font-variant", "hyphens"),
            *("list-style", "list-style-image", "list-style-position", "list-style-type", "object-fit"),
            *("overflow", "overflow-x", "overflow-y", "overflow-wrap", "table-layout", "text-align"),
            *("text-decoration", "text-decoration-color", "text-decoration-line", "text-decoration-style"),
            *("text-overflow", "text-transform", "unicode-bidi", "visibility", "white-space", "word-break"),
            *("word-wrap", "background-color", "background-image", "background-repeat", "border-color"),
            *("background-clip", "border-style", *(f"border-{side}-color" for side in _SIDES)),
            *(f"border-{side}-style" for side in _SIDES),
            *("mso-hide", "mso-line-height-rule", "-ms-interpolation-mode", "align-items", "flex-direction"),
            *("flex-wrap", "justify-content", "-webkit-font-smoothing", "-moz-osx-font-smoothing"),
        ),
        _WORDS,
    ),
    **dict.fromkeys(("background", "background-position", "background-size"), _Bound(3_000, -3_000)),
    **dict.fromkeys(
        ("width", "min-width", "max-width"),
        # In sums and differences alone: a product of large numbers is wider than any screen.
        _Bound(2_000, -2_000, calculated=True),
    ),
    **dict.fromkeys(("height", "min-height", "max-height"), _Bound(2_000)),
    **dict.fromkeys(("margin", *(f"margin-{side}" for side in _SIDES)), _Bound(600)),
    **dict.fromkeys(("padding", *(f"padding-{side}" for side in _SIDES)), _Bound(600)),
    **dict.fromkeys(
        ("border", "border-width", *(f"border-{side}" for side in _SIDES)),
        _Bound(200),
    ),
    **dict.fromkeys(tuple(f"border-{side}-width" for side in _SIDES), _Bound(200)),
    **dict.fromkeys(
        (
            *("border-radius", "border-top-left-radius", "border-top-right-radius"),
            *("border-bottom-left-radius", "border-bottom-right-radius"),
        ),
        _Bound(10_000),
    ),
    **dict.fromkeys(("border-spacing", "gap", "row-gap", "column-gap"), _Bound(200)),
    **dict.fromkeys(("font-size", "font", "line-height"), _Bound(400)),
    "font-weight": _Bound(1_000),
    "opacity": _Bound(1),
    "flex": _Bound(1_000),
    **dict.fromkeys(("letter-spacing", "word-spacing"), _Bound(100, -10)),
    **dict.fromkeys(("text-indent", "text-decoration-thickness"), _Bound(200)),
    "vertical-align": _Bound(100, -100),
    # A shadow is painted where its words are not.
    **dict.fromkeys(("text-shadow", "box-shadow"), _Bound(30, -30)),
    **dict.fromkeys(
        ("mso-table-lspace", "mso-table-rspace", "mso-padding-alt", "mso-margin-top-alt"), _Bound(600)
    ),
    **dict.fromkeys(("mso-margin-bottom-alt", "mso-text-raise", "mso-border-alt"), _Bound(200)),
    **dict.fromkeys(("-webkit-text-size-adjust", "-ms-text-size-adjust", "text-size-adjust"), _Bound(100)),
}
ALLOWED = frozenset(_BOUNDS)
_KEPT_LENGTH = 1_000
_DISPLAYS = re.compile(
    "none|block|inline|inline-block|list-item|flow-root|flex|inline-flex|inherit|initial"
    "|(?:inline-)?table|table-(?:cell|row|row-group|header-group|footer-group|column|column-group|caption)"
)
_WITH_PICTURES = frozenset({"background", "background-image", "list-style", "list-style-image"})
# Bytes of a picture, or where one is to be had.
_ADDRESS = re.compile(
    r"""(?:https?://|cid:)[^\s"'()\\<>{};]++|data:image/(?:png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=]++""",
    re.IGNORECASE,
)
_COLOUR = re.compile(
    r"#(?:[0-9a-f]{3}|[0-9a-f]{6})|(?!inherit|initial|unset|revert|transparent|currentcolor)[a-z]{3,24}"
    r"|rgb\( ?\d{1,3} ?, ?\d{1,3} ?, ?\d{1,3} ?\)",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"""\s*+(?:
    (?P<number>[+-]?(?:\d{1,6}+(?:\.\d{0,12}+)?+|\.\d{1,12}+))(?P<unit>%|[a-z]{1,4}+)?+(?![\w.\#%-])
    |(?P<hex>\#[0-9a-f]{3,8}+)(?![\w-])
    |url\(\s*+(?:"(?P<double>[^"\\<>\n]*+)"|'(?P<single>[^'\\<>\n]*+)'|(?P<bare>[^"'()\\<>\s]*+))\s*+\)
    |(?P<function>(?:rgba?|hsla?|linear-gradient|radial-gradient|calc)\()
    |(?P<string>"[^"\\<>{};\n]*+"|'[^'\\<>{};\n]*+')
    |(?P<word>-?[^\W\d_][\w-]*+)(?!\()
    |(?P<sign>[,/)+-])
    )""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Declared:
    """A declaration that may stand in a mail."""

    name: str
    value: str
    important: bool

    def __str__(self) -> str:
        return f"{self.name}:{self.value}{' !important' if self.important else ''}"


def allowed(style: str) -> Iterator[Declared]:
    """Yield those declarations of a style that may stay, in their order."""
    for piece in split(without_comments(style), ";"):
        name, colon, value = piece.partition(":")
        name = name.strip().lower()
        bound = _BOUNDS.get(name) if colon else None
        if bound is None:
            continue
        value = value.strip()
        important = value[-9:].lower() == "important" and value[:-9].rstrip().endswith("!")
        if important:
            value = value[:-9].rstrip()[:-1].rstrip()
        if value and (written := _written(name, value, bound)):
            yield Declared(name, written, important)


def written(style: str) -> str:
    """Return a style attribute with what may stay of it."""
    return _kept(style) if len(style) <= _KEPT_LENGTH else ";".join(map(str, allowed(style)))


# The cells of a mail say the same many times over.
@lru_cache(maxsize=1_024)
def _kept(style: str) -> str:
    return ";".join(map(str, allowed(style)))


def plain_colour(declared: Declared) -> str:
    """Return the opaque colour that a declaration gives a background, or an empty text."""
    if declared.name not in ("background", "background-color"):
        return ""
    return declared.value if _COLOUR.fullmatch(declared.value) else ""


def picture(address: str) -> str:
    """Return the address of a picture, as it may stand in an attribute, or an empty text."""
    address = address.strip()
    return address if _ADDRESS.fullmatch(address) else ""


def _written(name: str, value: str, bound: _Bound) -> str:
    """Return a value as it may stand, or an empty text."""
    parts: list[str] = []
    functions: list[str] = []
    at = 0
    while at < len(value):
        match = _TOKEN.match(value, at)
        if match is None:
            return ""
        # A blank is one wherever it stood, so that signs keep their meaning in a sum.
        blank = " " if value[at].isspace() and parts else ""
        at = match.end()
        part, kind = match.group().strip(), match.lastgroup or ""
        match kind:
            case "number" | "unit" if not functions or functions == ["calc"]:
                if not _is_within(match, name, bound):
                    return ""
            case "double" | "single" | "bare":
                address = picture(match.group(kind))
                if not address or name not in _WITH_PICTURES:
                    return ""
                part = f'url("{address}")'
            case "function":
                functions.append(part[:-1].lower())
                if (functions[-1] == "calc") is not bound.calculated or len(functions) > 2:
                    return ""
                if functions[-1].endswith("gradient") and name not in _WITH_PICTURES:
                    return ""
            case "sign":
                if part in "+-" and functions != ["calc"]:
                    return ""
                if part == "/" and "calc" in functions:
                    return ""
                if part == ")":
                    if not functions:
                        return ""
                    functions.pop()
            case _:
                pass
        parts += [blank, part]
    text = "".join(parts)
    if functions or (name == "display" and not _DISPLAYS.fullmatch(text.lower())):
        return ""
    return text


def _is_within(match: re.Match[str], name: str, bound: _Bound) -> bool:
    number, unit = float(match["number"]), (match["unit"] or "").lower()
    if unit and unit not in _PIXELS:
        return False
    unitless = 16.0 if name in ("line-height", "font-size") else 1.0
    return bound.least <= number * (_PIXELS[unit] if unit else unitless) <= bound.most
