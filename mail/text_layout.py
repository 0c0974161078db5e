"""A page's words laid out as text by inscriptis, in time and memory that grow with the page alone.

inscriptis follows styles and tables to the letter: a padding of a million pixels becomes as many blanks on
every line, a long cell widens all rows of its table, and a deep tree ends its recursion. A mail's text part
needs none of that, so here indents, margins and the blanks of tables are bounded.
"""

from collections.abc import Callable, Mapping

from inscriptis.html_properties import Display
from inscriptis.model.attribute import Attribute
from inscriptis.model.canvas.prefix import Prefix
from inscriptis.model.config import ParserConfig
from inscriptis.model.css import CssParse
from inscriptis.model.html_document_state import HtmlDocumentState
from inscriptis.model.html_element import HtmlElement
from inscriptis.model.table import Table
from inscriptis.model.tag.a_tag import a_end_handler, a_start_handler
from inscriptis.model.tag.br_tag import br_start_handler
from inscriptis.model.tag.img_tag import img_start_handler
from inscriptis.model.tag.list_tag import (
    li_start_handler,
    ol_end_handler,
    ol_start_handler,
    ul_end_handler,
    ul_start_handler,
)
from inscriptis.model.tag.table_tag import (
    table_start_handler,
    td_end_handler,
    td_start_handler,
    tr_start_handler,
)
from lxml import etree, html

# Six lists within each other; deeper ones are indented no further.
MAX_INDENT = 24
# More than one blank line is never shown.
_MAX_MARGIN = 2
# A layout of tables seldom goes deeper. What does is written line by line.
_MAX_TABLES = 8
# Blanks that all tables of a page may add to line their columns up.
MAX_TABLE_BLANKS = 400_000
_LONGEST_LENGTH = 20
_LONGEST_NUMBER = 9

_STYLES: Mapping[str, Callable[[str, HtmlElement], None]] = {
    "display": CssParse.attr_display,
    "white-space": CssParse.attr_white_space,
    "margin-top": CssParse.attr_margin_top,
    "margin-before": CssParse.attr_margin_top,
    "margin-bottom": CssParse.attr_margin_bottom,
    "margin-after": CssParse.attr_margin_bottom,
    "padding-left": CssParse.attr_padding_left,
    "padding-start": CssParse.attr_padding_left,
    "horizontal-align": CssParse.attr_horizontal_align,
    "vertical-align": CssParse.attr_vertical_align,
}


def text_of(page: html.HtmlElement) -> str:
    """Return the page's words, links as `[label](target)` and images as `[alternative text]`."""
    return _Layout().read(page)


def _styled(style: str, element: HtmlElement) -> None:
    """Apply an inline style, as far as its lengths are lengths."""
    for declaration in style.lower().split(";"):
        name, _, value = declaration.partition(":")
        apply = _STYLES.get(name.strip().removeprefix("-webkit-"))
        if apply is None:
            continue
        try:
            apply(value.strip()[:_LONGEST_LENGTH], element)
        except (AttributeError, ValueError, OverflowError):
            # `auto`, or a number that is none.
            continue


# inscriptis brings no types.
class _Indent(Prefix):  # type: ignore[misc]
    """The blanks and bullets before a line: never more blanks than a reader needs, found in one step."""

    __slots__ = ("_filled",)

    def __init__(self) -> None:
        super().__init__()
        # Places of the bullets that are not written yet.
        self._filled: list[int] = []

    def register_prefix(self, padding_inline: int, bullet: str) -> None:
        room = MAX_INDENT - self.current_padding
        super().register_prefix(max(0, min(padding_inline, room)), bullet)
        if bullet:
            self._filled.append(len(self.bullets) - 1)

    def remove_last_prefix(self) -> None:
        super().remove_last_prefix()
        while self._filled and self._filled[-1] >= len(self.bullets):
            self._filled.pop()

    def pop_next_bullet(self) -> str:
        if not self._filled:
            return ""
        place = self._filled.pop()
        bullet, self.bullets[place] = self.bullets[place], ""
        return str(bullet)


