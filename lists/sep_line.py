"""The first line by which Excel is told the delimiter: `sep=;`. Excel obeys it and shows it to nobody."""

import re

from lists.errors import ListError

# Programs that write the line like any row put quotes around it or fill it up with delimiters.
_LINE = re.compile(rb'"?sep=([^\r\n]*)(?:\r\n|\r|\n|$)', re.IGNORECASE)
_NAMED = re.compile(r'(.)(?:"|\1|[ \t])*')


def taken_off(text: bytes, told: str, source: str) -> tuple[str, bytes]:
    """Return the delimiter that a text's first line names, and the text after that line.

    "" and the whole text where there is no such line; "" where the line names nothing, or a person has `told`
    the delimiter. Raises ListError where it names what is no delimiter.
    """
    line = _LINE.match(text)
    if line is None:
        return "", text
    after = text[line.end() :].lstrip(b"\r\n")
    if told:
        return "", after
    rest = line[1].decode("utf-8", errors="replace")
    # Of what is left of quotes alone nothing is named; a tab is not to be stripped.
    named = _NAMED.fullmatch(rest) if rest.strip(' "') else None
    if named is None and rest.strip(' "'):
        raise ListError(
            f"{source}: its first line, sep={rest[:20]}, names no delimiter: write one character there, take "
            "the line out, or say --delimiter (list.delimiter)."
        )
    return (named[1] if named else ""), after


def refuse_wrong(named: str, width: int, likely: str, likely_width: int, source: str) -> None:
    """Raise ListError where the line names what separates nothing in the header, and another does."""
    if named and width == 1 and likely_width > 1 and likely != named:
        shown = {"\t": "a tab"}
        raise ListError(
            f"{source}: its first line says that {shown.get(named, named)} separates the columns, but "
            f"{shown.get(likely, likely)} does: correct the line, take it out, or say --delimiter "
            "(list.delimiter)."
        )
