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

from api import drain_report
from api.drain_report import SendingProcess, Trouble
from ledger.engine import Ledger, open_ledger
from ledger.errors import LedgerError, LedgerLost
from mail import doubts, single_sending, termination, working
from mail.collecting import Collector
from mail.errors import MailError
from mail.single_sending import SinglesSent, SingleWork
from mail.termination import GRACE_SECONDS, Terminated
from mail.thread_watch import ThreadWatch
from settings import Settings, settings

log = logging.getLogger(__name__)

# Messages of another process, or of before this one began, are found after this long.
LOOK_AGAIN_SECONDS = 1.0
# What comes within this time of the first goes out in the same calls.
GATHER_SECONDS = 0.1
_MESSAGES_A_RUN = 5_000
# While the account is at fault, suspended or without answers.
_TROUBLE_SECONDS = 5.0
# After faults that nobody thought of, in a row, and after ends of the process.
_LONGEST_PAUSE_SECONDS = 60.0
# The account's rate is asked for again after this long.
_WORK_SECONDS = 300.0
_POLL_SECONDS = 10
_NICE = 5


@contextmanager
def draining(settings: Settings, arrived: threading.Event) -> Iterator[SendingProcess]:
    """Send single messages and collect events as long as the block runs, in a process of their own.

    There they take no time from the answers. `arrived` is set by whoever has taken a message in. The block
    gets what is known of that process. Raises SettingsError where a setting is missing.
    """
    settings.need("public_url", "configuration_set", "event_queue_url")
    known, watch = SendingProcess(), ThreadWatch()
    known.end_soon = watch.stop.set
    watch.add("drain", lambda: _keep(arrived, watch.stop, known))
    known.keepers = watch.states
    with watch:
        try:
            yield known
        finally:
            watch.stop.set()
            arrived.set()


def main() -> None:
    """Drain until standard input ends or SIGTERM comes: whoever started this is gone, or wants it to end.

    A byte: mail came. A call to SES that is under way is waited for: its answer is worth more than a quick
    end.
    """
    try:
        with suppress(Terminated), termination.handled():
            _drain()
    except LedgerLost as err:
        sys.exit(str(err))


def _drain() -> None:
    # Ctrl-C reaches the whole group of processes; the end of the input tells this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Who posts a message waits for the answer; a message waits for nobody.
    os.nice(_NICE)
    found, arrived, trouble = settings(), threading.Event(), Trouble()
    told = sys.stdout.fileno()
    os.set_blocking(told, False)
    with open_ledger(found.database_url, make=False) as ledger:
        watch = ThreadWatch(report=lambda states: drain_report.write(told, states, trouble))
        watch.add("send", lambda: send(ledger, found, arrived, watch.stop, trouble))
        watch.add("collect", lambda: collect(ledger, found, watch.stop, trouble))
        with watch:
            try:
                while os.read(sys.stdin.fileno(), 4096):
                    arrived.set()
            finally:
                termination.requested.set()
                watch.stop.set()
                arrived.set()
        with suppress(MailError):
            working.blocks(ledger, found).end(ledger)


def send(
    ledger: Ledger,
    settings: Settings,
    arrived: threading.Event,
    stop: threading.Event,
    trouble: Trouble | None = None,
) -> None:
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
        open_work, work = work, None
        sent = single_sending.send_messages(open_work, _MESSAGES_A_RUN)
        if sent.ended != "stopped":
            # New credentials, or a new rate, need a new client; so does whatever breaks.
            work = open_work
        # With `terminated` the loop is over.
        is_full = sent.ended in ("chunk", "later")
        return _pause_after(sent)

    guard = _Guard("send", trouble or Trouble())
    while not stop.is_set():
        if not is_full:
            arrived.wait(LOOK_AGAIN_SECONDS)
            stop.wait(GATHER_SECONDS)
        arrived.clear()
        stop.wait(guard.do(once))


