"""The ledger's vital signs: a file that is gone or another's is lost; a lock is not; ages are told."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError

from ledger import owner_standing, owners, singles, unread
from ledger.accounts import Action
from ledger.engine import Ledger, open_ledger
from ledger.errors import LedgerLost
from ledger.owner_standing import Recent
from ledger.schema import COHORT_SECONDS, SINGLE_MESSAGES, cohort, event
from ledger.singles import NewSingle
from ledger.vital_signs import EVENTS_AFTER_SECONDS, VitalSignsReader


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{tmp_path}/a folder #1/ledger.sqlite3") as ledger:
        yield ledger


def remove(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def overwrite(path: Path) -> None:
    path.write_text("not a ledger any more\n" * 1_000)


def scramble(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.write(os.urandom(size))


def replace(path: Path) -> None:
    other = path.with_name("other.sqlite3")
    open_ledger(f"sqlite:///{other}").close()
    other.replace(path)


def copy_over(path: Path) -> None:
    other = path.with_name("other.sqlite3")
    open_ledger(f"sqlite:///{other}").close()
    path.write_bytes(other.read_bytes())


def move_its_folder(path: Path) -> None:
    shutil.move(path.parent, path.parent.with_name(path.parent.name + " moved"))


@pytest.mark.parametrize(
    "damage",
    [remove, empty, overwrite, scramble, replace, copy_over, move_its_folder],
    ids=lambda damage: damage.__name__,
)
def test_a_ledger_whose_file_is_not_what_it_was_is_lost(
    plain: Ledger, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    reader = VitalSignsReader(plain)
    reader.read()
    damage(tmp_path / "a folder #1" / "ledger.sqlite3")
    with pytest.raises(LedgerLost):
        reader.read()


def test_what_is_written_all_the_time_is_no_damage(plain: Ledger) -> None:
    reader = VitalSignsReader(plain)
    with sqlite3.connect(str(plain.engine.url.database), isolation_level=None) as other:
        for n in range(30):
            with plain.writing() as connection:
                owners.ensure(connection, f"Owner {n}")
            reader.read()
            other.execute(
                "VACUUM" if n == 20 else f"PRAGMA wal_checkpoint({'TRUNCATE' if n % 2 else 'PASSIVE'})"
            )
            reader.read()
    other.close()
    reader.read()


def test_a_writer_that_holds_the_lock_hides_nothing(plain: Ledger) -> None:
    reader = VitalSignsReader(plain)
    with plain.writing() as connection:
        owners.ensure(connection, "Ann")
        assert reader.read().oldest_queued_seconds is None


def test_a_file_that_another_holds_for_itself_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    with open_ledger(f"sqlite:///{path}") as ledger:
        reader = VitalSignsReader(ledger)
        ledger.engine.dispose()
        other = sqlite3.connect(path)
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OperationalError, match="locked"):
            reader.read()
        other.close()


def test_the_same_holds_on_either_database(ledger: Ledger) -> None:
    signs = VitalSignsReader(ledger).read()
    assert (signs.oldest_queued_seconds, signs.last_event_seconds, signs.unanswered_seconds) == (
        None,
        None,
        None,
    )
    assert abs(signs.clock_ahead_seconds) < 60


def queue(ledger: Ledger, count: int) -> None:
    with ledger.writing() as connection:
        owner_id = owners.ensure(connection, "Ann")
        new = [
            NewSingle(
                public_id=f"{number}",
                owner_id=owner_id,
                operator="ann",
                sender="news@shop.example",
                recipient="someone@mail.example",
                address="someone@mail.example",
                address_key=f"someone{number}@mail.example",
                domain="mail.example",
                subject="Offer",
                text="text",
                unsubscribe_text="Unsubscribe",
            )
            for number in range(count)
        ]
        singles.add(connection, new)


def note_event(ledger: Ledger, at: float) -> None:
    whole = {"dedupe_key": f"{at}", "kind": "Delivery", "received_at": at}
    with ledger.writing() as connection:
        connection.execute(insert(event).values(**whole))


def note_accepted(ledger: Ledger, at: float) -> None:
    bucket = int(at // COHORT_SECONDS)
    with ledger.writing() as connection:
        connection.execute(
            insert(cohort).values(campaign_id=SINGLE_MESSAGES, epoch=0, bucket=bucket, accepted=1)
        )


def test_the_oldest_queued_message_and_the_last_event_have_an_age(ledger: Ledger, frozen: Any) -> None:
    queue(ledger, 2)
    note_event(ledger, frozen.now)
    frozen.tick(100)
    queue_later = VitalSignsReader(ledger).read(lambda: frozen.now)
    assert (queue_later.oldest_queued_seconds, queue_later.last_event_seconds) == (100, 100)


@pytest.mark.parametrize(
    ("accepted_ago", "event_ago", "unanswered"),
    [
        (EVENTS_AFTER_SECONDS * 2, None, True),
        (EVENTS_AFTER_SECONDS * 2, EVENTS_AFTER_SECONDS * 3, True),
        (EVENTS_AFTER_SECONDS * 2, EVENTS_AFTER_SECONDS, False),
        (EVENTS_AFTER_SECONDS / 2, None, False),
        (None, EVENTS_AFTER_SECONDS * 9, False),
    ],
)
def test_mail_without_any_event_since_is_told_and_silence_without_mail_is_not(
    ledger: Ledger,
    frozen: Any,
    accepted_ago: float | None,
    event_ago: float | None,
    unanswered: bool,
) -> None:
    if accepted_ago is not None:
        note_accepted(ledger, frozen.now - accepted_ago)
    if event_ago is not None:
        note_event(ledger, frozen.now - event_ago)
    signs = VitalSignsReader(ledger).read(lambda: frozen.now)
    assert (signs.unanswered_seconds is not None) is unanswered


def test_times_that_lie_ahead_show_a_clock_that_was_set(ledger: Ledger, frozen: Any) -> None:
    note_event(ledger, frozen.now)
    frozen.tick(-3_600)
    assert VitalSignsReader(ledger).read(lambda: frozen.now).clock_ahead_seconds == 3_600


def test_what_waits_for_a_person_is_counted(ledger: Ledger) -> None:
    with closing(VitalSignsReader(ledger)) as reader:
        assert (reader.read().forged, reader.read().stopped_owners) == (0, 0)
        with ledger.writing() as connection:
            unread.keep(connection, {"no JSON": "no JSON", "a lie": "wrong signature"}, forged={"a lie"})
            ann, bob = (owners.ensure(connection, name) for name in ("Ann", "Bob"))
            for owner_id, action in ((ann, Action.SUSPENDED), (bob, Action.SUSPENDED), (bob, Action.LIFTED)):
                owner_standing.change(connection, owner_id, action, Recent(9, 3), by="rule", reason="bounces")
        assert (reader.read().forged, reader.read().stopped_owners) == (1, 1)
