"""One claim: the campaign locked, the gate asked, and those left out who must not be written to by now."""

from dataclasses import dataclass

from sqlalchemy import Connection

from ledger import (
    accounts,
    breaker,
    campaigns,
    claims,
    clock,
    sign_ups,
    subscribers,
    suppressions,
    tallies,
)
from ledger.breaker import Open, ProbeDue
from ledger.campaigns import Campaign, State
from ledger.claims import Claim, Recipient
from ledger.engine import Ledger
from ledger.statuses import Status
from lists.policy import ListSource
from lists.reasons import Reason
from lists.suppression import scopes_of
from mail import account, braking, gatekeeping, warm_up
from mail.gate_answers import Continue, Wait
from mail.rate import ACCOUNT

# Outcomes that the gate waits for come by the second.
_LOOK_AGAIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class NoClaim:
    """Why nothing was claimed: the campaign's state, and whether others still hold some of it.

    wait_seconds: above 0 where there is something to claim, and not now: SES gives no answers, only domains
        that put mail off are left, or the gate waits for outcomes, as `waits` says.
    continues_at: when the next day of a warm-up begins, where today's ceiling is reached.
    """

    state: State
    held_by_others: bool
    wait_seconds: float = 0.0
    continues_at: float | None = None
    waits: Wait | None = None


def claim(ledger: Ledger, name: str, owner: str, limit: int, rate_per_second: float = 0.0) -> Claim | NoClaim:
    """Claim up to `limit` recipients for `owner`, and no more than the gate lets go now.

    The same transaction recovers the rows of dead workers, and pauses the campaign where the account is
    suspended. `rate_per_second` is what the owner sends at: the bound on unknown outcomes follows it. While
    the breaker is open nothing is claimed but, now and then, one recipient as a probe.
    """
    with ledger.writing() as connection:
        # The account is locked before the campaign.
        suspended = accounts.suspension(connection)
        standing = breaker.ask(connection, ACCOUNT)
        locked = campaigns.lock(connection, campaigns.get(connection, name).id)
        warm_up.take_back(connection, locked, claims.recover(connection, locked).queued)
        if suspended is not None:
            gatekeeping.stop(connection, locked.id, account.sentence(suspended), by=account.ACCOUNT)
            locked = campaigns.lock(connection, locked.id)
        waiting = tallies.read(connection, locked.id).by_status
        if isinstance(standing, Open) and locked.state is State.RUNNING and waiting[Status.QUEUED]:
            # The gate has nothing new to say to whoever looks again; the collector asks it as well.
            return NoClaim(locked.state, held_by_others=False, wait_seconds=standing.wait_seconds)
        decision = gatekeeping.review(connection, locked, rate_per_second)
        if not isinstance(decision, Continue | Wait):
            locked = campaigns.lock(connection, locked.id)
        if locked.state is not State.RUNNING:
            return NoClaim(locked.state, held_by_others=False)
        match decision:
            case Wait():
                return NoClaim(locked.state, False, _LOOK_AGAIN_SECONDS, waits=decision)
            case Continue():
                limit = min(limit, decision.budget)
        probing = isinstance(standing, ProbeDue)
        room, today = braking.room(connection, locked), warm_up.today(connection, locked, lock=True)
        most = min(1 if probing else limit, limit if today is None else today.left)
        while most and (found := claims.candidates(connection, locked, most, room.closed)):
            if welcome := room.admit(_without_suppressed(connection, locked, found)):
                if room.by_domain:
                    braking.note_claimed(connection, locked, welcome)
                warm_up.note_claimed(connection, locked, len(welcome))
                held = claims.take(connection, locked, owner, welcome)
                if probing:
                    breaker.book_probe(connection, ACCOUNT, held.id)
                return held
        waiting = tallies.read(connection, locked.id).by_status
        if today is not None and not today.left and waiting[Status.QUEUED]:
            return NoClaim(locked.state, held_by_others=False, continues_at=today.continues_at)
        others = waiting[Status.CLAIMED] + waiting[Status.SENDING]
        braked = room.seconds(clock.now(connection)) if waiting[Status.QUEUED] else 0.0
        return NoClaim(locked.state, held_by_others=others > 0, wait_seconds=braked)


def give_back(ledger: Ledger, held: Claim) -> int:
    """Queue again what a claim still holds unsent, and return how many those were."""
    with ledger.writing() as connection:
        campaigns.lock_state(connection, held.campaign_id)
        if claims.end(connection, held):
            return 0
        locked = campaigns.lock(connection, held.campaign_id)
        queued = claims.release(connection, locked, held.id)
        warm_up.take_back(connection, locked, queued, held.claimed_at)
        return queued


def _without_suppressed(connection: Connection, locked: Campaign, found: list[Recipient]) -> list[Recipient]:
    """Return those who may still be written to; the others become SUPPRESSED with the reason."""
    keys = [recipient.address_key for recipient in found]
    whose = str(locked.definition.get("owner") or "")
    scopes = scopes_of(ListSource.model_validate(locked.definition["list"]).scope, whose)
    waiting = sign_ups.unconfirmed_for_campaign(connection, keys, whose)
    by_key: dict[str, str] = dict.fromkeys(waiting, Reason.UNCONFIRMED.value)
    by_key |= suppressions.reasons(connection, keys, scopes)
    if (
        locked.definition["list"]["consent"] == "confirmed"
        and not locked.definition["list"]["consent_column"]
    ):
        consenting = subscribers.confirmed(connection, keys, of_owner=whose)
        by_key |= {
            key: Reason.UNCONFIRMED.value for key in keys if key not in consenting and key not in by_key
        }
    if not by_key:
        return found
    unwelcome = {item.message_id: by_key[item.address_key] for item in found if item.address_key in by_key}
    claims.suppress(connection, locked, unwelcome)
    return [item for item in found if item.message_id not in unwelcome]
