"""Which tags a place in a page is in: the stack of open tags, with the ends that authors leave out.

The rules of WHATWG HTML, 13.2.6, as far as they decide what stands inside of what.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

VOID = frozenset(
    {
        *("area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input"),
        *("keygen", "link", "meta", "param", "source", "track", "wbr"),
    }
)
_CLOSE_A_PARAGRAPH = frozenset(
    {
        *("address", "article", "aside", "blockquote", "center", "details", "dialog", "dir", "div", "dl"),
        *("dd", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5"),
        *("h6", "header", "hgroup", "hr", "li", "listing", "main", "menu", "nav", "ol", "p", "plaintext"),
        *("pre", "search", "section", "summary", "table", "ul", "xmp"),
    }
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_CELL = frozenset({"td", "th", "caption"})
_ROWS = frozenset({"tr", "tbody", "thead", "tfoot", "colgroup"})
# Nothing that stands in one of these ends a tag that stands around it.
_WALLS = frozenset(
    {"table", "td", "th", "caption", "template", "html", "body", "object", "marquee", "applet"}
)
# What begins one of these ends the other open ones, up to a wall or a tag named behind it.
_ENDED_BY: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    **{name: (frozenset({"p"}), _WALLS | {"button"}) for name in _CLOSE_A_PARAGRAPH},
    "option": (frozenset({"option"}), _WALLS | {"select"}),
    "optgroup": (frozenset({"option", "optgroup"}), _WALLS | {"select"}),
    "a": (frozenset({"a"}), _WALLS),
    "td": (_CELL, frozenset({"table", "template"})),
    "th": (_CELL, frozenset({"table", "template"})),
    "tr": (frozenset({"tr"}), frozenset({"table", "template"})),
    **{name: (_ROWS, frozenset({"table", "template"})) for name in ("tbody", "thead", "tfoot")},
}
_ITEMS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "li": (frozenset({"li"}), _WALLS | {"ul", "ol", "menu", "dir"}),
    "dd": (frozenset({"dd", "dt"}), _WALLS | {"dl"}),
    "dt": (frozenset({"dd", "dt"}), _WALLS | {"dl"}),
}
_TABLE_PARTS = frozenset({"td", "th", "tr", "tbody", "thead", "tfoot", "caption"})
_BLOCKS = _CLOSE_A_PARAGRAPH | _WALLS | _TABLE_PARTS
# Their end leaves open the blocks that began in them; the end of other tags does not reach out of a block.
_FORMATTING = frozenset(
    {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
# So far up a tag is looked for that an end, or another tag, would end: a page does not make it look further.
_FURTHEST = 256

Tag = TypeVar("Tag")


class OpenTags(Generic[Tag]):
    """A stack of tags; `name` says what a tag is called. What ends tags yields them, innermost first."""

    def __init__(self, name: Callable[[Tag], str]) -> None:
        self._name = name
        self.stack: list[Tag] = []
        self._counted: Counter[str] = Counter()

    def ended_by_start(self, name: str) -> Iterator[Tag]:
        """End what cannot hold a tag of this name; parts of a table mean nothing without one."""
        if name in _TABLE_PARTS and not self._counted["table"]:
            return
        for rules in (_ITEMS, _ENDED_BY):
            if name in rules:
                names, walls = rules[name]
                yield from self._up_to(names, walls)
        if name in _HEADINGS and self.stack and self._name(self.stack[-1]) in _HEADINGS:
            yield self.pop()

    def ended_by_end(self, name: str) -> Iterator[Tag]:
        """End the tag that an end tag names, and what is open in it."""
        if name in ("html", "body") or not self._counted[name]:
            return
        if name in _HEADINGS:
            yield from self._up_to(_HEADINGS, _WALLS)
            return
        walls = _WALLS
        if name in _TABLE_PARTS:
            walls = frozenset({"table", "template"})
        elif name in ("table", "template"):
            walls = frozenset({"template"})
        elif name not in _BLOCKS and name not in _FORMATTING:
            walls = _BLOCKS
        yield from self._up_to(frozenset({name}), walls - {name})

    def push(self, tag: Tag) -> None:
        self.stack.append(tag)
        self._counted[self._name(tag)] += 1

    def rest(self) -> Iterator[Tag]:
        """End all that is open at the end of the page."""
        while self.stack:
            yield self.pop()

    def holds(self, name: str) -> bool:
        return self._counted[name] > 0

    def _up_to(self, names: frozenset[str], walls: frozenset[str]) -> Iterator[Tag]:
        if not any(self._counted[name] for name in names):
            return
        for depth, tag in enumerate(reversed(self.stack[-_FURTHEST:]), 1):
            if self._name(tag) in names:
                if self._name(tag) in _FORMATTING and any(
                    self._name(inner) in _BLOCKS for inner in self.stack[len(self.stack) - depth + 1 :]
                ):
                    yield self._take_out(len(self.stack) - depth)
                    return
                for _ in range(depth):
                    yield self.pop()
                return
            if self._name(tag) in walls:
                return

    def _take_out(self, place: int) -> Tag:
        tag = self.stack.pop(place)
        self._counted[self._name(tag)] -= 1
        return tag

    def pop(self) -> Tag:
        """End the innermost tag."""
        return self._take_out(-1)
