"""The plain-text part of a mail, made from its HTML where the campaign brings no text of its own.

Words, links, lists and tables as a person would type them, in time that grows with the page and no faster.
"""

import re

from mail.html_tokens import Token
from mail.text_page import Mark, TextPage
from mail.visible import Closed, Opened, is_picture, is_seen, walk

_BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "dir"),
        *("div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup"),
        *("legend", "li", "main", "menu", "nav", "ol", "optgroup", "option", "section", "summary", "table"),
        *("tbody", "tfoot", "thead", "tr", "ul", "caption"),
    }
)
_APART = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "listing", "xmp", "plaintext", "hr"})
_CELLS = frozenset({"td", "th"})
_LISTS = frozenset({"ul", "ol", "menu", "dir"})
_BLOCK_DISPLAYS = ("block", "table", "flex", "grid", "list-item")
# Deeper ones stand no further to the right.
_DEEPEST_LIST = 6
_RULE = "-" * 40
_UNWRITTEN_TARGETS = ("#", "javascript:", "vbscript:", "data:", "cid:", "about:")
_IN_TARGET = re.compile(r"[\t\n\r]")


def from_html(text: str) -> str:
    """Return the text of a page as a person would type it: links in brackets behind their words."""
    writer = _Writer()
    for step in walk(text):
        match step:
            case Opened():
                writer.open(step)
            case Closed(tag):
                writer.close(tag)
            case str():
                writer.page.write(step)
    return writer.page.text()


class _Writer:
    def __init__(self) -> None:
        self.page = TextPage()
        # Of each open tag what is to be done at its end, innermost last.
        self._lists: list[int | None] = []
        self._links: list[tuple[Token, Mark]] = []
        self._blocks: set[int] = set()
        self._kept: list[Token] = []

    def open(self, opened: Opened) -> None:
        element, look = opened.tag, opened.look
        tag = element.name
        self._break(tag, opened)
        if look.keeps_lines is not None or tag in ("pre", "listing", "xmp", "plaintext", "textarea"):
            self._kept.append(element)
            self.page.keep_lines(look.keeps_lines is not False)
        match tag:
            case "br":
                self.page.line_end()
            case "hr":
                self.page.write(_RULE)
                self.page.paragraph_end()
            case "img" if is_picture(opened):
                self._picture(element)
            case "a":
                self._links.append((element, self.page.mark()))
            case "ul" | "menu" | "dir":
                self._lists.append(None)
            case "ol":
                self._lists.append(_number(element.attributes.get("start"), 1))
            case "li":
                self._item(element)
            case "q":
                self.page.write("“")
            case "td" | "th" if look.display not in _BLOCK_DISPLAYS:
                self.page.cell()
            case "input" if (element.attributes.get("type") or "").lower() in ("submit", "button", "reset"):
                self.page.write(element.attributes.get("value") or "")

    def close(self, element: Token) -> None:
        tag = element.name
        if self._links and self._links[-1][0] is element:
            self._link(*self._links.pop())
        if self._kept and self._kept[-1] is element:
            self._kept.pop()
            self.page.keep_no_lines()
        if tag == "q":
            self.page.write("”")
        elif tag in _LISTS and self._lists:
            self._lists.pop()
        if id(element) in self._blocks:
            self._blocks.remove(id(element))
            self.page.block_end()
            if tag in _APART or (tag in _LISTS and not self._lists):
                self.page.paragraph_end()

    def _break(self, tag: str, opened: Opened) -> None:
        display = opened.look.display
        if tag in ("br", "td", "th") and display not in _BLOCK_DISPLAYS:
            return
        inline = display.startswith("inline") or display == "contents"
        if display.startswith("inline-"):
            self.page.blank()
        if not inline and (tag in _BLOCKS or tag in _APART or tag in _CELLS or display in _BLOCK_DISPLAYS):
            self._blocks.add(id(opened.tag))
            self.page.block_end()
            if tag in _APART or (tag in _LISTS and not self._lists):
                self.page.paragraph_end()

    def _picture(self, element: Token) -> None:
        words = " ".join((element.attributes.get("alt") or "").split())
        if self._links:
            self.page.write(words)
            self.page.picture()
        elif words:
            self.page.write(f"[{words}]")

    def _item(self, element: Token) -> None:
        margin = "  " * min(len(self._lists) - 1, _DEEPEST_LIST)
        number = self._lists[-1] if self._lists else None
        if number is None:
            self.page.item(f"{margin}* ")
            return
        number = _number(element.attributes.get("value"), number)
        self._lists[-1] = number + 1
        self.page.item(f"{margin}{number}. ")

    def _link(self, element: Token, mark: Mark) -> None:
        target = _IN_TARGET.sub("", (element.attributes.get("href") or "").strip()).replace(" ", "%20")
        label, has_picture = self.page.since(mark)
        if not target or target.lower().startswith(_UNWRITTEN_TARGETS):
            return
        shown = target.removeprefix("mailto:").removeprefix("tel:")
        if not is_seen(label):
            if has_picture:
                self.page.write(shown)
        elif label == shown:
            return
        elif shown in (f"https://{label}", f"https://{label}/", f"http://{label}", f"http://{label}/"):
            self.page.replace_since(mark, shown)
        else:
            self.page.behind(f"({shown})")


def _number(text: str | None, otherwise: int) -> int:
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 10 else otherwise
