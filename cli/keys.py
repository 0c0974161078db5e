"""Keys of the HTTP API: made, listed, revoked."""

import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from cli import messages, output

if TYPE_CHECKING:
    from ledger.engine import Ledger
    from ledger.withdrawals import Whose

# Processes believe a key for a second after they saw it (api.auth), and a request may be under way then.
_HEARD_SECONDS = 2.0


@click.group()
def keys() -> None:
    """Look after the keys of the HTTP API."""


@keys.command()
@click.option("--owner", required=True, help="Whose mail it is: `userName` in answers.")
@click.option("--operator", required=True, help="Who in the owner's space will use the key.")
def create(owner: str, operator: str) -> None:
    """Make a key and print it, alone; it cannot be shown again."""
    from api import keys as making
    from ledger.engine import open_ledger
    from settings import settings

    names = {"--owner": owner, "--operator": operator}
    for option, name in names.items():
        if not name.strip() or len(name) > 200 or not name.isprintable():
            raise click.BadParameter("write a name of 1 to 200 printable characters.", param_hint=option)
    with open_ledger(settings().database_url) as ledger:
        click.echo(making.create(ledger, owner.strip(), operator.strip()))


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(as_json: bool) -> None:
    """List every key there ever was, by its beginning."""
    from ledger import owners
    from ledger.engine import open_ledger
    from settings import settings

    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        found = owners.keys(connection)
    if as_json:
        output.as_json([asdict(key) for key in found])
    elif found:
        rows = [
            (
                str(key.id),
                key.owner,
                key.operator,
                f"{key.hint}...",
                output.time(key.created_at),
                "good" if key.revoked_at is None else f"revoked {output.time(key.revoked_at)}",
            )
            for key in found
        ]
        output.table([("id", "owner", "operator", "key", "made", "state"), *rows])
    else:
        click.echo("There are no keys yet: `campaign keys create --owner NAME --operator NAME` makes one.")


@keys.command()
@click.argument("key_id", metavar="ID", type=int)
@click.option(
    "--withdraw/--keep-queued",
    "withdraw",
    default=True,
    help="Whether what was posted with the key and waits is taken back; it is, where nothing is said.",
)
@click.option("--by", default="campaign keys revoke", help="Who takes the queued mail back.")
@click.option("--reason", default="The key was revoked.", help="Why; callbacks tell it.")
def revoke(key_id: int, withdraw: bool, by: str, reason: str) -> None:
    """Take the key ID (see `campaign keys list`) its power, for good, and take back what it has in the queue.

    Where a key is only replaced by a new one, --keep-queued lets that mail go out.
    """
    from ledger import owners, withdrawals
    from ledger.engine import open_ledger
    from ledger.withdrawals import Whose
    from settings import settings

    messages.check("--by", by, 200)
    messages.check("--reason", reason, 1_000)
    with open_ledger(settings().database_url) as ledger:
        with ledger.writing() as connection:
            key = next((each for each in owners.keys(connection) if each.id == key_id), None)
            owners.revoke(connection, key_id)
        if key is None:
            raise click.BadParameter(
                f"no key has the id {key_id}: `campaign keys list` shows them.", param_hint="ID"
            )
        click.echo(f"Key {key_id} is revoked: from now on it is refused.")
        whose = Whose(key.owner, key.operator, key_id)
        if withdraw:
            _withdraw(ledger, whose, newly=key.revoked_at is None, by=by, reason=reason)
            return
        with ledger.reading() as connection:
            waiting = withdrawals.count_waiting(connection, whose)
    if waiting:
        are = "is" if waiting == 1 else "are"
        click.echo(
            f"{waiting:,} {messages.plural(waiting)} of this owner, posted by {key.operator}, {are} still "
            f"queued and will be sent: `campaign keys revoke {key_id}` takes them back."
        )


def _withdraw(ledger: "Ledger", whose: "Whose", *, newly: bool, by: str, reason: str) -> None:
    """Take back what waits, and again what running processes took in before they heard of it."""
    from mail import withdrawals

    done = withdrawals.take_back(ledger, whose, by=by, reason=reason)
    if newly:
        time.sleep(_HEARD_SECONDS)
        late = withdrawals.take_back(ledger, whose, by=by, reason=reason)
        done = replace(late, taken_back=done.taken_back + late.taken_back)
    click.echo(messages.told(done))
