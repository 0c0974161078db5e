"""Excel's `sep=` line: obeyed, and named where it cannot be."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lists import sources
from lists.errors import ListError
from lists.policy import ListSource


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., sources.SourceTable]:
    def read(content: str, delimiter: str = "") -> sources.SourceTable:
        path = tmp_path / "list.csv"
        path.write_bytes(content.encode())
        return sources.read(ListSource(source=str(path), delimiter=delimiter))

    return read


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    ("line", "delimiter"),
    [
        ("sep=;", ";"),
        ("SEP=,", ","),
        ("sep=\t", "\t"),
        ("sep=|", "|"),
        ("sep=^", "^"),
        ('"sep=;"', ";"),
        ("sep=;;", ";"),
        ("sep=; ", ";"),
        ('"sep=,",', ","),
        ("sep=", ";"),
    ],
)
def test_the_line_is_obeyed_and_is_no_row(read, line: str, delimiter: str, mark: str, end: str) -> None:
    row = delimiter.join(["ann@mail.example", "Ann, or; so"[: 3 if delimiter in ",;" else None]])
    table = read(f"{mark}{line}{end}{delimiter.join(['email', 'name'])}{end}{row}{end}")
    assert table.table.column_names == ["email", "name"]
    assert (table.rows, table.table.column("email").to_pylist()) == ([1], ["ann@mail.example"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sep=;\nemail,name\na@mail.example,Ann\n", "says that ; separates the columns, but , does"),
        ("sep=,\nemail\tname\na@mail.example\tAnn\n", "says that , separates the columns, but a tab does"),
        ("sep=comma\nemail,name\na@mail.example,Ann\n", "sep=comma, names no delimiter"),
        ("sep=;,\nemail,name\na@mail.example,Ann\n", "sep=;,, names no delimiter"),
    ],
)
def test_a_wrong_line_is_named(read, text: str, says: str) -> None:
    with pytest.raises(ListError, match=r"list\.csv: its first line.*--delimiter") as refused:
        read(text)
    assert says in str(refused.value)
    right = read(text, delimiter="tab" if "\t" in text else ",")
    assert right.table.column_names == ["email", "name"]


def test_one_column_needs_no_delimiter(read) -> None:
    assert read("sep=;\nemail\na@mail.example\n").rows == [1]


def test_a_header_that_only_begins_like_the_line_is_a_header(read) -> None:
    assert read("sep,email\n1,a@mail.example\n").table.column_names == ["sep", "email"]
