"""A sender's HTML as far as it may stand in a mail: an allow-list of elements, attributes and CSS.

nh3 (Rust's ammonia) reads it as browsers do (WHATWG HTML, 13.2) and writes it anew. What it has written is
read once more: only where that changes nothing does every reader see the elements in each other as we do, so
that what stands behind them is outside of them.
"""

import re
from html import escape

import nh3

from mail import css_allowed, html_tree, plain_text

_TEXT = frozenset(
    """a abbr acronym address article aside b bdi bdo big blockquote br center cite code dd del dfn dir div dl
    dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i ins kbd li main mark menu nav nobr ol p
    pre q rp rt ruby s samp section small span strike strong sub sup time tt u ul var wbr""".split()  # noqa: SIM905
)
_TABLES = frozenset("table caption colgroup col thead tbody tfoot tr td th".split())  # noqa: SIM905
_PICTURES = frozenset({"img", "map", "area"})
TAGS = _TEXT | _TABLES | _PICTURES

# A number of pixels or per cent, and the most that an attribute may say.
_LENGTH = re.compile(r"\s*(\d{1,6})(?:\.\d{1,6})?(px|%)?\s*", re.IGNORECASE)
_MOST: dict[str, int] = {
    **{"width": 2_000, "height": 2_000, "cellpadding": 200, "cellspacing": 200, "border": 200},
    **{"hspace": 200, "vspace": 200, "colspan": 100, "rowspan": 100, "span": 100, "size": 200},
    **{"start": 999_999, "value": 999_999},
}
_MOST_PER_CENT = 100
_FREE = frozenset(
    """align valign bgcolor color face dir lang alt title role scope abbr headers summary nowrap type reversed
    clear noshade compact name usemap ismap shape coords cite datetime char charoff frame rules
    target class id hidden aria-label aria-hidden aria-describedby aria-labelledby""".split()  # noqa: SIM905
)
ATTRIBUTES = _FREE | frozenset(_MOST) | {"style", "href", "src", "background"}
_PER_TAG = {"*": set(ATTRIBUTES)}
_LINK = re.compile(r"(?:https?|mailto|tel|sms):|#|/|(?![a-z][a-z0-9+.-]*:)", re.IGNORECASE)
_PICTURE = re.compile(r"(?:https?://|cid:)", re.IGNORECASE)
_INVISIBLE = re.compile(r"[\x00-\x20\x7f]+")
_SCHEMES = {"http", "https", "mailto", "tel", "sms", "cid", "data"}
# What is written must be what is read; most mail is after the first time.
_MOST_ROUNDS = 4
_DEEPEST = 150


def sanitised(markup: str) -> str:
    """Return what may stay of some HTML, every element of it closed.

    Where no HTML that reads the same everywhere can be made of it, its words are returned in plain lines.
    """
    for _ in range(_MOST_ROUNDS):
        markup = _CLEANER.clean(markup)
        if html_tree.is_too_deep(markup):
            # It has written what authors leave out, such as <tbody>.
            markup = html_tree.shallow(markup, _DEEPEST)
        elif _is_stable(markup):
            return markup
    lines = plain_text.from_html(markup).splitlines()
    return "<br>".join(escape(line, quote=False) for line in lines)


def _is_stable(markup: str) -> bool:
    """Return whether markup stays within an element, and leaves alone what follows it."""
    page = f"<div><div>{markup}</div></div><table><tbody><tr><td>x</td></tr></tbody></table>"
    return _CLEANER.clean(page) == page


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return css_allowed.written(value) or None
    if name in ("href", "src", "background") and value.strip().startswith("//"):
        # A mail has no scheme of its own to go on with.
        value = f"https:{value.strip()}"
    if name == "href":
        return value if tag in ("a", "area") and _LINK.match(_INVISIBLE.sub("", value)) else None
    if name in ("src", "background"):
        return value if _PICTURE.match(_INVISIBLE.sub("", value)) or css_allowed.picture(value) else None
    if name in _MOST:
        return _length(name, value)
    return value


def _length(name: str, value: str) -> str | None:
    # `<font size="+1">`, `<li type="a" value="3">` and `border=""` stay as they are.
    if not value or (name == "size" and re.fullmatch(r"[+-]\d", value.strip())):
        return value
    length = _LENGTH.fullmatch(value)
    if length is None:
        return None
    most = _MOST_PER_CENT if length.group(2) == "%" else _MOST[name]
    return value if int(length.group(1)) <= most else None


_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    # What a reader sees as words stays; raw texts are taken out before.
    clean_content_tags={"script", "style"},
    attributes=_PER_TAG,
    attribute_filter=_attribute,
    url_schemes=_SCHEMES,
    link_rel=None,
)
