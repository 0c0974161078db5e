"""A plain text being written: blanks drawn together, lines and paragraphs ended, marks to look back to."""

import re
from dataclasses import dataclass

from mail.visible import is_seen

_BLANKS = re.compile(r"[ \t\n\r\f]+")
_SOFT_HYPHEN = "\u00ad"
_BETWEEN_CELLS = "  "
# A label of so many signs is no address, and need not be read to know that.
_LONG_LABEL = 4_000


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in what was written."""

    pieces: int
    length: int


class TextPage:
    """Lines of text, the last of them open.

    What is written waits in pieces; a blank between two of them is written with the second, so that none
    stands at the end of a line.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self._wants_blank = ""
        self._at_line_start = True
        self._empty_lines = 0
        self._began = False
        self._kept: list[bool] = [False]
        self._marker = ""
        self._last_picture = -1

    def text(self) -> str:
        """Return the whole, without blank lines at its start, at its end or two in a row."""
        lines: list[str] = []
        for line in "".join(self._pieces).split("\n"):
            stripped = line.rstrip()
            if is_seen(stripped):
                lines.append(stripped)
            elif lines and lines[-1]:
                lines.append("")
        return "\n".join(lines).strip() + "\n"

    def write(self, text: str) -> None:
        """Write words as they stand in the source."""
        text = text.replace(_SOFT_HYPHEN, "")
        if self._kept[-1]:
            if text:
                self._put(text.replace("\r\n", "\n"))
                self._at_line_start = text.endswith("\n")
            return
        words = _BLANKS.sub(" ", text)
        if words.startswith(" "):
            self.blank()
            words = words[1:]
        if not words:
            return
        ends = words.endswith(" ")
        self._put(words[:-1] if ends else words)
        if ends:
            self.blank()

    def behind(self, text: str) -> None:
        """Write something that belongs behind what stands there, apart from it and from what comes next."""
        self.blank()
        self._put(text)

    def blank(self) -> None:
        if not self._at_line_start:
            self._wants_blank = self._wants_blank or " "

    def cell(self) -> None:
        """Begin a cell of a table's row."""
        if not self._at_line_start:
            self._wants_blank = _BETWEEN_CELLS

    def line_end(self) -> None:
        self._pieces.append("\n")
        self._wants_blank, self._at_line_start = "", True

    def block_end(self) -> None:
        """End the line, where there is anything in it."""
        if not self._at_line_start:
            self.line_end()

    def paragraph_end(self) -> None:
        """End the line, and leave one empty."""
        self.block_end()
        self.line_end()

    def item(self, marker: str) -> None:
        """Begin a line with the sign of a list's item, which the item's first words bring in."""
        self.block_end()
        self._marker = marker

    def keep_lines(self, kept: bool) -> None:
        self._kept.append(kept)

    def keep_no_lines(self) -> None:
        self._kept.pop()

    def picture(self) -> None:
        """Note that a picture stands here."""
        self._last_picture = len(self._pieces)

    def mark(self) -> Mark:
        return Mark(len(self._pieces), self._length)

    def since(self, mark: Mark) -> tuple[str, bool]:
        """Return the words written since a mark, on one line, and whether there was a picture.

        Of many words only that there are many: links may stand in links.
        """
        has_picture = self._last_picture >= mark.pieces
        if self._length - mark.length > _LONG_LABEL:
            return "many words", has_picture
        return " ".join("".join(self._pieces[mark.pieces :]).split()), has_picture

    def replace_since(self, mark: Mark, text: str) -> None:
        """Put other words in place of those since a mark."""
        written = "".join(self._pieces[mark.pieces :])
        lead = written[: len(written) - len(written.lstrip())]
        self._pieces[mark.pieces :] = [lead, text]

    def _put(self, text: str) -> None:
        if not text:
            return
        if self._marker:
            self._pieces.append(self._marker)
            self._marker, self._wants_blank = "", ""
        if self._wants_blank:
            self._pieces.append(self._wants_blank)
            self._wants_blank = ""
        self._pieces.append(text)
        self._length += len(text)
        self._at_line_start = False
