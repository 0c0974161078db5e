"""After erasing no byte of an SQLite ledger's files holds the person, while others read and write it."""

import itertools
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger import file_traces, idempotency, mx_answers, owners, singles
from ledger.engine import Ledger, open_ledger
from ledger.file_traces import Traces
from ledger.mx_answers import MxAnswer
from ledger.singles import NewSingle
from ledger.spellings import Person
from lists import erasing

ADDRESS = "Ann.Reader@private.example"
KEY = ADDRESS.lower()
WORDS = (b"ann.reader", b"private.example", b"quite secret")


@pytest.fixture
def path(tmp_path: Path, sqlite_template: Path) -> Path:
    folder = tmp_path / "ledger"
    folder.mkdir()
    target = folder / "ledger.sqlite3"
    target.write_bytes(sqlite_template.read_bytes())
    return target


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with open_ledger(f"sqlite:///{path}") as opened:
        yield opened


def mail(owner_id: int, number: int, address: str = "") -> NewSingle:
    to = address or f"reader.{number}@mail.example"
    return NewSingle(
        public_id=f"id {number}",
        owner_id=owner_id,
        operator="ann",
        sender="news@shop.example",
        recipient=to,
        address=to,
        address_key=to.lower(),
        domain=to.rpartition("@")[2],
        subject="quite secret" if address else "hello",
        text="quite secret" * 900 if address else "words " * 100,
        unsubscribe_text="Unsubscribe",
    )


def fill(ledger: Ledger, mails: int = 200) -> int:
    """Write to the person among many others, so that pages are split, freed and used again."""
    with ledger.writing() as connection:
        owner_id = owners.ensure(connection, "EliPackage")
    for start in range(0, mails, 50):
        with ledger.writing() as connection:
            new = [mail(owner_id, start + number) for number in range(50)]
            new[7] = mail(owner_id, start + 7, ADDRESS)
            singles.add(connection, new)
            place = (owner_id, f"key {start}")
            idempotency.reserve(connection, {place: "digest"})
            idempotency.fill(connection, place, 202, json.dumps({"data": {"to": ADDRESS}}))
            mx_answers.store(connection, "dns", [MxAnswer("private.example", "deliverable", "", "", 60.0)])
        # What was answered a day ago is removed in passing, without being overwritten.
        with ledger.writing() as connection:
            idempotency.give_up(connection, [place] if start else [])
    return owner_id


def files(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes().lower() for each in path.parent.iterdir()}


def remains(path: Path) -> list[str]:
    return [name for name, data in files(path).items() if any(word in data for word in WORDS)]


def erase(ledger: Ledger, tmp_path: Path) -> erasing.Removed:
    return erasing.erase(ledger, ADDRESS, tmp_path / "output", by="Ada", reason="asked by letter")


@contextmanager
def busy(ledger: Ledger, owner_id: int) -> Iterator[threading.Semaphore]:
    """Let one read and one write without a pause, as others do. Each write counts the semaphore up."""
    ended, written = threading.Event(), threading.Semaphore(0)

    def write() -> None:
        for number in itertools.count(10_000):
            if ended.is_set():
                return
            with ledger.writing() as connection:
                singles.add(connection, [mail(owner_id, number)])
            written.release()

    def read() -> None:
        while not ended.is_set():
            with ledger.reading() as connection:
                owners.keys(connection)

    threads = [threading.Thread(target=each) for each in (write, read)]
    for each in threads:
        each.start()
    try:
        yield written
    finally:
        ended.set()
        for each in threads:
            each.join()


def test_no_byte_of_the_files_holds_the_person_while_others_use_the_ledger(
    ledger: Ledger, path: Path, tmp_path: Path
) -> None:
    owner_id = fill(ledger)
    assert {"ledger.sqlite3-wal"} <= set(remains(path))
    with busy(ledger, owner_id) as written:
        removed = erase(ledger, tmp_path)
        assert removed.traces is Traces.NONE
        assert remains(path) == []
        while written.acquire(blocking=False):
            pass
        assert all(written.acquire(timeout=60) for _ in range(3))
    assert removed.erased.messages == 4
    assert remains(path) == []


def test_what_was_removed_long_ago_goes_too(ledger: Ledger, path: Path, tmp_path: Path) -> None:
    fill(ledger)
    ledger.close()
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA secure_delete=OFF")
        for table in ("idempotency", "single", "message", "mx_answer"):
            raw.execute(f"DELETE FROM {table}")
    raw.close()
    assert remains(path) == ["ledger.sqlite3"]
    assert erase(ledger, tmp_path).erased.messages == 0
    assert remains(path) == []


def test_copies_beside_the_ledger_are_named(ledger: Ledger, path: Path, tmp_path: Path) -> None:
    fill(ledger, 50)
    copy, clean = (path.with_name(f"ledger.sqlite3.{end}") for end in ("before-0021-20260101T000000Z", "old"))
    for name, statement in ((copy, ""), (clean, "CREATE TABLE t (a TEXT)")):
        raw = sqlite3.connect(name)
        if statement:
            raw.execute(statement)
        else:
            source = sqlite3.connect(path)
            source.backup(raw)
            source.close()
        raw.close()
    path.with_name("notes.txt").write_text(KEY)
    assert erase(ledger, tmp_path).copies == (copy,)


def test_a_large_file_is_rewritten_only_where_the_person_stands_in_it(
    ledger: Ledger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(ledger, 50)
    monkeypatch.setattr(file_traces, "_SMALL_BYTES", 0)
    rewritten: list[Ledger] = []
    rewrite = file_traces.rewrite
    monkeypatch.setattr(file_traces, "rewrite", lambda each: rewritten.append(each) or rewrite(each))
    assert file_traces.clear(ledger, Person("nobody@private.example")) is Traces.NONE
    assert rewritten == []
    assert file_traces.clear(ledger, Person(KEY)) is Traces.NONE
    assert len(rewritten) == 1
    monkeypatch.setattr(file_traces, "_MOST_BYTES", 0)
    assert file_traces.clear(ledger, Person(KEY)) is Traces.IN_FILE


def test_a_reader_that_does_not_end_is_told_and_keeps_nobody_from_writing(
    ledger: Ledger, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_traces, "_TRIES", 2)
    owner_id = fill(ledger, 50)
    with ledger.reading() as connection:
        owners.keys(connection)
        assert erase(ledger, tmp_path).traces is Traces.IN_LOG
        with ledger.writing() as another:
            singles.add(another, [mail(owner_id, 99_999)])
    assert file_traces.rewrite(ledger) is Traces.NONE
    assert remains(path) == []


@pytest.mark.parametrize("place", range(10, 60, 7))
def test_an_address_across_two_reads_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * place + ADDRESS.encode() + b"x" * 40)
    monkeypatch.setattr(file_traces, "_BYTES_A_READ", 30)
    assert file_traces.holds(file, Person(KEY))
    assert not file_traces.holds(file, Person("ben@private.example"))
