"""Whether a ledger can be written is tried, and nothing of the try stays."""

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import write_probe
from ledger.engine import Ledger, open_ledger
from ledger.errors import LedgerUnreachable
from ledger.vital_signs import VitalSignsReader


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{tmp_path}/a folder #1/ledger.sqlite3") as ledger:
        yield ledger


def path_of(ledger: Ledger) -> Path:
    return Path(str(ledger.engine.url.database))


def connection(ledger: Ledger, pragma: str) -> sqlite3.Connection:
    opened = sqlite3.connect(path_of(ledger), isolation_level=None, timeout=0)
    opened.execute(pragma).fetchall()
    return opened


def test_a_ledger_that_can_be_written_is_left_as_it_was(plain: Ledger) -> None:
    def everything() -> list[str]:
        with sqlite3.connect(path_of(plain)) as raw:
            told = [*raw.iterdump(), str(raw.execute("PRAGMA user_version").fetchone())]
        raw.close()
        return told

    before = everything()
    for _ in range(3):
        assert write_probe.reason_against_file(path_of(plain)) == ""
    assert everything() == before


@pytest.mark.parametrize(
    ("pragma", "reason"),
    # One page at most means no more than there are.
    [("PRAGMA max_page_count=1", "the ledger's disk is full"), ("PRAGMA query_only=1", "cannot be written")],
)
def test_a_full_or_a_read_only_ledger_is_told_by_its_readers(plain: Ledger, pragma: str, reason: str) -> None:
    reader = VitalSignsReader(plain, lambda: connection(plain, pragma))
    assert reason in reader.read().unwritable
    reader.close()


def test_a_reader_sees_at_once_that_there_is_room_again(plain: Ledger) -> None:
    pragmas = ["PRAGMA max_page_count=1", "PRAGMA user_version"]
    reader = VitalSignsReader(plain, lambda: connection(plain, pragmas.pop(0)))
    assert reader.read().unwritable
    assert not reader.read().unwritable
    # What is well is not written to again with every question.
    assert not reader.read().unwritable
    reader.close()


def test_a_lock_that_passes_is_no_reason(plain: Ledger) -> None:
    with plain.writing():
        found = write_probe.reason_against_file(
            path_of(plain), lambda: connection(plain, "PRAGMA user_version")
        )
    assert found == ""


def test_a_folder_that_cannot_be_entered_is_unreachable_and_not_lost(plain: Ledger) -> None:
    if os.geteuid() == 0:
        pytest.skip("root enters everything")
    reader = VitalSignsReader(plain)
    folder = path_of(plain).parent
    plain.engine.dispose()
    folder.chmod(0o500)
    try:
        with pytest.raises(LedgerUnreachable, match="cannot be written"):
            reader.read()
    finally:
        folder.chmod(0o700)


def test_a_database_that_takes_no_writes_says_so(ledger: Ledger) -> None:
    if ledger.engine.dialect.name != "postgresql":
        pytest.skip("of PostgreSQL")
    with ledger.engine.connect() as read_only:
        read_only.exec_driver_sql("SET default_transaction_read_only = on")
        read_only.commit()
        assert "read-only" in write_probe.reason_against_database(read_only)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB, where whoever runs the tests may make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_fills_up_and_is_emptied_again(small_disk: Path) -> None:
    with open_ledger(f"sqlite:///{small_disk}/ledger.sqlite3") as ledger:
        reader = VitalSignsReader(ledger)
        assert reader.read().unwritable == ""
        filler = small_disk / "filler"
        with pytest.raises(OSError, match="No space left"):
            fill(filler)
        assert "disk is full" in write_probe.reason_against_file(path_of(ledger))
        # What SQLite itself meets there is told alike.
        found = write_probe.reason_in(sqlite_error(path_of(ledger)), path_of(ledger))
        assert "disk is full" in found
        filler.unlink()
        assert write_probe.reason_against_file(path_of(ledger)) == ""
        reader.close()


def test_a_disk_that_becomes_read_only(small_disk: Path) -> None:
    with open_ledger(f"sqlite:///{small_disk}/ledger.sqlite3") as ledger:
        ledger.engine.dispose()
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        reader = VitalSignsReader(ledger)
        with pytest.raises(LedgerUnreachable, match="cannot be written"):
            reader.read()
        reader.close()
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)


def fill(file: Path) -> None:
    with file.open("wb", buffering=0) as opened:
        while True:
            opened.write(bytes(65_536))


def write_much(raw: sqlite3.Connection) -> None:
    raw.execute("CREATE TABLE large (filler BLOB)")
    for _ in range(100):
        raw.execute("INSERT INTO large VALUES (zeroblob(100000))")


def sqlite_error(path: Path) -> sqlite3.Error:
    raw = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.Error) as met:
        write_much(raw)
    raw.close()
    return met.value
