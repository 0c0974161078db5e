"""Removing a person from everything, because that person asked for it."""

import click

from cli import output


@click.command()
@click.argument("address")
@click.option("--by", required=True, help="Who decides this.")
@click.option("--reason", required=True, help="Why; it is kept, so leave names out.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def erase(address: str, by: str, reason: str, as_json: bool) -> None:
    """Remove the person behind ADDRESS everywhere; a keyed hash stays, so that nobody mails them again."""
    from dataclasses import asdict
    from pathlib import Path

    from ledger.engine import open_ledger
    from lists import erasing
    from settings import settings

    found = settings()
    with open_ledger(found.database_url) as ledger:
        removed = erasing.erase(ledger, address, Path(found.output_dir), by=by, reason=reason)
    files = [str(path) for path in removed.files]
    if as_json:
        output.as_json({**asdict(removed.erased), "files": files})
        return
    erased = removed.erased
    click.echo(
        f"Erased: {erased.messages:,} messages ({erased.unsent:,} of them unsent), {erased.events:,} events, "
        f"{erased.suppressions:,} suppressions, {erased.sign_ups:,} sign-ups, "
        f"{erased.callbacks:,} callbacks, {erased.unread:,} unread messages of the event queue."
    )
    click.echo("The address is suppressed by its hash from now on.")
    if files:
        click.echo("These files still hold the address; delete them or make them anew:")
        for file in files:
            click.echo(f"  {file}")
    click.echo("The list's own source, backups and SES's account suppression list are yours to look after.")
