"""A line on stderr that says how far a cleaning is, and first what it took the list for."""

import sys
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

if TYPE_CHECKING:
    from lists.sources import OpenList

# Where nobody watches a line change, a new line now and then serves better.
_PLAIN_EVERY_SECONDS = 10.0


class Watched:
    """A context manager whose methods a cleaning calls."""

    def __init__(self) -> None:
        from lists.pace import Pace

        self._lively = sys.stderr.isatty()
        self._pace = Pace() if self._lively else Pace(every_seconds=_PLAIN_EVERY_SECONDS)
        self._shown = False
        # A log is spared the lines of a cleaning that is over before the first of them is due.
        self._quiet_until = monotonic() + (0.0 if self._lively else _PLAIN_EVERY_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lively and self._shown:
            click.echo("\r\033[K", nl=False, err=True)

    def opened(self, listed: "OpenList") -> None:
        """Say what was found by looking at the content, before any row is judged by it."""
        for sentence in listed.notes:
            click.echo(sentence, err=True)

    def told(self, stage: str, done: int, total: int) -> None:
        """Show how far it is."""
        line = self._pace.line(stage, done, total)
        # A short list is done before anybody could read a line about it.
        if not line or monotonic() < self._quiet_until or (done >= total and not self._shown):
            return
        self._shown = True
        click.echo(f"\r\033[K  {line}" if self._lively else f"  {line}", nl=not self._lively, err=True)
