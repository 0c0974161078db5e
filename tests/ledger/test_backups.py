"""Backup and restore of an SQLite ledger: whole, checked, and locked whichever way it is put back."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import backups, campaigns, restores
from ledger.campaigns import State
from ledger.engine import Ledger, open_ledger
from ledger.errors import LedgerError
from ledger.restores import FoundBy
from ledger.statuses import Status

BY = {"by": "ann", "reason": "the disk broke"}


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Only SQLite: PostgreSQL has tools of its own."""
    shutil.copyfile(sqlite_template, tmp_path / "ledger.sqlite3")
    return f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


@pytest.fixture
def copied(scene, tmp_path: Path) -> Path:
    """A backup of a ledger with a campaign of three, from before its first send."""
    scene.enqueue()
    backups.back_up(scene.ledger, tmp_path / "backup.sqlite3")
    return tmp_path / "backup.sqlite3"


@pytest.fixture
def opened_copy(copied: Path) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{copied}") as found:
        yield found


def test_a_backup_is_one_file_with_everything_in_it(scene, tmp_path) -> None:
    scene.sending(3)
    found = backups.back_up(scene.ledger, tmp_path / "backup.sqlite3")
    assert (found.campaigns, found.messages, found.attempts) == (1, 3, 3)
    assert [path.name for path in sorted(tmp_path.glob("backup*"))] == ["backup.sqlite3"]
    assert scene.ledger.ledger_id == found.ledger_id


def test_a_backup_locks_the_copy_and_not_the_ledger(scene, opened_copy) -> None:
    with scene.ledger.writing() as connection:
        assert restores.advance(connection, 0) == 1
    with opened_copy.writing() as connection:
        assert [each.found_by for each in restores.every(connection)] == [FoundBy.BACKUP]
        assert campaigns.get(connection, "spring-offer").state is State.RUNNING
        assert restores.advance(connection, 0) is None
        assert campaigns.get(connection, "spring-offer").state is State.PAUSED


def test_a_backup_never_writes_over_a_file(scene, copied) -> None:
    before = copied.read_bytes()
    with pytest.raises(LedgerError, match="another name"):
        backups.back_up(scene.ledger, copied)
    assert copied.read_bytes() == before


def test_a_backup_that_cannot_be_written_leaves_nothing(scene, tmp_path) -> None:
    with pytest.raises(LedgerError, match="cannot be copied"):
        backups.back_up(scene.ledger, tmp_path / "no-such-folder" / "backup.sqlite3")
    assert not (tmp_path / "no-such-folder").exists()


def test_a_restore_takes_the_ledgers_place_and_keeps_the_one_before(
    scene, copied, database_url, tmp_path
) -> None:
    scene.send_on()
    done = backups.restore(copied, database_url, **BY)
    assert (done.restored.attempts, done.replaced.attempts if done.replaced else None) == (0, 3)
    assert scene.statuses() == [Status.IN_DOUBT] * 3
    scene.check_tallies()
    with scene.ledger.writing() as connection:
        assert campaigns.get(connection, "spring-offer").state is State.PAUSED
        assert restores.advance(connection, 0) is None
        assert [each.found_by for each in restores.every(connection)] == [FoundBy.BACKUP, FoundBy.COMMAND]
        assert restores.every(connection)[-1].by == "ann"
    assert done.kept is not None
    with open_ledger(f"sqlite:///{done.kept}") as kept, kept.reading() as connection:
        assert backups.contents(connection).attempts == 3
    assert sorted(path.name for path in tmp_path.glob("*.part*")) == []


def test_a_restore_to_a_new_place_makes_the_ledger(copied, tmp_path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'ledger.sqlite3'}"
    done = backups.restore(copied, url, **BY)
    assert (done.replaced, done.kept) == (None, None)
    with open_ledger(url) as ledger, ledger.writing() as connection:
        assert restores.advance(connection, 0) is None


def test_a_backup_of_another_ledger_is_refused(scene, sqlite_template, tmp_path) -> None:
    scene.enqueue()
    other = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    with open_ledger(other) as ledger:
        backups.back_up(ledger, tmp_path / "of-another.sqlite3")
    with pytest.raises(LedgerError, match="another ledger"):
        backups.restore(tmp_path / "of-another.sqlite3", str(scene.ledger.engine.url), **BY)
    assert scene.statuses() == [Status.QUEUED] * 3


@pytest.mark.parametrize("content", [None, b"", b"not a database at all" * 100])
def test_what_is_no_backup_is_refused_and_changes_nothing(scene, database_url, tmp_path, content) -> None:
    scene.enqueue()
    file = tmp_path / "no-backup"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(LedgerError):
        backups.restore(file, database_url, **BY)
    assert scene.statuses() == [Status.QUEUED] * 3


def test_a_ledger_that_cannot_be_read_is_not_written_over(copied, tmp_path) -> None:
    broken = tmp_path / "broken.sqlite3"
    broken.write_bytes(b"not a database at all" * 100)
    with pytest.raises(LedgerError, match="move it away"):
        backups.restore(copied, f"sqlite:///{broken}", **BY)
    assert broken.read_bytes() == b"not a database at all" * 100


@pytest.mark.parametrize("act", [lambda url: backups.restore(Path("backup"), url, **BY)])
def test_a_postgresql_ledger_is_left_to_its_own_tools(act) -> None:
    with pytest.raises(LedgerError, match=r"docs/backup\.md"):
        act("postgresql+psycopg://ann@/ledger")
