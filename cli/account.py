"""Where the account stands with Amazon SES and with our own rule, and lifting its suspension."""

from dataclasses import asdict

import click

from cli import output


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def account(context: click.Context, as_json: bool) -> None:
    """Show where the account stands: what SES lets it do, and the hard bounces of all campaigns."""
    if context.invoked_subcommand is not None:
        return
    from ledger.engine import open_ledger
    from mail import account as accounts
    from mail import owner_gate, readiness
    from settings import settings

    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        ours = accounts.standing(connection)
        stopped = sorted(owner_gate.stopped(connection).values(), key=lambda each: each.owner)
    theirs = readiness.look(readiness.client())
    if as_json:
        output.as_json(
            {
                "suspended": None if ours.suspended is None else asdict(ours.suspended),
                "bounce_rate": ours.counted.bounce_rate,
                **asdict(ours.counted),
                "ses": asdict(theirs),
                "history": [asdict(change) for change in ours.history],
                "stopped_owners": [{"owner": each.owner, **asdict(each.change)} for each in stopped],
            }
        )
        return
    click.echo(f"account: {'SUSPENDED' if ours.suspended else 'in order'}")
    if ours.suspended is not None:
        click.echo(f"  {ours.suspended.reason}")
        click.echo("  To lift it: campaign account lift --by WHO --reason WHY")
    for each in stopped:
        click.echo(f"  {owner_gate.sentence(each)}")
    click.echo(
        f"  hard bounces {ours.counted.bounce_rate:.2%} ({ours.counted.hard_bounced:,} of "
        f"{ours.counted.accepted:,} since {output.time(ours.counted.since)})"
    )
    left = "no limit" if theirs.left_for_the_day is None else f"{theirs.left_for_the_day:,.0f} left"
    sending = "on" if theirs.sending_enabled else "OFF"
    click.echo(
        f"  Amazon SES: {theirs.enforcement_status}, sending {sending}, "
        f"{theirs.rate_per_second:g} a second, {left} for these 24 hours"
    )
    for change in ours.history:
        click.echo(f"  {output.time(change.at)}: {change.action} by {change.by}: {change.reason}")


@account.command()
@click.option("--by", required=True, help="Who decides this.")
@click.option("--reason", required=True, help="Why.")
@click.option("--owner", default="", metavar="NAME", help="Lift the stop of this owner's single mail alone.")
def lift(by: str, reason: str, owner: str) -> None:
    """Let mail go out again; the rate is counted anew from now."""
    from ledger.engine import open_ledger
    from mail import account as accounts
    from mail import owner_gate
    from settings import settings

    with open_ledger(settings().database_url) as ledger:
        if owner:
            owner_gate.lift(ledger, owner, by=by, reason=reason)
            click.echo(f"The single mail of {owner} goes on.")
            return
        accounts.lift(ledger, by=by, reason=reason)
    click.echo("The suspension is lifted. Campaigns that it paused go on with `campaign resume NAME`.")
