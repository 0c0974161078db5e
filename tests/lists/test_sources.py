import datetime as dt
import gzip
import io
import zipfile
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from lists import csv_rows, sources
from lists.errors import ListError
from lists.policy import ListSource


def rows_of(source):
    return source.table.to_pylist()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_every_common_delimiter_is_found(make_list, delimiter):
    text = 'email,name,note\nanna@shop.example,Anna,"x"\n'.replace(",", delimiter)
    source = sources.read(make_list(text))
    assert rows_of(source) == [{"email": "anna@shop.example", "name": "Anna", "note": "x"}]


def test_cells_stay_the_text_that_they_were(make_list):
    source = sources.read(make_list('email,a,b,c\nanna@shop.example,N/A,007,\nNone, null ,1e5,"q""x,y"\n'))
    assert rows_of(source) == [
        {"email": "anna@shop.example", "a": "N/A", "b": "007", "c": ""},
        {"email": "None", "a": " null ", "b": "1e5", "c": 'q"x,y'},
    ]


def test_a_byte_order_mark_is_not_part_of_the_first_column(make_list):
    content = b"\xef\xbb\xbfemail,name\r\nanna@shop.example,Zo\xc3\xab\r\n"
    source = sources.read(make_list(content))
    assert rows_of(source) == [{"email": "anna@shop.example", "name": "Zoë"}]
    assert source.fingerprint == sha256(content).hexdigest()


def test_utf_16_with_its_mark_is_read(make_list):
    source = sources.read(make_list("email\tname\nanna@shop.example\tZoë\n".encode("utf-16")))
    assert rows_of(source) == [{"email": "anna@shop.example", "name": "Zoë"}]


def test_a_line_that_names_the_delimiter_is_no_row(make_list):
    source = sources.read(make_list("sep=;\r\nemail;a,b,c\r\nanna@shop.example;1\r\n"))
    assert rows_of(source) == [{"email": "anna@shop.example", "a,b,c": "1"}]


def test_quoted_line_breaks_stay_in_their_cell_and_blank_lines_are_no_rows(make_list):
    source = sources.read(make_list('\n\nemail,note\na@shop.example,"one\ntwo"\n\n\nb@shop.example,x'))
    assert rows_of(source)[0]["note"] == "one\ntwo"
    assert source.rows == [1, 2]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_understood(make_list, line_end):
    source = sources.read(make_list(line_end.join(["email,x", "a@shop.example,1", "b@shop.example,2", ""])))
    assert [row["x"] for row in rows_of(source)] == ["1", "2"]


def test_ragged_rows_are_set_apart_with_their_number_and_never_shifted(make_list):
    text = 'email,x\na@shop.example,1\nb@shop.example\n\n"c\n",3\nd@shop.example,4,5\ne@shop.example,6\n'
    source = sources.read(make_list(text))
    assert source.rows == [1, 3, 5]
    assert [(row.row, row.cells, row.expected) for row in source.ragged] == [
        (2, ("b@shop.example",), 2),
        (4, ("d@shop.example", "4", "5"), 2),
    ]
    assert source.row_count == 5
    assert [row["x"] for row in rows_of(source)] == ["1", "3", "6"]


def test_a_row_longer_than_a_block_is_read(make_list, monkeypatch):
    monkeypatch.setattr(csv_rows, "BLOCK_BYTES", 64)
    source = sources.read(make_list(f"email,x\na@b.example,{'y' * 500}\nb@b.example\nc@b.example,1\n"))
    assert (source.rows, [row.row for row in source.ragged]) == ([1, 3], [2])


@pytest.mark.parametrize(
    "text",
    [
        'email,x\na@shop.example,"open\nb@shop.example,y\nc@shop.example,z\n',
        'email,x\na@shop.example,"open\nb@shop.example,"y"\nc@shop.example,"z"\n',
        'email,x,y\na@shop.example,"open\nb@shop.example,y,z\nc@shop.example,y,w"\nd@shop.example,1,2\n',
        'email\n"a@shop.example\nb@shop.example\n',
        'email,x\n"a@shop.example,1\nb@shop.example,2\n' + "c@shop.example,3\n" * 20_000,
    ],
)
def test_rows_hidden_by_an_open_quote_are_an_error_that_names_the_row(make_list, text):
    with pytest.raises(ListError, match=r"row 1: a quote \(\"\) opens there and is never closed"):
        sources.read(make_list(text))


def test_a_letter_quoted_in_a_cell_is_no_open_quote(make_list):
    source = sources.read(make_list('email,note\na@shop.example,"Dear all,\nwrite to b@shop.example\nBye"\n'))
    assert source.row_count == 1


