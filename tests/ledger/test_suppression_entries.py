"""The suppression list, entry by entry."""

import pytest

from ledger import suppression_entries, suppressions
from ledger.suppression_entries import Selection
from ledger.suppressions import Suppression, SuppressionReason


@pytest.fixture
def connection(scene):
    entries = [
        Suppression("b@shop.example", SuppressionReason.COMPLAINT, "message 1", note="abuse"),
        Suppression("a@shop.example", SuppressionReason.MANUAL, "by hand", scope="weekly"),
        Suppression("a@shop.example", SuppressionReason.HARD_BOUNCE, "message 2"),
    ]
    with scene.ledger.writing() as writing:
        suppressions.add(writing, entries)
    with scene.ledger.reading() as reading:
        yield reading


def places(entries) -> list[tuple[str, str]]:
    return [(entry.address_key, entry.scope) for entry in entries]


def test_entries_come_in_the_order_of_the_addresses_page_by_page(connection, frozen) -> None:
    first = suppression_entries.page(connection, Selection(), limit=2)
    assert places(first) == [("a@shop.example", ""), ("a@shop.example", "weekly")]
    (rest,) = suppression_entries.page(connection, Selection(), after=places(first)[-1], limit=2)
    assert (rest.address_key, rest.reason, rest.since, rest.source, rest.note) == (
        "b@shop.example", SuppressionReason.COMPLAINT, frozen.now, "message 1", "abuse",
    )  # fmt: skip
    assert [places(page) for page in suppression_entries.pages(connection, Selection())] == [
        [*places(first), ("b@shop.example", "")]
    ]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(scope=""), [("a@shop.example", ""), ("b@shop.example", "")]),
        (Selection(scope="weekly"), [("a@shop.example", "weekly")]),
        (Selection(SuppressionReason.COMPLAINT), [("b@shop.example", "")]),
        (Selection(SuppressionReason.COMPLAINT, "weekly"), []),
    ],
)
def test_a_selection_is_shown_and_counted(connection, selection, expected) -> None:
    assert places(suppression_entries.page(connection, selection)) == expected
    assert sum(suppression_entries.count(connection, selection).values()) == len(expected)


def test_every_reason_is_counted_zeros_too(connection) -> None:
    found = suppression_entries.count(connection, Selection())
    assert list(found) == list(SuppressionReason)
    once = {SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT, SuppressionReason.MANUAL}
    assert found == {reason: int(reason in once) for reason in SuppressionReason}


def test_the_scopes_of_an_address_are_named(connection) -> None:
    assert suppression_entries.scopes_of(connection, "a@shop.example") == ["", "weekly"]
    assert suppression_entries.scopes_of(connection, "c@shop.example") == []
