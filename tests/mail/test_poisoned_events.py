"""An event whose processing raises, wherever it does: it stays on the queue, and all others are taken in."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DataError, OperationalError

from ledger import drains
from ledger.statuses import Status
from lists.dns_verdicts import MxVerdict
from lists.dns_verdicts import Status as MxStatus
from mail import collecting, event_intake
from mail.collecting import Collector
from mail.queue import Received

POISON = "poison@reader.example"
# It is the thirteenth of its campaign.
POISON_ID = 13


class Queue:
    """A queue that brings what it holds ten at a time, and keeps what is not deleted."""

    def __init__(self, bodies: Sequence[str]) -> None:
        self.waiting = list(bodies)
        self.kept: dict[str, str] = {}

    def receive(self, wait_seconds: int = 0) -> list[Received]:
        batch, self.waiting = self.waiting[:10], self.waiting[10:]
        found = [Received(body, f"{len(self.kept) + n}") for n, body in enumerate(batch)]
        self.kept |= {item.receipt: item.body for item in found}
        return found

    def delete(self, receipts: Sequence[str]) -> None:
        for receipt in receipts:
            self.kept[receipt] = ""

    @property
    def left(self) -> list[str]:
        return [body for body in self.kept.values() if body]


def collector(ledger: Any, queue: Queue) -> Collector:
    def lookup(domains: Sequence[str]) -> Mapping[str, MxVerdict]:
        return {domain: MxVerdict(MxStatus.DELIVERABLE) for domain in domains}

    return Collector(ledger, queue, lookup)  # type: ignore[arg-type]


def delivery(taken: tuple[str, str]) -> str:
    address, send_id = taken
    return json.dumps(
        {
            "eventType": "Delivery",
            "mail": {
                "timestamp": "2027-01-15T08:00:00Z",
                "messageId": f"ses-of-{send_id}",
                "destination": [address],
                "tags": {"send_id": [send_id]},
            },
            "delivery": {"timestamp": "2027-01-15T08:01:00Z", "recipients": [address]},
        }
    )


def raising_for_poison(real: Callable[..., Any], error: Exception) -> Callable[..., Any]:
    """Return the same function, which raises where anything that it is given names the poisoned one."""

    def act(*arguments: Any, **named: Any) -> Any:
        if POISON in repr(arguments) or f"MessageState(id={POISON_ID}," in repr(arguments):
            raise error
        return real(*arguments, **named)

    return act


PLACES = {
    "reading it": (event_intake, "parse"),
    "storing it": (collecting.events, "apply"),
    "watching its domain": (collecting.braking, "watch"),
}
ERRORS = [
    ValueError(POISON),
    KeyError(POISON),
    RecursionError(POISON),
    OverflowError("Python int too large"),
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, POISON),
    DataError("INSERT", {"recipient": POISON}, Exception("too long")),
    OperationalError("INSERT", {"recipient": POISON}, Exception("index row size exceeds the maximum")),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", PLACES)
def test_a_poisoned_event_stays_alone(
    stage: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any, place: str, error: Exception
) -> None:
    stage.enqueue([*(f"reader.{n}@reader.example" for n in range(12)), POISON, "last@reader.example"])
    stage.send()
    bodies = [delivery(each) for each in stage.ses.accepted]
    queue = Queue(bodies)
    module, name = PLACES[place]
    monkeypatch.setattr(module, name, raising_for_poison(getattr(module, name), error))
    with caplog.at_level(logging.DEBUG):
        collected = collector(stage.ledger, queue).drain()
    assert (collected.new, collected.broken, collected.received) == (13, 1, 13)
    assert stage.count() == {Status.DELIVERED: 13, Status.SENT: 1}
    assert queue.left == [body for body in bodies if POISON in body]
    assert POISON not in caplog.text
    with stage.ledger.reading() as connection:
        # Nobody has seen the queue empty while something is left on it.
        assert drains.moment_before(connection, 0) is None


@given(st.sets(st.integers(0, 29), max_size=8))
def test_whichever_are_poisoned_the_others_are_taken_in(stage: Any, poisoned: set[int]) -> None:
    bodies = ["poisoned" if n in poisoned else "no event" for n in range(30)]
    queue = Queue(bodies)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event_intake, "parse", _parse_unless(event_intake.parse))
        collected = collector(stage.ledger, queue).drain()
    assert (collected.not_events, collected.broken) == (30 - len(poisoned), len(poisoned))
    assert queue.left == ["poisoned"] * len(poisoned)


def _parse_unless(real: Callable[..., Any]) -> Callable[..., Any]:
    def parse(body: str, *arguments: Any) -> Any:
        if body == "poisoned":
            raise AttributeError(body)
        return real(body, *arguments)

    return parse


def test_an_outage_leaves_all_on_the_queue_and_is_raised(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = Queue(["{}"] * 3)

    def locked(*_: object) -> None:
        raise OperationalError("BEGIN", {}, Exception("database is locked"))

    monkeypatch.setattr(collecting.events, "apply", locked)
    with pytest.raises(OperationalError):
        collector(stage.ledger, queue).drain()
    assert len(queue.left) == 3
