"""Senders: asked for here, confirmed by the link in the mail that SES sends."""

from typing import TYPE_CHECKING

import click

from cli import output

if TYPE_CHECKING:
    from mail.identities import Identity

_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")


@click.group()
def senders() -> None:
    """Ask for senders, and see where they stand."""


@senders.command()
@click.argument("address")
@click.option("--owner", default="", help="Whose sender it is over the API; empty: everybody's.")
@_JSON
def add(address: str, owner: str, as_json: bool) -> None:
    """Make ADDRESS a sender: SES writes to it, and whoever reads it clicks the link. Safe to run again."""
    from ledger import owners
    from ledger import senders as owned
    from ledger.engine import open_ledger
    from mail import identities, readiness
    from settings import settings

    name = _checked(address)
    if owner:
        with open_ledger(settings().database_url) as ledger, ledger.writing() as connection:
            if not owned.onboard(connection, name.lower(), owners.ensure(connection, owner)):
                raise click.BadParameter(f"{name} is another owner's sender.", param_hint="ADDRESS")
    _show(identities.onboard(readiness.client(), name), as_json)


@senders.command()
@click.argument("address")
@_JSON
def show(address: str, as_json: bool) -> None:
    """Say whether mail may be sent from ADDRESS, and what is to be done where not."""
    from mail import identities, readiness

    _show(identities.standing(readiness.client(), _checked(address)), as_json)


@senders.command("list")
@_JSON
def list_(as_json: bool) -> None:
    """Show which owner of the API has which addresses and domains to send from."""
    from dataclasses import asdict

    from ledger import senders as owned
    from ledger.engine import open_ledger
    from settings import settings

    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        found = owned.every(connection)
    if as_json:
        output.as_json({"senders": [asdict(each) for each in found]})
        return
    for each in found:
        click.echo(f"{each.key.removeprefix('@')}  {each.owner}")
    if not found:
        click.echo("No owner has a sender of its own.")


@senders.command()
@click.argument("sender", metavar="ADDRESS|DOMAIN")
@click.option("--owner", required=True, help="Whose it is from now on, whoever has it now.")
def give(sender: str, owner: str) -> None:
    """Let ADDRESS, with its plus-parts, or a whole DOMAIN be one owner's: no other may send from it."""
    from ledger import owners
    from ledger import senders as owned
    from ledger.engine import open_ledger
    from settings import settings

    key = _key(sender)
    with open_ledger(settings().database_url) as ledger, ledger.writing() as connection:
        owned.give(connection, key, owners.ensure(connection, owner))
    click.echo(f"{key.removeprefix('@')} is {owner}'s.")


@senders.command()
@click.argument("sender", metavar="ADDRESS|DOMAIN")
def release(sender: str) -> None:
    """Take ADDRESS or DOMAIN from the owner that has it: what nobody has, every owner may send from."""
    from ledger import senders as owned
    from ledger.engine import open_ledger
    from settings import settings

    key = _key(sender)
    with open_ledger(settings().database_url) as ledger, ledger.writing() as connection:
        if not owned.release(connection, key):
            raise click.BadParameter(
                "no owner has it: `campaign senders list` shows them.", param_hint="ADDRESS|DOMAIN"
            )
    click.echo(f"{key.removeprefix('@')} is nobody's.")


def _key(sender: str) -> str:
    """Return an address as the ledger has it, or a domain with its @-sign alone."""
    domain = sender.strip().removeprefix("@")
    if "@" in domain:
        return _checked(domain).lower()
    return f"@{_checked(f'postmaster@{domain}').rpartition('@')[2].lower()}"


def _checked(address: str) -> str:
    from mail.addresses import parse_from
    from mail.errors import MailError

    try:
        return parse_from(address).address
    except MailError as err:
        raise click.BadParameter(f"{err}.", param_hint="ADDRESS") from err


def _show(found: "Identity", as_json: bool) -> None:
    from mail.identities import what_to_do

    told = what_to_do(found)
    if as_json:
        output.as_json({"address": found.address, "status": found.standing.value, "message": told})
    else:
        click.echo(told)
