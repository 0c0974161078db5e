"""List hygiene on the command line."""

from datetime import datetime

import click

from cli import output


@click.command()
@click.argument("source")
@click.option(
    "--out", "directory", required=True, type=click.Path(file_okay=False), help="Folder to write to."
)
@click.option("--no-mx", is_flag=True, help="Do not ask the DNS whether domains take mail.")
@click.option(
    "--nameserver", default="", metavar="IP[:PORT]", help="DNS server to ask, instead of the set one."
)
@click.option("--address-column", default="", metavar="NAME", help="Column of the addresses.")
@click.option(
    "--repair", is_flag=True, help="Take apart mailto: and Name <address> instead of rejecting them."
)
@click.option(
    "--list", "list_name", default="", metavar="NAME", help="Name of the list; else its file's name."
)
@click.option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Say what would have been dropped at the end of that day.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def clean(
    source: str,
    directory: str,
    no_mx: bool,
    nameserver: str,
    address_column: str,
    repair: bool,
    list_name: str,
    as_of: datetime | None,
    as_json: bool,
) -> None:
    """Judge every row of SOURCE (CSV or Parquet, a path or s3://bucket/key).

    Writes accepted.parquet, accepted.csv, rejected.csv, summary.json and report.html.
    """
    from pathlib import Path

    from ledger.engine import open_ledger
    from lists.policy import HygienePolicy, ListSource
    from lists.suppressing import checked_scope
    from reports import list_cleaning
    from settings import settings

    found = settings()
    with open_ledger(found.database_url) as ledger:
        result = list_cleaning.clean(
            ledger,
            ListSource(source=source, name=checked_scope(list_name), address_column=address_column),
            HygienePolicy(mx=not no_mx, repair=repair),
            nameserver or found.nameservers,
            as_of=as_of.date() if as_of else None,
        )
    list_cleaning.write(result, Path(directory))
    summary = result.summary
    if as_json:
        output.as_json(summary.as_json())
        return
    rows = [(f"  {reason}", f"{count:,}") for reason, count in summary.by_reason.items() if count]
    click.echo(f"{summary.rows:,} rows: {summary.accepted:,} accepted, {summary.rejected:,} rejected")
    if rows:
        output.table(rows)
    for warning in summary.warnings:
        click.echo(f"  {warning}")
    click.echo(f"Report: {Path(directory) / list_cleaning.REPORT_HTML}")
