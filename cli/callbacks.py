"""Callbacks: who was told, what could not be delivered, another try, and the secret that signs them."""

from dataclasses import asdict

import click

from cli import output

_CAMPAIGN = click.option("--campaign", default="", metavar="NAME", help="Only those of this campaign.")
_URL = click.option("--url", default="", help="Only those for this receiver.")


@click.group()
def callbacks() -> None:
    """Look after what receivers are told of every change of a status."""


@callbacks.command("list")
@_CAMPAIGN
@_URL
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(campaign: str, url: str, limit: int, as_json: bool) -> None:
    """Show each receiver's callbacks by number, and those that were given up one by one."""
    from ledger import callback_list
    from ledger.callback_list import Selection
    from ledger.engine import open_ledger
    from settings import settings

    selection = Selection(campaign, url)
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        receivers = callback_list.count(connection, selection)
        failed = callback_list.failed(connection, selection, limit)
    if as_json:
        output.as_json(
            {"receivers": [asdict(each) for each in receivers], "failed": [asdict(each) for each in failed]}
        )
        return
    if not receivers:
        click.echo("There are no callbacks.")
        return
    output.table(
        [
            ("receiver", "owner", "waiting", "delivered", "failed", ""),
            *(
                (
                    each.url,
                    each.owner or "nobody",
                    f"{each.waiting:,}",
                    f"{each.delivered:,}",
                    f"{each.failed:,}",
                    "said that it is gone (410)" if each.disabled_at else "",
                )
                for each in receivers
            ),
        ]
    )
    if failed:
        click.echo("")
        output.table(
            [
                ("given up", "campaign", "message", "status", "tries", "last answer"),
                *(
                    (
                        str(each.id),
                        each.campaign,
                        each.message,
                        each.status.value,
                        str(each.attempts),
                        each.answer,
                    )
                    for each in failed
                ),
            ]
        )


@callbacks.command()
@click.argument("numbers", nargs=-1, type=int)
@_CAMPAIGN
@_URL
@click.option("--all", "everything", is_flag=True, help="All that were given up.")
def replay(numbers: tuple[int, ...], campaign: str, url: str, everything: bool) -> None:
    """Try callbacks that were given up again: by NUMBERS of `list`, by campaign, by receiver, or all."""
    from ledger import callback_list
    from ledger.callback_list import Selection
    from ledger.engine import open_ledger
    from settings import settings

    if not (numbers or campaign or url or everything):
        raise click.UsageError("say which: NUMBERS, --campaign, --url or --all.")
    with open_ledger(settings().database_url) as ledger, ledger.writing() as connection:
        count = callback_list.replay(connection, Selection(campaign, url), numbers)
    click.echo(f"{count:,} callbacks are tried again by `campaign api`, or now: campaign callbacks deliver")


@callbacks.command()
@click.option(
    "--seconds", type=click.FloatRange(min=1), default=600.0, show_default=True, help="For so long at most."
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def deliver(seconds: float, as_json: bool) -> None:
    """Deliver what is due, once."""
    from ledger.engine import open_ledger
    from mail import callback_service
    from settings import settings

    found = settings()
    with open_ledger(found.database_url) as ledger:
        done = callback_service.deliver_due(ledger, found, seconds)
    if as_json:
        output.as_json(asdict(done))
    else:
        click.echo(f"{done.delivered:,} callbacks delivered, {done.failed:,} failed.")


@callbacks.command()
@click.option("--owner", default="", help="Whose mail; left out: that of campaigns which name no owner.")
def secret(owner: str) -> None:
    """Print the secret that a receiver checks signatures with, alone on stdout."""
    from mail import signing
    from settings import settings

    found = settings()
    found.need("secret_key")
    click.echo(signing.secrets_of(found.secret_key.get_secret_value(), owner)[0])
