"""A halted run asks a person: the form in Prefect's pages, and the same decision made from elsewhere."""

import time
from collections.abc import Mapping

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.input import RunInput
from pydantic import Field
from pydantic.fields import FieldInfo

from ledger import campaigns, local_time
from ledger.campaigns import State
from ledger.engine import Ledger, open_ledger
from lists import mx, mx_cached
from lists.dns_verdicts import Status as MxStatus
from lists.mx import MxLookup
from mail import decisions, forecasts
from mail.decisions import DOMAINS, Choice, Decision
from mail.forecasts import Forecast
from reports import campaign_report, halt_choices, halt_summary
from settings import Settings, settings
from tasks import questions
from tasks.artifact_keys import of_campaign
from tasks.retrying import passing_fault


class DecisionForm(RunInput):
    """The form of a decision. Its checks are `mail.decisions.fault`, so that a mistake is asked again.

    Switches and no list to choose from: in Prefect's older pages such a list does not open inside a dialogue.
    """

    drop_domains: bool = Field(default=False, title=Choice.DROP_DOMAINS.label)
    domains: str = Field(
        default="",
        title=DOMAINS,
        description="Only with the switch above. Empty: those named there. Otherwise these alone and what is "
        "below them, with commas between them.",
    )
    clean_again: bool = Field(default=False, title=Choice.CLEAN_AGAIN.label)
    as_is: bool = Field(default=False, title=Choice.AS_IS.label)
    cancel: bool = Field(default=False, title=Choice.CANCEL.label)
    by: str = Field(min_length=1, title="Who decides", description="Your name: the history keeps it.")
    reason: str = Field(default="", title="Reason", description="Needed for going on as it is.")


@task(
    task_run_name="show halt of {campaign}",
    retries=1,
    retry_delay_seconds=5,
    retry_condition_fn=passing_fault,
)
def show_halt(campaign: str) -> None:
    """Show what happened, where the bounces are and what can be done, with the rate as a picture."""
    found = settings()
    with open_ledger(found.database_url) as ledger:
        forecast = forecasts.of(ledger, campaign, dns(ledger, found))
        with ledger.reading() as connection:
            report = campaign_report.build(connection, campaign)
    create_markdown_artifact(
        halt_summary.markdown(report, forecast),
        key=of_campaign("campaign-halt", campaign),
        description="Why it halted",
    )


def has_asked(campaign: str) -> bool:
    """Tell whether this run asked about the halt at hand: then this process began with the answer."""
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        found = campaigns.find(connection, campaign)
    return found is not None and found.state is State.HALTED and questions.asked(f"halt-{found.epoch}-")


def has_waited() -> bool:
    """Tell whether this run has asked about any halt, and so began before it was decided."""
    return questions.asked("halt-")


def ask(campaign: str, hours: float) -> bool:
    """Ask with a form until somebody decides about a halted campaign; return whether it goes on.

    An answer that cannot be carried out is asked again. No answer within `hours` means stop, and a decision
    on the command line meanwhile counts like one in the form.
    """
    log = get_run_logger()
    number, fault = 1, ""
    while (halted := _read(campaign)).state is State.HALTED:
        key = f"halt-{halted.epoch}-{number}"
        answer = questions.answer(key)
        if answer is None:
            form = _form(campaign, hours, fault)
            answer = questions.ask(form, key, hours, over=lambda: state_of(campaign) is not State.HALTED)
        if state_of(campaign) is not State.HALTED:
            break
        decision = Decision.of(answer)
        fault = decisions.fault(decision)
        if fault:
            log.warning("The answer could not be carried out: %s", fault)
            number += 1
            continue
        log.info("It was decided: %s", carry_out(campaign, decision))
        if decision.stops:
            break
    return state_of(campaign) is State.RUNNING


@task(task_run_name="carry out decision on {campaign}")
def carry_out(campaign: str, decision: Decision) -> str:
    """Do what a person decided, and return what that came to in words."""
    found = settings()
    with open_ledger(found.database_url) as ledger:
        return decisions.carry_out(ledger, campaign, decision, dns(ledger, found))


def state_of(campaign: str) -> State:
    """Return the campaign's state as the ledger has it now."""
    return _read(campaign).state


def dns(ledger: Ledger, found: Settings) -> MxLookup:
    """Return a look-up for a second cleaning.

    A positive answer of last week is what let the bounces in: only the denials are believed.
    """
    return mx_cached.lookup(ledger, mx.resolving(found), believe=(MxStatus.NO_MX,))


def form_of(description: str, forecast: Forecast, first: str, ending: str) -> type[DecisionForm]:
    """Return the form for one campaign, with what each choice leaves out beside its switch.

    The older pages give a `description` above a long form no room: `first` stands above the first switch too,
    and `ending`, what no switch means, at the name. Plain text both.
    """
    sentences = dict(halt_choices.sentences(forecast))
    sentences[Choice.DROP_DOMAINS] = f"{first}\n\n{sentences[Choice.DROP_DOMAINS]}"
    by = f"{DecisionForm.model_fields['by'].description} {ending}"
    texts = {**{choice.value: text for choice, text in sentences.items()}, "by": by}
    described: Mapping[str, FieldInfo] = {
        name: FieldInfo.merge_field_infos(DecisionForm.model_fields[name], description=text)
        for name, text in texts.items()
    }
    return DecisionForm.with_initial_data(description=description, **described)


def _form(campaign: str, hours: float, fault: str) -> type[RunInput]:
    found = settings()
    with open_ledger(found.database_url) as ledger:
        forecast = forecasts.of(ledger, campaign, dns(ledger, found))
        with ledger.reading() as connection:
            report = campaign_report.build(connection, campaign)
    until = local_time.shown(time.time() + hours * 3600, report.timezone, seconds=False)
    first = " ".join(filter(None, (fault, halt_summary.reason(report))))
    ending = halt_summary.ending(until)
    return form_of(halt_summary.question(report, until, fault), forecast, first, ending)


def _read(campaign: str) -> campaigns.Campaign:
    with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
        return campaigns.get(connection, campaign)
