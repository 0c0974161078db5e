"""List hygiene on the command line."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from cli import hygiene, output, paths

if TYPE_CHECKING:
    from reports.list_cleaning import Cleaned


@click.command()
@click.argument("source")
@click.option("--out", "directory", required=True, type=paths.folder(), help="Folder to write to.")
@click.option("--no-mx", is_flag=True, help="Do not ask the DNS whether domains take mail.")
@click.option(
    "--nameserver", default="", metavar="IP[:PORT]", help="DNS server to ask, instead of the set one."
)
@click.option("--address-column", default="", metavar="NAME", help="Column of the addresses.")
@click.option("--encoding", default="", metavar="NAME", help="Such as windows-1252, where it is not UTF-8.")
@click.option("--delimiter", default="", metavar="CHARACTER", help="What separates the columns, or tab.")
@hygiene.QUOTE
@click.option("--no-header", is_flag=True, help="The first row is a recipient, not the columns' names.")
@click.option(
    "--repair", is_flag=True, help="Take apart mailto: and Name <address> instead of rejecting them."
)
@click.option(
    "--list", "list_name", default="", metavar="NAME", help="Name of the list; else its file's name."
)
@click.option("--confirmed", is_flag=True, help="Drop who has not confirmed, by the ledger or the column.")
@click.option("--consent-column", default="", metavar="NAME", help="Column that says yes or no to consent.")
@click.option(
    "--inactive-after",
    "inactive_after_days",
    type=click.IntRange(min=1),
    metavar="DAYS",
    help="Drop who was last engaged longer ago, by the ledger or the column.",
)
@click.option(
    "--last-engaged-column",
    default="",
    metavar="NAME",
    help="Column with the day of the last open or order.",
)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Say what would have been dropped at the end of that day.",
)
@hygiene.options
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def clean(
    source: str,
    directory: str,
    no_mx: bool,
    nameserver: str,
    address_column: str,
    encoding: str,
    delimiter: str,
    quote: hygiene.Quote | None,
    no_header: bool,
    repair: bool,
    list_name: str,
    confirmed: bool,
    consent_column: str,
    inactive_after_days: int | None,
    last_engaged_column: str,
    as_of: datetime | None,
    as_json: bool,
    **choices: str,
) -> None:
    """Judge every row of SOURCE (CSV or Parquet, a path or s3://bucket/key).

    Writes accepted and rejected rows as .parquet and .csv, summary.json and report.html.
    """
    from pathlib import Path

    from cli.cleaning_progress import Watched
    from ledger.engine import open_ledger
    from lists.policy import HygienePolicy, ListSource
    from lists.suppressing import checked_name
    from reports import list_cleaning
    from settings import settings

    found = settings()
    listed = ListSource(
        source=source,
        name=checked_name(list_name),
        address_column=address_column,
        encoding=encoding,
        delimiter=delimiter,
        quote=quote or "",
        header=not no_header,
        consent="confirmed" if confirmed else "any" if consent_column else "",
        consent_column=consent_column,
        inactive_after_days=inactive_after_days,
        last_engaged_column=last_engaged_column,
    )
    with open_ledger(found.database_url) as ledger, Watched() as watched:
        result = list_cleaning.clean(
            ledger,
            listed,
            HygienePolicy(mx=not no_mx, repair=repair, **hygiene.chosen(choices)),
            nameserver or found.nameservers,
            Path(directory),
            on_progress=watched.told,
            on_open=watched.opened,
            as_of=as_of.date() if as_of else None,
        )
    summary = result.summary
    report = str(Path(directory) / list_cleaning.REPORT_HTML)
    if as_json:
        output.as_json(summary.as_json())
    else:
        _tell(result, directory, report)
    summary.refuse_nobody(str(result.outputs.rejected_csv))


def _tell(result: "Cleaned", directory: str, report: str) -> None:
    summary = result.summary
    rows = [(f"  {reason}", f"{count:,}") for reason, count in summary.by_reason.items() if count]
    click.echo(f"{summary.rows:,} rows: {summary.accepted:,} accepted, {summary.rejected:,} rejected")
    if rows:
        output.table(rows)
    for warning in summary.warnings:
        click.echo(f"  {warning}")
    if suggested := result.suggested:
        counted = "1 row has a suggestion" if suggested == 1 else f"{suggested:,} rows have suggestions"
        click.echo(f"{counted}: campaign accept-suggestions {directory} --out FILE")
    if summary.ledger is not None:
        click.echo(f"Ledger: {summary.ledger}")
    click.echo(f"Report: {report}")


@click.command()
@click.argument("directory", type=click.Path(exists=True, file_okay=False))
@click.option("--out", "file", required=True, type=paths.file(), help="New list, as CSV.")
@click.option(
    "--but-not",
    multiple=True,
    metavar="DOMAIN",
    help="Domain whose suggestions not to accept; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def accept_suggestions(directory: str, file: str, but_not: tuple[str, ...], as_json: bool) -> None:
    """Write the list that was cleaned into DIRECTORY anew, with the suggestions accepted.

    The column original_address holds what stood there before. Clean the new list next.
    """
    from pathlib import Path

    from lists import accepting

    accepted = accepting.write(Path(directory), Path(file), but_not=but_not)
    if as_json:
        output.as_json({"rows": accepted.rows, "replaced": accepted.replaced, "left_out": accepted.left_out})
        return
    replaced = "1 address" if accepted.replaced == 1 else f"{accepted.replaced:,} addresses"
    click.echo(f"{accepted.rows:,} rows: {replaced} replaced")
    if accepted.left_out:
        click.echo(f"  {accepted.left_out:,} broken rows are left out: mend them in the list itself")
    click.echo(f"Original addresses: column {accepted.original_column}")
    click.echo(f"Next: campaign clean {file} --out DIR")
