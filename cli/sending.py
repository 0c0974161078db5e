"""Looking at a campaign before it is sent, and sending it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from cli import output, paths

if TYPE_CHECKING:
    from ledger.engine import Ledger
    from mail.campaign_file import Campaign
    from mail.preflight import Preflight
    from settings import Settings

# What the state of a run is called that an exception ended: by Prefect, and by `tasks.refusals`.
_BROKEN = ("Failed", "Crashed", "Refused", "Unavailable")


@click.command()
@click.argument("file", type=click.Path())
@click.option("--row", required=True, type=click.IntRange(min=1), help="1-based data row of the list.")
@click.option(
    "--out",
    "path",
    default="preview.html",
    show_default=True,
    type=paths.file(),
    help="Page to write.",
)
def preview(file: str, row: int, path: str) -> None:
    """Write the mail that one recipient of the campaign FILE would get, as a page."""
    from pathlib import Path

    from ledger import private_files
    from mail import campaign_file
    from mail import preview as previews

    page = previews.preview(campaign_file.load(file), row)
    try:
        private_files.write_text(Path(path), page)
    except OSError as err:
        raise click.BadParameter(f"{path} cannot be written ({err.strerror}).", param_hint="'--out'") from err
    click.echo(f"Preview: {path}")


@click.command()
@click.argument("file", type=click.Path())
@click.option(
    "--report",
    "directory",
    type=paths.folder(),
    default=None,
    help="Folder of the report; else var/reports/NAME.",
)
@click.option("--dry-run", is_flag=True, help="Send nothing: print counts, rate and duration.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def send(context: click.Context, file: str, directory: str | None, dry_run: bool, as_json: bool) -> None:
    """Send the campaign FILE, or go on with it where it stopped.

    Runs the flow in this process: against PREFECT_API_URL where that is set, else with a temporary server.
    """
    from datetime import UTC, datetime

    from ledger.engine import Upgrade, open_ledger
    from mail import campaign_file, occurrences, preflight, python_level
    from mail.occurrences import UTC_ZONE, Due
    from settings import settings

    found = settings()
    loaded = campaign_file.load(file)
    # A recurring campaign that a person sends is the one of this day.
    today = Due(datetime.now(UTC), loaded.timezone or UTC_ZONE)
    # A look before sending changes nothing.
    upgrade = Upgrade.NEVER if dry_run else Upgrade.WHERE_COPIED
    with open_ledger(found.database_url, upgrade=upgrade) as ledger:
        with ledger.reading() as connection:
            campaign = occurrences.resolve(connection, loaded, today)
        ready = preflight.examine(ledger, found, campaign)
        for warning in (*python_level.weaknesses(), *ready.warnings):
            click.echo(f"warning: {warning}", err=True)
        if not dry_run:
            for each in ready.amended:
                click.echo(f"changed since it was enqueued: {each.sentence}", err=True)
        if dry_run:
            _dry_run(ledger, found, campaign, ready, as_json)
            return
    before, _, after = loaded.name.partition(campaign_file.OCCURRENCE)
    label = campaign.name.removeprefix(before).removesuffix(after) if loaded.name != campaign.name else ""
    context.exit(_send(found, file, campaign.name, directory or "", as_json, label))


def _send(found: "Settings", file: str, name: str, directory: str, as_json: bool, occurrence: str) -> int:
    from pathlib import Path

    from cli import runs
    from cli.interrupts import pausing
    from cli.progress import Progress
    from ledger.engine import open_ledger
    from mail import termination
    from reports import campaign_report, status

    if directory:
        # Found out now, and not after the last mail.
        campaign_report.make_folder(Path(directory))
    with (
        termination.handled(),
        runs.prefect() as seen,
        pausing(found.database_url, name),
        Progress(found.database_url, name),
    ):
        state = runs.send(file, directory, occurrence, seen=seen)
    with open_ledger(found.database_url) as ledger, ledger.reading() as connection:
        if (broken := _error_of(state)) is not None:
            raise broken
        now = status.of(connection, name)
    if as_json:
        output.as_json(now.as_json())
    else:
        output.status(now.as_json(), now.lines)
        if state.message and state.name != "Completed":
            click.echo(f"  {state.message}")
        click.echo(f"  report: {directory or f'{found.output_dir}/reports/{name}'}/report.html")
    return status.exit_code(now)


def _error_of(state: Any) -> Exception | None:
    """Return the exception that broke the run, if one did: a halt is a result, not an error."""
    if state.name not in _BROKEN:
        return None
    error = state.result(raise_on_failure=False)
    return error if isinstance(error, Exception) else None


def _dry_run(
    ledger: "Ledger", found: "Settings", campaign: "Campaign", ready: "Preflight", as_json: bool
) -> None:
    import tempfile
    from pathlib import Path

    from cli.cleaning_progress import Watched
    from lists import refusals
    from mail import recipients
    from mail.rate import Rate
    from mail.templating import Templates
    from reports import list_cleaning

    with tempfile.TemporaryDirectory() as folder, Watched() as watched:
        result = list_cleaning.clean(
            ledger,
            campaign.list,
            campaign.hygiene,
            found.nameservers,
            Path(folder),
            on_progress=watched.told,
            owner=campaign.owner,
        )
        blank = recipients.rehearse(Templates.load(campaign), Path(folder))
    rate = Rate(ready.account.rate_per_second, campaign.send.rate_per_second, campaign.name)
    accepted = result.summary.accepted
    plan = {
        "name": campaign.name,
        "rows": result.summary.rows,
        "accepted": accepted,
        "rejected": result.summary.rejected,
        "by_reason": dict(result.summary.by_reason),
        "blank_fields": blank,
        "rate_per_second": rate.per_second,
        "left_for_the_day": ready.account.left_for_the_day,
        "hours": accepted / rate.per_second / 3600,
        "ledger": None if result.summary.ledger is None else result.summary.ledger.as_json(),
    }
    if ready.stored is not None:
        plan |= {
            "state": ready.stored.state,
            "enqueued": ready.stored.recipients,
            "changes": [{"key": each.key, "from": each.before, "to": each.after} for each in ready.amended],
        }
    if as_json:
        output.as_json(plan)
    else:
        _tell(plan)
        if campaign.timezone:
            click.echo(
                f"  its day is one of {campaign.timezone}; without it in the file a schedule's own zone holds"
            )
        for each in ready.amended:
            click.echo(f"  would change {each.sentence}")
        click.echo(f"  ledger {result.summary.ledger}")
        click.echo("  nothing was sent")
    result.summary.refuse_nobody("")
    if ready.stored is None:
        refusals.refuse(result.summary.said_no, accepted, campaign.list)


def _tell(plan: Mapping[str, Any]) -> None:
    accepted, rate, left = plan["accepted"], plan["rate_per_second"], plan["left_for_the_day"]
    click.echo(f"{plan['name']}: {accepted:,} of {plan['rows']:,} rows would be written to")
    for field, count in plan["blank_fields"].items():
        click.echo(
            f"  {count:,} of them {'is' if count == 1 else 'are'} blank in `{field}`, which the mail shows"
        )
    click.echo(f"  at {rate:g} a second: {accepted / rate / 60:,.1f} minutes at the least")
    if left is not None:
        click.echo(f"  the account has {left:,.0f} left for these 24 hours")
    if "enqueued" in plan:
        so_far = " so far" if plan["state"] == "ENQUEUING" else ""
        click.echo(f"  it is enqueued for {plan['enqueued']:,} recipients{so_far} and {plan['state']}")
