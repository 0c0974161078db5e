"""Keys of the HTTP API: made, listed, revoked."""

from dataclasses import asdict

import click

from cli import output


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
def revoke(key_id: int) -> None:
    """Take the key ID (see `campaign keys list`) its power, for good."""
    from ledger import owners
    from ledger.engine import open_ledger
    from settings import settings

    with open_ledger(settings().database_url) as ledger, ledger.writing() as connection:
        found = owners.revoke(connection, key_id)
    if not found:
        raise click.BadParameter(
            f"no key has the id {key_id}: `campaign keys list` shows them.", param_hint="ID"
        )
    click.echo(f"Key {key_id} is revoked: from now on it is refused.")
