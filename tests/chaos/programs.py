"""The kinds of processes that are killed: they enqueue, send or collect; no Prefect in them."""

import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kill_points
import places
from sqlalchemy.exc import DBAPIError

from ledger import batch_enqueue, breaker
from ledger.engine import Ledger, open_ledger
from ledger.errors import LedgerUnreachable
from mail import calling, collecting, queue, sending, working
from settings import settings

# The exit status of a process whose database went away.
LOST_DATABASE = 75
_LOOK_AGAIN_SECONDS = 0.1


def enqueue(
    environment: Mapping[str, str], folder: str, name: str, recipients: int, point: str, passing: int
) -> None:
    """Enqueue the campaign, in batches that are small enough to be killed between many of them."""
    batch_enqueue.BATCH_MESSAGES = max(1, recipients // 6)
    # What a dead one held is free soon.
    batch_enqueue.LEASE_SECONDS = 0.1
    with _ledger(environment) as ledger:
        if point:
            kill_points.arm(point, passing)
        places.enqueue(ledger, Path(folder), name, recipients)


def send(environment: Mapping[str, str], name: str, moving: Any, point: str, passing: int) -> None:
    """Send the campaign until nothing is left; `moving` is 1 while a claim is held."""
    _mark(sending, "claim", moving, lambda found: int(hasattr(found, "recipients")))
    _mark(sending, "give_back", moving, lambda found: 0)
    with _ledger(environment) as ledger:
        work = working.open_work(ledger, settings(), name)
        if point:
            kill_points.arm(point, passing)
        ended = "chunk"
        while ended in ("chunk", "waiting"):
            if ended == "waiting":
                time.sleep(_LOOK_AGAIN_SECONDS)
            ended = sending.send_chunk(work, random.randint(60, 200)).ended


def collect(environment: Mapping[str, str], name: str, moving: Any, point: str, passing: int) -> None:
    """Collect events for ever; `moving` is 1 from the receiving of some to their deletion."""
    _mark(queue.EventQueue, "receive", moving, lambda found: int(bool(found) or moving.value))
    _mark(queue.EventQueue, "delete", moving, lambda found: 0)
    # Small transactions, so that there are many of them to be killed in.
    collecting._EVENTS_A_TRANSACTION = 60
    with _ledger(environment) as ledger:
        collector = working.open_collector(ledger, settings())
        if point:
            kill_points.arm(point, passing)
        while True:
            collector.drain()
            time.sleep(_LOOK_AGAIN_SECONDS)


@contextmanager
def _ledger(environment: Mapping[str, str]) -> Iterator[Ledger]:
    os.environ.update(environment)
    settings.cache_clear()
    # After a throttled call the rest would wait for seconds, which proves nothing here.
    calling._FIRST_BACKOFF_SECONDS = 0.05
    calling._LAST_BACKOFF_SECONDS = 0.2
    breaker.FIRST_PROBE_SECONDS = 0.05
    breaker.LAST_PROBE_SECONDS = 0.2
    try:
        with open_ledger(settings().database_url) as ledger:
            yield ledger
    except LedgerUnreachable:
        sys.exit(LOST_DATABASE)
    except DBAPIError as err:
        # A connection that breaks between a commit and its answer comes as another kind of error.
        if not err.connection_invalidated and "connection" not in str(err):
            raise
        sys.exit(LOST_DATABASE)


def _mark(owner: Any, function: str, moving: Any, value: Callable[[Any], int]) -> None:
    original = getattr(owner, function)

    def marking(*arguments: Any, **named: Any) -> Any:
        found = original(*arguments, **named)
        moving.value = value(found)
        return found

    setattr(owner, function, marking)
