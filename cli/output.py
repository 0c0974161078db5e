"""How figures look in a terminal."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click


def as_json(value: object) -> None:
    """Print a value as JSON, whole and alone, for other programs."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns, the first one aligned left and the others right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first, *rest = (
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        click.echo("  ".join([first, *rest]).rstrip())


def status(found: Mapping[str, Any], lines: Sequence[str] = ()) -> None:
    """Print one campaign's status as a person reads it, with more lines in front of the rates."""
    from reports import halt_terms

    click.echo(f"{found['name']}: {found['state']}")
    halt, zone = found["halt"], found["timezone"]
    if halt is not None:
        click.echo(f"  {halt['reason']} ({halt['rule']}, {time(halt['at'], zone)}, by {halt['by']})")
        for line in halt_terms.explained(halt["reason"]):
            click.echo(f"    {line}")
    elif found["state"] == "PAUSED":
        click.echo(
            f"  {found['change_reason']} ({time(found['changed_at'], zone)}, by {found['changed_by']})"
        )
    elif found["state"] == "ENQUEUING":
        click.echo("  its recipients are being stored; nobody is written to before all of them are")
    if found["later"]:
        click.echo(f"  {found['later']}")
    if (silence := found["breaker"]) is not None:
        click.echo(
            f"  SES has given no answers since {time(silence['since'], zone)}: single messages probe "
            f"({silence['probes']:,} so far, the next one in {silence['wait_seconds']:.0f} s)"
        )
    for each in found["braked"]:
        click.echo(f"  {each['domain']} puts mail off: tried again from {time(each['until'], zone)}")
    rows = [(f"  {name}", f"{count:,}") for name, count in found["by_status"].items() if count]
    table([*rows, ("  recipients", f"{found['recipients']:,}")])
    doubtful = found["by_status"]["IN_DOUBT"] + found["by_status"]["UNCONFIRMED"]
    if doubtful:
        decide = f"campaign in-doubt {found['name']}"
        click.echo(f"  {doubtful:,} may have been sent or not (in doubt: SES's answer was lost, and events")
        click.echo("    settle it; nobody is mailed again by itself)")
        click.echo(f"    the evidence: {decide}")
        click.echo(f"    to send them again: {decide} --resend --by WHO --reason WHY")
        click.echo(f"    to take them as sent: {decide} --assume-sent --by WHO --reason WHY")
    for line in lines:
        click.echo(f"  {line}")
    click.echo(f"  hard bounces {found['bounce_rate']:.2%}, complaints {found['complaint_rate']:.3%}")
    click.echo(f"  {ledger(found['ledger'])}")


def ledger(about: Mapping[str, Any]) -> str:
    """Return in words which ledger figures come from, and how much it knows."""
    from ledger.about import About

    return f"ledger {About(**about)}"


def time(epoch_seconds: float, zone: str = "") -> str:
    """Return a time as a person reads it: in UTC, and in a zone, this machine's where none is named."""
    from ledger import local_time

    return local_time.shown(epoch_seconds, zone)
