"""Suppressions that an earlier version's reading of events brought, looked at and lifted."""

import click

from cli import output

_SHOWN = 1_000


@click.command()
@click.argument("addresses", nargs=-1, metavar="ADDRESS...")
@click.option("--lift", is_flag=True, help="Take them off: all, or those named.")
@click.option("--by", default="", help="Who decides this.")
@click.option("--reason", "note", default="", help="Why.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def review(addresses: tuple[str, ...], lift: bool, by: str, note: str, as_json: bool) -> None:
    """Show who is suppressed for mail that SES withheld or for what was no complaint, or lift it.

    An earlier version took such events for bounces and complaints. Who bounced or complained besides stays
    suppressed, and so does who was suppressed by hand.
    """
    from dataclasses import asdict

    from ledger import misread_suppressions, suppression_scopes
    from ledger.engine import open_ledger
    from lists.addresses import address_key
    from lists.suppressing import named
    from settings import settings

    if lift and not (by and note):
        raise click.UsageError("--lift needs --by and --reason.")
    keys = {address_key(each) for each in addresses} or None
    with open_ledger(settings().database_url) as ledger:
        if lift:
            by = named(by)
            with ledger.writing() as connection:
                taken = misread_suppressions.lift(connection, keys, by=by, note=note)
        else:
            with ledger.reading() as connection:
                found = misread_suppressions.review(connection)
    if lift:
        if as_json:
            output.as_json({"lifted": len(taken), "changes": [asdict(each) for each in taken]})
            return
        click.echo(f"{len(taken):,} lifted. `campaign suppress history ADDRESS` shows what was done.")
        return
    shown = [each for each in found if keys is None or each.address_key in keys]
    if as_json:
        rows = [
            {
                "address": each.address_key,
                "list": each.scope,
                "reason": each.reason.value,
                "since": each.since,
                "word": each.word,
            }
            for each in shown
        ]
        output.as_json({"total": len(shown), "entries": rows})
        return
    for each in shown[:_SHOWN]:
        where = suppression_scopes.read(each.scope)
        since = output.time(each.since)
        click.echo(f"{each.address_key}  {each.reason}, {where}, since {since}: SES said {each.word}")
    if not shown:
        click.echo("No suppression rests on an event that was misread.")
        return
    rest = f" (the first {_SHOWN:,} are shown)" if len(shown) > _SHOWN else ""
    click.echo(
        f"{len(shown):,} suppressed for what was no bounce and no complaint{rest}. "
        "To lift them: campaign suppress review --lift --by WHO --reason WHY"
    )
