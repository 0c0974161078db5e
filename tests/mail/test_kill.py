"""A sender that is killed in mid-run: nobody is written to twice, and nobody is lost."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from ledger import tallies
from ledger.campaigns import State
from ledger.schema import claim
from ledger.statuses import Status
from mail import working
from settings import settings

# Deadlines only: nothing is measured by them.
PATIENCE_SECONDS = 60
PER_SECOND = 400.0
CALL_SIZE = 40

_SENDER = """
from ledger.engine import open_ledger
from mail import sending, working
from settings import settings

with open_ledger(settings().database_url) as ledger:
    work = working.open_work(ledger, settings(), "spring-offer")
    while (found := sending.send_chunk(work, 500)).ended == "chunk":
        pass
    print(found.ended)
"""


@pytest.fixture
def send(ledger_url: str) -> Callable[[], Any]:
    """Return a context manager with a sending process, which is dead when the context is left."""

    @contextmanager
    def process() -> Iterator["subprocess.Popen[str]"]:
        root = Path(__file__).parents[2]
        environment = os.environ | {"CAMPAIGN_DATABASE_URL": ledger_url, "PYTHONPATH": str(root)}
        command = [sys.executable, "-c", _SENDER]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as started:
            try:
                yield started
            finally:
                started.kill()

    return process


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.01)


def _end_leases(stage) -> None:
    """Do what a minute does."""
    with stage.ledger.writing() as connection:
        connection.execute(update(claim).values(leased_until=0.0))


def _collect(stage, world) -> None:
    """Take in every event that the sandbox has published or will."""
    collector = working.open_collector(stage.ledger, settings())

    def all_in() -> bool:
        drained = collector.drain(wait_seconds=0).received == 0
        return drained and world.summary()["pending_events"] == 0

    _until(all_in)
    collector.drain()


def _accepted(world) -> Counter[str]:
    return Counter(address for each in world.messages() for address in each["recipients"])


def _hold_to_account(stage, world, recipients: int) -> None:
    """Assert what must hold whatever was killed: nobody twice, everybody in one status, true tallies."""
    accepted = _accepted(world)
    assert max(accepted.values()) == 1
    rows = stage.rows()
    assert len({row["address"] for row in rows}) == len(rows) == recipients
    assert set(accepted) <= {row["address"] for row in rows}
    with stage.ledger.reading() as connection:
        campaign_id = stage.stored().id
        assert tallies.read(connection, campaign_id) == tallies.recount(connection, campaign_id)
        assert tallies.read(connection, campaign_id).recipients == recipients


@pytest.mark.parametrize(
    "failures",
    [
        [],
        [
            {"kind": "accept_then_drop", "nth_calls": [3, 11]},
            {"kind": "accept_then_500", "nth_calls": [2, 9]},
        ],
    ],
    ids=["sound", "answers that never come"],
)
def test_a_sender_killed_at_any_moment_writes_to_nobody_twice(
    unfrozen_stage, world, send, failures: list[dict[str, Any]]
) -> None:
    recipients = 800
    stage = unfrozen_stage
    stage.enqueue(recipients)
    world.control(rate_per_second=PER_SECOND, failures=failures)
    with send() as first:
        _until(lambda: world.summary()["accepted"] >= 200)
        first.kill()
        assert first.wait(PATIENCE_SECONDS) == -9
    _hold_to_account(stage, world, recipients)
    assert len(_accepted(world)) < recipients
    _end_leases(stage)
    with send() as second:
        assert second.communicate(timeout=PATIENCE_SECONDS)[0] == "nothing_left\n"
        assert second.returncode == 0
    _hold_to_account(stage, world, recipients)
    by_status = stage.count()
    assert set(by_status) <= {Status.SENT, Status.IN_DOUBT}
    # At most one call for the kill, and one for each answer that never came.
    unknown = sum(len(failure["nth_calls"]) for failure in failures)
    assert unknown * CALL_SIZE <= by_status.get(Status.IN_DOUBT, 0) <= (1 + unknown) * CALL_SIZE
    _collect(stage, world)
    _hold_to_account(stage, world, recipients)
    # Whom SES took is settled by the events. Only those of a call that never left are still in doubt.
    accepted = _accepted(world)
    delivered = {row["address"] for row in stage.rows() if row["status"] == Status.DELIVERED}
    assert delivered == set(accepted)
    left = stage.count().get(Status.IN_DOUBT, 0)
    assert left == recipients - len(delivered)
    assert left <= CALL_SIZE


@pytest.mark.parametrize("kind", ["accept_then_wait", "wait"])
def test_a_sender_killed_in_the_middle_of_a_call_leaves_that_call_in_doubt(
    unfrozen_stage, world, send, kind: str
) -> None:
    stage = unfrozen_stage
    stage.enqueue(300)
    world.control(rate_per_second=PER_SECOND, failures=[{"kind": kind, "nth_calls": [4], "seconds": 2}])
    with send() as first:
        _until(lambda: world.summary()["calls"].get("SendBulkEmail", 0) == 4)
        # Nobody but the sandbox knows whether it took the call.
        first.kill()
        first.wait(PATIENCE_SECONDS)
    assert stage.count() == {Status.SENT: 120, Status.SENDING: 40, Status.CLAIMED: 140}
    _end_leases(stage)
    with send() as second:
        assert second.communicate(timeout=PATIENCE_SECONDS)[0] == "nothing_left\n"
    assert stage.count() == {Status.SENT: 260, Status.IN_DOUBT: 40}
    # A call that waits on its way in is taken after its sender is dead.
    _until(lambda: len(_accepted(world)) == 300)
    _collect(stage, world)
    _hold_to_account(stage, world, 300)
    assert stage.count() == {Status.DELIVERED: 300}
    assert stage.finish() is State.COMPLETED
    assert {row["attempts"] for row in stage.rows()} == {1}


def test_before_the_lease_is_over_nothing_of_a_killed_sender_is_touched(unfrozen_stage, world, send) -> None:
    stage = unfrozen_stage
    stage.enqueue(300)
    world.control(rate_per_second=PER_SECOND, failures=[{"kind": "accept_then_wait", "nth_calls": [2]}])
    with send() as first:
        _until(lambda: world.summary()["accepted"] == 80)
        first.kill()
        first.wait(PATIENCE_SECONDS)
    with send() as second:
        # All the rest is in the dead one's claim.
        assert second.communicate(timeout=PATIENCE_SECONDS)[0] == "waiting\n"
    assert stage.count() == {Status.SENT: 40, Status.SENDING: 40, Status.CLAIMED: 220}
    assert len(_accepted(world)) == 80
