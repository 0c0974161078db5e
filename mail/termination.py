"""SIGTERM: nothing more is claimed, the calls under way are recorded, and the process ends within its grace.

A call to SES whose answer nobody hears leaves its messages in doubt; so it is waited for.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# What whoever stops a process should leave it (systemd's TimeoutStopSec, a container's stop time-out): a call
# to SES takes 30 seconds at the most, and its answer is to be recorded.
GRACE_SECONDS = 35.0

# Set once this process was told to end; whoever sends or collects looks at it.
requested = threading.Event()

# Whether this process ends by itself; a run of a work pool is ended by Prefect.
_is_ours = False


class Terminated(BaseException):
    """SIGTERM came; raised in the main thread, so that everything is left in good order."""


def sleep(seconds: float) -> None:
    """Sleep, but not past the moment at which the process is told to end."""
    requested.wait(seconds)


@contextmanager
def handled() -> Iterator[None]:
    """Let SIGTERM raise Terminated in this block; inside of `waited_for` it only sets `requested`.

    Once the block is left, a SIGTERM that came is raised. Signals are the main thread's: elsewhere it does
    nothing.
    """
    global _is_ours
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _raise)
    _is_ours = True
    try:
        yield
        check()
    finally:
        _is_ours = False
        # One that comes while everything is being left is the same one again.
        signal.signal(signal.SIGTERM, signal.SIG_IGN if requested.is_set() else before)


@contextmanager
def waited_for() -> Iterator[None]:
    """Let SIGTERM only set `requested` in this block, which then ends by itself."""
    if not _is_ours or threading.current_thread() is not threading.main_thread():
        yield
        return
    # Prefect's own by now, which would break off whatever waits for the calls under way.
    before = signal.signal(signal.SIGTERM, _note)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def check() -> None:
    """Raise Terminated where this process was told to end."""
    if requested.is_set():
        raise Terminated


def end_by_signal() -> None:
    """End this process by the signal that it was told to end with, as supervisors and shells expect."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.raise_signal(signal.SIGTERM)


def _note(_number: int, _frame: FrameType | None) -> None:
    # In a thread of its own: this one may hold the event's lock.
    threading.Thread(target=requested.set, daemon=True).start()


def _raise(number: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    requested.set()
    raise Terminated
