"""What the ledger says of itself, such as that it is new, as lines on stderr."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import click


class _OnStderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"{record.getMessage()}.", err=True)


@contextmanager
def shown() -> Iterator[None]:
    """Show what `ledger.engine` tells to whoever runs a command, as long as it runs."""
    log, handler = logging.getLogger("ledger.engine"), _OnStderr(logging.WARNING)
    log.addHandler(handler)
    # Prefect's own handlers would show it a second time.
    before, log.propagate = log.propagate, False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.propagate = before
