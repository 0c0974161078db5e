"""Starting the run of a stalled campaign anew, and waking somebody for it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from prefect import task
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.deployments import run_deployment
from prefect.events import emit_event
from prefect.exceptions import ObjectNotFound

from ledger import campaigns, clock
from ledger.engine import Ledger, open_ledger
from mail import stalls
from mail.stalls import RESTARTS_AN_HOUR, Stall
from reports import announcement, status
from settings import settings
from tasks.announcing import run_page

# It takes any campaign, whichever deployment began it and whatever still holds a place in that one's limit.
DEPLOYMENT = "send-campaign/send-campaign"
_BEGINS_WITHIN = timedelta(minutes=10)
_START_A_WORKER = "prefect worker start --pool campaigns"
_UNDER_WAY = (StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING)


@task(task_run_name="look for stalled campaigns")
def find_stalled() -> list[str]:
    """Return the names of the campaigns that run while nobody attends to them."""
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        return [each.campaign for each in stalls.find(connection)]


# Never retried by Prefect: the next look, minutes later, is the next try.
@task(task_run_name="start {campaign} anew")
def start_anew(campaign: str) -> str:
    """Start the stalled campaign's run anew, where that may be, and emit `campaign.stalled`.

    Return what was done in a sentence, or "" where somebody attends by now.
    """
    with open_ledger(settings().database_url) as ledger, get_client(sync_client=True) as client:
        stall = _stall_of(ledger, campaign)
        if stall is None:
            return ""
        done = _act(ledger, client, stall)
        _announce(ledger, stall, done)
        return f"{campaign}: {stall.sentence} {done.sentence}"


@dataclass(frozen=True, slots=True)
class Done:
    """What was done about a stall, and the line that a person types next; "" where nothing is needed."""

    sentence: str
    next_line: str = ""


def _stall_of(ledger: Ledger, name: str) -> Stall | None:
    with ledger.reading() as connection:
        return next((each for each in stalls.find(connection) if each.campaign == name), None)


def _act(ledger: Ledger, client: SyncPrefectClient, stall: Stall) -> Done:
    tag = f"anew:{stall.campaign}"
    for run in _under_way(client, tag):
        if run.state is None or run.state.type is not StateType.RUNNING:
            return Done(
                f"The run {run.name} is to go on with it, and no worker has begun that yet.", _START_A_WORKER
            )
        began = run.start_time or run.created
        if began is not None and datetime.now(UTC) - began < _BEGINS_WITHIN:
            return Done(f"The run {run.name} is on its way.")
    try:
        deployment = client.read_deployment_by_name(DEPLOYMENT)
    except ObjectNotFound:
        return Done(f"There is no deployment {DEPLOYMENT} to go on with it.", "prefect deploy --all")
    taken = stalls.take_restart(ledger, stall.campaign)
    if taken is None:
        return Done("Somebody attends to it by now.")
    if not taken.may_restart:
        return Done(
            f"Its run was started anew {RESTARTS_AN_HOUR} times within an hour, to no avail: "
            "see why those runs ended, mend that, and send it again.",
            "campaign send FILE",
        )
    with ledger.reading() as connection:
        definition = dict(campaigns.get(connection, stall.campaign).definition)
    run_deployment(
        deployment.id,
        parameters={"campaign": definition},
        timeout=0,
        as_subflow=False,
        tags=[tag],
        flow_run_name=f"send {stall.campaign} anew, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    )
    return Done(f"Its run was started anew ({taken.restarts + 1} of {RESTARTS_AN_HOUR} within an hour).")


def _under_way(client: SyncPrefectClient, tag: str) -> list[FlowRun]:
    state = FlowRunFilterState(type=FlowRunFilterStateType(any_=list(_UNDER_WAY)))
    return client.read_flow_runs(
        flow_run_filter=FlowRunFilter(tags=FlowRunFilterTags(all_=[tag]), state=state), limit=10
    )


def _announce(ledger: Ledger, stall: Stall, done: Done) -> None:
    with ledger.reading() as connection:
        now, at = status.of(connection, stall.campaign), clock.now(connection)
    text = f"{stall.sentence} {done.sentence}"
    found = announcement.of_stall(now, text, at, done.next_line, run_page())
    # What every look finds is one event an hour: Prefect stores an id once.
    hour = f"{stall.since:.0f}/{at // 3600:.0f}"
    same = f"{ledger.ledger_id}/{stall.campaign}/{found.event}/{hour}/{done.sentence}"
    emit_event(found.event, resource=found.resource, payload=found.payload, id=uuid5(NAMESPACE_URL, same))
