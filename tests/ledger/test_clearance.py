"""Whether a call may go out, read under the locks of the account and of its campaign."""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from threading import Event

import pytest
from sqlalchemy import Connection, insert, text, update

from ledger import accounts, campaigns, claims, clearance
from ledger.accounts import Action, Rolling
from ledger.campaigns import State
from ledger.claims import LEASE_SECONDS, Claim
from ledger.clearance import Clearance
from ledger.schema import breaker, call_limit, claim

ACCOUNT = "account"


@pytest.fixture
def held(scene) -> Claim:
    scene.enqueue(3)
    return scene.claim()


def read(scene, held: Claim) -> Clearance:
    with scene.ledger.writing() as connection:
        campaigns.lock_state(connection, held.campaign_id)
        return clearance.read(connection, held, ACCOUNT)


def test_nothing_stands_against_the_call_of_a_good_claim(scene, frozen, held) -> None:
    found = read(scene, held)
    assert found == Clearance(False, frozen.now + LEASE_SECONDS, troubled=False, calls_limited=False)
    assert found.lets_go(frozen.now)


@pytest.mark.parametrize(("seconds", "good"), [(LEASE_SECONDS - 1, True), (LEASE_SECONDS, False)])
def test_a_lease_is_good_until_its_end(scene, frozen, held, seconds: float, good: bool) -> None:
    assert read(scene, held).lets_go(frozen.now + seconds) is good


def test_a_renewed_lease_is_good_for_longer(scene, frozen, held) -> None:
    frozen.tick(50)
    with scene.ledger.writing() as connection:
        assert claims.renew(connection, held)
    assert read(scene, held).lets_go(frozen.now + LEASE_SECONDS - 1)


def test_a_claim_of_another_owner_or_of_nobody_has_no_lease(scene, frozen, held) -> None:
    assert read(scene, replace(held, owner="worker-2")).leased_until is None
    assert read(scene, replace(held, id=held.id + 1)).leased_until is None
    assert not read(scene, replace(held, owner="worker-2")).lets_go(frozen.now)


@pytest.mark.parametrize(
    ("failures", "opened_at", "troubled"), [(0, None, False), (1, None, True), (3, 1.0, True)]
)
def test_calls_without_an_answer_are_trouble(scene, frozen, held, failures, opened_at, troubled) -> None:
    with scene.ledger.writing() as connection:
        values = {"failures": failures, "opened_at": opened_at, "probe_at": opened_at, "probes": 0}
        connection.execute(insert(breaker).values(name=ACCOUNT, **values))
        connection.execute(insert(breaker).values(name="another", failures=9, probes=0))
    found = read(scene, held)
    assert found.troubled is troubled
    assert found.lets_go(frozen.now) is not troubled


@pytest.mark.parametrize(
    ("mode", "measuring", "limited"),
    [("tenths", False, False), ("tenths", True, True), ("full", False, True)],
)
def test_another_way_to_make_calls_is_told(scene, frozen, held, mode, measuring, limited) -> None:
    values = {"seconds": 0.0, "accepted": 0, "throttled": 0, "last_at": 0.0, "since": 0.0, "rates": {}}
    with scene.ledger.writing() as connection:
        connection.execute(insert(call_limit).values(name=ACCOUNT, mode=mode, measuring=measuring, **values))
    found = read(scene, held)
    assert found.calls_limited is limited
    assert found.lets_go(frozen.now) is not limited


def _suspend(connection: Connection) -> None:
    accounts.lock(connection)
    accounts.change(connection, Action.SUSPENDED, Rolling(0.0, 1_000, 50), by="gate", reason="5 %")


def test_a_call_that_waited_for_a_suspension_comes_after_it(scene, held) -> None:
    with ThreadPoolExecutor(1) as workers:
        with scene.ledger.writing() as connection:
            _suspend(connection)
            calling = _calling(workers, scene, held)
            _wait_until_it_waits_for_us(connection, calling)
        state, _, found = calling.result(30)
    assert (state, found.suspended) == (State.RUNNING, True)


def test_a_call_that_waited_for_a_halt_comes_after_it(scene, held) -> None:
    with ThreadPoolExecutor(1) as workers:
        with scene.locked() as (connection, locked):
            calling = _calling(workers, scene, held)
            _wait_until_it_waits_for_us(connection, calling)
            campaigns.change_state(connection, locked, State.HALTED, by="gate", reason="12 of 200")
        state, epoch, _ = calling.result(30)
    assert (state, epoch) == (State.HALTED, 1)


def test_what_changed_while_a_call_waited_for_its_campaign_is_seen(scene, held) -> None:
    with ThreadPoolExecutor(1) as workers:
        with scene.locked() as (connection, _):
            calling = _calling(workers, scene, held)
            _wait_until_it_waits_for_us(connection, calling)
            connection.execute(insert(breaker).values(name=ACCOUNT, failures=1, probes=0))
            connection.execute(update(claim).values(leased_until=0.0))
        _, _, found = calling.result(30)
    assert (found.troubled, found.leased_until) == (True, 0.0)


def _calling(
    workers: ThreadPoolExecutor, scene, held: Claim
) -> Future[tuple[campaigns.State, int, Clearance]]:
    begun = Event()

    def call() -> tuple[campaigns.State, int, Clearance]:
        begun.set()
        with scene.ledger.writing() as connection:
            state, epoch = campaigns.lock_state(connection, held.campaign_id)
            return state, epoch, clearance.read(connection, held, ACCOUNT)

    calling = workers.submit(call)
    assert begun.wait(30)
    return calling


def _wait_until_it_waits_for_us(connection: Connection, other: Future[object]) -> None:
    """Return when another transaction waits for this one's lock; on SQLite BEGIN IMMEDIATE keeps it out."""
    if connection.dialect.name == "sqlite":
        return
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while not connection.execute(waiting).scalar_one():
        assert not other.done()
