"""Answers that are kept for a while, and asked for once by however many."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from api.auth import BELIEVE_SECONDS, Keys
from api.keys import create
from api.pools import Pools
from api.remembering import Remembered
from ledger import owners
from ledger.engine import Ledger


class Source:
    """Counts what it is asked; it says each word in capitals."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.broken = False
        self.now = 100.0

    async def __call__(self, words: Sequence[str]) -> Mapping[str, str]:
        self.asked.append(list(words))
        if self.broken:
            raise OSError("away")
        return {word: word.upper() for word in words}

    def clock(self) -> float:
        return self.now


@pytest.fixture
def source() -> Source:
    return Source()


def test_an_answer_holds_for_its_time_and_is_asked_for_again_afterwards(source: Source) -> None:
    async def run() -> None:
        known: Remembered[str, str] = Remembered(source, lambda word: 5.0, source.clock)
        assert await known.get(["a", "b", "a"]) == {"a": "A", "b": "B"}
        source.now += 4.9
        assert await known.get(["b", "c"]) == {"b": "B", "c": "C"}
        source.now += 0.1
        await known.get(["a"])

    asyncio.run(run())
    assert source.asked == [["a", "b"], ["c"], ["a"]]


def test_who_asks_the_same_meanwhile_waits_for_the_same_answer(source: Source) -> None:
    async def run() -> None:
        known: Remembered[str, str] = Remembered(source, lambda word: 5.0, source.clock)
        found = await asyncio.gather(known.get(["a"]), known.get(["a", "b"]), known.get(["b"]))
        assert found == [{"a": "A"}, {"a": "A", "b": "B"}, {"b": "B"}]

    asyncio.run(run())
    assert sorted(source.asked) == [["a"], ["b"]]


def test_trouble_is_not_kept(source: Source) -> None:
    async def run() -> None:
        known: Remembered[str, str] = Remembered(source, lambda word: 5.0, source.clock)
        source.broken = True
        with pytest.raises(OSError, match="away"):
            await known.get(["a"])
        source.broken = False
        assert await known.get(["a"]) == {"a": "A"}

    asyncio.run(run())


def test_a_revoked_key_is_refused_after_a_moment_at_the_latest(ledger: Ledger, source: Source) -> None:
    key = create(ledger, "EliPackage", "ann")

    async def run() -> None:
        keys = Keys(ledger, Pools().keys, source.clock)
        found = await keys.caller(key)
        assert found is not None
        assert (found.owner, found.operator) == ("EliPackage", "ann")
        with ledger.writing() as connection:
            owners.revoke(connection, found.key_id)
        source.now += BELIEVE_SECONDS
        assert await keys.caller(key) is None

    asyncio.run(run())


def test_the_ledger_holds_no_key_that_could_be_used(ledger: Ledger) -> None:
    key = create(ledger, "EliPackage", "ann")
    with ledger.reading() as connection:
        (row,) = connection.exec_driver_sql("SELECT * FROM api_key").all()
        (shown,) = owners.keys(connection)
    assert key not in map(str, row)
    assert key.startswith(shown.hint)
    assert len(shown.hint) < len(key) / 4
