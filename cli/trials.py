"""Sending a campaign's mail to oneself, before anybody on its list gets it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from cli import output

if TYPE_CHECKING:
    from mail.trial_outcomes import TrialSent


@click.command("test-send")
@click.argument("file", type=click.Path())
@click.option("--to", "to", required=True, multiple=True, help="Who gets the test; up to 5 times.")
@click.option("--row", type=click.IntRange(min=1), default=None, help="1-based data row of the list; else 1.")
@click.option("--address", default="", help="Take the row of this address instead.")
@click.option("--again", is_flag=True, help="Send even where an earlier test is in doubt: it may come twice.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def test_send(
    context: click.Context,
    file: str,
    to: Sequence[str],
    row: int | None,
    address: str,
    again: bool,
    as_json: bool,
) -> None:
    """Send the mail of one row of the campaign FILE to yourself, marked [Test] in its subject.

    The real way, and none of the campaign's figures: nothing is enqueued, and nobody on the list gets
    anything. The unsubscribe link in it is the recipient's own: it unsubscribes whoever got the test.
    """
    from ledger.engine import Upgrade, open_ledger
    from mail import termination, trial_service
    from settings import settings

    if row is not None and address:
        raise click.UsageError("choose one of --row and --address.")
    found = settings()
    with termination.handled():
        with open_ledger(found.database_url, upgrade=Upgrade.WHERE_COPIED) as ledger:
            name, sent = trial_service.send(
                ledger, found, file, to, row=row or 1, address=address, request=uuid4().hex, again=again
            )
        # Told to end meanwhile, what went out is said all the same.
        _tell(name, sent, as_json)
    context.exit(exit_code(sent))


def _tell(name: str, sent: "Sequence[TrialSent]", as_json: bool) -> None:
    if not as_json:
        for each in sent:
            click.echo(each.sentence(name))
        return
    tests = [{"to": each.place, "outcome": each.outcome, "detail": each.detail} for each in sent]
    output.as_json({"name": name, "tests": tests})


def exit_code(sent: "Sequence[TrialSent]") -> int:
    """Return 0 where SES took all, 5 where some are in doubt, 1 where some were surely not sent."""
    from mail.trial_outcomes import Outcome

    outcomes = {each.outcome for each in sent}
    if Outcome.IN_DOUBT in outcomes:
        return 5
    return 1 if Outcome.NOT_SENT in outcomes else 0
