"""Steps that look at a campaign before it is sent, and let a run of it begin later."""

from datetime import UTC, datetime
from pathlib import Path

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound

from ledger.campaigns import FINAL, State
from ledger.engine import Ledger, open_ledger
from mail import local_times, occurrences, preflight, scheduling
from mail.campaign_file import OCCURRENCE, Campaign, load
from mail.errors import MailError
from mail.occurrences import Due
from mail.preflight import Preflight
from reports import campaign_check
from settings import settings
from tasks.listing import row_progress
from tasks.restarts import DEPLOYMENT
from tasks.retrying import passing_fault


@task(task_run_name="check {file}", retries=1, retry_delay_seconds=5, retry_condition_fn=passing_fault)
def check(file: str) -> str:
    """Check a campaign file as if it were sent now, show who would get what, and return that in a sentence.

    Raises what would keep it from being sent.
    """
    found, campaign = settings(), load(file)
    with open_ledger(found.database_url) as ledger:
        named, ready = _examined(ledger, campaign, datetime.now(UTC), campaign.timezone or "UTC")
        folder = Path(found.output_dir) / "previews" / named.name
        checked = campaign_check.check(
            ledger, found, named, ready, folder, row_progress("campaign-check-progress")
        )
    create_markdown_artifact(checked.markdown(), key="campaign-check", description="What would be sent")
    return checked.sentence


@task(task_run_name="schedule {file}")
def schedule(file: str, when: str, timezone: str) -> str:
    """Let a run of the campaign file begin `when` a person wrote it; return when that is, in a sentence.

    Raises what would keep it from being sent now, and MailError for a time that is none or over, or where
    nothing would be sent then.
    """
    campaign = load(file)
    zone = local_times.zone_of(timezone or campaign.timezone or "UTC")
    at = local_times.moment(when, zone, datetime.now(UTC))
    with open_ledger(settings().database_url) as ledger:
        named, ready = _examined(ledger, campaign, at, zone.key)
        if ready.stored is not None:
            _refuse_stopped(named.name, ready.stored.state)
    said = local_times.words(at, zone)
    run = _scheduled(file, campaign, named, at, f"send {named.name}, {said}")
    lines = [
        f"{named.name} will be sent at {said} to {ready.rows:,} rows at the most, by the run {run.name}."
    ]
    create_markdown_artifact(
        "\n\n".join([f"**{lines[0]}**", *(f"- {warning}" for warning in ready.warnings)]),
        key="campaign-schedule",
        description="When it will be sent",
    )
    return lines[0]


def _examined(ledger: Ledger, campaign: Campaign, at: datetime, zone: str) -> tuple[Campaign, Preflight]:
    """Return the campaign under the name that it has at a moment, and what was found in order with it."""
    with ledger.reading() as connection:
        named = occurrences.resolve(connection, campaign, Due(at, campaign.timezone or zone))
    return named, preflight.examine(ledger, settings(), named)


def _refuse_stopped(name: str, state: State) -> None:
    """Raise MailError where a run would find a campaign that is over, or that waits for a person."""
    if state in FINAL:
        raise MailError(f"{name} is {state}: nothing would be sent; give the campaign another name.")
    if state in (State.HALTED, State.PAUSED):
        raise MailError(
            f"{name} is {state}, and a run of it would send nothing: "
            f"first campaign resume {name} --by WHO --reason WHY."
        )


def _scheduled(file: str, campaign: Campaign, named: Campaign, at: datetime, run_name: str) -> FlowRun:
    """Return the run that begins at the moment: the one that was scheduled before, if it still will."""
    parameters = {"campaign": file}
    if scheduling.is_recurring(campaign):
        before, _, after = campaign.name.partition(OCCURRENCE)
        parameters["occurrence"] = named.name.removeprefix(before).removesuffix(after)
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(DEPLOYMENT)
        except ObjectNotFound as err:
            raise MailError(
                f"there is no deployment {DEPLOYMENT} to send it: make it by `prefect deploy --all`."
            ) from err
    key = f"{file} as {named.name} at {at:%Y-%m-%dT%H:%M:%S}"
    while True:
        run = run_deployment(
            deployment.id,
            parameters=parameters,
            scheduled_time=at,
            timeout=0,
            as_subflow=False,
            idempotency_key=key,
            flow_run_name=run_name,
        )
        # In a task that is not async, Prefect's functions are not either, whatever their types say.
        assert isinstance(run, FlowRun)
        if run.state is None or not run.state.is_final():
            return run
        # A person took that one back, and wants it again.
        key = f"{key}, after {run.id}"
