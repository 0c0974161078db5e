"""Sending and collecting beside the HTTP API: what was taken in goes out within a second."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.exc import SQLAlchemyError

from ledger.engine import Ledger, open_ledger
from ledger.errors import LedgerError
from mail import doubts, single_sending, working
from mail.collecting import Collector
from mail.errors import MailError
from mail.single_sending import SinglesSent, SingleWork
from settings import Settings, settings

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
_NICE = 5


@contextmanager
def draining(settings: Settings, arrived: threading.Event) -> Iterator[None]:
    """Send single messages and collect events as long as the block runs, in a process of their own.

    There they take no time from the answers. `arrived` is set by whoever has taken a message in. Raises
    SettingsError where a setting is missing.
    """
    settings.need("public_url", "configuration_set", "event_queue_url")
    stop = threading.Event()
    keeper = threading.Thread(target=_keep, args=(arrived, stop), name="drain", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        arrived.set()
        keeper.join()


def main() -> None:
    """Drain until standard input ends: whoever started this is gone, or wants it to end. A byte: mail came.

    A call to SES that is under way is waited for: its answer is worth more than a quick end.
    """
    # Ctrl-C reaches the whole group of processes; the end of the input tells this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Who posts a message waits for the answer; a message waits for nobody.
    os.nice(_NICE)
    found, arrived, stop = settings(), threading.Event(), threading.Event()
    with open_ledger(found.database_url) as ledger:
        threads = [
            threading.Thread(target=send, args=(ledger, found, arrived, stop), name="send"),
            threading.Thread(target=collect, args=(ledger, found, stop), name="collect"),
        ]
        for thread in threads:
            thread.start()
        while os.read(sys.stdin.fileno(), 4096):
            arrived.set()
        stop.set()
        arrived.set()
        for thread in threads:
            thread.join()
        with suppress(MailError):
            working.blocks(ledger, found).end(ledger)


def send(ledger: Ledger, settings: Settings, arrived: threading.Event, stop: threading.Event) -> None:
    """Send whatever is queued until told to stop."""
    work: SingleWork | None = None
    opened_at = 0.0
    # Whether there is more to send than the last run took.
    is_full = False

    def once() -> float:
        nonlocal work, opened_at, is_full
        is_full = False
        if work is None or time.monotonic() - opened_at > _WORK_SECONDS:
            work, opened_at = working.open_single_work(ledger, settings, tell=log.warning), time.monotonic()
        sent = single_sending.send_messages(work, _MESSAGES_A_RUN)
        if sent.ended == "stopped":
            # New credentials, or a new rate, need a new client.
            work = None
        is_full = sent.ended in ("chunk", "later")
        return _pause_after(sent)

    while not stop.is_set():
        if not is_full:
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
        # So that a copy of the ledger that was taken while mail went out is behind soon.
        working.blocks(ledger, settings).end_what_is_over(ledger)
        return 0.0

    while not stop.is_set():
        stop.wait(_guarded(once))


def _keep(arrived: threading.Event, stop: threading.Event) -> None:
    """Keep a draining process running, and tell it when messages arrive."""
    while not stop.is_set():
        command = [sys.executable, "-m", "api.draining"]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            _tell(process, arrived, stop)
        if not stop.is_set():
            log.warning("the sending process ended with %s: it is started again", process.returncode)
            stop.wait(_TROUBLE_SECONDS)


def _tell(process: "subprocess.Popen[bytes]", arrived: threading.Event, stop: threading.Event) -> None:
    """Pass on that messages arrived, until told to stop or the process has ended."""
    assert process.stdin is not None
    while not stop.is_set() and process.poll() is None:
        if arrived.wait(LOOK_AGAIN_SECONDS):
            arrived.clear()
            with suppress(BrokenPipeError):
                process.stdin.write(b".")
                process.stdin.flush()
            stop.wait(GATHER_SECONDS)
    with suppress(BrokenPipeError):
        process.stdin.close()


def _pause_after(sent: SinglesSent) -> float:
    match sent.ended:
        case "chunk" | "nothing_left":
            return 0.0
        case "later":
            return sent.wait_seconds
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


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    main()
