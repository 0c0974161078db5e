"""List hygiene as a run of its own."""

import re
from typing import TYPE_CHECKING

import pytest

from flows.clean_list import clean_list
from lists.errors import ListError
from lists.policy import HygienePolicy, ListSource
from tasks import listing

if TYPE_CHECKING:
    from conftest import Office

pytestmark = pytest.mark.slow

ROWS = "email\nann@reader.example\nann@reader.example\ncy@gone.example\ninfo@reader.example\n"


def test_cleaning_returns_the_summary_and_shows_no_whole_address(office: "Office") -> None:
    source = office.folder / "list.csv"
    source.write_text(ROWS)
    summary = clean_list(ListSource(source=str(source)), str(office.folder / "clean"))
    assert (summary["rows"], summary["accepted"], summary["rejected"]) == (4, 1, 3)
    assert {reason: rows for reason, rows in summary["by_reason"].items() if rows} == {
        "duplicate": 1,
        "role_alias": 1,
        "no_mx": 1,
    }
    assert sorted(path.name for path in (office.folder / "clean").iterdir()) == [
        "accepted.csv",
        "accepted.parquet",
        "rejected.csv",
        "rejected.parquet",
        "report.html",
        "summary.json",
    ]
    shown = office.last_run()
    assert re.fullmatch(re.escape(f"clean {source}, ") + r"[\d-]{10} \d\d:\d\d UTC", shown.run.name)
    assert {each.key for each in shown.artifacts} == {
        "list-cleaning",
        "list-cleaning-progress",
        "list-rejected",
    }
    assert re.findall(r"[\w.]+@(?:reader|gone)\.example", shown.text()) == []


def test_the_policy_decides_what_is_dropped(office: "Office") -> None:
    source = office.folder / "list.csv"
    source.write_text(ROWS)
    policy = HygienePolicy(role_alias="keep", mx=False)
    assert clean_list(ListSource(source=str(source)), str(office.folder / "clean"), policy)["accepted"] == 3


def test_a_list_that_is_missing_is_named(office: "Office", monkeypatch: pytest.MonkeyPatch) -> None:
    # The wait before the second try is for faults of the network.
    monkeypatch.setattr(listing.clean, "retry_delay_seconds", 0)
    with pytest.raises(ListError, match=r"missing\.csv does not exist"):
        clean_list(ListSource(source=str(office.folder / "missing.csv")), str(office.folder / "clean"))
    assert office.last_run().kind == "FAILED"
    assert not (office.folder / "clean").exists()
