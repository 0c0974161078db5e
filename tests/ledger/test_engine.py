"""Opening the ledger: what is made by itself, what is refused in one sentence, what a transaction is."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from ledger.engine import Ledger, connect, open_ledger
from ledger.errors import LedgerError, LedgerUnreachable
from ledger.schema import limiter


def test_a_missing_file_and_its_folder_are_made(tmp_path: Path) -> None:
    path = tmp_path / "var" / "deep" / "ledger.sqlite3"
    with open_ledger(f"sqlite:///{path}") as ledger:
        assert len(ledger.ledger_id) == 32
    assert path.exists()


def test_a_ledger_keeps_its_id(database_url: str) -> None:
    with open_ledger(database_url) as first, open_ledger(database_url) as second:
        assert first.ledger_id == second.ledger_id


def test_threads_that_open_a_fresh_file_at_once_all_succeed(tmp_path: Path) -> None:
    together = Barrier(4, timeout=30)

    def start(_: int) -> str:
        together.wait()
        return ledger_id_of(f"sqlite:///{tmp_path}/ledger.sqlite3")

    with ThreadPoolExecutor(4) as starters:
        found = set(starters.map(start, range(4)))
    assert len(found) == 1


def test_processes_that_open_a_fresh_file_at_once_all_succeed(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path}/ledger.sqlite3"] * 3
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as starters:
        assert len(set(starters.map(ledger_id_of, urls))) == 1


def test_sqlite_reaches_the_disk_at_every_commit_and_lets_readers_by(tmp_path: Path) -> None:
    with open_ledger(f"sqlite:///{tmp_path}/ledger.sqlite3") as ledger, ledger.reading() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    # 2 is FULL.
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_what_is_written_is_there_for_the_next_reader(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        connection.execute(limiter.insert().values(name="account", next_at=1.0))
    assert _limiters(ledger) == 1


def test_any_exception_undoes_what_was_written(ledger: Ledger) -> None:
    def interrupted() -> None:
        with ledger.writing() as connection:
            connection.execute(limiter.insert().values(name="account", next_at=1.0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert _limiters(ledger) == 0


def test_a_reader_sees_one_moment_while_another_writes(ledger: Ledger) -> None:
    count = select(func.count()).select_from(limiter)
    with ledger.reading() as reader:
        assert reader.execute(count).scalar_one() == 0
        with ledger.writing() as connection:
            connection.execute(limiter.insert().values(name="account", next_at=1.0))
        assert reader.execute(count).scalar_one() == 0


def test_on_sqlite_a_writer_keeps_others_out_from_its_first_moment(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    with open_ledger(f"sqlite:///{path}") as ledger, ledger.writing():
        other = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")
        finally:
            other.close()


def test_a_name_without_a_driver_means_psycopg() -> None:
    engine = connect("postgresql://reader@db.example/ledger")
    assert engine.url.drivername == "postgresql+psycopg"
    engine.dispose()


# The whole sentence must not show the password, whatever is wrong with the URL.
BAD_URLS = [
    ("not a url", "not a database URL"),
    ("", "not a database URL"),
    ("postgresql://ada:hush-hush@db.example:port/ledger", "not a database URL"),
    ("mysql://ada:hush-hush@db.example/ledger", "with mysql"),
    ("postgresql+nothing://ada:hush-hush@db.example/ledger", "cannot be opened with postgresql+"),
    ("postgresql+psycopg2://ada:hush-hush@db.example/ledger", "cannot be opened with postgresql+"),
    ("postgresql+asyncpg://ada:hush-hush@db.example/ledger", "cannot be opened with postgresql+"),
    ("sqlite+aiosqlite:///ledger.sqlite3", "with sqlite+aiosqlite"),
]


@pytest.mark.parametrize(("url", "words"), BAD_URLS, ids=[url for url, _ in BAD_URLS])
def test_a_url_of_no_ledger_is_one_sentence(url: str, words: str) -> None:
    with pytest.raises(LedgerError) as caught:
        open_ledger(url)
    _is_one_sentence(caught.value)
    assert words in str(caught.value)


def test_an_unreachable_database_is_one_sentence_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnreachable) as caught:
        open_ledger(f"postgresql://ada:hush-hush@/ledger?host={tmp_path}")
    _is_one_sentence(caught.value)
    assert "cannot be reached" in str(caught.value)


def test_a_file_that_is_no_database_is_one_sentence_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    content = b"email,first_name\nada@example.com,Ada\n" * 50
    path.write_bytes(content)
    with pytest.raises(LedgerUnreachable) as caught:
        open_ledger(f"sqlite:///{path}")
    _is_one_sentence(caught.value)
    assert path.read_bytes() == content


def test_a_folder_in_the_files_place_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnreachable) as caught:
        open_ledger(f"sqlite:///{tmp_path}")
    _is_one_sentence(caught.value)


def test_a_file_in_the_folders_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("in the way")
    with pytest.raises(LedgerUnreachable) as caught:
        open_ledger(f"sqlite:///{tmp_path}/var/ledger.sqlite3")
    _is_one_sentence(caught.value)


def test_postgresql_without_the_schema_wants_an_upgrade(new_postgres_database: Callable[[], str]) -> None:
    with pytest.raises(LedgerUnreachable, match=r"run `campaign db upgrade` first\.$") as caught:
        open_ledger(new_postgres_database())
    _is_one_sentence(caught.value)


def ledger_id_of(url: str) -> str:
    with open_ledger(url) as ledger:
        return ledger.ledger_id


def _limiters(ledger: Ledger) -> int:
    with ledger.reading() as connection:
        return connection.execute(select(func.count()).select_from(limiter)).scalar_one()


def _is_one_sentence(error: LedgerError) -> None:
    sentence = str(error)
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert "hush-hush" not in sentence


def test_an_error_of_the_database_does_not_say_what_a_statement_was_given(ledger: Ledger) -> None:
    row = {"name": "ann@reader.example", "next_at": 1.0}
    with pytest.raises(IntegrityError) as failed, ledger.writing() as connection:
        connection.execute(limiter.insert(), [row, row])
    assert "ann@reader" not in str(failed.value).partition("DETAIL")[0]
