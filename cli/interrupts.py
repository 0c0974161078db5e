"""Ctrl-C while a campaign is sent: the campaign is paused, and the run ends in good order."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def pausing(database_url: str, campaign: str) -> Iterator[None]:
    """Let the first Ctrl-C pause `campaign`; a second one, or one before it is enqueued, ends the process.

    A third one waits for nothing that is under way.
    """

    def first(_number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, second)
        # In a thread of its own: this one may be in the middle of a transaction.
        threading.Thread(target=_pause, args=(database_url, campaign), daemon=True).start()

    def second(_number: int, _frame: object) -> None:
        # Whatever is waited for then: the third one waits for nothing.
        signal.signal(signal.SIGINT, lambda number, frame: os._exit(128 + signal.SIGINT))
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _pause(database_url: str, campaign: str) -> None:
    from ledger.campaigns import State
    from ledger.engine import open_ledger
    from ledger.errors import CampaignNotFound
    from mail import controls

    try:
        with open_ledger(database_url) as ledger:
            state = controls.pause(ledger, campaign, by="operator", reason="interrupted by hand")
    except CampaignNotFound:
        state = State.ENQUEUING
    if state is State.ENQUEUING:
        # Nothing goes out yet that could be waited for.
        signal.raise_signal(signal.SIGINT)
        return
    click.echo("\nPausing after the calls under way; Ctrl-C again ends at once.", err=True)
