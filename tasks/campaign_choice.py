"""The campaigns that stopped and wait for a person, and the form in which one of them is decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefect import task
from prefect.input import RunInput
from pydantic import Field, create_model

from ledger import campaigns
from ledger.campaigns import Campaign, State
from ledger.engine import open_ledger
from mail import decisions, forecasts
from mail.decisions import STOP, Decision
from mail.forecasts import Forecast
from reports import campaign_words as words
from reports import halt_choices
from reports.masking import mask_text
from settings import settings
from tasks import asking

WAITS = (State.HALTED, State.PAUSED)
# A form with more switches than this is no list any more; the newest stand in it.
LISTED_AT_MOST = 20
# Asking the DNS for each of many campaigns takes minutes.
ASKED_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class Stopped:
    """A campaign that waits for a person, in words that hold no address."""

    id: int
    name: str
    standing: str
    forecast: Forecast

    @property
    def field(self) -> str:
        """The name of its switch in a form that lists several."""
        return f"campaign_{self.id}"


@task(task_run_name="list campaigns that wait")
def stopped(only: str = "") -> list[Stopped]:
    """Return the halted and paused campaigns, the newest first, with what each choice would leave out.

    `only` names one. Raises CampaignNotFound where there is no such campaign.
    """
    found = settings()
    with open_ledger(found.database_url) as ledger:
        with ledger.reading() as connection:
            every = [campaigns.get(connection, only)] if only else campaigns.every(connection)
        waiting = [each for each in every if each.state in WAITS][:LISTED_AT_MOST]
        lookup = asking.dns(ledger, found) if len(waiting) <= ASKED_AT_MOST else None
        return [
            Stopped(each.id, each.name, _standing(each), forecasts.of(ledger, each.name, lookup))
            for each in waiting
        ]


def form(listed: Sequence[Stopped], fault: str = "") -> type[RunInput]:
    """Return the form for these: for one, figures stand beside the choices; several have a switch each."""
    trouble = f"**The last answer could not be carried out.** {fault}\n\n" if fault else ""
    ending = f"{STOP} means that it stays as it is."
    if len(listed) == 1:
        (one,) = listed
        first = " ".join(filter(None, (fault, f"{one.name}: {one.standing}")))
        above = f"{trouble}**{one.name}**: {one.standing}\n\n{ending}"
        return asking.form_of(above, one.forecast, first, ending)
    switches: Mapping[str, Any] = {
        each.field: (bool, Field(default=False, title=each.name, description=_figures(each)))
        for each in listed
    }
    if fault:
        # The older pages give what stands above a long form no room.
        switches[listed[0].field][1].description = f"{fault}\n\n{_figures(listed[0])}"
    # In the order of a person's thoughts: which campaign, what, who.
    decision: Mapping[str, Any] = {
        name: (field.annotation, field) for name, field in asking.DecisionForm.model_fields.items()
    }
    several: type[RunInput] = create_model("CampaignForm", __base__=RunInput, **switches, **decision)
    named = ", ".join(each.name for each in listed)
    several._description = (
        f"{trouble}**{len(listed)} campaigns wait**: {named}. Switch on one, and what becomes of it.\n\n"
        f"{ending}"
    )
    return several


def key(number: int, listed: Sequence[Stopped]) -> str:
    """Return the key of a question about these: the process that reads the answer sees them there."""
    return "-".join([prefix(number), *(str(each.id) for each in listed)])


def prefix(number: int) -> str:
    """Return how the key of a run's question of this number begins."""
    return f"decision-{number}-of"


def chosen(key: str, answer: Mapping[str, Any]) -> int | None:
    """Return the id of the campaign that an answer to the question `key` is about, or None."""
    ids = [int(each) for each in key.partition("-of-")[2].split("-")]
    on = ids if len(ids) == 1 else [each for each in ids if answer.get(f"campaign_{each}")]
    return on[0] if len(on) == 1 else None


def fault(listed: Sequence[Stopped], chosen_id: int | None, decision: Decision) -> str:
    """Return what is missing or wrong in a decision, or "" where it can be carried out."""
    if wrong := decisions.fault(decision):
        return wrong
    if chosen_id is None:
        return "Switch on one campaign, and one alone."
    return "" if any(each.id == chosen_id for each in listed) else "That campaign waits no more."


def _standing(campaign: Campaign) -> str:
    reason = campaign.halt["reason"] if campaign.halt else campaign.change_reason
    return f"{campaign.state} since {words.utc(campaign.changed_at)}. {mask_text(str(reason))}"


def _figures(stopped: Stopped) -> str:
    forecast = stopped.forecast
    return (
        f"{stopped.standing} {forecast.waiting:,} wait. Dropping: {halt_choices.dropping(forecast)} "
        f"Cleaning again: {halt_choices.cleaning(forecast)}"
    )
