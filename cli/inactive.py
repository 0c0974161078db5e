"""Whoever gets mail and shows no sign of life."""

import click

from cli import output, paths


@click.command()
@click.option("--days", type=click.IntRange(min=1), required=True, help="So many days of silence.")
@click.option(
    "--out",
    "path",
    default=None,
    type=paths.file(),
    help="CSV to write; else var/inactive/inactive.csv.",
)
@click.option("--move-out", is_flag=True, help="Suppress them everywhere as inactive.")
@click.option("--by", default="", help="Who decides that.")
@click.option("--reason", default="", help="Why.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def inactive(days: int, path: str | None, move_out: bool, by: str, reason: str, as_json: bool) -> None:
    """Find who has not opened or clicked anything for so many DAYS, and move them out if you say so."""
    from dataclasses import asdict
    from pathlib import Path

    from ledger.engine import open_ledger
    from lists import inactivity
    from settings import settings

    if move_out and not (by and reason):
        raise click.UsageError("--move-out needs --by and --reason.")
    found = settings()
    file = Path(path) if path else Path(found.output_dir) / "inactive" / "inactive.csv"
    with open_ledger(found.database_url) as ledger:
        if move_out:
            result = inactivity.move_out(ledger, days, file, by=by, reason=reason)
        else:
            result = inactivity.report(ledger, days, file)
    if as_json:
        output.as_json(asdict(result))
        return
    if result.watched_since is None:
        click.echo("No open or click has reached the ledger yet, so nobody can be called inactive.")
        return
    click.echo(f"{result.people:,} people silent for {days} days or longer: {result.file}")
    if move_out:
        click.echo(f"{result.moved_out:,} of them are suppressed as inactive now.")
