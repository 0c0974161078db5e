"""Send a campaign: check, clean, enqueue, send in chunks while collecting, settle, report."""

from pathlib import Path
from typing import Annotated, Any, assert_never
from uuid import UUID

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from flows import _chunks, _due, _names, _parts
from ledger.campaigns import FINAL
from ledger.campaigns import State as CampaignState
from mail import scheduling, termination
from mail.campaign_file import OCCURRENCE, Campaign, load
from mail.errors import MailError
from mail.occurrences import named
from reports import campaign_words as words
from settings import settings
from tasks import announcing, asking, campaign_runs, continuing, listing, occurrences, reporting, sending
from tasks.refusals import ends_in_a_sentence
from tasks.run_watch import RunWatch

# Chunks side by side in this process at the most; beside them there is room for the collecting.
MAX_WORKERS = 64


def _run_name() -> str:
    return f"send {_campaign_name(flow_run.parameters['campaign'])}, {_names.at()}"


def _campaign_name(campaign: object) -> str:
    if not isinstance(campaign, Campaign):
        try:
            campaign = load(str(campaign))
        except Exception:  # noqa: BLE001 - the run itself says what is wrong; its name breaks nothing.
            return Path(str(campaign)).stem
    if not scheduling.is_recurring(campaign):
        return campaign.name
    try:
        label = flow_run.parameters.get("occurrence") or _due.due(campaign.timezone).day().isoformat()
    except MailError:
        label = OCCURRENCE
    return campaign.name.replace(OCCURRENCE, label)


@flow(
    name="send-campaign",
    flow_run_name=_run_name,
    task_runner=ThreadPoolTaskRunner(max_workers=66),  # type: ignore[arg-type]
)
@ends_in_a_sentence
def send_campaign(
    # The title is what the tab of the form is called.
    campaign: Annotated[str, Field(title="Campaign file")] | Campaign,
    report_directory: str = "",
    occurrence: str = "",
    attended: bool = True,
) -> State[Any]:
    """Send a campaign, or go on with one that was begun before.

    Args:
        campaign: The path of a campaign file, or the campaign itself.
        report_directory: Where the report is written; empty takes var/reports and the campaign's name.
        occurrence: What stands for {date} in the name, such as 2026-11-22; empty: the day of the run.
        attended: Whether somebody sees the run; where nobody does, a halt ends it and no form waits.
    """
    log = get_run_logger()
    found = load(campaign) if isinstance(campaign, str) else campaign
    if missed := _due.missed(found.send.allowed_lateness_seconds):
        return Failed(name="Missed", message=missed)
    recurring = found.name if scheduling.is_recurring(found) else ""
    if recurring:
        found = _occurrence(found, occurrence)
    campaign_runs.mark(found.name, _label(recurring, found.name))
    output = Path(settings().output_dir)
    directory = report_directory or str(output / "reports" / found.name)
    # The answer has begun this process, and counts before anything else can go wrong.
    if asking.has_asked(found.name) and not asking.ask(found.name, found.halt.answer_hours):
        return _final_state(reporting.write_report(found.name, directory))
    ready = sending.check_ready(found)
    for warning in ready["warnings"]:
        log.warning(warning)
    for amended in ready["amended"]:
        log.info("The campaign file has changed: %s", amended)
    begins = ready["state"] in (None, CampaignState.ENQUEUING)
    if begins:
        list_directory = str(output / "lists" / found.name)
        listing.clean(found.list, found.hygiene, list_directory, found.owner, found.name)
        sending.enqueue_recipients(found, list_directory)
    # Over before this run began: whatever comes of it, this run sent nothing.
    was_over = ready["state"] in FINAL and not asking.has_waited()
    sending_on = begins or ready["state"] == CampaignState.RUNNING
    while True:
        if sending_on:
            _send(found)
        if termination.requested.is_set():
            return Failed(name="Terminated", message=f"{found.name} goes on when it is sent again.")
        status = reporting.write_report(found.name, directory)
        if sending_on:
            announcing.announce(found.name)
        if status["continues_at"] is not None:
            scheduled = continuing.schedule(found.name, status["continues_at"], _label(recurring, found.name))
            how = "by itself" if scheduled else "when it is run again"
            return Completed(name="GoesOnLater", message=f"{status['later']}, {how}. {_figures(status)}")
        if was_over:
            return _nothing_sent(status)
        if status["state"] != CampaignState.HALTED:
            return _final_state(status)
        asking.show_halt(found.name)
        if found.halt.on_halt == "fail" or not attended:
            return _final_state(status)
        sending_on = asking.ask(found.name, found.halt.answer_hours)
        if not sending_on:
            return _final_state(reporting.write_report(found.name, directory))


