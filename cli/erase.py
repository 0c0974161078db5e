"""Removing a person from everything, because that person asked for it."""

from typing import assert_never

import click

from cli import failures, output

_AGAIN = "run `campaign db compact` at a quiet hour; it needs as much free space again as the ledger takes."


@click.command()
@click.argument("address")
@click.option("--by", required=True, help="Who decides this.")
@click.option("--reason", required=True, help="Why; it is kept, so leave names out.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def erase(address: str, by: str, reason: str, as_json: bool) -> int:
    """Remove the person behind ADDRESS everywhere; a keyed hash stays, so that nobody mails them again."""
    from dataclasses import asdict
    from pathlib import Path

    from ledger.engine import open_ledger
    from ledger.file_traces import Traces
    from lists import erasing
    from settings import settings

    found = settings()
    with open_ledger(found.database_url) as ledger:
        removed = erasing.erase(ledger, address, Path(found.output_dir), by=by, reason=reason)
    files, copies = [str(path) for path in removed.files], [str(path) for path in removed.copies]
    left = failures.COULD_NOT if removed.traces is not Traces.NONE else 0
    if as_json:
        where = {"files": files, "copies": copies, "kept": removed.kept, "traces": removed.traces}
        output.as_json({**asdict(removed.erased), **where})
        return left
    erased = removed.erased
    click.echo(
        f"Erased: {erased.messages:,} messages ({erased.unsent:,} of them unsent), {erased.events:,} events, "
        f"{erased.suppressions:,} suppressions, {erased.sign_ups:,} sign-ups, "
        f"{erased.callbacks:,} callbacks, {erased.unread:,} unread messages of the event queue, "
        f"{erased.mentions:,} mentions elsewhere."
    )
    click.echo("The address is suppressed by its hash from now on.")
    _list("These files still hold the address; delete them or make them anew:", files)
    _list(
        "These copies of the ledger still hold the address; delete them, or erase again after a restore:",
        copies,
    )
    _list("It names something of yours, which stays (columns of the ledger):", list(removed.kept))
    match removed.traces:
        case Traces.NONE:
            pass
        case Traces.IN_LOG:
            click.echo(f"The ledger's -wal file may still hold it, for the ledger is never idle: {_AGAIN}")
        case Traces.IN_FILE:
            click.echo(f"Unused space in the ledger's file may still hold it: {_AGAIN}")
        case other:
            assert_never(other)
    click.echo(
        "The list's own source, backups elsewhere and SES's account suppression list are yours to look after."
    )
    return left


def _list(sentence: str, names: list[str]) -> None:
    if names:
        click.echo(sentence)
    for name in names:
        click.echo(f"  {name}")
