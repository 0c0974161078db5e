"""A person's decision about a campaign that stopped: the choices, what each needs, and carrying it out."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from ledger.engine import Ledger
from lists.mx import MxLookup
from mail import controls, remedies, resuming
from mail.errors import MailError
from mail.remedies import Remedies

# As long as the ledger's column of names is.
_LONGEST_NAME = 200


class Choice(StrEnum):
    """What can be switched on, by the name of its field in the form; nothing switched on means stop."""

    DROP_DOMAINS = "drop_domains"
    CLEAN_AGAIN = "clean_again"
    AS_IS = "as_is"
    CANCEL = "cancel"

    @property
    def label(self) -> str:
        """The choice in the words of the form."""
        return _LABELS[self]


_LABELS: Mapping[Choice, str] = {
    Choice.DROP_DOMAINS: "Drop the bad domains and go on",
    Choice.CLEAN_AGAIN: "Clean the rest again and go on",
    Choice.AS_IS: "Go on as it is",
    Choice.CANCEL: "Cancel for good",
}
STOP = "Nothing switched on"
DOMAINS = "Domains to drop"


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer as it was typed. No choice means stop.

    domains: those to leave out, as a person writes them; empty: those that the rule finds.
    """

    by: str
    choices: frozenset[Choice] = frozenset()
    reason: str = ""
    domains: str = ""

    @classmethod
    def of(cls, form: Mapping[str, Any]) -> Self:
        """Read what a form brought: a field that is missing was left empty."""
        return cls(
            by=str(form.get("by") or ""),
            choices=frozenset(choice for choice in Choice if form.get(choice.value)),
            reason=str(form.get("reason") or ""),
            domains=str(form.get("domains") or ""),
        )

    @property
    def stops(self) -> bool:
        return not self.choices

    @property
    def chooses(self) -> bool:
        return bool(self.choices or self.domains.strip())


def fault(decision: Decision) -> str:
    """Return what is missing or wrong in one sentence, or "" where the answer can be carried out."""
    by, choices = decision.by.strip(), decision.choices
    if not by:
        return "Say who decides this: the history keeps the name."
    if len(by) > _LONGEST_NAME:
        return f"The name of who decides is longer than {_LONGEST_NAME} characters: shorten it."
    if decision.domains.strip() and Choice.DROP_DOMAINS not in choices:
        drop = Choice.DROP_DOMAINS.label
        return f"*{DOMAINS}* is filled in, and *{drop}* is off: switch it on, or empty the field."
    for alone in (Choice.CANCEL, Choice.AS_IS):
        if alone in choices and len(choices) > 1:
            return f"*{alone.label}* stands alone: switch it off, or switch off the others."
    if Choice.AS_IS in choices and not decision.reason.strip():
        return "Going on as it is needs a reason: say why the same list will bounce less."
    try:
        remedies.parse_domains(decision.domains)
    except MailError as err:
        return f"{DOMAINS}: {err}"
    return ""


def carry_out(ledger: Ledger, name: str, decision: Decision, lookup: MxLookup) -> str:
    """Do what was decided, and return what that came to in words.

    Raises CampaignConflict where the campaign does not stand still any more. The decision has no `fault`.
    """
    by, choices = decision.by.strip(), decision.choices
    reason = (
        decision.reason.strip() or " and ".join(each.label for each in Choice if each in choices) or "stop"
    )
    if decision.stops:
        resuming.stay_halted(ledger, name, by=by, reason=reason)
        return "it stays as it is"
    if Choice.CANCEL in choices:
        cancelled = controls.cancel(ledger, name, by=by, reason=reason)
        return f"cancelled: {remedies.count(cancelled)} will never be written to"
    chosen = Remedies(
        drop_domains=Choice.DROP_DOMAINS in choices,
        domains=remedies.parse_domains(decision.domains),
        clean_again=Choice.CLEAN_AGAIN in choices,
    )
    return resuming.resume(ledger, name, by=by, reason=reason, chosen=chosen, lookup=lookup).sentence
