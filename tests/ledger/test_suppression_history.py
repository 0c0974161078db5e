"""Who suppressed an address or took it off, when and why; and what stood at any moment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import suppression_history, suppressions
from ledger.suppression_history import Action, gravest
from ledger.suppressions import EVERYWHERE, Suppression, SuppressionReason

KEY = "reader@example.com"
BOUNCE, LEFT, MANUAL = (
    SuppressionReason.HARD_BOUNCE,
    SuppressionReason.UNSUBSCRIBE,
    SuppressionReason.MANUAL,
)


def add(scene, reason: SuppressionReason, key: str = KEY, **how: str) -> None:
    with scene.ledger.writing() as connection:
        suppressions.add(connection, [Suppression(key, reason, "a test", **how)])


def remove(scene, by: str = "Ada", **how: object) -> None:
    with scene.ledger.writing() as connection:
        suppressions.remove(connection, [(KEY, EVERYWHERE)], by=by, source="a test", note="asked to", **how)


def history(scene, key: str = KEY) -> list[tuple[object, ...]]:
    with scene.ledger.reading() as connection:
        found = suppression_history.of(connection, key)
    return [(change.action, change.reason, change.scope, change.by, change.note) for change in found]


def standing(scene, until: float | None = None, scopes: list[str] | None = None) -> dict[str, set[str]]:
    with scene.ledger.reading() as connection:
        found = suppression_history.standing(connection, [KEY, "other@example.com"], scopes, until)
    return {scope: set(grounds) for (_, scope), grounds in found.items()}


def test_every_reason_goes_on_and_off_in_the_history(scene) -> None:
    add(scene, LEFT, by="recipient", note="one-click")
    add(scene, BOUNCE)
    add(scene, LEFT, by="recipient", note="page")
    add(scene, MANUAL, scope="weekly", by="Bob", note="angry on the telephone")
    remove(scene)
    assert history(scene) == [
        (Action.ADDED, LEFT, "", "recipient", "one-click"),
        (Action.ADDED, BOUNCE, "", "", None),
        (Action.ADDED, MANUAL, "weekly", "Bob", "angry on the telephone"),
        (Action.REMOVED, BOUNCE, "", "Ada", "asked to"),
        (Action.REMOVED, LEFT, "", "Ada", "asked to"),
    ]
    assert history(scene, "other@example.com") == []


def test_a_lesser_reason_stands_behind_a_graver_one(scene) -> None:
    add(scene, BOUNCE)
    add(scene, LEFT)
    assert standing(scene) == {"": {BOUNCE, LEFT}}


def test_what_stood_at_a_moment_is_known_for_good(scene, frozen) -> None:
    before = frozen.now - 1
    add(scene, LEFT)
    frozen.tick(10)
    add(scene, BOUNCE, scope="weekly")
    frozen.tick(10)
    remove(scene)
    frozen.tick(10)
    add(scene, MANUAL)
    assert standing(scene, before) == {}
    assert standing(scene, before + 1) == {"": {LEFT}}
    assert standing(scene, before + 11) == {"": {LEFT}, "weekly": {BOUNCE}}
    assert standing(scene, before + 11, [EVERYWHERE, "monthly"]) == {"": {LEFT}}
    assert standing(scene, before + 21) == {"weekly": {BOUNCE}}
    assert standing(scene) == {"": {MANUAL}, "weekly": {BOUNCE}}


def test_only_what_a_person_took_off_counts_as_lifted(scene, frozen) -> None:
    add(scene, BOUNCE)
    add(scene, LEFT)
    remove(scene, by=suppression_history.NOBODY, only=(BOUNCE,))
    frozen.tick(10)
    remove(scene)
    with scene.ledger.reading() as connection:
        assert suppression_history.lifted_by_people(connection, [KEY], [BOUNCE]) == {}
        assert suppression_history.lifted_by_people(connection, [KEY], [LEFT]) == {KEY: frozen.now}


@pytest.mark.parametrize("reason", SuppressionReason)
def test_every_reason_is_graver_than_those_behind_it(reason: SuppressionReason) -> None:
    order = list(SuppressionReason)
    assert gravest(reversed(order[order.index(reason) :])) is reason


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["add", "remove"]), st.sampled_from(SuppressionReason)), max_size=8
    )
)
def test_the_entry_always_shows_the_gravest_of_what_stands(trial, steps) -> None:
    expected: set[SuppressionReason] = set()
    with trial() as connection:
        for action, reason in steps:
            if action == "add":
                suppressions.add(connection, [Suppression(KEY, reason, "a test")])
                expected.add(reason)
            else:
                suppressions.remove(connection, [(KEY, "")], by="Ada", source="a test", only=(reason,))
                expected.discard(reason)
            grounds = suppression_history.standing(connection, [KEY]).get((KEY, ""), {})
            shown = suppressions.reasons(connection, [KEY])
            assert set(grounds) == expected
            assert shown == ({KEY: gravest(expected)} if expected else {})
