"""What the ledger says of itself, such as that it is new, as lines on stderr."""

import logging

import click


class _OnStderr(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        click.echo(f"{record.getMessage()}.", err=True)


_ON_STDERR = _OnStderr(logging.WARNING)


def show() -> None:
    """Show what `ledger.engine` tells to whoever runs a command."""
    log = logging.getLogger("ledger.engine")
    if _ON_STDERR not in log.handlers:
        log.addHandler(_ON_STDERR)
        # Prefect's own handlers would show it a second time.
        log.propagate = False
