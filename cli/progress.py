"""A line that says how far a campaign is, while it runs."""

import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

if TYPE_CHECKING:
    from ledger.engine import Ledger

_EVERY_SECONDS = 0.5
# Where nobody watches a line change, a new line now and then serves better.
_PLAIN_EVERY_SECONDS = 5.0


class Progress:
    """Reads the ledger beside a run and shows its figures on stderr; a context manager."""

    def __init__(self, database_url: str, campaign: str) -> None:
        self._database_url = database_url
        self._campaign = campaign
        self._over = threading.Event()
        self._lively = sys.stderr.isatty()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        if self._lively:
            click.echo("\r\033[K", nl=False, err=True)

    def _run(self) -> None:
        from ledger.engine import open_ledger
        from ledger.errors import LedgerLost

        shown = ""
        # A ledger that vanished is for the run itself to tell.
        with suppress(LedgerLost), open_ledger(self._database_url) as ledger:
            while not self._over.wait(_EVERY_SECONDS if self._lively else _PLAIN_EVERY_SECONDS):
                line = _line(ledger, self._campaign)
                if line and line != shown:
                    click.echo(
                        f"\r\033[K  {line}" if self._lively else f"  {line}", nl=not self._lively, err=True
                    )
                shown = line


def _line(ledger: "Ledger", name: str) -> str:
    from ledger import campaigns, tallies
    from ledger.campaigns import State
    from ledger.statuses import Count, Status
    from mail import holdups
    from reports import run_log

    with ledger.reading() as connection:
        campaign = campaigns.find(connection, name)
        if campaign is None:
            return "checking and cleaning the list"
        if campaign.state is State.ENQUEUING:
            return f"{campaign.state}: {campaign.recipients:,} recipients stored, nothing sent yet"
        totals = tallies.read(connection, campaign.id)
        waits = holdups.read(connection, campaign, totals)
    counts = totals.counts
    unknown = counts[Count.ACCEPTED] - counts[Count.KNOWN]
    return (
        f"{campaign.state}: {counts[Count.ACCEPTED]:,} of {campaign.recipients:,} sent, "
        f"{counts[Count.DELIVERED]:,} delivered, {counts[Count.HARD_BOUNCED]:,} hard bounced "
        f"({totals.bounce_rate:.1%}), {unknown:,} without an outcome yet"
        + (f", {totals.by_status[Status.IN_DOUBT]:,} in doubt" if totals.by_status[Status.IN_DOUBT] else "")
        + "".join(f"; {run_log.sentence(each)}" for each in waits)
    )