def _occurrence(campaign: Campaign, label: str) -> Campaign:
    """Return a recurring campaign under the name of its occurrence: the one asked for, or the run's own."""
    due = _due.due(campaign.timezone)
    if label:
        return named(campaign, scheduling.label_of(label), due.zone)
    return occurrences.resolve(campaign, due)


def _label(recurring: str, name: str) -> str:
    """Return what stands in a name in place of `{date}`; nothing where the campaign does not recur."""
    before, _, after = recurring.partition(OCCURRENCE)
    return name.removeprefix(before).removesuffix(after) if recurring else ""


def _nothing_sent(status: dict[str, Any]) -> State[Any]:
    """Return the state of a run that found its campaign, or its occurrence, over."""
    state = _final_state(status)
    message = f"Nothing was sent: {status['name']} was over before this run began. {state.message}"
    name = "AlreadySent" if state.is_completed() else state.name
    return state.model_copy(update={"name": name, "message": message})


def _send(campaign: Campaign) -> None:
    """Send until nothing is left or the campaign stops; outcomes come in beside it."""
    with termination.waited_for():
        _send_and_collect(campaign)
    if not termination.requested.is_set():
        sending.finish(campaign.name)


def _send_and_collect(campaign: Campaign) -> None:
    watch = RunWatch(campaign.name)
    presence = sending.attend(campaign.name)
    collecting = sending.collect_during.submit(campaign.name, campaign.send.settle_seconds, presence)
    parts: list[UUID] = []
    try:
        parts += _parts.start(campaign.name, campaign.send.runs, campaign.send.workers)
        # Where nobody can help, this run makes as many calls side by side as all of them would have.
        alone = 1 if parts else campaign.send.runs
        _chunks.send(campaign.name, min(MAX_WORKERS, campaign.send.workers * alone), watch.look)
    except BaseException as err:
        # The collector goes on while the campaign runs, and a campaign whose run broke wants a person's look.
        reason = (
            str(err) if isinstance(err, MailError) else "its run was interrupted or broke: see the run's log"
        )
        sending.break_off(campaign.name, presence, reason)
        raise
    finally:
        _chunks.wait(collecting, watch.look)
        sending.leave(presence)
        if not termination.requested.is_set():
            # The other runs carry the campaign on.
            _parts.end(parts)
    failure = collecting.result(raise_on_failure=False)
    # A queue that cannot be read has paused the campaign, and is the reason that its final state gives.
    if isinstance(failure, BaseException) and not isinstance(failure, MailError):
        raise failure


def _final_state(status: dict[str, Any]) -> State[Any]:
    name, halt = status["name"], status["halt"]
    go_on = f"To go on: {words.DECIDE} (a retry finds it as it is), or {words.resume_line(name)}"
    match CampaignState(status["state"]):
        case CampaignState.HALTED:
            return Failed(name="Halted", message=f"{halt['reason']} {go_on}")
        case CampaignState.COMPLETED_BREACHED:
            return Failed(name="Breached", message=f"Nothing is left to send, and: {halt['reason']}")
        case CampaignState.PAUSED:
            return Failed(name="Paused", message=f"{status['change_reason']} {go_on}")
        case CampaignState.CANCELLED:
            return Cancelled(message=f"Campaign {name} was cancelled.")
        case CampaignState.COMPLETED:
            return Completed(message=_figures(status))
        case CampaignState.RUNNING:
            return Completed(name="InDoubt", message=f"{_figures(status)} See: campaign in-doubt {name}")
        case CampaignState.DRAFT | CampaignState.ENQUEUING:
            return Failed(name="NotEnqueued", message=f"{name} is not enqueued yet: send it again.")
        case state:
            assert_never(state)


def _figures(status: dict[str, Any]) -> str:
    counts = (f"{count} {name}" for name, count in status["by_status"].items() if count)
    return f"{status['recipients']} recipients: {', '.join(counts)}."
