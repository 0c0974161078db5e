"""One claim: the campaign locked, the gate asked, and those left out who must not be written to by now."""

from dataclasses import dataclass

from sqlalchemy import Connection

from ledger import breaker, campaigns, claims, sign_ups, subscribers, suppressions, tallies
from ledger.breaker import Open, ProbeDue
from ledger.campaigns import Campaign, State
from ledger.claims import Claim, Recipient
from ledger.engine import Ledger
from ledger.statuses import Status
from lists.policy import ListSource
from lists.reasons import Reason
from lists.suppression import scopes_of
from mail import gatekeeping
from mail.rate import ACCOUNT


@dataclass(frozen=True, slots=True)
class NoClaim:
    """Why nothing was claimed: the campaign's state, and whether others still hold some of it.

    `wait_seconds` is above 0 where there is something to claim, and not now: SES gives no answers.
    """

    state: State
    held_by_others: bool
    wait_seconds: float = 0.0


def claim(ledger: Ledger, name: str, owner: str, limit: int) -> Claim | NoClaim:
    """Claim up to `limit` recipients for `owner`; the same transaction recovers the rows of dead workers.

    While the breaker is open nothing is claimed but, now and then, one recipient as a probe.
    """
    with ledger.writing() as connection:
        # The account's row is locked before the campaign's.
        standing = breaker.ask(connection, ACCOUNT)
        locked = campaigns.lock(connection, campaigns.get(connection, name).id)
        claims.recover(connection, locked)
        if locked.state is State.RUNNING:
            gatekeeping.review(connection, locked)
            locked = campaigns.lock(connection, locked.id)
        if locked.state is not State.RUNNING:
            return NoClaim(locked.state, held_by_others=False)
        waiting = tallies.read(connection, locked.id).by_status
        if isinstance(standing, Open) and waiting[Status.QUEUED]:
            return NoClaim(locked.state, held_by_others=False, wait_seconds=standing.wait_seconds)
        probing = isinstance(standing, ProbeDue)
        while found := claims.candidates(connection, locked, 1 if probing else limit):
            if welcome := _without_suppressed(connection, locked, found):
                held = claims.take(connection, locked, owner, welcome)
                if probing:
                    breaker.book_probe(connection, ACCOUNT, held.id)
                return held
        waiting = tallies.read(connection, locked.id).by_status
        others = waiting[Status.CLAIMED] + waiting[Status.SENDING]
        return NoClaim(locked.state, held_by_others=others > 0)


def give_back(ledger: Ledger, held: Claim) -> int:
    """Queue again what a claim still holds unsent, and return how many those were."""
    with ledger.writing() as connection:
        return claims.release(connection, campaigns.lock(connection, held.campaign_id), held.id)


def _without_suppressed(connection: Connection, locked: Campaign, found: list[Recipient]) -> list[Recipient]:
    """Return those who may still be written to; the others become SUPPRESSED with the reason."""
    keys = [recipient.address_key for recipient in found]
    scopes = scopes_of(ListSource.model_validate(locked.definition["list"]).scope)
    by_key: dict[str, str] = dict.fromkeys(sign_ups.unconfirmed(connection, keys), Reason.UNCONFIRMED.value)
    by_key |= suppressions.reasons(connection, keys, scopes)
    if (
        locked.definition["list"]["consent"] == "confirmed"
        and not locked.definition["list"]["consent_column"]
    ):
        consenting = subscribers.confirmed(connection, keys)
        by_key |= {
            key: Reason.UNCONFIRMED.value for key in keys if key not in consenting and key not in by_key
        }
    if not by_key:
        return found
    unwelcome = {item.message_id: by_key[item.address_key] for item in found if item.address_key in by_key}
    claims.suppress(connection, locked, unwelcome)
    return [item for item in found if item.message_id not in unwelcome]
