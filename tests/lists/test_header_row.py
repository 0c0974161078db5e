"""Titles above the names, no names at all, names longer than a sample, and a comma too many in every row."""

from collections.abc import Callable

import pytest

from lists import header_row, sources
from lists.errors import ListError
from lists.policy import ListSource

MakeList = Callable[..., str]
ROWS = "anna@mail.example,Anna,Bonn\nben@mail.example,Ben,Kiel\n"
HEADER = "E-Mail,Name,City\n"


def read(path: str) -> tuple[list[str], list[str], int, int]:
    """The names, the addresses, and how many rows could be placed and how many not."""
    source = sources.read(path)
    cells = source.table.column(source.address_column).to_pylist()
    return source.table.column_names, cells, len(source.rows), len(source.ragged)


WHOLE = (["E-Mail", "Name", "City"], ["anna@mail.example", "ben@mail.example"], 2, 0)


@pytest.mark.parametrize(
    ("title", "line"),
    [
        ("Subscribers of 2026-11-01\n", 2),
        ("E-mail list\n\n", 3),
        ("Emails\n", 2),
        ("Export of all contacts,,\n,,\nprinted 11:30,,\n", 4),
        ("Customers, November\n", 2),
        ('"Customers of ""Bright Books""\nand others"\n', 3),
        ("\nEmails,,\n", 3),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_titles_above_the_names_are_left_out_and_said(
    make_list: MakeList, title: str, line: int, delimiter: str
) -> None:
    titled = title if "Customers, N" in title else title.replace(",", delimiter)
    path = make_list(titled + (HEADER + ROWS).replace(",", delimiter))
    assert read(path) == WHOLE
    survey = sources.survey(ListSource(source=path), 1)
    assert survey.notes == (f"The names of the columns are taken from line {line}, below a title.",)
    assert (survey.row_count, survey.row and survey.row["Name"]) == (2, "Anna")


@pytest.mark.parametrize(
    "text",
    [
        HEADER + ROWS,
        HEADER + HEADER + ROWS,
        HEADER + "none,Cleo,Ulm\n" + ROWS,
        HEADER + ",mail,email\n" + ROWS,
        "Contact,Kind\n030 1234,phone\nanna@mail.example,mail\nben@mail.example,mail\n",
        "Contact,Kind\n,mail\nanna@mail.example,mail\nben@mail.example,mail\n",
        "Contact,Note\nno e-mail,x\nanna@mail.example,\nben@mail.example,\n",
        "Name,Contact\nmail,anna@mail.example\n",
        "Address,Primary Email\nHigh Street,anna@mail.example\n",
        "Newsletter,Contact\nNewsletter,anna@mail.example\n,ben@mail.example\n",
        "0,1\nAnna,anna@mail.example\nBen,ben@mail.example\n",
        "2025,2026,Contact\n1,2,anna@mail.example\n3,4,ben@mail.example\n",
    ],
)
def test_a_first_row_of_names_stays_the_header(make_list: MakeList, text: str) -> None:
    source = sources.survey(ListSource(source=make_list(text)))
    assert source.names == text.splitlines()[0].split(",")
    assert source.row_count == len(text.splitlines()) - 1


@pytest.mark.parametrize(
    "first",
    [
        "Anna,Bonn,anna@mail.example",
        "Anna,Bonn,anna@mail",
        "Anna,Bonn,anna@@mail.example",
        "Anna,Bonn,anna@localhost",
        "Anna,Bonn,anna(at)mail.example",
        "Anna,Bonn,Anna Berg <anna@mail.example>",
        "Anna,Bonn,mailto:anna@mail.example",
        "Anna,Bonn,anna@m\xfcnchen.example",
        "Anna,Kiel,",
        "Anna,Kiel,none",
        "0301234,Ulm,",
        "1980-03-12,Ulm,n/a",
    ],
)
def test_a_first_row_that_is_a_person_is_refused_unless_it_is_told_so(
    make_list: MakeList, first: str
) -> None:
    kind = "0301999" if first[0] == "0" else "1990-01-01" if first[0] == "1" else "Ben"
    cities = ("Kiel", "Bonn", "Jena")
    rest = "".join(f"{kind},{cities[n % 3]},p{n}@mail.example\n" for n in range(12))
    path = make_list(f"{first}\n{rest}")
    with pytest.raises(ListError, match=r"begin.* with a recipient.*--no-header"):
        sources.read(path)
    with sources.opened(ListSource(source=path, header=False)) as listed:
        assert listed.address.name == "column_3"
        assert sum(rows.count for rows in listed.rows()) == 13


@pytest.mark.parametrize("letters", [200, 3_000])
@pytest.mark.parametrize("above", ["", "sep=,\n"])
def test_a_header_longer_than_a_sample_is_read_whole(make_list: MakeList, letters: int, above: str) -> None:
    columns = 500
    names = [f"{'x' * letters} {n}" for n in range(columns)]
    text = f"{above}{','.join(names)},email\n" + f"{',' * columns}anna@mail.example\n" * 2
    found = sources.survey(ListSource(source=make_list(text)))
    assert (found.names[-1], len(found.names), found.row_count) == ("email", columns + 1, 2)
    assert found.address.name == "email"


def test_a_header_that_never_ends_is_one_sentence(
    make_list: MakeList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(header_row, "LONGEST_BYTES", 100_000)
    path = make_list('"email,name\n' + "anna@mail.example,Anna\n" * 10_000)
    with pytest.raises(ListError, match=r"its first row is longer than .* or a quote in it is never closed"):
        sources.read(path)


@pytest.mark.parametrize(
    "text",
    [
        "email,name\nanna@mail.example,Anna,\nben@mail.example,Ben,\n",
        "email,name\nanna@mail.example,Anna,,,\nben@mail.example,Ben,,,\n",
        "email,name,\nanna@mail.example,Anna\nben@mail.example,Ben\n",
        "email;name\nanna@mail.example;Anna;\nben@mail.example;Ben; \n",
        "email\nanna@mail.example;\nben@mail.example;\n",
        "List of all,,\nemail,name\nanna@mail.example,Anna,\nben@mail.example,Ben,\n",
    ],
)
def test_a_delimiter_at_the_end_of_every_row_is_a_column_without_a_name(
    make_list: MakeList, text: str
) -> None:
    names, addresses, placed, ragged = read(make_list(text))
    assert addresses == ["anna@mail.example", "ben@mail.example"]
    assert (names[0], placed, ragged) == ("email", 2, 0)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("email,name\nanna@mail.example,Berg, Anna\nben@mail.example,Bo, Ben\n", "2 of its first 2"),
        ("email,name\n1,anna@mail.example,Anna\n2,ben@mail.example,Ben\n", "2 of its first 2"),
        ("email,name,city\n" + "anna@mail.example,Anna\n" * 5, "5 of its first 5"),
        ("Report\nName,Contact\nAnna,anna@mail.example\nBen,ben@mail.example\n", "3 of its first 3"),
        (
            "email,name\nanna@mail.example,Berg, Anna\nben@mail.example,Ben\nc@mail.example,Co, Cleo\n",
            "2 of its first 3",
        ),
    ],
)
def test_a_list_whose_rows_do_not_have_the_cells_of_the_header_is_refused(
    make_list: MakeList, text: str, count: str
) -> None:
    with pytest.raises(ListError, match=f"{count} rows have . cells where the header has"):
        sources.read(make_list(text))


def test_some_broken_rows_are_set_apart_as_ever(make_list: MakeList) -> None:
    text = "email,name\nanna@mail.example,Anna\nben@mail.example,Bo, Ben\ncleo@mail.example,Cleo\n"
    assert read(make_list(text))[2:] == (2, 1)


def test_a_column_that_is_told_is_looked_for_below_a_title_too(make_list: MakeList) -> None:
    text = "Report,\nName,Kontakt\nAnna,anna@mail.example\n"
    source = sources.read(make_list(text), "kontakt")
    assert (source.address_column, source.row_count) == ("Kontakt", 1)
    with pytest.raises(ListError, match=r"no column 'mail' \(address_column\)"):
        sources.read(make_list("Name,Kontakt\nmail,anna@mail.example\n"), "mail")
