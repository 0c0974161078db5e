"""Claims: in the order of the shuffle, never the same row twice, gone when their lease is over."""

from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from sqlalchemy import Connection, func, select, text

from ledger import campaigns, claims
from ledger.attempts import Answer, Result
from ledger.campaigns import Campaign, State
from ledger.claims import LEASE_SECONDS, Recovered
from ledger.schema import claim
from ledger.statuses import Stage, Status


def test_candidates_come_in_the_order_of_the_shuffle(scene) -> None:
    scene.enqueue(5)
    with scene.locked() as (connection, locked):
        if connection.dialect.name == "postgresql":
            # The index happens to lie in this order too; without it only the query gives the order.
            connection.execute(text("SET LOCAL enable_indexscan = off"))
            connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        found = claims.candidates(connection, locked, 3)
    # The list's last rows stand first in the shuffle of these tests.
    assert [item.address_key for item in found] == [f"reader.{number}@example.com" for number in (4, 3, 2)]
    assert (found[0].address, found[0].domain) == ("Reader.4@example.com", "example.com")
    assert found[0].fields == {"first_name": "Reader 4"}


def test_a_claim_takes_its_rows_out_of_the_queue(scene, frozen) -> None:
    scene.enqueue(3)
    held = scene.claim(limit=2, owner="worker-7")
    assert (held.owner, held.epoch, len(held.recipients)) == ("worker-7", 1, 2)
    assert scene.statuses() == [Status.CLAIMED, Status.CLAIMED, Status.QUEUED]
    assert [row["claim_id"] for row in scene.rows()] == [held.id, held.id, None]
    assert len(scene.claim().recipients) == 1
    scene.check_tallies()


def test_a_later_claim_has_a_higher_fence_even_when_the_earlier_one_is_gone(scene) -> None:
    scene.enqueue(1)
    fences = []
    for _ in range(3):
        held = scene.claim()
        fences.append(held.id)
        with scene.locked() as (connection, locked):
            assert claims.release(connection, locked, held.id) == 1
    assert fences == sorted(set(fences))


def test_claimers_at_once_never_get_the_same_row(scene) -> None:
    scene.enqueue(60)
    together = Barrier(4, timeout=30)

    def work(number: int) -> list[int]:
        together.wait()
        taken: list[int] = []
        while recipients := scene.claim(limit=4, owner=f"worker-{number}").recipients:
            taken += [item.message_id for item in recipients]
        return taken

    with ThreadPoolExecutor(4) as workers:
        shares = list(workers.map(work, range(4)))
    every = [message_id for share in shares for message_id in share]
    assert len(every) == len(set(every)) == 60
    assert scene.check_tallies().by_status[Status.CLAIMED] == 60


def test_a_lease_that_is_over_queues_what_was_claimed_and_doubts_what_was_sending(scene, frozen) -> None:
    scene.enqueue(3)
    held = scene.claim()
    scene.intend(held, {held.recipients[0].message_id: "send-0", held.recipients[1].message_id: "send-1"})
    scene.record(Result("send-1", Answer.ACCEPTED))
    frozen.tick(LEASE_SECONDS - 1)
    assert scene.recover() == Recovered(0, 0)
    frozen.tick(1)
    assert scene.recover() == Recovered(queued=1, in_doubt=1)
    assert scene.statuses() == [Status.IN_DOUBT, Status.SENT, Status.QUEUED]
    assert [row["stage"] for row in scene.rows()] == [Stage.IN_DOUBT, Stage.SENDING, Stage.QUEUED]
    scene.check_tallies()
    assert scene.recover() == Recovered(0, 0)


def test_what_a_given_up_claim_left_sending_is_in_doubt_at_once(scene) -> None:
    scene.enqueue(2)
    held = scene.claim(limit=1)
    scene.intend(held, {held.recipients[0].message_id: "send-0"})
    other = scene.claim(owner="worker-2")
    with scene.locked() as (connection, locked):
        claims.release(connection, locked, held.id)
    assert scene.recover() == Recovered(queued=0, in_doubt=1)
    assert scene.statuses() == [Status.IN_DOUBT, Status.CLAIMED]
    assert _with(scene, claims.is_good, other) is True
    scene.check_tallies()


def test_what_is_in_doubt_is_never_claimed_again_by_itself(scene, frozen) -> None:
    scene.sending(2)
    frozen.tick(LEASE_SECONDS)
    scene.recover()
    assert scene.claim().recipients == ()
    assert scene.statuses() == [Status.IN_DOUBT] * 2


def test_recovering_leaves_other_campaigns_alone(scene, frozen) -> None:
    scene.enqueue(1, name="one")
    scene.enqueue(1, name="two")
    scene.claim(name="one")
    scene.claim(name="two")
    frozen.tick(LEASE_SECONDS)
    assert scene.recover("one") == Recovered(queued=1, in_doubt=0)
    assert sorted(scene.statuses()) == [Status.CLAIMED, Status.QUEUED]


