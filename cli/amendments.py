"""Letting an edited campaign file hold for a campaign that is enqueued, on a person's word."""

import click


@click.command()
@click.argument("file", type=click.Path())
@click.option("--by", required=True, help="Who decides this.")
@click.option("--reason", required=True, help="Why.")
def change(file: str, by: str, reason: str) -> None:
    """Let the campaign of FILE go by the file as it is now, where it halts later or less often too.

    What `campaign send FILE` takes over by itself needs no such word. Nothing is sent.
    """
    from datetime import UTC, datetime

    from ledger.engine import open_ledger
    from mail import amendments, campaign_file, occurrences, preflight
    from mail.occurrences import UTC_ZONE, Due
    from settings import settings

    if not (by.strip() and reason.strip()):
        raise click.UsageError("--by and --reason must say who decides this and why.")
    found = settings()
    loaded = campaign_file.load(file)
    preflight.check_callbacks(loaded, found)
    today = Due(datetime.now(UTC), loaded.timezone or UTC_ZONE)
    with open_ledger(found.database_url) as ledger:
        with ledger.reading() as connection:
            campaign = occurrences.resolve(connection, loaded, today)
        changed = amendments.decide(ledger, campaign, by=by, reason=reason)
    if not changed:
        click.echo(f"{campaign.name} goes by {file} already.")
    for each in changed:
        click.echo(f"{campaign.name}: {each.sentence}")
