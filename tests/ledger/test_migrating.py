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
from sqlalchemy import Connection, func, inspect, select, text

import ledger
from ledger import event_texts, migrating, suppression_history, tallies
from ledger.engine import Upgrade, connect, open_ledger
from ledger.errors import LedgerError
from ledger.schema import event, event_raw, identity, message, metadata, suppression
from ledger.statuses import Count, Status
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


def test_what_was_withheld_before_there_was_the_word_is_counted_anew(empty_database_url: str) -> None:
    engine = connect(empty_database_url)
    config = Config()
    config.set_main_option("script_location", str(Path(ledger.__file__).parent / "migrations"))
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0012")
        insert_rows(connection, "campaign", [CAMPAIGN])
        # The statuses as they followed from the facts then.
        for id_, status, facts in (
            (1, "SUPPRESSED", {}),
            (2, "SUPPRESSED", {"delivered_at": 9.0}),
            (3, "HARD_BOUNCED", {"hard_bounced_at": 9.0}),
        ):
            row = MESSAGE | {"id": id_, "address_key": f"a{id_}@shop.example", "status": status}
            insert_rows(
                connection, "message", [row | {"accepted_at": 5.0, "account_suppressed_at": 8.0} | facts]
            )
        counts = {"accepted_count": 3, "known_count": 3, "delivered_count": 1, "hard_bounced_count": 1}
        statuses = {"status_suppressed": 2, "status_hard_bounced": 1, "account_suppressed_count": 3}
        insert_rows(connection, "tally", [{"campaign_id": 1, "epoch": 1} | counts | statuses])
        for number, (kind, subtype, diagnostic) in enumerate(EARLIER_EVENTS):
            row = {"dedupe_key": f"{number}", "kind": kind, "received_at": 9.0, "raw": "{}"}
            insert_rows(connection, "event", [row | {"bounce_subtype": subtype, "diagnostic": diagnostic}])
    migrating.upgrade(engine)
    with engine.connect() as connection:
        assert tallies.read(connection, 1) == tallies.recount(connection, 1)
        totals = tallies.read(connection, 1)
        (cohort,) = tallies.cohorts(connection, 1, 1, 0.0)
        notes = connection.execute(select(event.c.note).order_by(event.c.id)).scalars().all()
        reasons = set(connection.execute(select(message.c.withheld_reason)).scalars())
    engine.dispose()
    assert (totals.by_status[Status.DELIVERED], totals.by_status[Status.SUPPRESSED]) == (1, 1)
    assert (totals.accepted, totals.counts[Count.WITHHELD]) == (2, 1)
    assert (cohort.accepted, cohort.known, cohort.hard_bounced) == (2, 2, 1)
    assert reasons == {"account_suppression_list"}
    assert notes == [
        None, "misread/EmailValidationSuppressed", "misread/ontenantsuppressionlist", "misread/not-spam",
        None,
    ]  # fmt: skip


def test_the_texts_of_events_are_moved_and_kept_once(empty_database_url: str) -> None:
    engine = connect(empty_database_url)
    config = Config()
    config.set_main_option("script_location", str(Path(ledger.__file__).parent / "migrations"))
    shared, own = '{"an":"event\u2028 with \\u0000"}', '{"another":"one"}'
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0021")
        for number, raw in enumerate((shared, shared, own, "{}")):
            row = {"dedupe_key": f"{number}", "kind": "Bounce", "received_at": 9.0, "raw": raw}
            insert_rows(connection, "event", [row])
    migrating.upgrade(engine)
    with engine.connect() as connection:
        query = select(event.c.raw_digest, event.c.verified).order_by(event.c.id)
        rows = connection.execute(query).all()
        texts = dict(connection.execute(select(event_raw.c.digest, event_raw.c.raw)).all())
    engine.dispose()
    assert [texts.get(digest or "") for digest, _ in rows] == [shared, shared, own, None]
    assert {digest: event_texts.digest_of(raw) for digest, raw in texts.items()} == {
        each: each for each in texts
    }
    assert (len(texts), {verified for _, verified in rows}) == (2, {None})


EARLIER_EVENTS = (
    ("Bounce", "General", "550 no such user"),
    ("Bounce", "EmailValidationSuppressed", None),
    ("Complaint", "ontenantsuppressionlist", "abuse"),
    ("Complaint", None, "not-spam"),
    ("Complaint", None, "abuse"),
)
CAMPAIGN = {
    "id": 1, "name": "spring", "state": "COMPLETED", "epoch": 1, "definition": "{}", "list_digest": "1",
    "template_digest": "2", "seed": 7, "recipients": 3, "list_summary": "{}", "created_at": 1.0,
    "changed_at": 1.0, "changed_by": "Ann", "change_reason": "done",
}  # fmt: skip
MESSAGE = {
    "campaign_id": 1, "address": "a@shop.example", "domain": "shop.example", "fields": "{}", "position": 1,
    "epoch": 1, "stage": "SENDING", "stage_at": 1.0, "attempts": 1, "failures": 0,
}  # fmt: skip


def insert_rows(connection: Connection, table: str, rows: list[dict[str, object]]) -> None:
    """Insert rows into a table as it stood at an earlier version."""
    names = list(rows[0])
    values = ", ".join(f":{name}" for name in names)
    connection.execute(text(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})"), rows)


def test_what_ses_was_never_offered_is_no_refusal_of_an_older_ledger_either(empty_database_url: str) -> None:
    engine = connect(empty_database_url)
    config = Config()
    config.set_main_option("script_location", str(Path(ledger.__file__).parent / "migrations"))
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0012")
        connection.exec_driver_sql(
            "INSERT INTO campaign (id, name, state, epoch, definition, list_digest, template_digest, seed, "
            "recipients, list_summary, created_at, changed_at, changed_by, change_reason) VALUES "
            "(1, 'spring', 'RUNNING', 1, '{}', '1', '2', 7, 4, '{}', 1, 1, 'send', 'enqueued')"
        )
        for number, (stage, status, attempts, rejected, accepted) in enumerate(_OLD_MESSAGES):
            connection.exec_driver_sql(
                "INSERT INTO message (campaign_id, address, address_key, domain, fields, position, epoch, "
                "stage, stage_at, status, attempts, failures, rejected_at, accepted_at) VALUES (1, 'a', "
                f"'{number}', 'd', '{{}}', {number}, 1, '{stage}', 1, '{status}', {attempts}, 0, "
                f"{rejected}, {accepted})"
            )
        connection.exec_driver_sql(
            "INSERT INTO tally (campaign_id, epoch, status_rejected, status_sent, accepted_count, "
            "known_count, rejected_count) VALUES (1, 1, 3, 1, 2, 1, 3)"
        )
    migrating.upgrade(engine)
    with open_ledger(empty_database_url) as opened, opened.reading() as connection:
        totals = tallies.read(connection, 1)
        assert totals == tallies.recount(connection, 1)
        assert (totals.counts[Count.REJECTED], totals.counts[Count.ANSWERED]) == (2, 3)
    engine.dispose()


# Stage, status, attempts, and when it was rejected and accepted: never offered, refused by SES, rejected
# after it was accepted, and sent.
_OLD_MESSAGES = (
    ("QUEUED", "REJECTED", 0, "1", "NULL"),
    ("SENDING", "REJECTED", 1, "1", "NULL"),
    ("SENDING", "REJECTED", 1, "1", "1"),
    ("SENDING", "SENT", 1, "NULL", "1"),
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
