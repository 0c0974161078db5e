"""Every CSV that is written here and read here again: nobody becomes somebody else on the way."""

import csv
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from ledger.engine import Ledger, open_ledger
from lists import accepting, cleaning, outputs, sources
from lists.policy import HygienePolicy, ListSource
from lists.suppression import nobody_confirmed, nobody_suppressed
from lists.suppression_files import export_file, import_file

MAILBOXES = [
    "+ben@mail.example",
    "-ann@mail.example",
    "=eve@mail.example",
    "+a=b@mail.example",
    "'+x=y@mail.example",
]
NAMES = ["=1+1", "'=1", "''-x", "José", "+44 20 7946"]
CSV = "email,=name\n" + "".join(f"{address},{name}\n" for address, name in zip(MAILBOXES, NAMES, strict=True))


@pytest.fixture
def cleaned(tmp_path: Path) -> Callable[[str, str], outputs.Outputs]:
    def clean(text: str, into: str) -> outputs.Outputs:
        path = tmp_path / f"{into}.csv"
        path.write_bytes(text.encode())
        return clean_file(path, tmp_path / into)

    return clean


def clean_file(path: Path, into: Path) -> outputs.Outputs:
    source = ListSource(source=str(path), address_column="email")
    result = cleaning.clean(
        source,
        HygienePolicy(mx=False),
        suppressed=nobody_suppressed,
        confirmed=nobody_confirmed,
        resolver=None,
        today=date(2026, 11, 28),
    )
    return outputs.write(result, into)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


def columns(path: Path, *names: str) -> list[tuple[str, ...]]:
    table = sources.read(ListSource(source=str(path), address_column=names[0])).table
    return list(zip(*(table.column(name).to_pylist() for name in names), strict=True))


def test_accepted_csv_says_what_accepted_parquet_says(cleaned, tmp_path: Path) -> None:
    written = cleaned(CSV, "first")
    assert columns(written.accepted_csv, "email", "=name") == list(zip(MAILBOXES, NAMES, strict=True))
    again = clean_file(written.accepted_csv, tmp_path / "second")
    for each in (written, again):
        frame = outputs.read_accepted(each.accepted_parquet)
        assert frame["email"].tolist() == MAILBOXES
        assert frame["=name"].tolist() == NAMES
    assert outputs.read_accepted(again.accepted_parquet)["flags"].tolist() == [
        "",
        "",
        "formula",
        "formula",
        "formula",
    ]


def test_an_address_with_a_sign_before_it_is_the_same_for_every_other_reader(cleaned) -> None:
    with cleaned(CSV, "first").accepted_csv.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["address"] for row in rows[:2]] == MAILBOXES[:2]
    assert not any(cell.startswith("=") for row in rows for cell in row.values())


def test_rejected_csv_is_read_as_it_was(cleaned) -> None:
    text = "email\n=nobody\n<+gus@mail.example>\n-x\n'=y\nok@mail.example\n"
    written = cleaned(text, "first")
    assert columns(written.rejected_csv, "address", "suggestion") == [
        ("=nobody", ""),
        ("<+gus@mail.example>", "+gus@mail.example"),
        ("-x", ""),
        ("'=y", ""),
    ]


def test_accepting_the_suggestions_of_a_file_of_ours_keeps_its_cells(cleaned, tmp_path: Path) -> None:
    first = cleaned(CSV + "<=gus@mail.example>,'=2\n" + "bob@gmal.com,=3\n", "first")
    second = clean_file(first.accepted_csv, tmp_path / "second")
    accepting.write(second.directory, tmp_path / "third.csv")
    assert columns(tmp_path / "third.csv", "email", "=name")[:-1] == list(zip(MAILBOXES, NAMES, strict=True))
    assert columns(tmp_path / "third.csv", "email", "=name")[-1] == ("bob@gmail.com", "=3")
    accepting.write(first.directory, tmp_path / "fourth.csv")
    assert columns(tmp_path / "fourth.csv", "email", "=name")[5] == ("=gus@mail.example", "'=2")


def test_the_suppressed_of_a_file_of_ours_are_the_same_people(
    cleaned, ledger: Ledger, tmp_path: Path
) -> None:
    written = cleaned(CSV, "first")
    import_file(ledger, str(written.accepted_csv), by="Ada")
    export_file(ledger, tmp_path / "suppressed.csv")
    assert [row for (row,) in columns(tmp_path / "suppressed.csv", "address")] == sorted(MAILBOXES)
    with open_ledger(f"sqlite:///{tmp_path / 'other.db'}") as other:
        import_file(other, str(tmp_path / "suppressed.csv"), by="Ada")
        export_file(other, tmp_path / "again.csv")
    assert columns(tmp_path / "again.csv", "address") == columns(tmp_path / "suppressed.csv", "address")


def test_a_foreign_file_is_read_as_it_is(cleaned) -> None:
    written = cleaned("email,name\nann@mail.example,'=1\n", "first")
    assert outputs.read_accepted(written.accepted_parquet)["name"].tolist() == ["'=1"]


@pytest.mark.parametrize("name", ["accepted.csv", "rejected.csv"])
def test_a_spreadsheet_knows_the_encoding(cleaned, name: str) -> None:
    assert (cleaned(CSV, "first").directory / name).read_bytes().startswith(b"\xef\xbb\xbf")
