"""CSV for spreadsheets: nothing becomes a formula, no address another mailbox, and all of it comes back."""

import io
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import csv as pacsv

from lists import spreadsheets
from lists.addresses import Address, parse
from lists.spreadsheets import escaped, unescaped

ATOMS = "abz09+-=|!#$%&'*/?^_`{}~"
SIGNS = "=+-@'＝＋－＠ \t\r\n\v\fab.|!é"


def written(cell: str) -> str:
    """Return what stands in the CSV for a cell."""
    found: str = escaped(pa.table({"a": [cell]})).column("a")[0].as_py()
    return found


def read_again(cell: str) -> str:
    found: str = unescaped(pa.table({"a": [cell]})).column("a")[0].as_py()
    return found


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+44 20 7946 0000",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\tx",
        "  =1",
        "\v=1",
        "＝1+1",
        '=HYPERLINK("x")',
        "-cmd|'/C calc'!A0",
        "+cmd|calc!a@mail.example",
        "=ben@mail.example",
        "-a!b@mail.example",
        "+a=b@mail.example",
        "+a＝b@mail.example",
        "+ben@localhost",
        "+SUM(A1)@mail.example",
        "+A1@mail.example/x",
        "+ben@mail.example\n=1",
        "+ben@mail.example,-x@mail.example",
        # What was escaped already, lest reading it take off what it never got.
        "'=1",
        "''-1",
    ],
)
def test_what_a_spreadsheet_takes_for_a_formula_is_escaped(cell: str) -> None:
    assert written(cell) == "'" + cell


@pytest.mark.parametrize(
    "cell", ["", "anna@shop.example", "a=b", "1-2", " x", "Zoë", "'anna", "'+ben@mail.example"]
)
def test_other_text_stays_as_it_is(cell: str) -> None:
    assert written(cell) == cell


@pytest.mark.parametrize(
    "address",
    [
        "+ben@mail.example",
        "-ben@mail.example",
        "-@mail.example",
        "+49171@mail.example",
        "+ben.o'neil@mail.example",
        " +ben@mail.example ",
        "＋ben@mail.example",
        "-bén@bücher.example",
        "+ben@xn--bcher-kva.example",
    ],
)
def test_an_address_stays_the_mailbox_that_it_is(address: str) -> None:
    assert isinstance(parse(address), Address)
    assert written(address) == address


def test_column_names_are_escaped_and_numbers_are_not() -> None:
    table = escaped(pa.table({"=a": pa.array(["x"], pa.large_string()), "row": [-1]}))
    assert table.to_pylist() == [{"'=a": "x", "row": -1}]
    assert spreadsheets.unescaped_names(table.column_names) == ["=a", "row"]


@given(st.one_of(st.text(SIGNS, max_size=8), st.text(max_size=4)))
def test_every_text_is_read_again_as_it_was(cell: str) -> None:
    assert read_again(written(cell)) == cell


@given(
    st.builds(
        "{}{}@{}.example".format,
        st.sampled_from("+-=ab"),
        st.text(ATOMS, max_size=6),
        st.text("ab-", min_size=1),
    )
)
def test_only_addresses_with_a_formulas_signs_are_escaped(address: str) -> None:
    expected = address.startswith("=") or (address[0] in "+-" and bool(set(address) & set("=|!")))
    if isinstance(parse(address), Address):
        assert (written(address) != address) == expected
        assert read_again(written(address)) == address


def test_nulls_and_chunks_are_escaped_where_they_stand() -> None:
    column = pa.chunked_array([["=a", None], [], ["b", "=c"]], pa.string())
    table = escaped(pa.table({"a": column}))
    assert table.column("a").to_pylist() == ["'=a", None, "b", "'=c"]
    assert unescaped(table).column("a").to_pylist() == column.to_pylist()


@pytest.mark.parametrize(
    ("names", "ours"),
    [
        (["email", "address", "domain", "flags"], True),
        (["row", "address", "reason", "detail", "suggestion"], True),
        (["address", "reason", "list", "since", "source", "note"], True),
        (["email", "name"], False),
        (["address", "domain"], False),
    ],
)
def test_a_file_of_ours_is_known_by_its_columns(names: list[str], ours: bool) -> None:
    assert spreadsheets.is_ours(names) is ours


def test_a_file_begins_with_a_byte_order_mark_and_its_name_may_be_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("run:1.csv")
    table = pa.table({"=name": ["José", "=1"]})
    with spreadsheets.writer(path, table.schema) as file:
        file.write(table)
    content = path.read_bytes()
    assert content == b"\xef\xbb\xbf" + '"\'=name"\n"José"\n"\'=1"\n'.encode()
    assert pacsv.read_csv(io.BytesIO(content)).column_names == ["'=name"]
