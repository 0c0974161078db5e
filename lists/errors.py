"""What can go wrong with a list."""


class ListError(Exception):
    """What a person did wrong, in one sentence that names the file, the row or key, and the mend."""


class NobodyAccepted(ListError):
    """No row of a list may be written to. The files of its cleaning are there and say why."""


class PeopleSaidNo(ListError):
    """Accepted rows say no to mail, and the campaign does not say whether that counts."""


class BalanceError(RuntimeError):
    """Rows went missing or were counted twice: an error of this program, never of its user."""


class OpenQuote(Exception):
    """Rows are hidden by a quote of the row at the byte `offset` of the text.

    certain: whether that quote closes nowhere; else the cell may be right, and a person can say so.
    longest_bytes: more than any row may have, where this one is longer.
    """

    def __init__(self, offset: int, *, certain: bool = True, longest_bytes: int = 0) -> None:
        super().__init__()
        self.offset = offset
        self.certain = certain
        self.longest_bytes = longest_bytes

    def sentence(self, source: str, row: int, line: int) -> str:
        """Say it to a person; row 0 is the header."""
        where = f"row {row}" if row else "the header"
        fix = "close it, or say --quote none (list.quote: none) if quotes mean nothing in this list"
        doubt = f", or a cell is longer than {self.longest_bytes >> 20} MB" if self.longest_bytes else ""
        if not self.certain:
            doubt = ", or a cell there holds text that looks like rows"
            fix += """, or --quote '"' (list.quote: '"') if that cell is right"""
        return (
            f'{source}, {where}: a quote (") opens there and is never closed{doubt} '
            f"(line {line} of the file), which hides what follows: {fix}."
        )