class _Layout:
    """One page on its way to text. It walks the tree without recursion, so no depth ends it."""

    def __init__(self) -> None:
        config = ParserConfig(display_links=True, display_images=True)
        attributes = Attribute()
        attributes.attribute_mapping = {**attributes.attribute_mapping, "style": _styled}
        config.attribute_handler = attributes
        self._state = HtmlDocumentState(config)
        self._state.canvas.current_block.prefix = _Indent()
        # The name that each open element is treated by, and for each open table whether it is laid out.
        self._names: list[str] = []
        self._tables: list[bool] = []
        self._blanks_left = MAX_TABLE_BLANKS

    def read(self, page: html.HtmlElement) -> str:
        for event, node in etree.iterwalk(page, events=("start", "end", "comment", "pi")):
            match event:
                case "start":
                    self._start(node)
                case "end":
                    self._end(node)
                case _:
                    self._state.tags[-1].write(node.tail)
        return str(self._state.canvas.get_text())

    def _start(self, node: html.HtmlElement) -> None:
        state, name = self._state, self._name_of(node.tag)
        attributes: dict[str, str] = dict(node.items())
        state.apply_starttag_layout(name, attributes)
        element = state.tags[-1]
        element.margin_before = max(0, min(element.margin_before, _MAX_MARGIN))
        element.margin_after = max(0, min(element.margin_after, _MAX_MARGIN))
        match name:
            case "table":
                table_start_handler(state, attributes)
                element.canvas.current_block.prefix = _Indent()
            case "tr":
                tr_start_handler(state, attributes)
            case "td" | "th" if state.current_table:
                td_start_handler(state, attributes)
                element.canvas.current_block.prefix = _Indent()
            case "ul":
                ul_start_handler(state, attributes)
            case "ol":
                ol_start_handler(state, attributes)
            case "li":
                li_start_handler(state, _with_a_number(attributes))
            case "br":
                br_start_handler(state, attributes)
            case "a":
                a_start_handler(state, attributes)
            case "img":
                img_start_handler(state, attributes)
        element.canvas.open_tag(element)
        element.write(node.text)

    def _end(self, node: html.HtmlElement) -> None:
        state, name = self._state, self._names.pop()
        match name:
            case "table":
                self._end_table()
            case "ul":
                ul_end_handler(state)
            case "ol":
                ol_end_handler(state)
            case "td" | "th":
                td_end_handler(state)
            case "a":
                a_end_handler(state)
        if node.tag == "table":
            self._tables.pop()
        element = state.tags.pop()
        element.canvas.close_tag(element)
        state.tags[-1].write(node.tail)

    def _name_of(self, tag: str) -> str:
        """Return the name by which an element is treated: what lies in too many tables is a mere block."""
        name = tag
        if tag == "table":
            self._tables.append(len(self._state.current_table) < _MAX_TABLES)
        if tag in ("table", "tr", "td", "th") and self._tables and not self._tables[-1]:
            name = "div"
        self._names.append(name)
        return name

    def _end_table(self) -> None:
        """Write the table into the element around it, as inscriptis does."""
        state = self._state
        td_end_handler(state)
        table = state.current_table.pop()
        outer = state.tags[-2]
        if loose := state.tags[-1].canvas.get_text().strip():
            outer.write(loose)
            outer.canvas.write_newline()
        outer.write_verbatim_text(self._table_text(table))
        outer.canvas.flush_inline()
        if outer.display == Display.block:
            outer.canvas.current_block.prefix.remove_last_prefix()

    def _table_text(self, table: Table) -> str:
        cells = [cell for row in table.rows for cell in row.columns]
        lines = sum(max((cell.normalize_blocks() for cell in row.columns), default=0) for row in table.rows)
        widths: list[int] = []
        for row in table.rows:
            for place, cell in enumerate(row.columns):
                if place == len(widths):
                    widths.append(0)
                widths[place] = max(widths[place], cell.width)
        between = len(table.cell_separator)
        # No less than the blanks that lining up adds, and than the steps that it takes.
        blanks = max(lines, len(table.rows)) * (sum(widths) + between * len(widths))
        blanks -= sum(len(line) for cell in cells for line in cell.blocks)
        if blanks > self._blanks_left:
            return "".join(f"{line}\n" for cell in cells for line in cell.blocks)
        self._blanks_left -= max(0, blanks)
        return str(table.get_text())


def _with_a_number(attributes: Mapping[str, str]) -> dict[str, str]:
    """Leave out a list item's value where it is no number that anybody counts to."""
    value = attributes.get("value", "")
    if value.isascii() and value.isdigit() and len(value) <= _LONGEST_NUMBER:
        return dict(attributes)
    return {name: text for name, text in attributes.items() if name != "value"}
