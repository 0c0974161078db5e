"""HTML of others as a tree: parsed whatever stands in it, and no word of it lost."""

import re
from collections import Counter

from lxml import etree, html

from mail.errors import Uncomposable

# XML 1.0, 2.2: no document holds these, and lxml takes none of them in a text of its own.
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
# Readers on libxml2 stop where elements are nested 256 deep (its parserInternals.h, xmlParserMaxDepth), and
# show nothing of what stands deeper; libxml2 itself stops at 2,048 with its larger limits.
_DEEPEST_TREE = 250
# Of the tags that are written; the parser opens some elements by itself.
_DEEPEST = 200

_TAG = re.compile(r"<(/?)([a-zA-Z][^\s<>/]*)[^<>]*>")
# HTML 4.01, 9 and 10: elements without an end, and those that libxml2 ends at the next of their kind.
_EMPTY = frozenset(
    (
        *("area", "base", "basefont", "br", "col", "embed", "frame", "hr", "img", "input", "isindex"),
        *("link", "meta", "param", "source", "track", "wbr"),
    )
)
_ENDED_BY_THE_NEXT = frozenset(("p", "li", "tr", "td", "th", "option"))


def parse(text: str) -> html.HtmlElement | None:
    """Return the text as a tree in which nothing stays open, or None where there is nothing in it.

    An XML declaration, as XHTML begins with it, is no hindrance. Tags that are nested deeper than the parser
    follows are left out, with all words between them. Raises Uncomposable where even that does not help.
    """
    # As bytes: lxml refuses a text that declares an encoding, and here the declaration means nothing.
    written = UNWRITABLE.sub("", text)
    page, too_deep = _parsed(written)
    if too_deep:
        page, too_deep = _parsed(shallow(written))
    if too_deep:
        raise Uncomposable(f"its tags are nested more than {_DEEPEST_TREE:,} deep: close what is left open")
    return page


def _parsed(text: str) -> tuple[html.HtmlElement | None, bool]:
    """Return the tree, and whether it is too deep: the parser, or a reader's, gives up within it."""
    parser = html.HTMLParser(huge_tree=True, encoding="utf-8")
    try:
        page: html.HtmlElement | None = html.document_fromstring(text.encode("utf-8"), parser=parser)
    except etree.ParserError:
        page = None
    gave_up = any(fault.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for fault in parser.error_log)
    return page, gave_up or (page is not None and _is_deep(page))


def _is_deep(page: html.HtmlElement) -> bool:
    depth = 0
    for event, _ in etree.iterwalk(page, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > _DEEPEST_TREE:
            return True
    return False


def is_too_deep(markup: str) -> bool:
    """Tell whether a reader on libxml2 would give up within some HTML, with a few elements around it."""
    return markup.count("<") > _DEEPEST_TREE and _parsed(markup)[1]


def shallow(text: str, deepest: int = _DEEPEST) -> str:
    """Leave out the tags that lie too deep, their ends with them."""
    parts: list[str] = []
    opened: list[str] = []
    among_opened: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    at = 0
    for tag in _TAG.finditer(text):
        parts.append(text[at : tag.start()])
        at = tag.end()
        ends, name = bool(tag.group(1)), tag.group(2).lower()
        if ends and left_out[name]:
            left_out[name] -= 1
            continue
        if ends and among_opened[name]:
            while (last := opened.pop()) != name:
                among_opened[last] -= 1
            among_opened[name] -= 1
        elif not ends and name not in _EMPTY:
            follows = name in _ENDED_BY_THE_NEXT and bool(opened) and opened[-1] == name
            if len(opened) >= deepest and not follows:
                left_out[name] += 1
                continue
            if not follows:
                opened.append(name)
                among_opened[name] += 1
        parts.append(tag.group())
    return "".join([*parts, text[at:]])
