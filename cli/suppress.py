"""The suppression list: who must not be written to, and why.

Addresses are printed by `list` and `history` and written by `export` alone: there somebody asked for them.
"""

import click

from cli import output, suppress_files, suppress_review

SHOWN = 1_000


@click.group()
def suppress() -> None:
    """Look after the list of those who must not be written to."""


@suppress.command()
@click.argument("address")
@click.option("--reason-note", "--note", "note", required=True, help="Why, in your own words.")
@click.option(
    "--reason",
    type=click.Choice(suppress_files.REASONS),
    default="manual",
    show_default=True,
    help="What it is.",
)
@suppress_files.BY
@suppress_files.LIST
@suppress_files.OWNER
def add(address: str, note: str, reason: str, by: str, scope: str, owner: str) -> None:
    """Never write to ADDRESS again."""
    from ledger.engine import open_ledger
    from ledger.suppressions import SuppressionReason
    from lists import suppressing
    from settings import settings

    with open_ledger(settings().database_url) as ledger, ledger.writing() as connection:
        new = suppressing.add(
            connection,
            address,
            by=by,
            note=note,
            reason=SuppressionReason(reason),
            scope=scope,
            owner=owner,
        )
    click.echo("Suppressed." if new else "It was suppressed for this already; nothing changed.")


@suppress.command()
@click.argument("address", required=False)
@click.option(
    "--from-import", "import_id", type=click.IntRange(min=1), metavar="ID", help="All of an import."
)
@suppress_files.BY
@click.option("--reason", "note", required=True, help="Why.")
@click.option("--at-their-request", is_flag=True, help="The person asked to get this mail again.")
@suppress_files.LIST
@suppress_files.OWNER
def remove(
    address: str | None,
    import_id: int | None,
    by: str,
    note: str,
    at_their_request: bool,
    scope: str,
    owner: str,
) -> None:
    """Let ADDRESS be written to again, or everybody whom an import alone keeps away."""
    from ledger.engine import open_ledger
    from lists import suppressing, suppression_ends
    from settings import settings

    if (address is None) == (import_id is None):
        raise click.UsageError("Say an ADDRESS, or --from-import ID.")
    if address is None or import_id is not None:
        if scope or owner or at_their_request:
            raise click.UsageError(
                "--list, --owner and --at-their-request go with an ADDRESS, not with --from-import."
            )
        with open_ledger(settings().database_url) as ledger:
            count = suppression_ends.take_back(ledger, int(import_id or 0), by=by, note=note)
        click.echo(
            f"Import {import_id} is taken back: {count:,} taken off. Who is suppressed otherwise stays so."
        )
        return

    with open_ledger(settings().database_url) as ledger, ledger.writing() as connection:
        taken = suppressing.remove(
            connection,
            address,
            by=by,
            note=note,
            scope=scope,
            owner=owner,
            at_their_request=at_their_request,
        )
    click.echo(f"Taken off: {', '.join(change.reason for change in taken)}.")


@suppress.command("list")
@click.option("--reason", type=click.Choice(suppress_files.REASONS), help="Only these.")
@click.option("--list", "scope", metavar="NAME", help="Only those for this list.")
@click.option("--owner", default="", metavar="NAME", help="Only those for what this owner sends.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=SHOWN, show_default=True, help="At most so many."
)
@suppress_files.JSON
def list_(reason: str | None, scope: str | None, owner: str, limit: int, as_json: bool) -> None:
    """Show who is suppressed, in the order of the addresses."""
    from ledger import suppression_entries, suppression_scopes
    from ledger.engine import open_ledger
    from ledger.suppression_entries import Selection
    from ledger.suppressions import SuppressionReason
    from settings import settings

    asked = suppress_files.selected(scope, owner)
    selection = Selection(SuppressionReason(reason) if reason else None, asked)
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        counts = suppression_entries.count(connection, selection)
        entries = suppression_entries.page(connection, selection, limit=limit)
    total = sum(counts.values())
    if as_json:
        output.as_json(
            {
                "total": total,
                "by_reason": {each.value: number for each, number in counts.items()},
                "entries": [
                    {
                        "address": entry.address_key,
                        "reason": entry.reason.value,
                        "list": entry.scope,
                        "since": entry.since,
                        "source": entry.source,
                        "note": entry.note,
                    }
                    for entry in entries
                ],
            }
        )
        return
    for entry in entries:
        where = suppression_scopes.read(entry.scope)
        note = f": {entry.note}" if entry.note else ""
        click.echo(
            f"{entry.address_key}  {entry.reason}, {where}, since {output.time(entry.since)}, "
            f"{entry.source}{note}"
        )
    rest = (
        f"; `campaign suppress export` writes the other {total - len(entries):,}"
        if total > len(entries)
        else ""
    )
    click.echo(f"{total:,} suppressed{rest}.")


@suppress.command()
@click.argument("address")
@suppress_files.JSON
def history(address: str, as_json: bool) -> None:
    """Show who suppressed ADDRESS, who took it off again, when and why."""
    from dataclasses import asdict

    from ledger import suppression_scopes
    from ledger.engine import open_ledger
    from lists import suppressing
    from settings import settings

    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        changes = suppressing.history(connection, address)
    if as_json:
        output.as_json([asdict(change) for change in changes])
        return
    for change in changes:
        where = suppression_scopes.read(change.scope)
        by = f" by {change.by}" if change.by else ""
        note = f": {change.note}" if change.note else ""
        click.echo(
            f"{output.time(change.at)}  {change.action} {change.reason}, {where}{by} ({change.source}){note}"
        )
    if not changes:
        click.echo("This address was never suppressed.")


for command in (suppress_files.import_, suppress_files.export, suppress_files.sync, suppress_review.review):
    suppress.add_command(command)
