"""A person's decision about a campaign that stopped: it goes on, with or without remedies, or it stays so."""

from dataclasses import dataclass

from ledger import campaigns, restores
from ledger.campaigns import State
from ledger.engine import Ledger
from ledger.errors import CampaignConflict
from lists.mx import MxLookup
from mail import gatekeeping, remedies
from mail.remedies import LeftOut, Remedies

AS_IT_IS = Remedies()


@dataclass(frozen=True, slots=True)
class Resumed:
    """The epoch in which the campaign goes on, and what was done to the rest of its list, in words."""

    epoch: int
    left_out: LeftOut
    sentence: str


def resume(
    ledger: Ledger,
    name: str,
    *,
    by: str,
    reason: str,
    chosen: Remedies = AS_IT_IS,
    lookup: MxLookup | None = None,
) -> Resumed:
    """Let a halted or paused campaign run again, after the remedies, all in one transaction.

    After a halt a new epoch begins: the gate counts its messages alone, from the first rung. Raises
    CampaignConflict where the campaign does not stand still, or the ledger was restored and nobody has said
    yet that it may send. Cleaning again needs a `lookup`.
    """
    without_mail = []
    if chosen.clean_again:
        if lookup is None:
            raise ValueError("cleaning again needs a look-up")
        # Before the transaction: the DNS takes seconds, and the campaign's lock would stop the collectors.
        without_mail = remedies.domains_without_mail(ledger, name, lookup)
    with ledger.writing() as connection:
        restores.refuse_open(connection)
        locked = campaigns.lock(connection, campaigns.get(connection, name).id)
        if locked.state is State.ENQUEUING:
            raise CampaignConflict(
                f"campaign {name} is ENQUEUING: it begins when all its recipients are stored; where nothing "
                "stores them any more, send it again."
            )
        if locked.state not in (State.HALTED, State.PAUSED):
            raise CampaignConflict(
                f"campaign {name} is {locked.state}: only a HALTED or PAUSED campaign can be resumed."
            )
        left_out = remedies.apply(connection, locked, chosen, without_mail)
        done = remedies.sentence(chosen, left_out)
        why = reason if chosen == AS_IT_IS else f"{reason} ({done})"
        # Where the gate paused it for silence, the same counts would pause it again at once.
        silent = locked.state is State.PAUSED and locked.changed_by == gatekeeping.GATE
        campaigns.change_state(connection, locked, State.RUNNING, by=by, reason=why, anew=silent)
        return Resumed(campaigns.lock(connection, locked.id).epoch, left_out, done)


def stay_halted(ledger: Ledger, name: str, *, by: str, reason: str) -> None:
    """Keep in the history that somebody looked at a halt and let it stand. Raises CampaignNotFound."""
    with ledger.writing() as connection:
        locked = campaigns.lock(connection, campaigns.get(connection, name).id)
        campaigns.remark(connection, locked, by=by, reason=reason)
