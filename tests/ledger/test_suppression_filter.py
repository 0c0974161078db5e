"""The filter lets every suppressed address through, and hardly any other."""

import numpy as np
import pytest

from ledger import suppression_filter, suppressions
from ledger.suppression_filter import SuppressionFilter
from ledger.suppressions import EVERYWHERE, Suppression, SuppressionReason

KEYS = [f"reader.{number}@example.com" for number in range(1_000)]


@pytest.fixture
def connection(scene):
    entries = [
        Suppression(key, SuppressionReason.MANUAL, "a test", scope="weekly" if number % 4 == 0 else "")
        for number, key in enumerate(KEYS)
        if number % 2 == 0
    ]
    with scene.ledger.writing() as writing:
        suppressions.add(writing, entries)
    with scene.ledger.reading() as reading:
        yield reading


def test_only_the_entries_of_its_scopes_are_possible(connection) -> None:
    assert suppression_filter.size(connection) == 500
    assert SuppressionFilter(connection, [EVERYWHERE]).possible(KEYS) == KEYS[2::4]
    assert SuppressionFilter(connection, [EVERYWHERE, "weekly"]).possible(KEYS) == KEYS[::2]
    assert SuppressionFilter(connection, [EVERYWHERE]).possible([]) == []


def test_a_filter_of_nothing_lets_nothing_through(connection) -> None:
    assert SuppressionFilter(connection, ["monthly"]).possible(KEYS) == []


def test_the_pieces_in_which_it_is_read_make_no_difference(connection, monkeypatch) -> None:
    monkeypatch.setattr(suppression_filter, "_ROWS_A_FETCH", 7)
    assert SuppressionFilter(connection, [EVERYWHERE]).possible(KEYS) == KEYS[2::4]


def test_two_addresses_with_one_hash_are_both_possible(connection, monkeypatch) -> None:
    monkeypatch.setattr(suppression_filter, "_hashes", lambda keys: np.ones(len(keys), dtype=np.uint64))
    assert SuppressionFilter(connection, [EVERYWHERE]).possible(KEYS) == KEYS


@pytest.mark.parametrize("hash_", [0, 1, 2**63, 2**64 - 1])
def test_hashes_at_either_end_are_found(connection, monkeypatch, hash_: int) -> None:
    monkeypatch.setattr(
        suppression_filter,
        "_hashes",
        lambda keys: np.array([hash_ if key == KEYS[2] else 12345 for key in keys], dtype=np.uint64),
    )
    assert SuppressionFilter(connection, [EVERYWHERE]).possible(KEYS[1:3]) == KEYS[1:3]
    only = SuppressionFilter(connection, [EVERYWHERE])
    monkeypatch.setattr(suppression_filter, "_hashes", lambda keys: np.full(len(keys), 9, dtype=np.uint64))
    assert only.possible(KEYS) == []


def test_no_suppressed_address_among_many_is_missed(scene) -> None:
    keys = [f"reader.{number}@example.com" for number in range(20_000)]
    with scene.ledger.writing() as writing:
        entries = [Suppression(key, SuppressionReason.MANUAL, "a test") for key in keys[::2]]
        suppressions.add(writing, entries)
    with scene.ledger.reading() as reading:
        found = SuppressionFilter(reading, [EVERYWHERE])
    assert found.possible(keys) == keys[::2]
