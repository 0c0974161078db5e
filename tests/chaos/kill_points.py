"""The moments at which a process can be killed by itself, each named; the product has no hooks for it."""

import functools
import http.client
import os
import select
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ledger import attempts, batch_enqueue, claims, enqueueing, events
from mail import collecting, queue, sending, ses


@dataclass(frozen=True)
class Point:
    """A function, and whether the process dies before it begins or after it is done."""

    owner: Any
    function: str
    after: bool


SENDER_POINTS = {
    "during claim": Point(claims, "take", after=True),
    "after claim": Point(sending, "claim", after=True),
    "during intent": Point(attempts, "intend", after=True),
    "after intent": Point(ses, "send", after=False),
    # The request is out and nobody has looked for the answer.
    "in the call": Point(http.client.HTTPConnection, "getresponse", after=False),
    # SES has taken it: its answer lies in this machine's socket, unread.
    "after acceptance": Point(http.client.HTTPConnection, "getresponse", after=False),
    "after the answer": Point(ses, "send", after=True),
    "during record": Point(attempts, "count_accepted", after=False),
    "before record's commit": Point(attempts, "record", after=True),
    "before giving back": Point(sending, "give_back", after=False),
}
COLLECTOR_POINTS = {
    "after receiving": Point(collecting.Collector, "_take_in", after=False),
    "during ingestion": Point(events, "_learn", after=False),
    "before ingestion's commit": Point(events, "apply", after=True),
    "before deleting": Point(queue.EventQueue, "delete", after=False),
}
ENQUEUER_POINTS = {
    "during a batch": Point(enqueueing, "add", after=True),
    "between batches": Point(batch_enqueue, "_let_others_in", after=False),
    "before the switch": Point(enqueueing, "let_run", after=False),
    "during the switch": Point(enqueueing, "let_run", after=True),
}
POINTS = SENDER_POINTS | COLLECTOR_POINTS | ENQUEUER_POINTS


def arm(name: str, passing: int) -> None:
    """Let this process be killed when it comes by the point for the `passing`-th time."""
    point = POINTS[name]
    original: Callable[..., Any] = getattr(point.owner, point.function)
    left = passing

    @functools.wraps(original)
    def deadly(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        if left > 0:
            return original(*arguments, **named)
        if name == "after acceptance":
            select.select([arguments[0].sock], [], [])
        if not point.after:
            _die()
        found = original(*arguments, **named)
        # A claim of nothing moves no mail.
        if name == "after claim" and not hasattr(found, "recipients"):
            return found
        _die()

    setattr(point.owner, point.function, deadly)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    # Until the signal is there nothing more may happen.
    signal.pause()
