"""Looking at campaigns, and stopping, resuming or ending them."""

import getpass
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import click

from cli import output, paths, waiting_runs

_BY = click.option("--by", required=True, help="Who decides this.")
_REASON = click.option("--reason", required=True, help="Why.")


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def status(context: click.Context, name: str | None, as_json: bool) -> None:
    """Show where the campaign NAME stands, or list all campaigns; nothing is changed.

    With NAME it ends with the exit code that `campaign send` would: 3 halted or breached, 4 paused, 5 in
    doubt; but 0 while it runs.
    """
    from ledger import file_modes, misread_suppressions, restores, unread
    from ledger.about import about
    from ledger.errors import LedgerMissing
    from ledger.read_only import open_read_only
    from mail import account
    from reports import run_log, ses_notices
    from reports import status as statuses
    from settings import settings

    try:
        opened = open_read_only(settings().database_url)
    except LedgerMissing as err:
        if name is not None:
            raise
        # Looking makes nothing, and nothing is wrong where nothing was sent yet.
        click.echo(f"{err}", err=as_json)
        if as_json:
            output.as_json([])
        return
    if readable := file_modes.sentence(file_modes.of_ledger(settings().database_url)):
        click.echo(f"warning: {readable}", err=True)
    with opened as ledger, ledger.reading() as connection:
        if restores.is_open(connection):
            click.echo(f"warning: {restores.WHY_PAUSED}", err=True)
        for warning in (unread.amount(connection).sentence, misread_suppressions.sentence(connection)):
            if warning:
                click.echo(f"warning: {warning}", err=True)
        if name is not None:
            found = statuses.of(connection, name)
            if as_json:
                output.as_json(found.as_json())
            else:
                output.status(found.as_json(), [*run_log.waits(found), *found.lines])
                whole = account.standing(connection).counted
                click.echo(
                    f"  hard bounces of the whole account {whole.bounce_rate:.2%} of {whole.accepted:,}"
                )
            context.exit(statuses.exit_code_of_a_look(found))
        every = [each.as_json() for each in statuses.every(connection)]
        singles = [f"{each.messages:,} {each.words}" for each in ses_notices.notices(connection, None)]
        whose = output.ledger(about(connection).as_json())
    if as_json:
        output.as_json(every)
        if not every:
            click.echo(whose, err=True)
        return
    for line in singles:
        click.echo(f"single messages: {line}")
    if every:
        heading = ("campaign", "state", "recipients", "hard bounces")
        rows = [
            (each["name"], each["state"], f"{each['recipients']:,}", f"{each['bounce_rate']:.2%}")
            for each in every
        ]
        output.table([heading, *rows])
    else:
        click.echo("There are no campaigns yet: `campaign send FILE` begins one.")
    click.echo(whose)


@click.command()
@click.argument("name")
@click.option("--by", default=getpass.getuser, help="Who decides this; you, where left out.")
@click.option("--reason", default="stopped by hand", help="Why.")
def halt(name: str, by: str, reason: str) -> None:
    """Stop the campaign NAME at once, on every worker."""

    def act(controls: Any, ledger: Any) -> str:
        then = f"To go on: campaign resume {name} --by WHO --reason WHY"
        before = controls.state_of(ledger, name)
        if controls.halt(ledger, name, by=by, reason=reason) == "ENQUEUING":
            return f"{name} is being enqueued, and will be halted before its first message. Then: {then}"
        if before == "HALTED":
            return f"{name} was halted before; who wants it now and why is kept beside that. {then}"
        return f"{name} is halted. {then}"

    _control(act)


@click.command()
@click.argument("name")
@_BY
@_REASON
def cancel(name: str, by: str, reason: str) -> None:
    """End the campaign NAME for good; what was not sent never will be."""

    def act(controls: Any, ledger: Any) -> str:
        count = controls.cancel(ledger, name, by=by, reason=reason)
        waiting_runs.wake(name)
        return f"{name} is cancelled: {count:,} messages will not be sent."

    _control(act)


@click.command()
@click.argument("name")
@click.option("--out", "directory", required=True, type=paths.folder(), help="Folder to write to.")
@click.option("--json", "as_json", is_flag=True, help="Print the paths as JSON.")
def report(name: str, directory: str, as_json: bool) -> None:
    """Write report.html, report.json and messages.csv of the campaign NAME."""
    from pathlib import Path

    from ledger.engine import open_ledger
    from reports import campaign_report
    from settings import settings

    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        written = campaign_report.write(connection, name, Path(directory))
    paths = {"html": str(written.html), "json": str(written.json), "messages": str(written.messages)}
    if as_json:
        output.as_json(paths)
    else:
        click.echo(f"Report: {written.html}")
        click.echo(f"Ledger: {written.report.ledger}")


@click.command("in-doubt")
@click.argument("name")
@click.option("--resend", is_flag=True, help="Send them again; somebody may get it twice.")
@click.option("--assume-sent", is_flag=True, help="Take them as sent.")
@click.option("--by", default="", help="Who decides this.")
@click.option("--reason", default="", help="Why.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def in_doubt(name: str, resend: bool, assume_sent: bool, by: str, reason: str, as_json: bool) -> None:
    """List the messages of NAME that nobody knows were sent, with the evidence, or settle them."""
    from ledger.engine import open_ledger
    from mail import doubts
    from settings import settings

    if resend and assume_sent:
        raise click.UsageError("choose one of --resend and --assume-sent.")
    if (resend or assume_sent) and not (by and reason):
        raise click.UsageError("--resend and --assume-sent need --by and --reason.")
    with open_ledger(settings().database_url) as ledger:
        if resend:
            settled = doubts.resend(ledger, name, by=by, reason=reason)
            click.echo(
                f"{settled.messages:,} messages of {name} are queued again (epoch {settled.epoch}). "
                "Now: campaign send FILE"
            )
        elif assume_sent:
            settled = doubts.assume_sent(ledger, name, by=by, reason=reason)
            click.echo(f"{settled.messages:,} messages of {name} count as sent.")
        else:
            _list_doubts([asdict(call) for call in doubts.listed(ledger, name)], as_json)


def _list_doubts(calls: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        output.as_json(calls)
        return
    if not calls:
        click.echo("Nothing is in doubt.")
        return
    heading = ("call", "began", "messages", "heard of", "in doubt", "unconfirmed", "instead of an answer")
    rows = [
        (
            call["call_id"][:8] or "forgotten",
            output.time(call["started_at"]),
            f"{call['size']:,}",
            f"{call['heard_of']:,}",
            f"{call['messages'] - call['unconfirmed']:,}",
            f"{call['unconfirmed']:,}",
            call["error"] or ("the worker died" if call["call_id"] else "the ledger was restored"),
        )
        for call in calls
    ]
    output.table([heading, *rows])
    click.echo("Where SES was heard of for some messages of a call, it took that call.")


def _control(act: Callable[[Any, Any], str]) -> None:
    from ledger.engine import open_ledger
    from mail import controls
    from settings import settings

    with open_ledger(settings().database_url) as ledger:
        click.echo(act(controls, ledger))
