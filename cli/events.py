"""What the event queue held and was no event, or none of SES's."""

import click

from cli import output, paths

_SHOWN = 100


@click.group()
def events() -> None:
    """Look after what came off the event queue and was no event, or none of SES's."""


@events.command()
@click.option(
    "--limit", type=click.IntRange(min=1), default=_SHOWN, show_default=True, help="At most so many."
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def unread(limit: int, as_json: bool) -> None:
    """List the messages that could not be read, the oldest first; addresses in them are masked."""
    from itertools import chain, islice

    from ledger import unread as kept
    from ledger.engine import open_ledger
    from reports import masking
    from settings import settings

    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        amount = kept.amount(connection)
        found = list(islice(chain.from_iterable(kept.pages(connection)), limit))
    if as_json:
        rows = [
            {
                "id": each.id,
                "why": each.why,
                "forged": each.forged,
                "first_at": each.first_at,
                "last_at": each.last_at,
                "times": each.times,
                "bytes": each.bytes,
                "content": masking.excerpt(each.body),
            }
            for each in found
        ]
        total = {"total": amount.messages, "forged": amount.forged, "bytes": amount.bytes}
        output.as_json(total | {"messages": rows})
        return
    for each in found:
        times = f", {each.times:,} times" if each.times > 1 else ""
        click.echo(f"{each.id}  {output.time(each.first_at)}  {each.why}, {each.bytes:,} bytes{times}")
        click.echo(f"    {masking.excerpt(each.body)}")
    if not amount.messages:
        click.echo("Everything that came off the event queue could be read.")
        return
    click.echo(
        f"{amount.messages:,} unread. Whole: campaign events export FILE --by WHO; "
        "done with: campaign events delete ID ... (or --all) --by WHO"
    )


@events.command()
@click.argument("file", type=paths.file())
@click.option("--by", required=True, help="Who takes them; whole messages hold addresses.")
def export(file: str, by: str) -> None:
    """Write the unread messages, whole, to the new file FILE: one JSON object a line."""
    import json
    import os
    from dataclasses import asdict
    from pathlib import Path

    from ledger import private_files
    from ledger import unread as kept
    from ledger.engine import open_ledger
    from lists.suppressing import named
    from settings import settings

    by = named(by)
    with open_ledger(settings().database_url) as ledger, ledger.writing() as connection:
        try:
            descriptor = private_files.created_new(Path(file))
        except OSError as err:
            raise click.UsageError(
                f"{file} cannot be made ({err.strerror}): name a new file in a folder that is there."
            ) from err
        written = 0
        with os.fdopen(descriptor, "w", encoding="utf-8") as lines:
            for page in kept.pages(connection):
                written += len(page)
                lines.writelines(json.dumps(asdict(each)) + "\n" for each in page)
        kept.note_change(connection, kept.Action.EXPORTED, written, by=by, note=file)
    click.echo(f"{written:,} written to {file}")


@events.command("delete")
@click.argument("ids", type=int, nargs=-1, metavar="ID...")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@click.option("--by", required=True, help="Who decides this.")
@click.option("--reason", default="", help="Why.")
def delete(ids: tuple[int, ...], everything: bool, by: str, reason: str) -> None:
    """Delete unread messages, by the numbers that `unread` shows."""
    from ledger import unread as kept
    from ledger.engine import open_ledger
    from lists.suppressing import named
    from settings import settings

    if bool(ids) == everything:
        raise click.UsageError("name the messages by their numbers, or all of them with --all.")
    with open_ledger(settings().database_url) as ledger, ledger.writing() as connection:
        deleted = kept.drop(connection, None if everything else ids, by=named(by), note=reason)
    click.echo(f"{deleted:,} deleted.")


@events.command()
@click.argument("ids", type=int, nargs=-1, required=True, metavar="ID...")
@click.option("--by", required=True, help="Who vouches for them.")
@click.option("--reason", required=True, help="Why they are SES's after all.")
@click.option(
    "--from-now-on", is_flag=True, help="Their topics, accounts and configuration sets are ours from now on."
)
def take(ids: tuple[int, ...], by: str, reason: str, from_now_on: bool) -> None:
    """Take in messages that were put aside and are SES's after all, by the numbers that `unread` shows.

    They count as any event that nobody can verify: where they fit a message of ours in every part.
    """
    from itertools import chain

    from ledger import event_sources
    from ledger import unread as kept
    from ledger.engine import open_ledger
    from lists.suppressing import named
    from mail import working
    from mail.event_origin import sources_of
    from settings import settings

    by = named(by)
    with open_ledger(settings().database_url) as ledger:
        with ledger.reading() as connection:
            found = list(chain.from_iterable(kept.pages(connection, ids)))
        collector = working.open_collector(ledger, settings())
        taken, new, unmatched = [], 0, 0
        for each in found:
            collected = collector.take(each.body)
            if not collected.not_events:
                taken.append(each)
                new, unmatched = new + collected.new, unmatched + collected.unmatched
        with ledger.writing() as connection:
            if from_now_on:
                sources = [source for each in taken for source in sources_of(each.body)]
                event_sources.add(connection, sources, by=by)
            done = [each.id for each in taken]
            kept.drop(connection, done, by=by, note=reason, action=kept.Action.TAKEN_IN)
    click.echo(f"{len(taken):,} taken in: {new:,} new events, {unmatched:,} about no message of ours.")
    if len(taken) < len(set(ids)):
        click.echo(f"warning: {len(set(ids)) - len(taken):,} are no events, or not there.", err=True)
