"""Who may change an older schema, what is kept of before, and what everybody else says."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect, make_url

import ledger
from ledger import migrating, restores, upgrade_copies
from ledger.about import about
from ledger.engine import Upgrade, connect, open_ledger
from ledger.errors import LedgerError, LedgerMissing, LedgerUnreachable
from ledger.ledger_names import in_a_page, shown
from ledger.suppressions import Suppression, SuppressionReason, add

BEFORE = "0012"


def make_older(url: str, version: str = BEFORE) -> None:
    """Make a ledger as an older version left it."""
    engine = connect(url)
    config = Config()
    config.set_main_option("script_location", str(Path(ledger.__file__).parent / "migrations"))
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    engine.dispose()


def version_of(url: str) -> str:
    engine = connect(url)
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
    engine.dispose()
    return str(found)


def copies_of(url: str) -> list[Path]:
    path = Path(url.removeprefix("sqlite:///"))
    return sorted(path.parent.glob(f"{path.name}.before-*"))


def test_whoever_may_not_change_a_schema_says_what_to_type_and_leaves_it(empty_database_url: str) -> None:
    make_older(empty_database_url)
    with pytest.raises(LedgerUnreachable, match="run `campaign db upgrade`") as caught:
        open_ledger(empty_database_url)
    assert "\n" not in str(caught.value)
    assert version_of(empty_database_url) == BEFORE


@pytest.mark.parametrize("version", ["0001", "0008", BEFORE])
def test_a_file_is_copied_before_its_schema_changes(
    version: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite3"
    make_older(url, version)
    with open_ledger(url, upgrade=Upgrade.WHERE_COPIED) as opened:
        assert not opened.is_new
    assert version_of(url) == migrating.HEAD
    (copy,) = copies_of(url)
    assert str(copy) in caplog.text
    assert version_of(f"sqlite:///{copy}") == version
    # The copy was made by one who is gone, and is a ledger like any other after its own upgrade.
    with (
        open_ledger(f"sqlite:///{copy}", upgrade=Upgrade.ALWAYS) as put_back,
        put_back.reading() as connection,
    ):
        assert put_back.ledger_id == opened.ledger_id
        assert restores.is_open(connection) is (version >= "0008")


def test_a_current_schema_is_neither_copied_nor_changed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite3"
    for _ in range(2):
        open_ledger(url, upgrade=Upgrade.ALWAYS).close()
    assert copies_of(url) == []


def test_a_copy_that_cannot_be_made_leaves_the_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite3"
    make_older(url)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(upgrade_copies.os, "fsync", full)
    with pytest.raises(LedgerError, match="No space left on device"):
        open_ledger(url, upgrade=Upgrade.ALWAYS)
    assert version_of(url) == BEFORE
    assert [path.name for path in tmp_path.iterdir() if "before" in path.name] == []


def test_postgresql_is_changed_by_nobody_but_who_is_told_to(new_postgres_database) -> None:
    url = new_postgres_database()
    make_older(url)
    with pytest.raises(LedgerUnreachable, match="back it up"):
        open_ledger(url, upgrade=Upgrade.WHERE_COPIED)
    assert version_of(url) == BEFORE
    open_ledger(url, upgrade=Upgrade.ALWAYS).close()
    assert version_of(url) == migrating.HEAD


@pytest.mark.parametrize("upgrade", Upgrade)
def test_a_database_of_something_else_never_becomes_a_ledger(
    upgrade: Upgrade, empty_database_url: str
) -> None:
    engine = connect(empty_database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE songs (title TEXT)")
    with pytest.raises(LedgerUnreachable, match="is not a ledger"):
        open_ledger(empty_database_url, upgrade=upgrade)
    assert inspect(engine).get_table_names() == ["songs"]
    engine.dispose()


@pytest.mark.parametrize("version", ["9999", "a1b2c3d4e5f6"])
def test_a_schema_that_is_not_known_is_left_by_everybody(version: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite3"
    open_ledger(url).close()
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite3")) as raw:
        raw.execute("UPDATE alembic_version SET version_num = ?", (version,))
        raw.commit()
    for upgrade in Upgrade:
        with pytest.raises(LedgerError, match="does not know"):
            open_ledger(url, upgrade=upgrade)
    assert (version_of(url), copies_of(url)) == (version, [])


def test_a_new_ledger_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    path = tmp_path / "ledger.sqlite3"
    with open_ledger(f"sqlite:///{path}") as first, open_ledger(f"sqlite:///{path}") as second:
        assert (first.is_new, second.is_new) == (True, False)
    sentence = f"new ledger at {path}: it knows of no bounces, no unsubscribes"
    assert [record.getMessage() for record in caplog.records] == [sentence]


def test_who_only_looks_makes_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerMissing, match="there is no ledger at"):
        open_ledger(f"sqlite:///{tmp_path}/deep/ledger.sqlite3", make=False)
    assert list(tmp_path.iterdir()) == []


NAMES = [
    ("sqlite:///var/x.sqlite3", f"{Path.cwd()}/var/x.sqlite3", f"{Path.cwd()}/var/x.sqlite3"),
    (
        "postgresql+psycopg://ada:hush@db.example:5433/ledger",
        "postgresql+psycopg://ada:***@db.example:5433/ledger",
        "PostgreSQL database ledger at db.example",
    ),
    (
        "postgresql+psycopg:///ledger?host=/run/pg&user=ada&password=hush",
        "postgresql+psycopg:///ledger?host=%2Frun%2Fpg&password=%2A%2A%2A&user=ada",
        "PostgreSQL database ledger at /run/pg",
    ),
]


@pytest.mark.parametrize(("url", "name", "place"), NAMES, ids=[url for url, *_ in NAMES])
def test_a_ledger_is_named_whole_and_without_its_password(url: str, name: str, place: str) -> None:
    assert (shown(make_url(url)), in_a_page(make_url(url))) == (name, place)


def test_a_ledger_says_how_much_it_knows(ledger) -> None:
    with ledger.writing() as connection:
        add(connection, [Suppression("gone@reader.example", SuppressionReason.HARD_BOUNCE, "a test")])
        found = about(connection)
    assert found.holds == "1 suppression"
    assert found.as_json()["suppressions"] == 1
