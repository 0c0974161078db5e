"""Cleaning a list with what the ledger knows, now and on any day of the past."""

import csv
from datetime import UTC, date, datetime

import pytest

from ledger import clock, suppressions
from ledger.engine import open_ledger
from ledger.schema import subscriber
from ledger.suppressions import Suppression, SuppressionReason
from lists.policy import HygienePolicy, ListSource
from reports import list_cleaning

NO_MX = HygienePolicy(mx=False)


@pytest.fixture
def ledger(tmp_path):
    with open_ledger(f"sqlite:///{tmp_path / 'ledger.db'}") as opened:
        yield opened


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "weekly.csv"
    path.write_text("email\na@shop.example\nb@shop.example\nc@shop.example\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def clean(ledger, tmp_path):
    """Clean into a folder of the test's own."""

    def into(asked, **options):
        return list_cleaning.clean(ledger, asked, NO_MX, "", tmp_path / "out", **options)

    return into


def reasons(result):
    with result.outputs.rejected_csv.open(encoding="utf-8-sig", newline="") as file:
        return {int(row["row"]): row["reason"] for row in csv.DictReader(file)}


def test_what_holds_for_the_list_alone_is_dropped_too(ledger, clean, source):
    with ledger.writing() as connection:
        entries = [
            Suppression("a@shop.example", SuppressionReason.MANUAL, "a test", scope="weekly"),
            Suppression("b@shop.example", SuppressionReason.MANUAL, "a test", scope="news"),
        ]
        suppressions.add(connection, entries)
    assert reasons(clean(ListSource(source=source))) == {1: "suppressed"}
    named = ListSource(source=source, name="news")
    assert reasons(clean(named)) == {2: "suppressed"}


def test_as_of_a_day_says_what_would_have_been_dropped_then(ledger, clean, source, monkeypatch):
    def day(number: int) -> float:
        return datetime(2026, 3, number, 12, tzinfo=UTC).timestamp()

    monkeypatch.setattr(clock, "now", lambda connection: day(2))
    with ledger.writing() as connection:
        suppressions.add(
            connection, [Suppression("a@shop.example", SuppressionReason.COMPLAINT, "message 1")]
        )
        row = {"address_key": "b@shop.example", "address": "b@shop.example", "state": "confirmed"}
        connection.execute(subscriber.insert().values(**row, last_engaged_at=day(1)))
    asked = ListSource(source=source, inactive_after_days=10)

    def on(number: int):
        return clean(asked, as_of=date(2026, 3, number))

    assert reasons(on(1)) == {}
    assert reasons(on(2)) == {1: "complaint"}
    assert reasons(on(12)) == {1: "complaint", 2: "inactive"}
    (warning,) = on(2).summary.warnings
    assert warning.startswith("As of 2026-03-02: suppressions, consent and activity as they stood then")
    assert clean(asked).summary.warnings == ()
