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
    from mail import amendments, campaign_file, preflight, scheduling
    from settings import settings

    if not (by.strip() and reason.strip()):
        raise click.UsageError("--by and --reason must say who decides this and why.")
    found = settings()
    campaign = scheduling.occurrence(campaign_file.load(file), datetime.now(UTC).date())
    preflight.check_callbacks(campaign, found)
    with open_ledger(found.database_url) as ledger:
        changed = amendments.decide(ledger, campaign, by=by, reason=reason)
    if not changed:
        click.echo(f"{campaign.name} goes by {file} already.")
    for each in changed:
        click.echo(f"{campaign.name}: {each.sentence}")
