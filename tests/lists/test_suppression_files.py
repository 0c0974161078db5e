"""Suppressions from files and into files."""

import csv

import pytest

from ledger import suppression_entries, suppression_history, suppressions
from ledger.engine import open_ledger
from ledger.suppression_entries import Selection
from ledger.suppressions import Suppression, SuppressionReason
from lists import suppression_files
from lists.errors import ListError
from lists.suppression_files import Imported, export_file, import_file


@pytest.fixture
def ledger(tmp_path):
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


@pytest.fixture
def write(tmp_path):
    def to_file(text: str, name: str = "gone.csv") -> str:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    return to_file


def add(ledger, *entries):
    with ledger.writing() as connection:
        suppressions.add(connection, entries)


def standing(ledger):
    """Every entry as (address, scope) with its reason."""
    with ledger.reading() as connection:
        entries = suppression_entries.page(connection, Selection())
    return {(entry.address_key, entry.scope): entry.reason.value for entry in entries}


@pytest.mark.parametrize("size", [1, 2, 10_000])
def test_every_row_is_accounted_for(ledger, write, monkeypatch, size):
    monkeypatch.setattr(suppression_files, "_ROWS_A_TRANSACTION", size)
    add(ledger, Suppression("known@shop.example", SuppressionReason.MANUAL, "by hand"))
    source = write(
        "email,why\n A@Shop.example ,x\nnobody,x\nknown@shop.example,x\na@shop.example,x\nb@shop.example\n"
    )
    found = import_file(ledger, source, by="Ada", note="their old system")
    assert found == Imported(rows=5, added=1, standing=2, malformed_rows=(2, 5))
    assert standing(ledger) == dict.fromkeys([("a@shop.example", ""), ("known@shop.example", "")], "manual")
    with ledger.reading() as connection:
        (change,) = suppression_history.of(connection, "a@shop.example")
    assert (change.by, change.source, change.note) == ("Ada", "import 1 of gone.csv", "their old system")


def test_a_street_is_no_address_and_what_is_not_certain_suppresses_nobody(ledger, write):
    rows = "High Street 1,a@shop.example,b@work.example\n"
    import_file(
        ledger, write("All who left\n\nAddress,Primary Email\nHigh Street 1,a@shop.example\n"), by="Ada"
    )
    assert standing(ledger) == {("a@shop.example", ""): "manual"}
    with pytest.raises(ListError, match=r"'Address' holds hardly any .* but 'Home mail', 'Work mail' may"):
        import_file(ledger, write("Address,Home mail,Work mail\n" + rows), by="Ada")
    with pytest.raises(ListError, match="'address' holds hardly any e-mail addresses"):
        import_file(ledger, write("address,reason\nshop.example,manual\n"), by="Ada")
    assert len(standing(ledger)) == 1


def test_importing_again_changes_nothing(ledger, write):
    source = write("email\na@shop.example\nb@shop.example\n")
    import_file(ledger, source, by="Ada")
    assert import_file(ledger, source, by="Bob") == Imported(2, 0, 2, ())
    with ledger.reading() as connection:
        assert len(suppression_history.of(connection, "a@shop.example")) == 1


def test_reason_scope_and_column_can_be_said(ledger, write):
    source = write("mail one,mail two\nx@shop.example,a@shop.example\n")
    import_file(
        ledger,
        source,
        by="Ada",
        reason=SuppressionReason.COMPLAINT,
        scope="weekly",
        address_column="mail two",
    )
    assert standing(ledger) == {("a@shop.example", "weekly"): "complaint"}


