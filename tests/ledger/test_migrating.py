"""The migrations make exactly the schema that the queries are written against."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, inspect, select, text

import ledger
from ledger import migrating, suppression_history
from ledger.engine import Upgrade, connect, open_ledger
from ledger.errors import LedgerError
from ledger.schema import identity, metadata, suppression
from ledger.suppression_history import Action, Change, SuppressionReason


def test_the_head_is_the_newest_migration_and_there_is_one_line_of_them() -> None:
    folder = Path(ledger.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_heads() == [migrating.HEAD]


def test_the_migrated_schema_is_the_one_in_the_code(empty_database_url: str) -> None:
    engine = connect(empty_database_url)
    migrating.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
        assert migrating.is_current(connection)
    engine.dispose()


def test_an_empty_database_is_not_current(empty_database_url: str) -> None:
    engine = connect(empty_database_url)
    with engine.connect() as connection:
        assert not migrating.is_current(connection)
    engine.dispose()


def test_a_schema_of_another_version_is_not_current(empty_database_url: str) -> None:
    engine = connect(empty_database_url)
    migrating.upgrade(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        assert not migrating.is_current(connection)
    engine.dispose()


def test_upgrading_twice_changes_nothing(empty_database_url: str) -> None:
    engine = connect(empty_database_url)
    migrating.upgrade(engine)
    with engine.connect() as connection:
        first = connection.execute(select(identity.c.ledger_id)).scalars().all()
    migrating.upgrade(engine)
    with engine.connect() as connection:
        assert connection.execute(select(identity.c.ledger_id)).scalars().all() == first
    engine.dispose()


def test_upgrades_at_once_make_one_schema_and_one_id(empty_database_url: str) -> None:
    together = Barrier(2, timeout=30)

    def upgrade(_: int) -> None:
        engine = connect(empty_database_url)
        together.wait()
        migrating.upgrade(engine)
        engine.dispose()

    with ThreadPoolExecutor(2) as starters:
        list(starters.map(upgrade, range(2)))
    with open_ledger(empty_database_url) as opened, opened.reading() as connection:
        assert connection.execute(select(func.count()).select_from(identity)).scalar_one() == 1


def test_what_was_suppressed_before_there_was_a_history_begins_it(empty_database_url: str) -> None:
    engine = connect(empty_database_url)
    config = Config()
    config.set_main_option("script_location", str(Path(ledger.__file__).parent / "migrations"))
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        row = {"address_key": "a@shop.example", "scope": "", "reason": "complaint", "since": 5.0}
        connection.execute(suppression.insert().values(**row, source="message 1", note="abuse"))
    migrating.upgrade(engine)
    with engine.connect() as connection:
        (change,) = suppression_history.of(connection, "a@shop.example")
    engine.dispose()
    assert change == Change(
        5.0, Action.ADDED, "a@shop.example", "", SuppressionReason.COMPLAINT, "", "message 1", "abuse"
    )


def test_a_broken_migration_leaves_nothing_behind(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    engine = connect(empty_database_url)
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    source = Path(ledger.__file__).parent / "migrations"
    (versions.parent / "env.py").write_text((source / "env.py").read_text())
    (versions / "0001_broken.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\n"
        "revision, down_revision = '0001', None\n"
        "def upgrade():\n"
        "    op.create_table('half', sa.Column('id', sa.Integer))\n"
        "    raise KeyboardInterrupt\n"
    )
    monkeypatch.setattr(migrating, "_MIGRATIONS", versions.parent)
    with pytest.raises(KeyboardInterrupt):
        migrating.upgrade(engine)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_a_schema_of_another_version_is_told_in_a_sentence(database_url: str) -> None:
    engine = connect(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    try:
        with pytest.raises(LedgerError, match="does not know"):
            open_ledger(database_url, upgrade=Upgrade.ALWAYS)
    finally:
        with engine.begin() as connection:
            connection.execute(text(f"UPDATE alembic_version SET version_num = '{migrating.HEAD}'"))
        engine.dispose()
