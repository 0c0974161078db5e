"""Looking after the ledger's database: its schema, backups, and what a restore leaves to decide."""

import getpass
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from cli import failures, output, paths

if TYPE_CHECKING:
    from ledger.restores import Restore


@click.group()
def db() -> None:
    """Look after the ledger's database."""


@db.command()
def upgrade() -> None:
    """Bring the ledger's schema up to date, after a copy of it where it is an SQLite file."""
    from ledger import migrating, misread_suppressions
    from ledger.engine import Upgrade, open_ledger
    from settings import settings

    ledger = open_ledger(settings().database_url, upgrade=Upgrade.ALWAYS)
    with ledger, ledger.reading() as connection:
        misread = misread_suppressions.sentence(connection)
    click.echo(f"The ledger has the current schema ({migrating.HEAD}).")
    if misread:
        click.echo(misread)


@db.command()
def compact() -> int:
    """Write an SQLite ledger's file anew, without what removed rows left in its unused space."""
    from ledger import file_traces
    from ledger.engine import open_ledger
    from ledger.file_traces import Traces
    from settings import settings

    with open_ledger(settings().database_url) as ledger:
        if file_traces.path_of(ledger.engine) is None:
            raise click.UsageError("this is for SQLite ledgers: on PostgreSQL run VACUUM (docs/consent.md).")
        left = file_traces.rewrite(ledger)
    if left is Traces.NONE:
        click.echo("The ledger's file holds what the ledger says and nothing else.")
        return 0
    click.echo("The ledger was in use without a pause, or the disk is too full: run it again.", err=True)
    return failures.COULD_NOT


@db.command()
@click.argument("file", type=paths.file())
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def backup(file: str, as_json: bool) -> None:
    """Copy an SQLite ledger to the new file FILE while it is in use, and check the copy."""
    from pathlib import Path

    from ledger import backups
    from ledger.engine import open_ledger
    from settings import settings

    with open_ledger(settings().database_url) as ledger:
        found = backups.back_up(ledger, Path(file))
    if as_json:
        output.as_json({"file": file, **asdict(found)})
        return
    click.echo(
        f"Backup: {file} ({found.campaigns:,} campaigns, {found.messages:,} messages, "
        f"{found.attempts:,} attempts to send; the copy is sound)"
    )


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def files(as_json: bool) -> None:
    """Name files of the ledger and of CAMPAIGN_OUTPUT_DIR that others can read; they are left as they are."""
    from pathlib import Path

    from ledger import file_modes
    from settings import settings

    found = settings()
    readable = [
        *file_modes.of_ledger(found.database_url),
        *file_modes.of_outputs(Path(found.output_dir)),
    ]
    if as_json:
        output.as_json([{"path": str(each.path), "mode": f"{each.mode:04o}"} for each in readable])
        return
    for each in readable:
        click.echo(f"chmod {each.closed:o} {shlex.quote(str(each.path))}  # is {each.mode:04o}")
    if not readable:
        click.echo("Nobody else can read the ledger's files, lists and reports.")


@db.command()
@click.argument("file", type=click.Path())
@click.option("--by", default=getpass.getuser, help="Who decides this; you, where left out.")
@click.option("--reason", default="", help="Why.")
def restore(file: str, by: str, reason: str) -> None:
    """Put the backup FILE in the place of an SQLite ledger, and let nothing go out until you say so."""
    from pathlib import Path

    from ledger import backups
    from settings import settings

    done = backups.restore(
        Path(file), settings().database_url, by=by, reason=reason or f"restored from {Path(file).name}"
    )
    found, replaced = done.restored, done.replaced
    click.echo(
        f"Restored: {found.campaigns:,} campaigns, {found.messages:,} messages, "
        f"{found.attempts:,} attempts to send."
    )
    if replaced is not None:
        click.echo(
            f"The ledger before is kept as {done.kept} ({replaced.campaigns:,} campaigns, "
            f"{replaced.messages:,} messages, {replaced.attempts:,} attempts to send)."
        )
    click.echo("Nothing goes out now. Next: campaign collect, then campaign db restored")


@db.command()
@click.option("--mark", is_flag=True, help="This database was restored by other means: let nothing go out.")
@click.option("--accept", is_flag=True, help="Let campaigns be resumed again.")
@click.option("--by", default="", help="Who decides this.")
@click.option("--reason", default="", help="Why.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def restored(mark: bool, accept: bool, by: str, reason: str, as_json: bool) -> None:
    """Show whether this ledger is an older copy of itself and what is known of it, or decide about it."""
    from ledger.engine import open_ledger
    from mail import restoring, working
    from settings import settings

    if mark and accept:
        raise click.UsageError("choose one of --mark and --accept.")
    if (mark or accept) and not (by and reason):
        raise click.UsageError("--mark and --accept need --by and --reason.")
    found = settings()
    with open_ledger(found.database_url) as ledger:
        if mark:
            restoring.mark(ledger, by=by, reason=reason)
            click.echo("Nothing goes out now. Next: campaign collect, then campaign db restored")
        elif accept:
            restoring.accept(ledger, working.noted(ledger, found), by=by, reason=reason)
            click.echo("Campaigns can be resumed again, each by itself: campaign in-doubt NAME first.")
        else:
            _show(restoring.listed(ledger), restoring.in_doubt(ledger), as_json)


@db.command("adopt-queue")
@click.option("--by", required=True, help="Who decides this.")
@click.option("--reason", required=True, help="Why.")
def adopt_queue(by: str, reason: str) -> None:
    """Let this ledger, which has never sent, use an event queue that another one sends over."""
    from ledger.engine import open_ledger
    from ledger.ledger_names import shown
    from mail import restoring
    from settings import settings

    with open_ledger(settings().database_url) as ledger:
        before = restoring.adopt_queue(ledger, by=by, reason=reason)
        name = shown(ledger.engine.url)
    if before is not None:
        click.echo(f"{before.by} said so before ({output.time(before.at)}): {before.reason}")
    click.echo(f"The ledger {name} may send over its event queue beside others.")


def _show(every: "list[Restore]", in_doubt: dict[str, int], as_json: bool) -> None:
    if as_json:
        output.as_json({"restores": [asdict(each) for each in every], "in_doubt": in_doubt})
        return
    if not every:
        click.echo("This ledger was never restored.")
        return
    for each in every:
        click.echo(f"{output.time(each.at)}  {_how(each)}")
        if each.events:
            click.echo(
                f"  {each.events:,} events came of sends that it does not know, "
                f"{each.strangers:,} of them about nobody in it"
            )
        if each.accepted_at is not None:
            click.echo(
                f"  accepted {output.time(each.accepted_at)} by {each.accepted_by}: {each.accepted_reason}"
            )
    if all(each.accepted_at is not None for each in every):
        return
    click.echo(
        "What was sent after it was copied is not in it: a campaign begun since would go out a second time."
    )
    click.echo("Nothing goes out until: campaign db restored --accept --by WHO --reason WHY")
    for name, count in in_doubt.items():
        click.echo(f"  {name}: {count:,} in doubt; then decide with campaign in-doubt {name}")


def _how(each: "Restore") -> str:
    by: Any = f" by {each.by}" if each.by else ""
    words = {
        "backup": "this is a backup",
        "command": "restored",
        "generation": "found to be older than the event queue's note of it",
        "event": "found by events",
    }
    return f"{words[each.found_by]}{by}: {each.note}"
