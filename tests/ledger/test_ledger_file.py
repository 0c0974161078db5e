"""A ledger that vanished is missed: nothing more is written, and none takes its place in silence."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger import backups, owners
from ledger.engine import Ledger, open_ledger
from ledger.errors import LedgerLost
from ledger.ledger_file import mark_of
from ledger.schema import owner


def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a folder #1" / "ledger[1].sqlite3"


def note(ledger: Ledger, name: str) -> None:
    with ledger.writing() as connection:
        owners.ensure(connection, name)


def removed(path: Path) -> None:
    path.unlink()


def replaced(path: Path) -> None:
    other = path.with_name("other.sqlite3")
    open_ledger(url(other)).close()
    other.replace(path)


def moved_with_its_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))


def put_back_as_a_copy(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    path.unlink()
    copy.rename(path)


DAMAGES = [removed, replaced, moved_with_its_folder, put_back_as_a_copy]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_nothing_is_read_or_written_once_the_file_is_another_one(
    path: Path, damage: Callable[[Path], None]
) -> None:
    with open_ledger(url(path)) as ledger:
        note(ledger, "Ann")
        damage(path)
        for _ in range(2):
            with pytest.raises(LedgerLost, match=r"vanished|replaced"):
                note(ledger, "Ben")
            with pytest.raises(LedgerLost, match=r"vanished|replaced"), ledger.reading():
                pass
        # A connection that is opened now makes no file.
        ledger.engine.dispose()
        there = path.exists()
        with pytest.raises(LedgerLost):
            note(ledger, "Ben")
        assert path.exists() is there


def test_the_first_ledger_is_made_and_a_vanished_one_is_not_made_anew(path: Path) -> None:
    open_ledger(url(path)).close()
    path.unlink()
    for _ in range(2):
        with pytest.raises(LedgerLost, match="has vanished") as told:
            open_ledger(url(path))
        assert str(mark_of(path)) in str(told.value)
    assert not path.exists()
    mark_of(path).unlink()
    with open_ledger(url(path)) as ledger:
        assert ledger.is_new


@pytest.mark.parametrize("left", ["-wal", ".before-0021-20260101T000000Z", ".replaced-20260101T000000Z"])
def test_what_an_older_version_left_beside_its_ledger_tells_as_well(path: Path, left: str) -> None:
    path.parent.mkdir()
    path.with_name(path.name + left).write_bytes(b"")
    with pytest.raises(LedgerLost, match="has vanished"):
        open_ledger(url(path))
    assert not path.exists()


def test_files_of_other_ledgers_beside_it_tell_nothing(path: Path) -> None:
    open_ledger(url(path.with_name("other.sqlite3"))).close()
    path.with_name("ledgerX.sqlite3-wal").write_bytes(b"")
    path.with_name(path.name + ".backup").write_bytes(b"")
    with open_ledger(url(path)) as ledger:
        assert ledger.is_new


def test_a_ledger_of_an_older_version_gets_its_mark(path: Path) -> None:
    open_ledger(url(path)).close()
    mark_of(path).unlink()
    open_ledger(url(path)).close()
    assert mark_of(path).exists()


def test_a_backup_is_restored_where_the_ledger_vanished_and_its_log_is_left_behind(path: Path) -> None:
    with open_ledger(url(path)) as ledger:
        note(ledger, "Ann")
        backups.back_up(ledger, path.with_name("backup"))
        note(ledger, "Ben")
        log = path.with_name(path.name + "-wal").read_bytes()
        path.unlink()
    path.with_name(path.name + "-wal").write_bytes(log)
    backups.restore(path.with_name("backup"), url(path), by="Ann", reason="it vanished")
    with open_ledger(url(path)) as ledger, ledger.reading() as connection:
        assert connection.execute(owner.select()).scalars().all() == [1]
    assert not mark_of(path.with_name("backup")).exists()


def test_two_processes_on_one_ledger_both_miss_it(path: Path) -> None:
    with open_ledger(url(path)) as first, open_ledger(url(path)) as second:
        note(first, "Ann")
        note(second, "Ben")
        path.unlink()
        for ledger in (first, second):
            with pytest.raises(LedgerLost):
                note(ledger, "Cid")


def test_a_file_that_sqlite_writes_anew_in_place_is_the_same(path: Path) -> None:
    with open_ledger(url(path)) as ledger:
        note(ledger, "Ann")
        with sqlite3.connect(path) as other:
            other.execute("VACUUM")
        other.close()
        note(ledger, "Ben")
