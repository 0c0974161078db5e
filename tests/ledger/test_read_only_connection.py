"""A look at a ledger of either database: it reads what is there, and can neither write nor make anything."""

from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from ledger import backlogs, clock
from ledger.engine import Ledger
from ledger.errors import LedgerLost, LedgerMissing, LedgerUnreachable
from ledger.read_only_connection import read_only
from ledger.schema import drain, event, unread_message


def test_it_reads_what_others_wrote_and_writes_nothing(ledger: Ledger, database_url: str) -> None:
    with ledger.writing() as connection:
        now = clock.now(connection)
        connection.execute(insert(drain).values(since=now - 900, until=now - 600))
        kept = {"digest": "x", "why": "y", "first_at": now - 60, "last_at": now, "times": 1, "bytes": 1}
        connection.execute(insert(unread_message).values(**kept, body=b"z"))
    with read_only(database_url) as connection:
        assert 600 <= (backlogs.drained_seconds_ago(connection) or 0) < 700
        assert 60 <= (backlogs.oldest_unread_seconds(connection) or 0) < 160
        assert (backlogs.waiting(connection), backlogs.of_callbacks(connection).due) == (0, 0)
        assert {each.name for each in backlogs.table_sizes(connection)} >= {"message", "event", "drain"}
        grown = backlogs.growth(connection)
        assert grown.bytes > 100_000
        assert (grown.events_lately, grown.bytes_a_day) == (0, None)
        with pytest.raises(DBAPIError, match=r"(?i)read-?only"):
            connection.execute(insert(drain).values(since=0, until=0))


def test_a_ledger_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(LedgerMissing), read_only(f"sqlite:///{tmp_path}/deep/ledger.sqlite3"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_one_that_has_vanished_is_not_taken_for_one_that_never_was(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite3.made").write_text("there was one")
    with pytest.raises(LedgerLost), read_only(f"sqlite:///{tmp_path}/ledger.sqlite3"):
        pass


@pytest.mark.parametrize("content", [b"no ledger " * 500, b"SQLite format 3\0" + b"x" * 5000])
def test_a_file_that_is_no_database_is_out_of_reach(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(content)
    with pytest.raises(LedgerUnreachable), read_only(f"sqlite:///{path}"):
        pass


@pytest.mark.parametrize("events", [0, 1, 2, 3, 10, 101])
def test_the_first_event_of_the_last_day_is_found_among_any_number(ledger: Ledger, events: int) -> None:
    with ledger.writing() as connection:
        now = clock.now(connection)
        for number in range(events):
            # The older half came two days ago.
            at = now - (2 * 86_400 if number < events // 2 else 60)
            connection.execute(insert(event).values(dedupe_key=f"{number}", kind="SEND", received_at=at))
        assert backlogs.growth(connection).events_lately == events - events // 2
