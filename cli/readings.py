"""Campaigns beside each other: all of them in a table, or two compared."""

import click

from cli import output


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_campaigns(as_json: bool) -> None:
    """List all campaigns, the newest first: dates, delivered, opens, clicks, unsubscribes, bounces, state."""
    from ledger.engine import open_ledger
    from ledger.errors import LedgerMissing
    from reports import campaign_list
    from reports.page import percent
    from settings import settings

    try:
        opened = open_ledger(settings().database_url, make=False)
    except LedgerMissing as err:
        # Looking makes nothing, and nothing is wrong where nothing was sent yet.
        click.echo(f"{err}", err=as_json)
        if as_json:
            output.as_json([])
        return
    with opened as ledger, ledger.reading() as connection:
        found = campaign_list.every(connection)
    if as_json:
        output.as_json([each.as_json() for each in found])
        return
    if not found:
        click.echo("There are no campaigns yet: `campaign send FILE` begins one.")
        return
    heading = (
        "campaign",
        "began (UTC)",
        "ended",
        "delivered",
        "opened",
        "clicked",
        "left",
        "bounced",
        "state",
    )
    rows = []
    for each in found:
        read = each.reading
        told = read.is_told
        rows.append(
            (
                each.campaign.name,
                output.time(each.campaign.created_at)[:16],
                "-" if each.rested_at is None else output.time(each.rested_at)[:16],
                f"{read.delivered:,}",
                percent(read.open_rate) if told else "-",
                percent(read.click_rate) if told else "-",
                percent(read.unsubscribe_rate, 2),
                percent(each.totals.bounce_rate, 2),
                each.campaign.state.value,
            )
        )
    output.table([heading, *rows])
    click.echo(
        "Opened, clicked and left (unsubscribed) are people, of those delivered; bounced are hard bounces\n"
        "of what was sent. Opens and clicks of machines are among them."
    )


@click.command()
@click.argument("first")
@click.argument("second")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def compare(first: str, second: str, as_json: bool) -> None:
    """Compare two campaigns, and say which differences are more than chance.

    By Fisher's exact test, two-sided, at p < 0.01, for each figure.
    """
    from ledger.engine import open_ledger
    from reports import comparison
    from reports.page import percent
    from settings import settings

    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        found = comparison.compare(connection, first, second)
    if as_json:
        output.as_json(found.as_json())
        return
    rows = [("", first, second, "difference", "p", "more than chance")]
    for each in found.figures:
        nobody = not each.first_whole or not each.second_whole
        rows.append(
            (
                f"{each.name}, of {each.of}",
                f"{percent(each.first_rate, 2)} ({each.first:,} of {each.first_whole:,})",
                f"{percent(each.second_rate, 2)} ({each.second:,} of {each.second_whole:,})",
                "-" if nobody else f"{each.difference * 100:+.2f}",
                "-" if nobody else "< 0.0001" if each.p_value < 0.0001 else f"{each.p_value:.4f}",
                "nobody to compare" if nobody else "yes" if each.is_more_than_chance else "no",
            )
        )
    output.table(rows)
    click.echo(
        f"Differences are in percentage points. {comparison.TEST}, for each line by itself: p is how often\n"
        "two campaigns that are alike differ at least so much by chance; yes from p < 0.01 on. It holds\n"
        "where both went to readers of the same kind. Opens and clicks of machines are among them."
    )
