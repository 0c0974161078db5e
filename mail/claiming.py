"""One claim: the campaign locked, the gate asked, and those left out who must not be written to by now."""

from dataclasses import dataclass

from sqlalchemy import Connection

from ledger import campaigns, claims, subscribers, suppressions, tallies
from ledger.campaigns import Campaign, State
from ledger.claims import Claim, Recipient
from ledger.engine import Ledger
from ledger.statuses import Status
from lists.policy import ListSource
from lists.suppression import scopes_of
from mail import gatekeeping


@dataclass(frozen=True, slots=True)
class NoClaim:
    """Why nothing was claimed: the campaign's state, and whether others still hold some of it."""

    state: State
    held_by_others: bool


def claim(ledger: Ledger, name: str, owner: str, limit: int) -> Claim | NoClaim:
    """Claim up to `limit` recipients for `owner`; the same transaction recovers the rows of dead workers."""
    with ledger.writing() as connection:
        locked = campaigns.lock(connection, campaigns.get(connection, name).id)
        claims.recover(connection, locked)
        if locked.state is State.RUNNING:
            gatekeeping.review(connection, locked)
            locked = campaigns.lock(connection, locked.id)
        if locked.state is not State.RUNNING:
            return NoClaim(locked.state, held_by_others=False)
        while found := claims.candidates(connection, locked, limit):
            if welcome := _without_suppressed(connection, locked, found):
                return claims.take(connection, locked, owner, welcome)
        waiting = tallies.read(connection, locked.id).by_status
        held = waiting[Status.CLAIMED] + waiting[Status.SENDING]
        return NoClaim(locked.state, held_by_others=held > 0)


def give_back(ledger: Ledger, held: Claim) -> int:
    """Queue again what a claim still holds unsent, and return how many those were."""
    with ledger.writing() as connection:
        return claims.release(connection, campaigns.lock(connection, held.campaign_id), held.id)


def _without_suppressed(connection: Connection, locked: Campaign, found: list[Recipient]) -> list[Recipient]:
    """Return those who may still be written to; the others become SUPPRESSED with the reason."""
    keys = [recipient.address_key for recipient in found]
    scopes = scopes_of(ListSource.model_validate(locked.definition["list"]).scope)
    by_key: dict[str, str] = dict(suppressions.reasons(connection, keys, scopes))
    if (
        locked.definition["list"]["consent"] == "confirmed"
        and not locked.definition["list"]["consent_column"]
    ):
        consenting = subscribers.confirmed(connection, keys)
        by_key |= {key: "unconfirmed" for key in keys if key not in consenting and key not in by_key}
    if not by_key:
        return found
    unwelcome = {item.message_id: by_key[item.address_key] for item in found if item.address_key in by_key}
    claims.suppress(connection, locked, unwelcome)
    return [item for item in found if item.message_id not in unwelcome]
