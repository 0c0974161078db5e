"""List hygiene on the command line."""

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
@click.option("--encoding", default="", metavar="NAME", help="Such as windows-1252, where it is not UTF-8.")
@click.option("--delimiter", default="", metavar="CHARACTER", help="What separates the columns, or tab.")
@click.option("--no-header", is_flag=True, help="The first row is a recipient, not the columns' names.")
@click.option(
    "--repair", is_flag=True, help="Take apart mailto: and Name <address> instead of rejecting them."
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def clean(
    source: str,
    directory: str,
    no_mx: bool,
    nameserver: str,
    address_column: str,
    encoding: str,
    delimiter: str,
    no_header: bool,
    repair: bool,
    as_json: bool,
) -> None:
    """Judge every row of SOURCE (CSV or Parquet, a path or s3://bucket/key).

    Writes accepted.parquet, accepted.csv, rejected.csv, summary.json and report.html.
    """
    from pathlib import Path

    from cli.cleaning_progress import Watched
    from ledger.engine import open_ledger
    from lists.policy import HygienePolicy, ListSource
    from reports import list_cleaning
    from settings import settings

    found = settings()
    listed = ListSource(
        source=source,
        address_column=address_column,
        encoding=encoding,
        delimiter=delimiter,
        header=not no_header,
    )
    with open_ledger(found.database_url) as ledger, Watched() as watched:
        result = list_cleaning.clean(
            ledger,
            listed,
            HygienePolicy(mx=not no_mx, repair=repair),
            nameserver or found.nameservers,
            Path(directory),
            on_progress=watched.told,
            on_open=watched.opened,
        )
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
