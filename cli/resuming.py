"""Letting a campaign that stopped go on: what the form of a paused run does, from the command line."""

import click


@click.command()
@click.argument("name")
@click.option(
    "--drop-domains",
    is_flag=True,
    help="Leave out who still waits at the domains that reached the bounce limit by themselves.",
)
@click.option(
    "--domain",
    "domains",
    multiple=True,
    metavar="DOMAIN",
    help="Leave out who still waits at this domain or below it; can be given several times.",
)
@click.option(
    "--clean-again",
    is_flag=True,
    help="Leave out whose domain has no mail server by now, and who is suppressed by now.",
)
@click.option("--by", required=True, help="Who decides this.")
@click.option("--reason", required=True, help="Why.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def resume(
    name: str,
    drop_domains: bool,
    domains: tuple[str, ...],
    clean_again: bool,
    by: str,
    reason: str,
    as_json: bool,
) -> None:
    """Let the halted or paused campaign NAME run again; `campaign send FILE` then goes on with it.

    A run that waits for an answer in the Prefect UI goes on by itself.
    """
    from cli import output, waiting_runs
    from ledger.engine import open_ledger
    from lists import mx, mx_cached
    from lists.dns_verdicts import Status
    from mail import remedies, resuming
    from settings import settings

    named = remedies.parse_domains(" ".join(domains))
    if named and drop_domains:
        raise click.UsageError("--drop-domains finds the domains itself: leave out it or --domain.")
    chosen = remedies.Remedies(drop_domains or bool(named), named, clean_again)
    found = settings()
    with open_ledger(found.database_url) as ledger:
        # A positive answer of last week is what let the bounces in: only the denials are believed.
        lookup = mx_cached.lookup(ledger, mx.resolving(found), believe=(Status.NO_MX,))
        resumed = resuming.resume(ledger, name, by=by, reason=reason, chosen=chosen, lookup=lookup)
    woken = waiting_runs.wake(name)
    if as_json:
        output.as_json(
            {
                "name": name,
                "epoch": resumed.epoch,
                "left_out": resumed.left_out.recipients,
                "domains": list(resumed.left_out.domains),
            }
        )
        return
    now = "The run that asked about it goes on." if woken else "Now: campaign send FILE"
    click.echo(f"{name} may run again (epoch {resumed.epoch}): {resumed.sentence}. {now}")
