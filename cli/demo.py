"""The main job on samples against the sandbox, with nothing to configure."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import demo_messages, output, paths

if TYPE_CHECKING:
    from reports.status import CampaignStatus
    from sandbox import Behaviour, RunningSandbox

SAMPLES = Path(__file__).resolve().parent.parent / "lists" / "samples"
TITLES = {
    "spring-offer": "First campaign: spring-offer, to a list as it comes out of a shop's export.",
    "bad-list": "Second campaign: bad-list, to a bought list in which one address in eight is dead.",
}
EXPECTED = {"spring-offer": "COMPLETED", "bad-list": "HALTED"}


@click.command()
@click.option(
    "--out",
    "directory",
    default="var/demo",
    show_default=True,
    type=paths.folder(),
    help="Folder.",
)
@click.pass_context
def demo(context: click.Context, directory: str) -> None:
    """Run the two sample campaigns through the real flows, and some messages through the API.

    The sandbox plays Amazon SES.
    """
    import sandbox
    from mail import termination

    folder = Path(directory).resolve()
    _clear(folder)
    click.echo("Starting the sandbox: it plays Amazon SES, SNS, SQS and the DNS on this machine.")
    with (
        termination.handled(),
        sandbox.start(sandbox.SandboxOptions(behaviour=behaviour(), s3=False)) as world,
    ):
        point_at(world.environment, folder)
        context.exit(_run(world, folder))


def behaviour() -> "Behaviour":
    """Return how the sandbox treats the samples."""
    import yaml

    from sandbox import Behaviour

    return Behaviour.model_validate(yaml.safe_load((SAMPLES / "sandbox.yaml").read_text("utf-8")))


def point_at(environment: dict[str, str], folder: Path) -> None:
    """Point this process at a sandbox and at a ledger in `folder`, whatever was set before."""
    os.environ.update(environment)
    os.environ["CAMPAIGN_DATABASE_URL"] = f"sqlite:///{folder / 'campaign.sqlite3'}"
    os.environ["CAMPAIGN_OUTPUT_DIR"] = str(folder)


def _run(world: "RunningSandbox", folder: Path) -> int:
    from api import keys
    from cli import runs
    from cli.progress import Progress
    from ledger.engine import open_ledger
    from mail import termination
    from reports import status
    from settings import settings

    url = settings().database_url
    found: dict[str, CampaignStatus] = {}
    with open_ledger(url) as ledger:
        key = keys.create(ledger, demo_messages.OWNER, demo_messages.OPERATOR)
    with runs.prefect(), demo_messages.serving(folder) as api:
        click.echo("Starting Prefect with a temporary server: up to half a minute.")
        for name, title in TITLES.items():
            click.echo(f"\n{title}")
            with Progress(url, name):
                runs.send(str(SAMPLES / f"{name}.yaml"), str(folder / "reports" / name))
            termination.check()
            with open_ledger(url) as ledger, ledger.reading() as connection:
                found[name] = status.of(connection, name)
            output.status(found[name].as_json(), found[name].lines)
        click.echo("\nSingle messages, over the HTTP API beside them:")
        demo_messages.send(api, key)
    _catch_up(world, folder, found)
    click.echo(
        "\nThe second campaign stopped by itself: that is what this project is for. The addresses that\n"
        "bounced are suppressed now, and the sender's reputation is spared the rest of that list."
    )
    world.save_inbox(folder / "inbox")
    return _summary(world, folder, found)


def _catch_up(world: "RunningSandbox", folder: Path, found: "dict[str, CampaignStatus]") -> None:
    """Take in who opened and clicked after the runs were over, and bring their reports up to date."""
    from ledger.engine import open_ledger
    from mail import termination, working
    from reports import campaign_report, status
    from settings import settings

    with open_ledger(settings().database_url) as ledger:
        collector = working.open_collector(ledger, settings())
        while collector.drain(wait_seconds=1).received or world.summary()["pending_events"]:
            termination.check()
        with ledger.reading() as connection:
            click.echo("\nWho read it, by what came in since:")
            for name in found:
                campaign_report.write(connection, name, folder / "reports" / name)
                found[name] = status.of(connection, name)
                click.echo(f"  {name}: {found[name].reading.sentence}")


def _summary(world: "RunningSandbox", folder: Path, found: "dict[str, CampaignStatus]") -> int:
    """Print what balances and where everything lies; return 0 where all of it is as it should be."""
    from ledger.statuses import Count, Status

    accepted = world.summary()["accepted"]
    single = _single_messages()
    sent = single + sum(each.totals.counts[Count.ACCEPTED] for each in found.values())
    rows: list[tuple[str, ...]] = [("", "rows", "rejected", "recipients", "sent", "never sent", "in doubt")]
    for name, each in found.items():
        listed, totals = each.campaign.list_summary, each.totals
        in_doubt = totals.by_status[Status.IN_DOUBT]
        never = each.campaign.recipients - totals.counts[Count.ACCEPTED] - in_doubt
        rows.append(
            (
                name,
                *(
                    f"{count:,}"
                    for count in (
                        listed["rows"],
                        listed["rejected"],
                        each.campaign.recipients,
                        totals.counts[Count.ACCEPTED],
                        never,
                        in_doubt,
                    )
                ),
            )
        )
    click.echo("\nrows = rejected + recipients, and recipients = sent + never sent + in doubt:")
    output.table(rows)
    click.echo(f"single messages: {single} sent")
    click.echo(f"sent, by the ledger: {sent:,}; taken, by the sandbox's own record: {accepted:,}")
    click.echo(f"\nThe lists:    {folder / 'lists'}/*/report.html")
    click.echo(f"The reports:  {folder / 'reports'}/*/report.html")
    click.echo(f"The mail:     {folder / 'inbox' / 'index.html'}")
    states = {name: each.campaign.state.value for name, each in found.items()}
    return 0 if states == EXPECTED and sent == accepted else 1


def _single_messages() -> int:
    """Return how many single messages SES took."""
    from ledger.engine import open_ledger
    from ledger.statuses import Status
    from reports import api_figures
    from settings import settings

    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        by_status = api_figures.read(connection).by_status
    return by_status["single", Status.SENT] + by_status["single", Status.DELIVERED]


def _clear(folder: Path) -> None:
    """Remove what an earlier demo left, and nothing else."""
    from ledger.ledger_file import MARK

    for name in ("lists", "reports", "inbox"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for suffix in ("", "-wal", "-shm", MARK):
        (folder / f"campaign.sqlite3{suffix}").unlink(missing_ok=True)
