"""Turns of the owners: nobody's mail waits for more of another owner's than there are owners."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from ledger import claims, owners, singles, turns
from ledger.engine import Ledger
from ledger.fresh_ids import fresh_id
from ledger.schema import message, owner, single
from ledger.singles import NewSingle


class Queue:
    """The single messages of owners by their names, posted and claimed in a connection of the test's own."""

    def __init__(self, connection) -> None:
        self.connection = connection
        self.names: dict[int, str] = {}

    def post(self, *names: str) -> None:
        ids = [owners.ensure(self.connection, name) for name in names]
        self.names |= dict(zip(ids, names, strict=True))
        singles.add(self.connection, [self._new(owner_id) for owner_id in ids])

    def _new(self, owner_id: int) -> NewSingle:
        to = f"{fresh_id()}@mail.example"
        return NewSingle(
            fresh_id()[:32], owner_id, "ann", "a@shop.example", to, to, to, "mail.example", "s", "t", "u"
        )

    def claim(self, limit: int) -> list[str]:
        """Claim and take out of the queue; return whose messages those were, in order."""
        found = claims.candidates(self.connection, None, limit)
        if not found:
            return []
        held = claims.take(self.connection, None, "worker", found)
        query = select(single.c.message_id, single.c.owner_id)
        of = dict(self.connection.execute(query).all())
        return [self.names[of[item.message_id]] for item in held.recipients]


@pytest.fixture
def queue(ledger: Ledger, frozen):
    with ledger.writing() as connection:
        yield Queue(connection)


def test_one_owners_four_hundred_do_not_stand_before_anothers_one(queue) -> None:
    queue.post(*["greedy"] * 400)
    queue.claim(50)
    queue.post("modest")
    assert queue.claim(2) == ["greedy", "modest"]


def test_an_owners_own_messages_go_out_in_the_order_of_their_posts(queue) -> None:
    queue.post(*["one", "other", "one", "one"])
    found = claims.candidates(queue.connection, None, 10)
    query = select(single.c.message_id).order_by(single.c.message_id)
    ids = list(queue.connection.execute(query.where(single.c.owner_id == 1)).scalars())
    assert [item.message_id for item in found if item.message_id in ids] == ids


def test_a_burst_of_long_ago_costs_its_owner_no_turn_today(queue) -> None:
    queue.post(*["often"] * 100)
    queue.claim(100)
    queue.post(*["seldom"] * 3, *["often"] * 3)
    assert queue.claim(6) == ["seldom", "often"] * 3


def test_what_was_queued_before_there_were_turns_goes_out_and_nothing_stands_behind_it_for_ever(
    queue,
) -> None:
    queue.post(*["old"] * 5)
    queue.connection.execute(update(message).values(position=0))
    queue.connection.execute(update(owner).values(last_turn=0))
    queue.post("new", "old", "new")
    assert queue.claim(8) == ["old"] * 5 + ["new", "old", "new"]


def test_a_message_that_comes_back_keeps_its_turn(queue) -> None:
    queue.post(*["greedy"] * 5)
    found = claims.candidates(queue.connection, None, 2)
    held = claims.take(queue.connection, None, "worker", found)
    queue.post(*["greedy"] * 5)
    claims.release(queue.connection, None, held.id)
    again = claims.candidates(queue.connection, None, 2)
    assert [item.message_id for item in again] == [item.message_id for item in found]


def test_an_empty_queue_lets_the_count_begin_again_before_the_column_is_full(queue) -> None:
    queue.post("one")
    queue.claim(1)
    queue.connection.execute(update(owner).values(last_turn=turns._BEGIN_AGAIN_AT))
    queue.post("one", "other")
    assert list(queue.connection.execute(select(owner.c.last_turn)).scalars()) == [1, 1]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("abc"), st.integers(1, 12)),
        st.tuples(st.just("claim"), st.integers(1, 6)),
    ),
    max_size=20,
)


@given(steps=STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_while_two_owners_wait_neither_gets_more_than_one_message_ahead(trial, frozen, steps) -> None:
    with trial() as connection:
        queue, waiting = Queue(connection), Counter[str]()
        # How far each pair is apart since both of them have something waiting.
        ahead: dict[tuple[str, str], int] = {}
        for name, count in steps:
            if name != "claim":
                queue.post(*[name] * count)
                waiting[name] += count
                continue
            for whose in queue.claim(count):
                pairs = [(one, other) for one in "abc" for other in "abc" if one < other]
                for pair in pairs:
                    if waiting[pair[0]] and waiting[pair[1]]:
                        step = {pair[0]: 1, pair[1]: -1}.get(whose, 0)
                        ahead[pair] = ahead.get(pair, 0) + step
                        assert abs(ahead[pair]) <= 2, (steps, pair)
                    else:
                        ahead[pair] = 0
                waiting[whose] -= 1
