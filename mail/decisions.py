"""What a person answers when a halted run asks: the four choices, what each needs, and carrying one out."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from ledger.engine import Ledger
from lists.mx import MxLookup
from mail import remedies, resuming
from mail.errors import MailError
from mail.remedies import Remedies

# As long as the ledger's column of names is.
_LONGEST_NAME = 200


class Choice(StrEnum):
    """The choices, in the words of the form."""

    DROP_DOMAINS = "drop the bad domains and go on"
    CLEAN_AGAIN = "clean again and go on"
    AS_IS = "go on as is"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer as it was typed. `domains` names those to leave out; empty: those that the rule finds."""

    choice: Choice
    by: str
    reason: str = ""
    domains: str = ""


def fault(decision: Decision) -> str:
    """Return what is missing or wrong in one sentence, or "" where the answer can be carried out."""
    if not decision.by.strip():
        return "Say who decides this: the history keeps the name."
    if len(decision.by.strip()) > _LONGEST_NAME:
        return f"The name of who decides is longer than {_LONGEST_NAME} characters: shorten it."
    if decision.choice is Choice.AS_IS and not decision.reason.strip():
        return "Going on as is needs a reason: say why the same list will bounce less."
    if decision.choice is Choice.DROP_DOMAINS:
        try:
            remedies.parse_domains(decision.domains)
        except MailError as err:
            return f"Domains: {err}"
    return ""


def carry_out(ledger: Ledger, name: str, decision: Decision, lookup: MxLookup) -> str:
    """Do what was decided, and return what that came to in words.

    Raises CampaignConflict where the campaign does not stand still any more. The decision has no `fault`.
    """
    by, reason = decision.by.strip(), decision.reason.strip() or decision.choice.value
    match decision.choice:
        case Choice.DROP_DOMAINS:
            chosen = Remedies(drop_domains=True, domains=remedies.parse_domains(decision.domains))
        case Choice.CLEAN_AGAIN:
            chosen = Remedies(clean_again=True)
        case Choice.AS_IS:
            chosen = Remedies()
        case Choice.STOP:
            resuming.stay_halted(ledger, name, by=by, reason=reason)
            return "stays halted"
        case _:
            assert_never(decision.choice)
    return resuming.resume(ledger, name, by=by, reason=reason, chosen=chosen, lookup=lookup).sentence