@pytest.mark.parametrize(
    ("header", "wanted", "found"),
    [
        ("name,E-Mail", "", "E-Mail"),
        ("Email Address,x", "", "Email Address"),
        ("MAIL,address", "", "MAIL"),
        ("address,x", "", "address"),
        ("Contact,x", "contact", "Contact"),
        ("Contact,contact", "contact", "contact"),
        (" email ,x", "email", "email"),
    ],
)
def test_the_address_column_is_found_by_name(make_list, header, wanted, found):
    rows = "a@shop.example,b@shop.example\n"
    assert sources.read(make_list(f"{header}\n{rows}"), wanted).address_column == found


@pytest.mark.parametrize("block_bytes", [40, 100, 1_000])
def test_rows_keep_their_numbers_however_the_text_is_cut(make_list, block_bytes):
    lines = [f"a{n}@b.example,{'y' * (n * 37 % 90)}" if n % 5 else "short" for n in range(1, 200)]
    lines[20] = f'a21@b.example,"{"long" * 200}\nline"'
    path = make_list("email,x\n" + "\n\n".join(lines) + "\nshort\nshort\n")
    with sources.opened(ListSource(source=path), block_bytes) as listed:
        parts = list(listed.rows())
    cells = [cell for part in parts for cell in part.table.column("email").to_pylist()]
    numbers = [number for part in parts for number in part.numbers.tolist()]
    assert cells == [f"a{number}@b.example" for number in numbers]
    ragged = [row.row for part in parts for row in part.ragged]
    assert ragged == [*(n for n in range(1, 200) if n % 5 == 0), 200, 201]
    assert sorted(numbers + ragged) == list(range(1, 202))


def test_a_row_longer_than_any_may_be_is_an_error_that_names_it(make_list, monkeypatch):
    monkeypatch.setattr(csv_rows, "LONGEST_BLOCK_BYTES", 4096)
    text = "email,x\n" + "a@b.example,1\n" * 30 + "short\n" + 'b@b.example,"' + "c@b.example,1\n" * 1_000
    with (
        pytest.raises(ListError, match=r"row 32: a quote \(\"\) opens there and is never closed, or a cell"),
        sources.opened(ListSource(source=make_list(text)), 64) as listed,
    ):
        list(listed.rows())


def test_a_bare_carriage_return_in_a_quoted_cell_stays(make_list):
    source = sources.read(make_list('email,x\na@shop.example,"one\rtwo"\nb@shop.example,3\n'))
    assert [row["x"] for row in rows_of(source)] == ["one\rtwo", "3"]


def test_nul_characters_are_taken_out_and_told_but_an_address_keeps_them(make_list):
    with sources.opened(
        ListSource(source=make_list("email,x\na\0@b.example,1\nc@b.example,\x002\0\n"))
    ) as listed:
        cells = [row for part in listed.rows() for row in part.table.to_pylist()]
    assert cells == [{"email": "a\0@b.example", "x": "1"}, {"email": "c@b.example", "x": "2"}]
    assert listed.warnings == ("NUL characters were taken out of 1 cell: no database can hold them.",)


def test_a_list_without_a_header_is_read_when_told_so(make_list):
    path = make_list("a@shop.example,Anna\nb@shop.example,Ben\n")
    with sources.opened(ListSource(source=path, header=False)) as listed:
        assert listed.names == ["column_1", "column_2"]
        assert listed.address.name == "column_1"
        assert [part.numbers.tolist() for part in listed.rows()] == [[1, 2]]


@pytest.mark.parametrize(
    ("told", "text"), [(":", "email:x,y\na@b.example:1\n"), ("tab", "email\tx,y\na@b.example\t1\n")]
)
def test_a_delimiter_that_is_told_is_used(make_list, told, text):
    with sources.opened(ListSource(source=make_list(text), delimiter=told)) as listed:
        assert listed.names == ["email", "x,y"]


@pytest.mark.parametrize("told", ["::", '"', "\n", "\u00a7"])
def test_what_cannot_be_a_delimiter_is_named(make_list, told):
    with (
        pytest.raises(ListError, match=r"\(list.delimiter\) separates no columns"),
        sources.opened(ListSource(source=make_list("email\nx\n"), delimiter=told)),
    ):
        pass


def test_columns_of_addresses_that_only_their_content_tells_must_be_one(make_list):
    assert sources.read(make_list("x,y\n1,a@b.example\n2,\n")).address_column == "y"
    with pytest.raises(ListError, match="several columns of addresses, 'x', 'y'"):
        sources.read(make_list("x,y\nc@b.example,a@b.example\n"))
    with pytest.raises(ListError, match="no column named like e-mail addresses"):
        sources.read(make_list("x,y\n1,a@b.example\n1,x\n1,y\n"))


