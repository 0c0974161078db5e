"""Single messages of the API: queued ones taken back."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from cli import failures, output

if TYPE_CHECKING:
    from mail.withdrawals import Withdrawn


@click.group()
def messages() -> None:
    """Look after single messages of the HTTP API."""


@messages.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--owner", default="", metavar="NAME", help="All that this owner has in the queue.")
@click.option("--by", required=True, help="Who decides this.")
@click.option("--reason", required=True, help="Why; receivers of callbacks are told it.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def drop(ids: tuple[str, ...], owner: str, by: str, reason: str, as_json: bool) -> int:
    """Take queued messages back, by the IDs that the API shows or all of an owner: they become CANCELLED.

    What is being sent already stays as it is; where it turns out not to be sent, it is not tried again.
    """
    from ledger.engine import open_ledger
    from ledger.withdrawals import Whose
    from mail import withdrawals
    from settings import settings

    if bool(ids) == bool(owner):
        raise click.UsageError("say which: either IDs or --owner NAME.")
    check("--by", by, 200)
    check("--reason", reason, 1_000)
    with open_ledger(settings().database_url) as ledger:
        if owner:
            done = withdrawals.take_back(ledger, Whose(owner), by=by, reason=reason)
        else:
            done = withdrawals.take_back_messages(ledger, ids, by=by, reason=reason)
    if as_json:
        output.as_json(asdict(done))
    else:
        click.echo(told(done))
    # Whoever names messages wants these; of an owner's, what is gone was never meant.
    return failures.COULD_NOT if ids and (done.under_way or done.too_late) else 0


@messages.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def withdrawals(as_json: bool) -> None:
    """Show who took queued messages back, when and why, the newest first."""
    from ledger import withdrawals
    from ledger.engine import open_ledger
    from settings import settings

    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        found = withdrawals.every(connection)
    if as_json:
        output.as_json({"withdrawals": [asdict(each) for each in found]})
        return
    for each in found:
        count = f"{each.messages:,} {plural(each.messages)}"
        click.echo(f"{output.time(each.at)}  {count} by {each.by}: {each.reason}")
    if not found:
        click.echo("Nothing was ever taken back.")


def check(option: str, text: str, longest: int) -> None:
    """Refuse a name or a reason that says nothing or cannot be shown on one line."""
    if not text.strip() or len(text) > longest or not text.isprintable():
        raise click.BadParameter(f"write 1 to {longest:,} printable characters.", param_hint=option)
    if option == "--reason" and "@" in text:
        # It outlives the erasing of a person.
        raise click.BadParameter(
            "name no address in it: it is kept, and callbacks tell it.", param_hint=option
        )


def told(done: "Withdrawn") -> str:
    """Return in a sentence what was taken back, and what was not."""
    more = [
        (done.under_way, "being sent already: if not sent by that, then not at all"),
        (done.too_late, "sent or settled before"),
        (done.taken_back_before, "taken back before"),
    ]
    rest = "".join(f"; {count:,} {words}" for count, words in more if count)
    return f"{done.taken_back:,} {plural(done.taken_back)} taken back{rest}."


def plural(count: int) -> str:
    """Return the word for so many messages."""
    return "message" if count == 1 else "messages"