def collect(
    ledger: Ledger, settings: Settings, stop: threading.Event, trouble: Trouble | None = None
) -> None:
    """Take in events as they come, until told to stop."""
    collector: Collector | None = None

    def drain() -> float:
        nonlocal collector
        collector = collector or working.open_collector(ledger, settings)
        open_collector, collector = collector, None
        open_collector.drain(wait_seconds=_POLL_SECONDS)
        collector = open_collector
        return 0.0

    def expire() -> float:
        doubts.expire_singles(ledger)
        # So that a copy of the ledger that was taken while mail went out is behind soon.
        working.blocks(ledger, settings).end_what_is_over(ledger)
        return 0.0

    # Each for itself: what keeps one of them from its work must not keep the other.
    known = trouble or Trouble()
    guards = [(_Guard("collect", known), drain), (_Guard("expire", known), expire)]
    while not stop.is_set():
        stop.wait(max([guard.do(step) for guard, step in guards]))


def _keep(arrived: threading.Event, stop: threading.Event, known: SendingProcess) -> None:
    """Keep a draining process running, and tell it when messages arrive."""
    while not stop.is_set():
        command = [sys.executable, "-P", "-m", "api.draining"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            known.begin()
            _tell(process, arrived, stop, known)
        if not stop.is_set():
            known.end()
            pause = _growing(known.faults)
            log.warning(
                "the sending process ended with %s: it is started again in %g s", process.returncode, pause
            )
            stop.wait(pause)


def _tell(
    process: "subprocess.Popen[bytes]",
    arrived: threading.Event,
    stop: threading.Event,
    known: SendingProcess,
) -> None:
    """Pass on that messages arrived, until told to stop or the process has ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    while not stop.is_set() and process.poll() is None:
        if arrived.wait(LOOK_AGAIN_SECONDS):
            arrived.clear()
            with suppress(BrokenPipeError):
                process.stdin.write(b".")
                process.stdin.flush()
            stop.wait(GATHER_SECONDS)
        known.read(process.stdout.fileno())
    with suppress(BrokenPipeError):
        process.stdin.close()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        log.warning("the sending process does not end within %g s: it is killed", GRACE_SECONDS)
        process.kill()


def _pause_after(sent: SinglesSent) -> float:
    match sent.ended:
        case "chunk" | "nothing_left" | single_sending.TERMINATED:
            return 0.0
        case "later":
            return sent.wait_seconds
        case "no_answers":
            return min(max(sent.wait_seconds, LOOK_AGAIN_SECONDS), _TROUBLE_SECONDS)
        case _:
            return _TROUBLE_SECONDS


def _growing(faults: int) -> float:
    return float(min(_TROUBLE_SECONDS * 2 ** min(faults - 1, 10), _LONGEST_PAUSE_SECONDS))


class _Guard:
    """Does a step and returns the pause after it, whatever happens in it."""

    def __init__(self, name: str, trouble: Trouble) -> None:
        self._name = name
        self._trouble = trouble
        self._faults = 0

    def do(self, step: Callable[[], float]) -> float:
        try:
            pause = step()
        except MailError as err:
            # Trouble outside of this process passes, or wants a person.
            return self._noted(str(err), _TROUBLE_SECONDS)
        except (SQLAlchemyError, LedgerError) as err:
            # The error's text may hold an address among the query's parameters.
            return self._noted(f"the ledger does not answer: {type(err).__name__}", _TROUBLE_SECONDS)
        except Exception as err:  # noqa: BLE001 - all owners' mail goes through here: it goes on.
            self._faults += 1
            return self._noted(f"it breaks off: {type(err).__name__}", _growing(self._faults))
        self._faults = 0
        self._trouble.note(self._name, "")
        return pause

    def _noted(self, sentence: str, pause: float) -> float:
        log.warning("%s", sentence)
        self._trouble.note(self._name, sentence)
        return pause


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    main()
