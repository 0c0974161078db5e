"""Whatever breaks between a claim and its call, the claim goes back at once: nobody waits for the lease."""

from typing import Any

import pytest
from sqlalchemy import func, select

from ledger import attempts
from ledger.claims import LEASE_SECONDS
from ledger.schema import claim, message
from ledger.statuses import Status
from mail import calling, rate, sending, steady
from mail.generation_blocks import GenerationBlocks
from mail.queue import QueueError
from mail.restoring import Outside

# Where something can break after a claim and before its intent is committed: (module, name) by what it is.
OF_A_CAMPAIGN = {
    "the note of the generation": None,
    "the lease": (calling, "Lease"),
    "the link": (sending, "url"),
    "the content": (sending, "compose"),
    "the request": (sending.ses_requests, "outgoing"),
    "the place under the rate, on the steady course": (steady.rate, "book"),
    "the place under the rate": (rate, "take"),
    "the intent, on the steady course": (steady.attempts, "intend"),
    "the intent": (attempts, "commit_intent"),
}


class Broken(Exception):
    """Stands for anything that nobody thought of."""


class BrokenNote:
    def look(self) -> Outside:
        raise QueueError("the queue is gone.")

    def write(self, generation: int) -> None:
        raise AssertionError("nothing is written where nothing can be read")


def breaks(monkeypatch: pytest.MonkeyPatch, step: tuple[Any, str] | None, error: type[BaseException]) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    if step is not None:
        monkeypatch.setattr(*step, fail)


def statuses(ledger: Any) -> dict[str, int]:
    with ledger.reading() as connection:
        assert connection.execute(select(func.count()).select_from(claim)).scalar_one() == 0
        query = select(message.c.status, func.count()).group_by(message.c.status)
        return dict(connection.execute(query).all())


@pytest.mark.parametrize("error", [Broken, KeyboardInterrupt])
@pytest.mark.parametrize("step", OF_A_CAMPAIGN.values(), ids=OF_A_CAMPAIGN)
def test_a_campaign_gives_its_claim_back(
    stage: Any, monkeypatch: pytest.MonkeyPatch, step: tuple[Any, str] | None, error: type[BaseException]
) -> None:
    # So many that what breaks for each of them is no row's own fault.
    stage.enqueue(12)
    # The slow way is taken where the steady course cannot be.
    slowly = step in (OF_A_CAMPAIGN["the place under the rate"], OF_A_CAMPAIGN["the intent"])
    work = stage.work(noted=GenerationBlocks(BrokenNote()) if step is None else None)
    with monkeypatch.context() as patch:
        breaks(patch, step, error)
        if slowly:
            patch.setattr(steady, "turn", lambda *_, **__: None)
        with pytest.raises(QueueError if step is None else error):
            stage.send(work)
    assert stage.ses.calls == []
    assert statuses(stage.ledger) == {Status.QUEUED: 12}
    assert stage.send().answers == {"accepted": 12}
    assert sum(stage.clock.slept) < LEASE_SECONDS


def test_an_exception_after_the_intent_leaves_it_to_the_events(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the call went out is not known then, so nothing of it is queued again."""
    stage.enqueue(5)
    with monkeypatch.context() as patch:
        breaks(patch, (calling.call_modes, "call"), Broken)
        with pytest.raises(Broken):
            stage.send()
    stage.clock.tick(LEASE_SECONDS + 1)
    stage.send()
    assert stage.count() == {Status.IN_DOUBT: 5}
