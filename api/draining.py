"""Sending and collecting beside the HTTP API, in its process: what was taken in goes out within a second."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from ledger.engine import Ledger
from ledger.errors import LedgerError
from mail import doubts, single_sending, working
from mail.collecting import Collector
from mail.errors import MailError
from mail.single_sending import SinglesSent, SingleWork
from settings import Settings

log = logging.getLogger(__name__)

# Messages of another process, or of before this one began, are found after this long.
LOOK_AGAIN_SECONDS = 1.0
# What comes within this time of the first goes out in the same calls.
GATHER_SECONDS = 0.1
_MESSAGES_A_RUN = 5_000
# While the account is at fault, suspended or without answers.
_TROUBLE_SECONDS = 5.0
# The account's rate is asked for again after this long.
_WORK_SECONDS = 300.0
_POLL_SECONDS = 10


@contextmanager
def draining(ledger: Ledger, settings: Settings, arrived: threading.Event) -> Iterator[None]:
    """Send single messages and collect events, a thread each, as long as the block runs.

    `arrived` is set by whoever has taken a message in. Raises SettingsError where a setting is missing.
    """
    settings.need("public_url", "configuration_set", "event_queue_url")
    stop = threading.Event()
    threads = [
        threading.Thread(target=send, args=(ledger, settings, arrived, stop), name="send", daemon=True),
        threading.Thread(target=collect, args=(ledger, settings, stop), name="collect", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        arrived.set()
        # A call to SES that is under way is waited for: its answer is worth more than a quick end.
        for thread in threads:
            thread.join()


def send(ledger: Ledger, settings: Settings, arrived: threading.Event, stop: threading.Event) -> None:
    """Send whatever is queued until told to stop."""
    work: SingleWork | None = None
    opened_at = 0.0

    def once() -> float:
        nonlocal work, opened_at
        if work is None or time.monotonic() - opened_at > _WORK_SECONDS:
            work, opened_at = working.open_single_work(ledger, settings, tell=log.warning), time.monotonic()
        sent = single_sending.send_messages(work, _MESSAGES_A_RUN)
        if sent.ended == "stopped":
            # New credentials, or a new rate, need a new client.
            work = None
        return _pause_after(sent)

    while not stop.is_set():
        arrived.wait(LOOK_AGAIN_SECONDS)
        stop.wait(GATHER_SECONDS)
        arrived.clear()
        stop.wait(_guarded(once))


def collect(ledger: Ledger, settings: Settings, stop: threading.Event) -> None:
    """Take in events as they come, until told to stop."""
    collector: Collector | None = None

    def once() -> float:
        nonlocal collector
        collector = collector or working.open_collector(ledger, settings)
        collector.drain(wait_seconds=_POLL_SECONDS)
        doubts.expire_singles(ledger)
        return 0.0

    while not stop.is_set():
        stop.wait(_guarded(once))


def _pause_after(sent: SinglesSent) -> float:
    match sent.ended:
        case "chunk" | "nothing_left":
            return 0.0
        case "no_answers":
            return min(max(sent.wait_seconds, LOOK_AGAIN_SECONDS), _TROUBLE_SECONDS)
        case _:
            return _TROUBLE_SECONDS


def _guarded(once: Callable[[], float]) -> float:
    """Do it once and return the pause after it; trouble outside of this process passes or wants a person."""
    try:
        return once()
    except MailError as err:
        log.warning("%s", err)
    except (SQLAlchemyError, LedgerError) as err:
        # The error's text may hold an address among the query's parameters.
        log.warning("the ledger does not answer: %s", type(err).__name__)
    return _TROUBLE_SECONDS
