"""What stood before consent and scopes were kept apart by owner keeps its effect where it cannot be told."""

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

import ledger
from ledger import migrating, sign_ups, subscribers, suppression_history, suppressions
from ledger.engine import Ledger, connect, open_ledger
from ledger.owners import scope_of
from ledger.suppression_scopes import of_list
from lists.suppression import scopes_of

ANN, BOB = "Ann", "Bob"


def rows(connection: Connection, table: str, *values: dict[str, object]) -> None:
    for row in values:
        columns = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({marks})"), row)


@pytest.fixture
def older(empty_database_url: str) -> Connection:
    """A connection to a ledger as the version before left it."""
    engine = connect(empty_database_url)
    config = Config()
    config.set_main_option("script_location", str(Path(ledger.__file__).parent / "migrations"))
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0021")
        rows(
            connection,
            "owner",
            *({"id": id_, "name": name, "created_at": 1} for id_, name in ((1, ANN), (2, BOB))),
        )
        yield connection
    engine.dispose()


def upgraded(url: str) -> Ledger:
    engine = connect(url)
    migrating.upgrade(engine)
    engine.dispose()
    return open_ledger(url)


def sign_up(owner_id: int, key: str, state: str, at: float | None) -> dict[str, object]:
    said = {"sender": "a@shop.example", "consent_text": "Yes", "requested_at": 1, "requested_by": "ann"}
    who = {"owner_id": owner_id, "address_key": key, "address": key}
    return who | said | {"state": state, "confirmed_at": at}


def subscriber(key: str, at: float | None) -> dict[str, object]:
    return {"address_key": key, "address": key, "state": "confirmed", "confirmed_at": at}


def fill(connection: Connection) -> None:
    keys = {name: f"{name}@mail.example" for name in ("ann", "both", "brought", "waits")}
    rows(
        connection,
        "sign_up",
        sign_up(1, keys["ann"], "confirmed", 5.25),
        sign_up(1, keys["both"], "confirmed", 6.0),
        sign_up(2, keys["both"], "confirmed", 7.0),
        sign_up(1, keys["waits"], "pending", None),
        sign_up(1, keys["brought"], "confirmed", 9.0),
    )
    rows(
        connection,
        "subscriber",
        subscriber(keys["ann"], 5.25),
        subscriber(keys["both"], 7.0),
        # Known from elsewhere: its time is not that of any sign-up.
        subscriber(keys["brought"], 2.0),
    )
    entry = {"reason": "unsubscribe"}
    left = [
        ("single", "owner Ann", "message abc"),
        ("by-hand", "owner Ann", "by hand"),
        ("list", "owner Lists", "message abc"),
        ("plain", "weekly", "campaign x"),
        ("apart", "list owner Ann", "campaign x"),
    ]
    for name, scope, source in left:
        where = {"address_key": f"{name}@mail.example", "scope": scope, "source": source} | entry
        rows(connection, "suppression", where | {"since": 3.0})
        rows(connection, "suppression_change", where | {"at": 3.0, "action": "added", "by": "recipient"})
    definition = '{"list": {"name": "owner Lists", "source": "x.csv"}}'
    rows(
        connection,
        "campaign",
        {
            "id": 1, "name": "spring", "state": "COMPLETED", "epoch": 1, "definition": definition,
            "list_digest": "1", "template_digest": "2", "seed": 7, "recipients": 3, "list_summary": "{}",
            "created_at": 1.0, "changed_at": 1.0, "changed_by": "Ann", "change_reason": "done",
        },
    )  # fmt: skip


def test_consent_goes_to_those_to_whom_it_was_given(older: Connection, empty_database_url: str) -> None:
    fill(older)
    older.commit()
    keys = [f"{name}@mail.example" for name in ("ann", "both", "brought", "waits")]
    with upgraded(empty_database_url) as opened, opened.reading() as connection:
        confirmed = {
            owner: {key.partition("@")[0] for key in subscribers.confirmed(connection, keys, of_owner=owner)}
            for owner in ("", ANN, BOB)
        }
        assert confirmed == {
            "": {"ann", "both", "brought"},
            ANN: {"ann", "both", "brought"},
            BOB: {"both", "brought"},
        }
        waiting = {
            owner: sign_ups.unconfirmed_for_campaign(connection, keys, owner) for owner in ("", ANN, BOB)
        }
        assert waiting == {"": {keys[3]}, ANN: {keys[3]}, BOB: set()}


def test_who_left_under_a_name_of_two_meanings_has_left_both(
    older: Connection, empty_database_url: str
) -> None:
    fill(older)
    older.commit()
    keys = [f"{name}@mail.example" for name in ("single", "by-hand", "list", "plain", "apart")]
    expected = {
        scope_of("Ann"): {"single", "by-hand"},
        of_list("owner Ann"): {"by-hand", "apart"},
        of_list("list owner Ann"): {"apart"},
        scope_of("Lists"): {"list"},
        of_list("owner Lists"): {"list"},
        "weekly": {"plain"},
    }
    with upgraded(empty_database_url) as opened, opened.reading() as connection:
        for scope, names in expected.items():
            found = suppressions.reasons(connection, keys, [scope])
            assert {key.partition("@")[0] for key in found} == names, scope
            past = suppression_history.standing(connection, keys, [scope], until=4.0)
            assert {key.partition("@")[0] for key, _ in past} == names, scope
    assert scope_of("Ann") not in scopes_of("owner Ann")
