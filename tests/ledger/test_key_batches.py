"""Many keys in one question."""

import pytest
from sqlalchemy import select

from ledger import key_batches
from ledger.key_batches import KEYS_A_QUERY, among, batches
from ledger.schema import limiter

# What an address may hold that SQL or JSON could take for something else.
ODD = [
    "o'hara@shop.example",
    'a"b@shop.example',
    "a\\b@shop.example",
    "{a}@shop.example",
    "j\xfcrgen@shop.example",
    "%_@shop.example",
    "\U0001f4e7@shop.example",
]


@pytest.mark.parametrize("count", [0, 1, KEYS_A_QUERY, KEYS_A_QUERY + 1])
def test_batches_hold_every_key_once_in_their_order(count: int) -> None:
    keys = [str(number) for number in range(count)]
    found = list(batches(keys))
    assert [key for part in found for key in part] == keys
    assert all(0 < len(part) <= KEYS_A_QUERY for part in found)


def test_every_character_of_a_key_is_taken_as_it_is(scene) -> None:
    with scene.ledger.writing() as connection:
        connection.execute(limiter.insert(), [{"name": key, "next_at": 0.0} for key in (*ODD, "other")])
        query = select(limiter.c.name).where(among(connection, limiter.c.name, [*ODD, "nobody"]))
        assert set(connection.execute(query).scalars()) == set(ODD)
        query = select(limiter.c.name).where(among(connection, limiter.c.name, []))
        assert connection.execute(query).all() == []


def test_a_batch_is_one_parameter_however_long_it_is(scene) -> None:
    with scene.ledger.reading() as connection:
        condition = among(connection, limiter.c.name, [str(number) for number in range(1_000)])
        assert len(condition.compile(dialect=connection.dialect).params) == 1
    assert key_batches.KEYS_A_QUERY <= 32_000
