import pyarrow as pa
import pytest

from lists.spreadsheets import escaped, unescaped


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
        "＝1+1",
        '=HYPERLINK("x")',
    ],
)
def test_what_a_spreadsheet_takes_for_a_formula_is_escaped(cell):
    assert escaped(pa.table({"a": [cell]})).column("a").to_pylist() == ["'" + cell]


@pytest.mark.parametrize("cell", ["", "anna@shop.example", "a=b", "1-2", "'=1", " x", "Zoë"])
def test_other_text_stays_as_it_is(cell):
    assert escaped(pa.table({"a": [cell]})).column("a").to_pylist() == [cell]


def test_column_names_are_escaped_and_numbers_are_not():
    table = escaped(pa.table({"=a": pa.array(["x"], pa.large_string()), "row": [-1]}))
    assert table.to_pylist() == [{"'=a": "x", "row": -1}]


@pytest.mark.parametrize("cell", ["=1+1", "+gus@shop.example", "", "anna@shop.example", "'anna@shop.example"])
def test_what_was_escaped_is_given_back(cell):
    assert unescaped(escaped(pa.table({"a": [cell]})).column("a").to_pylist()[0]) == cell
