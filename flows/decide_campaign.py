"""Decide what becomes of a campaign that stopped, and have it go on."""

from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows import _names
from flows.send_campaign import send_campaign
from ledger.campaigns import State as CampaignState
from mail import decisions
from mail.decisions import Decision
from tasks import asking, campaign_choice, campaign_runs, questions, sending
from tasks.refusals import ends_in_a_sentence

# As long as `halt.answer_hours` is by itself.
ANSWER_HOURS = 24.0


def _run_name() -> str:
    return f"decide {flow_run.parameters.get('campaign') or 'a campaign'}, {_names.at()}"


@flow(name="decide-campaign", flow_run_name=_run_name)
@ends_in_a_sentence
def decide_campaign(
    campaign: str = "",
    drop_domains: bool = False,
    domains: str = "",
    clean_again: bool = False,
    as_is: bool = False,
    cancel: bool = False,
    by: str = "",
    reason: str = "",
) -> State[Any]:
    """Decide about a halted or paused campaign; left empty, a form lists them and asks.

    Args:
        campaign: The name of one that waits; needed for what is chosen here. Empty: a form lists them.
        drop_domains: Leave out who waits at the bad domains, and go on.
        domains: Only with the switch above: these domains instead, with commas between them.
        clean_again: Leave out who has no mail server or is suppressed by now, and go on.
        as_is: Go on as it is; needs a reason.
        cancel: End it for good.
        by: Who decides.
        reason: Why.
    """
    log = get_run_logger()
    answer: Any = {
        "drop_domains": drop_domains,
        "domains": domains,
        "clean_again": clean_again,
        "as_is": as_is,
        "cancel": cancel,
        "by": by,
        "reason": reason,
    }
    typed = Decision.of(answer)
    number, fault = 1, ""
    if typed.chooses and not campaign:
        fault = "A decision without a campaign's name was given to the run: decide here."
    while listed := campaign_choice.stopped(campaign):
        # Only by name: a retry may find that another campaign waits.
        if typed.chooses and campaign:
            if fault := decisions.fault(typed):
                return Failed(name="NotDecided", message=fault)
            return _decided(campaign, typed)
        key = questions.asked_key(campaign_choice.prefix(number)) or campaign_choice.key(number, listed)
        given = questions.answer(key)
        if given is None:
            form = campaign_choice.form(listed, fault)
            given = questions.ask(form, key, ANSWER_HOURS, over=lambda: False)
        decision, chosen = Decision.of(given), campaign_choice.chosen(key, given)
        if decision.stops and decision.by == questions.NOBODY:
            return Completed(name="NotDecided", message=f"There was {decision.reason}: nothing has changed.")
        fault = campaign_choice.fault(campaign_choice.stopped(campaign), chosen, decision)
        if not fault:
            return _decided(next(each.name for each in listed if each.id == chosen), decision)
        log.warning("The answer could not be carried out: %s", fault)
        number += 1
    return Completed(name="NothingWaits", message=_nobody_waits(campaign))


def _nobody_waits(campaign: str) -> str:
    if not campaign:
        return "No campaign is halted or paused."
    return (
        f"{campaign} is {asking.state_of(campaign)}: only a HALTED or PAUSED campaign waits for a decision."
    )


def _decided(name: str, decision: Decision) -> State[Any]:
    """Carry a decision out, and have the campaign sent where it goes on."""
    done = asking.carry_out(name, decision)
    if asking.state_of(name) is not CampaignState.RUNNING:
        campaign_runs.wake(name)
        return Completed(name="Decided", message=f"{name}: {done}.")
    if campaign_runs.wake(name):
        return Completed(name="Decided", message=f"{name}: {done}. The run that asked about it goes on.")
    if campaign_runs.start(name, sending.changed_at(name)):
        return Completed(name="Decided", message=f"{name}: {done}. It goes on in a run of its deployment.")
    get_run_logger().info("%s: %s. No deployment is known that sent it: this run does", name, done)
    return send_campaign(sending.definition_of(name), attended=False, return_state=True)
