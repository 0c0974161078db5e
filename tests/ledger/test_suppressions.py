"""Addresses that must not be written to, why, and for which list."""

import pytest
from sqlalchemy import select

from ledger import suppressions
from ledger.schema import suppression
from ledger.suppression_history import Change
from ledger.suppressions import EVERYWHERE, Suppression, SuppressionReason

KEY = "reader@example.com"
# The gravest first.
REASONS = list(SuppressionReason)


def add(scene, *entries: Suppression) -> None:
    with scene.ledger.writing() as connection:
        suppressions.add(connection, entries)


def reasons(scene, *keys: str, scopes: tuple[str, ...] = (EVERYWHERE,)) -> dict[str, SuppressionReason]:
    with scene.ledger.reading() as connection:
        return suppressions.reasons(connection, keys, scopes)


def remove(scene, *keys: str, scope: str = EVERYWHERE, **how: object) -> list[Change]:
    with scene.ledger.writing() as connection:
        places = [(key, scope) for key in keys]
        return suppressions.remove(
            connection, places, **({"by": "Ada", "source": "a test", "note": "asked to"} | how)
        )


def rows(scene):
    with scene.ledger.reading() as connection:
        return connection.execute(select(suppression).order_by(suppression.c.id)).all()


def test_only_the_suppressed_ones_are_named_with_their_reason(scene) -> None:
    add(scene, Suppression(KEY, SuppressionReason.COMPLAINT, "message 1"))
    assert reasons(scene, KEY, "other@example.com") == {KEY: SuppressionReason.COMPLAINT}
    assert reasons(scene) == {}


def test_an_entry_keeps_where_it_came_from_and_when(scene, frozen) -> None:
    add(scene, Suppression(KEY, SuppressionReason.MANUAL, "Ada", note="asked by telephone"))
    (row,) = rows(scene)
    assert (row.reason, row.source, row.note, row.scope) == ("manual", "Ada", "asked by telephone", "")
    assert row.since == frozen.now


def test_the_same_again_stays_as_it_was_first(scene, frozen) -> None:
    add(scene, Suppression(KEY, SuppressionReason.HARD_BOUNCE, "message 1"))
    first = rows(scene)
    frozen.tick(60)
    add(scene, Suppression(KEY, SuppressionReason.HARD_BOUNCE, "message 2"))
    assert rows(scene) == first


@pytest.mark.parametrize("later", REASONS)
@pytest.mark.parametrize("first", REASONS)
def test_of_two_reasons_the_graver_one_is_kept_since_the_first(scene, frozen, first, later) -> None:
    begun = frozen.now
    add(scene, Suppression(KEY, first, "first"))
    frozen.tick(60)
    add(scene, Suppression(KEY, later, "later"))
    graver = min(first, later, key=REASONS.index)
    (row,) = rows(scene)
    assert (row.reason, row.since) == (graver, begun)
    assert row.source == ("later" if REASONS.index(later) < REASONS.index(first) else "first")


def test_two_reasons_at_once_leave_the_graver_one(scene) -> None:
    add(
        scene,
        Suppression(KEY, SuppressionReason.UNSUBSCRIBE, "page"),
        Suppression(KEY, SuppressionReason.HARD_BOUNCE, "message 1"),
        Suppression(KEY, SuppressionReason.COMPLAINT, "message 1"),
    )
    assert reasons(scene, KEY) == {KEY: SuppressionReason.HARD_BOUNCE}


def test_an_entry_holds_for_its_list_alone(scene) -> None:
    add(scene, Suppression(KEY, SuppressionReason.UNSUBSCRIBE, "page", scope="weekly"))
    assert reasons(scene, KEY) == {}
    assert reasons(scene, KEY, scopes=(EVERYWHERE, "monthly")) == {}
    assert reasons(scene, KEY, scopes=(EVERYWHERE, "weekly")) == {KEY: SuppressionReason.UNSUBSCRIBE}


def test_the_gravest_reason_of_all_scopes_is_named(scene) -> None:
    add(
        scene,
        Suppression(KEY, SuppressionReason.MANUAL, "Ada"),
        Suppression(KEY, SuppressionReason.COMPLAINT, "message 1", scope="weekly"),
    )
    assert reasons(scene, KEY, scopes=(EVERYWHERE, "weekly")) == {KEY: SuppressionReason.COMPLAINT}


def test_a_long_list_is_looked_up_whole(scene) -> None:
    keys = [f"reader.{number}@example.com" for number in range(25_000)]
    add(scene, *(Suppression(key, SuppressionReason.MANUAL, "Ada") for key in (keys[0], keys[-1])))
    assert set(reasons(scene, *keys)) == {keys[0], keys[-1]}


def test_adding_nothing_writes_nothing(scene) -> None:
    add(scene)
    assert rows(scene) == []


def test_adding_says_how_many_reasons_are_new(scene) -> None:
    entries = [Suppression(KEY, reason, "a test") for reason in (REASONS[1], REASONS[0], REASONS[1])]
    with scene.ledger.writing() as connection:
        assert suppressions.add(connection, entries) == 2
        assert suppressions.add(connection, entries) == 0
        assert suppressions.add(connection, [Suppression(KEY, REASONS[2], "a test")]) == 1


def test_a_removed_address_may_be_written_to_and_be_suppressed_again(scene, frozen) -> None:
    add(scene, Suppression(KEY, SuppressionReason.MANUAL, "a test"))
    assert [change.reason for change in remove(scene, KEY)] == [SuppressionReason.MANUAL]
    assert reasons(scene, KEY) == {}
    assert rows(scene) == []
    frozen.tick(60)
    add(scene, Suppression(KEY, SuppressionReason.MANUAL, "another test"))
    (row,) = rows(scene)
    assert (row.source, row.since) == ("another test", frozen.now)


def test_removing_one_reason_leaves_the_next_gravest(scene) -> None:
    add(scene, Suppression(KEY, SuppressionReason.UNSUBSCRIBE, "a page", note="one-click"))
    add(scene, Suppression(KEY, SuppressionReason.HARD_BOUNCE, "message 1"))
    add(scene, Suppression(KEY, SuppressionReason.MANUAL, "Ada"))
    taken = remove(scene, KEY, only=(SuppressionReason.HARD_BOUNCE, SuppressionReason.EXPIRED))
    assert [change.reason for change in taken] == [SuppressionReason.HARD_BOUNCE]
    (row,) = rows(scene)
    assert (row.reason, row.source, row.note) == ("unsubscribe", "a page", "one-click")
    remove(scene, KEY, only=(SuppressionReason.MANUAL,))
    assert [row.reason for row in rows(scene)] == ["unsubscribe"]


def test_what_is_not_there_is_not_removed(scene) -> None:
    add(scene, Suppression(KEY, SuppressionReason.MANUAL, "a test", scope="weekly"))
    assert remove(scene, KEY) == []
    assert remove(scene) == []
    assert len(rows(scene)) == 1


def test_an_entry_that_the_history_does_not_know_can_be_removed(scene) -> None:
    with scene.ledger.writing() as connection:
        connection.execute(
            suppression.insert().values(
                address_key=KEY, scope="", reason="manual", since=1.0, source="elsewhere"
            )
        )
    assert [change.reason for change in remove(scene, KEY)] == [SuppressionReason.MANUAL]
    assert rows(scene) == []
