"""Places for requests that are done once: free, filled, given up, and free again after a day."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

from ledger import idempotency, owners
from ledger.engine import Ledger
from ledger.idempotency import HOLDS_SECONDS, Kept, Place


def test_a_place_is_reserved_once_and_keeps_what_was_answered(ledger: Ledger, frozen: Any) -> None:
    with ledger.writing() as connection:
        place = (owners.ensure(connection, "A"), "key")
        assert idempotency.reserve(connection, {place: "digest"}) == {}
        idempotency.fill(connection, place, 202, "answer")
    with ledger.writing() as connection:
        assert idempotency.reserve(connection, {place: "another"}) == {place: Kept("digest", 202, "answer")}


def test_one_owners_key_is_not_anothers(ledger: Ledger, frozen: Any) -> None:
    with ledger.writing() as connection:
        first, second = owners.ensure(connection, "A"), owners.ensure(connection, "B")
        assert idempotency.reserve(connection, {(first, "key"): "d", (second, "key"): "d"}) == {}


def test_a_place_that_was_given_up_is_free(ledger: Ledger, frozen: Any) -> None:
    with ledger.writing() as connection:
        place = (owners.ensure(connection, "A"), "key")
        idempotency.reserve(connection, {place: "digest"})
        idempotency.give_up(connection, [place])
        assert idempotency.reserve(connection, {place: "digest"}) == {}


def test_after_a_day_the_key_may_be_used_for_something_else(ledger: Ledger, frozen: Any) -> None:
    with ledger.writing() as connection:
        place = (owners.ensure(connection, "A"), "key")
        idempotency.reserve(connection, {place: "digest"})
        idempotency.fill(connection, place, 202, "answer")
        frozen.tick(HOLDS_SECONDS - 1)
        assert place in idempotency.reserve(connection, {place: "digest"})
        frozen.tick(1)
        assert idempotency.reserve(connection, {place: "digest"}) == {}


def test_a_second_process_waits_for_the_first_and_sees_its_answer(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        place = (owners.ensure(connection, "A"), "key")
    begun = Event()

    def second() -> dict[Place, Kept]:
        begun.set()
        with ledger.writing() as connection:
            return idempotency.reserve(connection, {place: "digest"})

    with ThreadPoolExecutor(1) as pool:
        with ledger.writing() as connection:
            assert idempotency.reserve(connection, {place: "digest"}) == {}
            other = pool.submit(second)
            begun.wait()
            idempotency.fill(connection, place, 202, "answer")
        assert other.result() == {place: Kept("digest", 202, "answer")}
