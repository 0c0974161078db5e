"""What stands around campaigns: events and the parts in AWS."""

from typing import TYPE_CHECKING

import click

from cli import output

if TYPE_CHECKING:
    from mail.setup import Made


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def collect(as_json: bool) -> None:
    """Drain the event queue once and take in what became of messages."""
    from ledger import unread
    from ledger.engine import open_ledger
    from mail import working
    from settings import settings

    found = settings()
    with open_ledger(found.database_url) as ledger:
        collected = working.open_collector(ledger, found).drain(wait_seconds=1)
        with ledger.reading() as connection:
            kept = unread.amount(connection)
    counts = {
        "received": collected.received,
        "new": collected.new,
        "repeated": collected.repeated,
        "unmatched": collected.unmatched,
        "not_events": collected.not_events,
    }
    if as_json:
        origin = {"unverified": collected.unverified, "forged": collected.forged}
        output.as_json(counts | origin | {"left": collected.left, "unread": kept.messages})
    else:
        click.echo(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items()))
    if kept.messages:
        click.echo(f"warning: {kept.sentence}", err=True)


@click.command()
@click.option("--dry-run", is_flag=True, help="Only print what would be made, and the IAM policy it needs.")
@click.option("--engagement", is_flag=True, help="Publish opens and clicks as well.")
@click.option("--configuration-set", default="campaign", show_default=True, help="SES configuration set.")
@click.option("--topic", default="campaign-events", show_default=True, help="SNS topic.")
@click.option("--queue", default="campaign-events", show_default=True, help="SQS queue.")
def setup(dry_run: bool, engagement: bool, configuration_set: str, topic: str, queue: str) -> None:
    """Make what SES needs to report on messages; safe to run again. Prints the settings to take over."""
    from mail import setup as building

    names = building.Names(configuration_set, topic, queue)
    if dry_run:
        for line in building.plan(names, engagement=engagement):
            click.echo(f"would make: {line}")
        output.as_json(building.iam_policy())
        return
    made = building.make(names, engagement=engagement)
    for part in made.created:
        click.echo(f"made: {part}", err=True)
    for line in made.settings():
        click.echo(line)
    _note(made)


def _note(made: "Made") -> None:
    """Let the ledger know where events come from; without it they count, but nobody can verify them."""
    from ledger import event_sources
    from ledger.engine import open_ledger
    from ledger.errors import LedgerError
    from ledger.event_sources import SourceKind
    from settings import settings

    sources = (
        (SourceKind.TOPIC, made.topic_arn),
        (SourceKind.ACCOUNT, made.account),
        (SourceKind.CONFIGURATION_SET, made.configuration_set),
    )
    try:
        with open_ledger(settings().database_url) as ledger, ledger.writing() as connection:
            event_sources.add(connection, sources, by="setup")
    except LedgerError as err:
        click.echo(
            f"warning: the ledger does not know of it, so that events stay unverified ({err}) "
            "Run `campaign setup` again where the ledger is.",
            err=True,
        )
