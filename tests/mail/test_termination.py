"""Told to end in the middle of the sending: what is under way is recorded, and the rest is queued."""

import os
import signal
from typing import Any

import pytest
from sqlalchemy import select

from ledger.schema import claim, limiter
from ledger.statuses import Status
from mail import termination
from mail.termination import Terminated


def ending(stage: Any, work: Any, call: int) -> None:
    """Plan that the process is told to end while SES has this call."""

    def step(fake: Any, request: Any) -> Any:
        work.ends.set()
        return fake.accept(request)

    stage.ses.steps[call] = step


def claims_of(stage: Any) -> list[int]:
    with stage.ledger.reading() as connection:
        return list(connection.execute(select(claim.c.id)).scalars())


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize("per_second", [500.0, 100.0, 5.0])
def test_nothing_more_goes_out_and_nothing_is_in_doubt(stage: Any, per_second: float, call: int) -> None:
    stage.enqueue(400)
    work = stage.work(per_second)
    ending(stage, work, call)
    sent = stage.send(work)
    assert sent.ended == "terminated"
    # One intent more may have been committed before: its call is under way as well.
    assert call <= len(stage.ses.calls) <= call + 1
    accepted = len(stage.ses.accepted)
    assert stage.count() == {Status.SENT: accepted, Status.QUEUED: 400 - accepted}
    assert claims_of(stage) == []
    # Nobody waits for a place that was booked and not used.
    with stage.ledger.reading() as connection:
        free_at = connection.execute(select(limiter.c.next_at)).scalar_one()
    assert free_at <= stage.clock.now + stage.work(per_second).rate.call_size / per_second + 1e-6


def test_who_was_told_to_end_claims_nothing(stage: Any) -> None:
    stage.enqueue(5)
    work = stage.work()
    work.ends.set()
    assert stage.send(work).ended == "terminated"
    assert stage.count() == {Status.QUEUED: 5}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Whether this process was told to end, known to the test alone."""
    own = termination.threading.Event()
    monkeypatch.setattr(termination, "requested", own)
    return own


def test_sigterm_leaves_everything_in_good_order(told: Any) -> None:
    left: list[str] = []

    def work() -> None:
        with termination.handled():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                told.wait(10)
            finally:
                left.append("in good order")

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated):
        work()
    signal.signal(signal.SIGTERM, before)
    assert left == ["in good order"]


def test_sigterm_waits_for_what_is_under_way(told: Any) -> None:
    ended: list[str] = []

    def work() -> None:
        with termination.handled():
            with termination.waited_for():
                os.kill(os.getpid(), signal.SIGTERM)
                assert told.wait(10)
                ended.append("by itself")
            ended.append("and went on")

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated):
        work()
    signal.signal(signal.SIGTERM, before)
    assert ended == ["by itself", "and went on"]


def test_without_sigterm_nothing_changes(told: Any) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with termination.handled(), termination.waited_for():
        pass
    assert signal.getsignal(signal.SIGTERM) is before