def test_a_renewed_lease_holds_from_the_renewal(scene, frozen) -> None:
    scene.enqueue(1)
    held = scene.claim()
    frozen.tick(LEASE_SECONDS - 1)
    assert _with(scene, claims.renew, held) is True
    frozen.tick(LEASE_SECONDS - 1)
    assert _with(scene, claims.is_good, held) is True
    assert scene.recover() == Recovered(0, 0)


def test_a_lease_that_is_over_stays_so(scene, frozen) -> None:
    scene.enqueue(1)
    held = scene.claim()
    frozen.tick(LEASE_SECONDS)
    assert _with(scene, claims.is_good, held) is False
    assert _with(scene, claims.renew, held) is False
    assert scene.recover() == Recovered(queued=1, in_doubt=0)


def test_nobody_renews_the_claim_of_another(scene) -> None:
    scene.enqueue(1)
    held = scene.claim(owner="worker-1")
    stolen = claims.Claim(held.id, held.campaign_id, held.epoch, "worker-2", held.recipients, held.claimed_at)
    assert _with(scene, claims.renew, stolen) is False
    assert _with(scene, claims.is_good, stolen) is False


def test_a_released_claim_queues_only_what_it_still_held_unsent(scene) -> None:
    scene.enqueue(3)
    held = scene.claim(limit=2)
    scene.intend(held, {held.recipients[0].message_id: "send-0"})
    with scene.locked() as (connection, locked):
        assert claims.release(connection, locked, held.id) == 1
        assert connection.execute(select(func.count()).select_from(claim)).scalar_one() == 0
    assert scene.statuses() == [Status.SENDING, Status.QUEUED, Status.QUEUED]
    scene.check_tallies()


def test_what_is_suppressed_by_now_leaves_the_queue_with_its_reason(scene) -> None:
    scene.enqueue(3)
    with scene.locked() as (connection, locked):
        first, *_ = claims.candidates(connection, locked, 1)
        claims.suppress(connection, locked, {first.message_id: "complaint"})
    assert scene.statuses() == [Status.SUPPRESSED, Status.QUEUED, Status.QUEUED]
    assert scene.rows()[0]["detail"] == "complaint"
    scene.check_tallies()


def test_a_claim_that_waited_for_a_halt_sees_the_halt(scene) -> None:
    scene.enqueue(3)
    with ThreadPoolExecutor(1) as workers:
        with scene.locked() as (connection, locked):
            begun = Event()
            claiming = workers.submit(_state_seen_by_a_claim, scene, begun)
            assert begun.wait(30)
            _wait_until_it_waits_for_us(connection, claiming)
            campaigns.change_state(connection, locked, State.HALTED, by="gate", reason="12 of 200")
            assert not claiming.done()
        assert claiming.result(30) is State.HALTED


def test_a_halt_that_waited_for_a_claim_comes_after_it(scene) -> None:
    scene.enqueue(3)
    with ThreadPoolExecutor(1) as workers:
        with scene.locked() as (connection, locked):
            halting = workers.submit(scene.change, State.HALTED)
            _wait_until_it_waits_for_us(connection, halting)
            claims.take(connection, locked, "worker-1", claims.candidates(connection, locked, 2))
            assert not halting.done()
        halting.result(30)
    assert scene.statuses() == [Status.CLAIMED, Status.CLAIMED, Status.QUEUED]
    scene.check_tallies()


@pytest.mark.parametrize("resumed", [False, True])
def test_a_claim_is_counted_in_the_epoch_it_was_made_in(scene, resumed) -> None:
    scene.enqueue(2)
    scene.claim(limit=1)
    if resumed:
        scene.change(State.HALTED)
        scene.change(State.RUNNING)
    assert scene.claim().epoch == 1 + resumed
    assert [row["epoch"] for row in scene.rows()] == [1, 1 + resumed]
    scene.check_tallies()


def _with(scene, ask, held: claims.Claim) -> bool:
    with scene.ledger.writing() as connection:
        return ask(connection, held)


def _state_seen_by_a_claim(scene, begun: Event) -> State:
    begun.set()
    with scene.locked() as (connection, locked):
        assert isinstance(locked, Campaign)
        if locked.state is State.RUNNING:
            claims.take(connection, locked, "worker-1", claims.candidates(connection, locked, 3))
        return locked.state


def _wait_until_it_waits_for_us(connection: Connection, other: Future[object]) -> None:
    """Return when another transaction waits for this one's lock.

    SQLite shows nobody who waits: there BEGIN IMMEDIATE alone keeps the other out.
    """
    if connection.dialect.name == "sqlite":
        return
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while not connection.execute(waiting).scalar_one():
        assert not other.done()
