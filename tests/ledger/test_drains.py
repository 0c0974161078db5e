"""How long the event queue was seen drained."""

import pytest

from ledger import drains
from ledger.drains import LOOKS_APART_SECONDS


@pytest.fixture
def look(ledger, frozen):
    """Let time pass and find the queue empty then; return the time."""

    def find_it_empty(after_seconds: float) -> float:
        frozen.tick(after_seconds)
        with ledger.writing() as connection:
            drains.note(connection)
        return frozen.now

    return find_it_empty


def test_a_queue_that_nobody_looked_at_vouches_for_nothing(ledger) -> None:
    with ledger.reading() as connection:
        assert drains.moment_before(connection, 1.0) is None


def test_one_look_vouches_for_no_time(ledger, look) -> None:
    look(0)
    with ledger.reading() as connection:
        assert drains.moment_before(connection, 1.0) is None


def test_looks_close_together_vouch_for_the_time_between_them(ledger, look) -> None:
    first = look(0)
    for _ in range(4):
        look(LOOKS_APART_SECONDS)
    with ledger.reading() as connection:
        assert drains.moment_before(connection, 4 * LOOKS_APART_SECONDS) == first
        assert drains.moment_before(connection, 4 * LOOKS_APART_SECONDS + 1) is None


def test_time_in_which_nobody_looked_does_not_count(ledger, look) -> None:
    first = look(0)
    look(100)
    look(LOOKS_APART_SECONDS + 1)
    look(50)
    with ledger.reading() as connection:
        assert drains.moment_before(connection, 150) == first
        assert drains.moment_before(connection, 120) == first + 30