def test_a_survey_counts_and_picks_one_row(make_list):
    source = ListSource(source=make_list("email,x\na@b.example,1\nshort\nc@b.example,2\n"))
    found = sources.survey(source, 3)
    assert (found.row_count, found.row, found.address.name) == (
        3,
        {"email": "c@b.example", "x": "2"},
        "email",
    )
    assert sources.survey(source, 2).row is None
    assert found.fingerprint == sources.read(source.source).fingerprint


def test_parquet_is_read_in_parts_and_packed_too(tmp_path):
    path = tmp_path / "list.parquet"
    parquet.write_table(pa.table({"email": [f"a{n}@b.example" for n in range(10)]}), path)
    packed = tmp_path / "list.parquet.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    for source in (path, packed):
        with sources.opened(ListSource(source=str(source)), 300) as listed:
            assert [part.numbers.tolist() for part in listed.rows()] == [
                [1, 2, 3],
                [4, 5, 6],
                [7, 8, 9],
                [10],
            ]
        assert listed.fingerprint == sha256(path.read_bytes()).hexdigest()


def test_blank_column_names_are_numbered(make_list):
    source = sources.read(make_list("email,,\na@shop.example,1,2\n"))
    assert source.table.column_names == ["email", "column_2", "column_3"]


def _zip(name: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, "x")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \r\n \n", "is empty"),
        (b"\xef\xbb\xbf\n", "is empty"),
        (b"email,name\n", "has a header but no rows"),
        (b"foo,bar\n1,2\n", "no column named like e-mail addresses, only 'foo', 'bar'"),
        (b"email:name\na@shop.example:x\n", "separated by a comma, semicolon, tab or vertical bar"),
        (b"email,e-mail\n1,2\n", "several columns of addresses, 'email', 'e-mail'"),
        (b"email,x,x\n1,2,3\n", "has the column 'x' more than once"),
        (b"a@shop.example,Anna\nb@shop.example,Ben\n", "begins with a recipient"),
        ("email,name\na@shop.example,Zoë\n".encode("latin-1"), "line 2, is not UTF-8"),
        ("email,name\na@shop.example,Zoë\n".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        ("email\nx".encode("utf-16")[:-1], "damaged"),
        (_zip("list.csv"), "a ZIP archive"),
        (_zip("xl/workbook.xml"), "an Excel workbook, not a list: save it as CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"<!DOCTYPE html><html></html>", "a web page"),
        (b'[{"email": "a@shop.example"}]', "JSON"),
        (bytes(range(1, 256)) * 20, "not text"),
        (b"\x1f\x8b\x08broken", "damaged gzip"),
        (b"PAR1broken", "damaged Parquet"),
    ],
)
def test_what_is_no_list_gets_one_sentence_with_the_file_and_the_mend(make_list, content, message):
    path = make_list(content)
    with pytest.raises(ListError) as raised:
        sources.read(path)
    assert message in str(raised.value)
    assert path in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_missing_column_names_the_columns_that_there_are(make_list):
    with pytest.raises(ListError, match=r"no column 'mail' \(address_column\): it has 'email', 'name'"):
        sources.read(make_list("email,name\n1,2\n"), "mail")


def test_a_missing_file_a_folder_and_another_scheme_are_told_apart(tmp_path):
    for source, message in (
        (str(tmp_path / "none.csv"), "does not exist"),
        (str(tmp_path), "is a folder"),
        ("https://lists.example/list.csv", "is read from a path or s3://bucket/key"),
    ):
        with pytest.raises(ListError, match=message):
            sources.read(source)


def test_a_gzipped_list_is_read_whatever_its_name(make_list):
    source = sources.read(make_list(gzip.compress(b"email\na@shop.example\n")))
    assert rows_of(source) == [{"email": "a@shop.example"}]


def test_parquet_cells_become_the_text_that_a_person_would_write(tmp_path: Path):
    path = tmp_path / "list.parquet"
    table = pa.table(
        {
            "email": ["a@shop.example", None],
            "age": pa.array([41, None], pa.int32()),
            "seen": pa.array([dt.date(2026, 1, 31), None]),
            "plan": pa.array(["free", "paid"]).dictionary_encode(),
            "opted": [True, False],
        }
    )
    parquet.write_table(table, path)
    source = sources.read(str(path))
    assert rows_of(source) == [
        {"email": "a@shop.example", "age": "41", "seen": "2026-01-31", "plan": "free", "opted": "true"},
        {"email": "", "age": "", "seen": "", "plan": "paid", "opted": "false"},
    ]
    assert source.rows == [1, 2]


def test_a_parquet_column_that_is_no_text_is_named(tmp_path: Path):
    path = tmp_path / "list.parquet"
    parquet.write_table(pa.table({"email": ["a@shop.example"], "tags": [["x"]]}), path)
    with pytest.raises(ListError, match="the column 'tags' holds list"):
        sources.read(str(path))
