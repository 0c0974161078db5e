"""A moment for people: UTC first, and the clock on the wall beside it."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.local_time import shown

AT = 1_795_426_221.0  # 2026-11-23 09:30:21 UTC


@pytest.fixture
def in_new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.parametrize(
    ("at", "zone", "text"),
    [
        (AT, "", "2026-11-23 09:30:21 UTC"),
        (AT, "UTC", "2026-11-23 09:30:21 UTC"),
        (AT, "Europe/London", "2026-11-23 09:30:21 UTC"),
        (AT, "Europe/Berlin", "2026-11-23 09:30:21 UTC (10:30:21 CET)"),
        (AT - 150 * 86_400, "Europe/Berlin", "2026-06-26 09:30:21 UTC (11:30:21 CEST)"),
        (AT - 150 * 86_400, "Europe/London", "2026-06-26 09:30:21 UTC (10:30:21 BST)"),
        (AT, "Asia/Kolkata", "2026-11-23 09:30:21 UTC (15:00:21 IST)"),
        (AT, "America/Sao_Paulo", "2026-11-23 09:30:21 UTC (06:30:21 -03, America/Sao_Paulo)"),
        (AT + 12 * 3600, "Pacific/Auckland", "2026-11-23 21:30:21 UTC (2026-11-24 10:30:21 NZDT)"),
        (AT - 9 * 3600, "America/New_York", "2026-11-23 00:30:21 UTC (2026-11-22 19:30:21 EST)"),
    ],
)
def test_the_local_time_stands_beside_utc_where_it_is_another(at: float, zone: str, text: str) -> None:
    assert shown(at, zone) == text


def test_seconds_may_be_left_out() -> None:
    assert shown(AT, "Europe/Berlin", seconds=False) == "2026-11-23 09:30 UTC (10:30 CET)"


@pytest.mark.usefixtures("in_new_york")
def test_without_a_zone_it_is_this_machines_and_a_campaigns_own_goes_before_it() -> None:
    assert shown(AT) == "2026-11-23 09:30:21 UTC (04:30:21 EST)"
    assert shown(AT, "Europe/Berlin") == "2026-11-23 09:30:21 UTC (10:30:21 CET)"


# What is for programs, a file's name, or says on its own that it is UTC.
OTHERWISE = {
    "ledger/local_time.py",
    "ledger/backups.py",
    "ledger/upgrade_copies.py",
    "lists/suppression_files.py",
    # What runs are called: many campaigns of many zones stand in one list.
    "flows/_names.py",
    "tasks/continuing.py",
    "tasks/restarts.py",
    "tasks/checks.py",
    "mail/local_times.py",
    "reports/campaign_page.py",
    "reports/messages_csv.py",
}


def test_every_time_that_is_shown_to_a_person_is_told_here() -> None:
    root = Path(__file__).resolve().parents[2]
    rooms = ("api", "cli", "flows", "ledger", "lists", "mail", "reports", "tasks")
    files = (path for room in rooms for path in (root / room).rglob("*") if path.suffix in (".py", ".j2"))
    told = {str(path.relative_to(root)) for path in files if re.search(r"%H:?%M", path.read_text("utf-8"))}
    assert told == OTHERWISE
