"""A halted run asks a person: the form in Prefect's pages, and the same decision made from elsewhere."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from uuid import UUID

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.exceptions import PrefectException
from prefect.flow_runs import pause_flow_run, resume_flow_run
from prefect.input import RunInput
from prefect.runtime import flow_run
from pydantic import Field
from pydantic.fields import FieldInfo

from ledger import campaigns, local_time
from ledger.campaigns import State
from ledger.engine import open_ledger
from lists import mx, mx_cached
from lists.dns_verdicts import Status as MxStatus
from mail import decisions, remedies
from mail.decisions import Choice, Decision
from reports import campaign_report, halt_summary
from settings import settings
from tasks.retrying import passing_fault

log = logging.getLogger(__name__)

# How often a waiting run looks whether somebody has answered, here or on the command line.
LOOK_SECONDS = 5
# The server fails a run whose own time to wait is over, whatever it returns then: we end the wait before.
_SLACK_SECONDS = 3_600


class HaltAnswer(RunInput):
    """The form of a halted run. Its checks are `mail.decisions.fault`, so that a mistake is asked again."""

    decision: Choice = Field(
        default=Choice.STOP, title="Decision", description="What each does stands above."
    )
    domains: str = Field(
        default="",
        title="Domains to drop",
        description="Where bad domains are dropped: these and what is below them, with commas between them.",
    )
    by: str = Field(min_length=1, title="Who decides", description="Your name: the history keeps it.")
    reason: str = Field(default="", title="Reason", description="Needed for going on as is.")


@task(
    task_run_name="show halt of {campaign}",
    retries=1,
    retry_delay_seconds=5,
    retry_condition_fn=passing_fault,
)
def show_halt(campaign: str) -> None:
    """Show what happened, where the bounces are and what can be done, with the rate as a picture."""
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        report = campaign_report.build(connection, campaign)
        worst = remedies.worst_domains(connection, campaigns.get(connection, campaign))
    create_markdown_artifact(
        halt_summary.markdown(report, worst), key="campaign-halt", description="Why it halted"
    )


def ask(campaign: str, hours: float) -> bool:
    """Pause this flow run with a form until somebody decides; return whether the campaign goes on.

    An answer that cannot be carried out is asked again. No answer within `hours` means stop, and a decision
    on the command line meanwhile counts like one in the form.
    """
    log = get_run_logger()
    deadline = time.monotonic() + hours * 3600
    silence = Decision(Choice.STOP, "nobody", f"no answer within {hours:g} hours")
    fault = ""
    with _waking(campaign, deadline, silence):
        while state_of(campaign) is State.HALTED:
            answer = _answer(campaign, deadline - time.monotonic(), fault)
            if state_of(campaign) is not State.HALTED:
                break
            fault = decisions.fault(answer)
            if fault:
                log.warning("The answer could not be carried out: %s", fault)
                continue
            log.info("It was decided: %s", carry_out(campaign, answer))
            if answer.choice is Choice.STOP:
                break
    return state_of(campaign) is State.RUNNING


@task(task_run_name="carry out decision on {campaign}")
def carry_out(campaign: str, answer: Decision) -> str:
    """Do what a person decided, and return what that came to in words."""
    found = settings()
    with open_ledger(found.database_url) as ledger:
        # A positive answer of last week is what let the bounces in: only the denials are believed.
        lookup = mx_cached.lookup(ledger, mx.resolving(found), believe=(MxStatus.NO_MX,))
        return decisions.carry_out(ledger, campaign, answer, lookup)


def state_of(campaign: str) -> State:
    """Return the campaign's state as the ledger has it now."""
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        return campaigns.get(connection, campaign).state


def _answer(campaign: str, seconds: float, fault: str) -> Decision:
    """Show the form and return what was typed into it; silence for `seconds` means stop."""
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        report = campaign_report.build(connection, campaign)
        worst = remedies.worst_domains(connection, campaigns.get(connection, campaign))
    until = local_time.shown(time.time() + seconds, report.timezone, seconds=False)
    form = HaltAnswer.with_initial_data(
        description=halt_summary.question(report, worst, until, fault),
        # A bare value would take the field's title and help text with it.
        domains=FieldInfo.merge_field_infos(
            HaltAnswer.model_fields["domains"], default=", ".join(each.domain for each in worst)
        ),
    )
    timeout = round(max(0.0, seconds)) + _SLACK_SECONDS
    answer = pause_flow_run(wait_for_input=form, timeout=timeout, poll_interval=LOOK_SECONDS)
    return Decision(answer.decision, answer.by, answer.reason, answer.domains)


@contextmanager
def _waking(campaign: str, deadline: float, silence: Decision) -> Iterator[None]:
    """Meanwhile, let the paused run go on once the campaign is not halted any more or the time is over."""
    over, run_id = Event(), UUID(str(flow_run.id))
    answer = {"decision": silence.choice.value, "by": silence.by, "reason": silence.reason}

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            try:
                if time.monotonic() >= deadline or state_of(campaign) is not State.HALTED:
                    # Not paused yet, or resumed by the form a moment ago: the next look tells.
                    with suppress(PrefectException, RuntimeError):
                        resume_flow_run(run_id, answer)
            except Exception as err:  # noqa: BLE001 - without this watch the run would wait for ever.
                log.warning("the halted campaign cannot be looked at just now: %s", type(err).__name__)

    watcher = Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
