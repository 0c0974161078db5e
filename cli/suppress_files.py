"""The suppression list in bulk: from files, into files, and with the list of the SES account."""

import getpass
from typing import TYPE_CHECKING

import click

from cli import hygiene, output, paths

if TYPE_CHECKING:
    from datetime import datetime

    from lists.suppression_files import Imported

# As in ledger.suppression_history, which is not imported before a command needs it; a test compares them.
REASONS = ("hard_bounce", "complaint", "unsubscribe", "manual", "soft_bounce", "expired", "inactive")

BY = click.option("--by", required=True, help="Who decides this.")
LIST = click.option("--list", "scope", default="", metavar="NAME", help="For this list alone.")
OWNER = click.option(
    "--owner", default="", metavar="NAME", help="For what this owner of the API sends alone."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@click.command("import")
@click.argument("file", type=click.Path())
@click.option(
    "--reason", type=click.Choice(REASONS), help="What all are; else the column `reason`, or manual."
)
@click.option("--reason-note", "--note", "note", default=None, help="Why, in your own words.")
@click.option("--address-column", default="", metavar="NAME", help="Column of the addresses.")
@click.option("--encoding", default="", metavar="NAME", help="Such as windows-1252, where it is not UTF-8.")
@click.option("--delimiter", default="", metavar="CHARACTER", help="What separates the columns, or tab.")
@click.option("--no-header", is_flag=True, help="The first row is an address, not the columns' names.")
@hygiene.QUOTE
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    metavar="DATE",
    help="The last day (UTC) on which it holds; for good, where left out.",
)
@BY
@LIST
@JSON
def import_(
    file: str,
    reason: str | None,
    note: str | None,
    address_column: str,
    encoding: str,
    delimiter: str,
    no_header: bool,
    quote: hygiene.Quote | None,
    until: "datetime | None",
    by: str,
    scope: str,
    as_json: bool,
) -> None:
    """Never write to any address of FILE (CSV or Parquet) again.

    A file of `campaign suppress export` brings its own reasons and lists. Safe to run again.
    `campaign suppress remove --from-import ID` takes back what it brought.
    """
    from ledger.engine import open_ledger
    from ledger.suppressions import SuppressionReason
    from lists import suppression_files
    from lists.errors import ListError
    from lists.policy import ListSource
    from lists.suppressing import DOMAIN_MEND
    from settings import settings

    source = ListSource(
        source=file,
        address_column=address_column,
        encoding=encoding,
        delimiter=delimiter,
        header=not no_header,
        quote=quote or "",
    )
    with open_ledger(settings().database_url) as ledger:
        found = suppression_files.import_file(
            ledger,
            source,
            by=by,
            reason=SuppressionReason(reason) if reason else None,
            scope=scope,
            note=note,
            until=until.date() if until else None,
        )
    if as_json:
        output.as_json(
            {
                "import": found.id,
                "rows": found.rows,
                "added": found.added,
                "standing": found.standing,
                "malformed": len(found.malformed_rows),
                "malformed_rows": list(found.malformed_rows),
                "domain_rows": list(found.domain_rows),
            }
        )
    else:
        _tell(found)
    if found.domain_rows:
        more = f" and {len(found.domain_rows) - 1:,} more" if len(found.domain_rows) > 1 else ""
        raise ListError(
            f"{file}, row {found.domain_rows[0]}{more}: a whole domain cannot be suppressed, and was left "
            f"out: {DOMAIN_MEND}."
        )
    if len(found.malformed_rows) == found.rows:
        raise ListError(f"{file} holds no address: say which column holds them with --address-column.")


def _tell(found: "Imported") -> None:
    click.echo(
        f"{found.rows:,} rows: {found.added:,} added, {found.standing:,} suppressed before, "
        f"{len(found.malformed_rows):,} without an address"
    )
    if found.malformed_rows:
        shown = ", ".join(str(row) for row in found.malformed_rows[:10])
        click.echo(f"  no address in row {shown}{' ...' if len(found.malformed_rows) > 10 else ''}")
    if found.id:
        # Beside the figures, which programs read.
        click.echo(
            f"import {found.id}: `campaign suppress remove --from-import {found.id}` undoes it", err=True
        )


@click.command()
@click.argument("file", type=paths.file())
@click.option("--reason", type=click.Choice(REASONS), help="Only these.")
@click.option("--list", "scope", metavar="NAME", help="Only those for this list.")
@click.option("--owner", default="", metavar="NAME", help="Only those for what this owner sends.")
def export(file: str, reason: str | None, scope: str | None, owner: str) -> None:
    """Write the suppression list to FILE as CSV."""
    from pathlib import Path

    from ledger.engine import open_ledger
    from ledger.suppression_entries import Selection
    from ledger.suppressions import SuppressionReason
    from lists import suppression_files
    from settings import settings

    selection = Selection(SuppressionReason(reason) if reason else None, selected(scope, owner))
    with open_ledger(settings().database_url) as ledger:
        written = suppression_files.export_file(ledger, Path(file), selection)
    click.echo(f"{written:,} written to {file}")


@click.command()
@click.option(
    "--direction",
    type=click.Choice(["both", "pull", "push"]),
    default="both",
    show_default=True,
    help="pull: learn from SES; push: tell it.",
)
@click.option("--by", default=getpass.getuser, help="Who decides this; you, where left out.")
@JSON
def sync(direction: str, by: str, as_json: bool) -> None:
    """Bring the suppression list of the SES account and this one together."""
    from dataclasses import asdict

    from ledger.engine import open_ledger
    from mail import ses_suppression
    from settings import settings

    with open_ledger(settings().database_url) as ledger:
        found = ses_suppression.sync(
            ledger, ses_suppression.client(), ses_suppression.Direction(direction), by=by
        )
    if as_json:
        output.as_json(asdict(found))
        return
    click.echo(
        f"{found.listed:,} on SES's list: {found.pulled:,} new here; {found.pushed:,} new there, "
        f"{found.lifted:,} taken off there, {found.refused:,} left out"
    )


def selected(list_name: str | None, owner: str) -> str | None:
    """Return the one scope that is asked for; None: all of them."""
    from lists.suppressing import checked_scope

    return None if list_name is None and not owner else checked_scope(list_name or "", owner)