def test_a_column_of_reasons_counts_where_none_is_said_for_all(ledger, write):
    source = write(
        "email,reason\na@shop.example,complaint\nb@shop.example,BOUNCE\nc@shop.example, COMPLAINT \nnobody,\n"
    )
    assert import_file(ledger, source, by="Ada", scope="weekly").added == 3
    assert standing(ledger) == {
        ("a@shop.example", "weekly"): "complaint",
        ("b@shop.example", "weekly"): "hard_bounce",
        ("c@shop.example", "weekly"): "complaint",
    }
    other = write("email,reason\nd@shop.example,moved away\n", "other.csv")
    with pytest.raises(ListError, match=r"other\.csv, row 1: there is no reason 'moved away'.*--reason"):
        import_file(ledger, other, by="Ada")


def test_an_import_never_lifts_a_graver_reason(ledger, write):
    add(ledger, Suppression("a@shop.example", SuppressionReason.HARD_BOUNCE, "message 1"))
    import_file(ledger, write("email\na@shop.example\n"), by="Ada")
    assert standing(ledger) == {("a@shop.example", ""): "hard_bounce"}


ENTRIES = [
    Suppression("+a@shop.example", SuppressionReason.HARD_BOUNCE, "message 1"),
    Suppression("=b@shop.example", SuppressionReason.UNSUBSCRIBE, "a page", scope="-weekly-", note="=1+1"),
    Suppression("c@shop.example", SuppressionReason.EXPIRED, "message 2", note='said "no",\nthen left'),
    Suppression("'d@shop.example", SuppressionReason.MANUAL, "by hand"),
]


def test_an_export_comes_back_as_it_was(ledger, tmp_path, monkeypatch):
    monkeypatch.setattr(suppression_entries.page, "__kwdefaults__", {"after": ("", ""), "limit": 2})
    add(ledger, *ENTRIES)
    path = tmp_path / "out" / "suppressed.csv"
    assert export_file(ledger, path) == 4
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(suppression_files.COLUMNS)
    assert {row["address"] for row in rows} >= {"'=b@shop.example", "'d@shop.example"}
    assert [row["address"] for row in rows if row["address"].startswith("+")] == ["+a@shop.example"]
    assert not any(cell.startswith(("=", "-")) for row in rows for cell in row.values())
    assert [path.name for path in path.parent.iterdir()] == ["suppressed.csv"]
    with open_ledger(f"sqlite:///{tmp_path / 'other.db'}") as other:
        assert import_file(other, str(path), by="Ada") == Imported(4, 4, 0, ())
        assert standing(other) == standing(ledger)


def test_a_reason_for_all_outweighs_those_of_an_export(ledger, tmp_path):
    add(ledger, ENTRIES[2])
    export_file(ledger, tmp_path / "suppressed.csv")
    with open_ledger(f"sqlite:///{tmp_path / 'other.db'}") as other:
        import_file(other, str(tmp_path / "suppressed.csv"), by="Ada", reason=SuppressionReason.MANUAL)
        assert standing(other) == {("c@shop.example", ""): "manual"}


def test_a_reason_that_does_not_exist_is_named_with_its_row_and_no_address(ledger, write):
    source = write("address,reason,list\na@shop.example,manual,\nb@shop.example,bored,\n")
    with pytest.raises(ListError, match="row 2: there is no reason 'bored': use one of hard_bounce") as error:
        import_file(ledger, source, by="Ada")
    assert "@" not in str(error.value)
    assert standing(ledger) == {}


def test_only_what_was_selected_is_exported_and_nothing_is_a_file_too(ledger, tmp_path):
    add(ledger, *ENTRIES)
    assert export_file(ledger, tmp_path / "one.csv", Selection(SuppressionReason.EXPIRED)) == 1
    assert export_file(ledger, tmp_path / "none.csv", Selection(SuppressionReason.COMPLAINT)) == 0
    assert (tmp_path / "none.csv").read_text(encoding="utf-8").count("\n") == 1


def test_a_file_that_cannot_be_written_leaves_nothing(ledger, tmp_path):
    add(ledger, *ENTRIES)
    (tmp_path / "taken").mkdir()
    with pytest.raises(ListError, match="taken cannot be written"):
        export_file(ledger, tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []
