"""The gate of an owner's single mail: stopped from the first bounces that chance does not explain.

It counts the owner's newest messages that SES took within 30 days, or since a person let them go on:

- early: of up to 1,000 of them so many bounced hard (3 at the least) that at a true rate of 5 % this comes
  about in less than one look of a thousand. An owner with 2 % is stopped by mistake once in 16,000 times that
  a thousand go out, one with 3 % once in 2,900; one bounce, or two, never stop anybody.
- literal: from 1,000 on, 5 % of up to 10,000.

Only this owner's single messages stop. They stay queued until a person has looked at them.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import Connection

from ledger import accounts, clock, owner_standing, withdrawals
from ledger.accounts import Action, Change
from ledger.engine import Ledger
from ledger.errors import CampaignConflict
from ledger.owner_standing import Recent
from ledger.statuses import Fact
from ledger.transitions import MessageState
from mail.account import ACCEPTED_AT_LEAST, ROLLING_SECONDS
from mail.gate import percent, too_many_to_be_chance
from mail.policy import MAX_BOUNCE_RATE

log = logging.getLogger(__name__)

EARLY_MESSAGES = 1_000
LITERAL_MESSAGES = 10_000
_LIMIT = Fraction(str(MAX_BOUNCE_RATE))
_BY = "gate"


@dataclass(frozen=True, slots=True)
class StoppedOwner:
    """An owner whose single mail is stopped, and why."""

    owner: str
    change: Change


def breach(newest: Recent, whole: Recent) -> Recent | None:
    """Return the counts for which the owner's single mail is to stop, or None.

    `newest` are those of up to EARLY_MESSAGES, `whole` those of up to LITERAL_MESSAGES.
    """
    if too_many_to_be_chance(newest.hard_bounced, newest.accepted, _LIMIT):
        return newest
    if whole.accepted >= ACCEPTED_AT_LEAST and whole.hard_bounced >= _LIMIT * whole.accepted:
        return whole
    return None


def review(connection: Connection, changes: Sequence[tuple[MessageState, MessageState]]) -> None:
    """Stop the owners whose single messages have just bounced too often; the account is locked by then."""
    bounced = [
        after.id
        for before, after in changes
        if after.campaign_id is None and Fact.HARD_BOUNCED in after.facts.keys() - before.facts.keys()
    ]
    if not bounced:
        return
    already = owner_standing.stopped(connection)
    for owner_id in owner_standing.owners_of(connection, bounced):
        if owner_id in already:
            continue
        found = breach(*_counted(connection, owner_id))
        if found is not None:
            share = percent(Fraction(found.hard_bounced, found.accepted))
            reason = (
                f"{found.hard_bounced:,} of the newest {found.accepted:,} messages bounced hard ({share}); "
                f"the limit is {percent(_LIMIT)}."
            )
            owner_standing.change(connection, owner_id, Action.SUSPENDED, found, by=_BY, reason=reason)
            log.warning("the single mail of one owner is stopped for its bounces: see `campaign account`")


def _counted(connection: Connection, owner_id: int) -> tuple[Recent, Recent]:
    month = clock.now(connection) - ROLLING_SECONDS
    since = max(month, owner_standing.lifted_at(connection, owner_id))
    newest = owner_standing.recent(connection, owner_id, since, EARLY_MESSAGES)
    if newest.accepted < EARLY_MESSAGES:
        return newest, newest
    return newest, owner_standing.recent(connection, owner_id, since, LITERAL_MESSAGES)


def stopped(connection: Connection) -> dict[int, StoppedOwner]:
    """Return the owners whose single mail is stopped, by their ids."""
    found = owner_standing.stopped(connection)
    names = owner_standing.names(connection, list(found))
    return {owner_id: StoppedOwner(names[owner_id], change) for owner_id, change in found.items()}


def lift(ledger: Ledger, owner: str, *, by: str, reason: str) -> None:
    """Let an owner's single mail go on, on a person's word; it is counted anew from now.

    Raises CampaignConflict where it is not stopped.
    """
    with ledger.writing() as connection:
        accounts.lock(connection)
        found = {each.owner: owner_id for owner_id, each in stopped(connection).items()}
        if owner not in found:
            known = withdrawals.has_owner(connection, owner)
            what = "its single mail is not stopped" if known else "there is no such owner"
            raise CampaignConflict(f"there is nothing to lift for {owner}: {what}.")
        counts = _counted(connection, found[owner])[0]
        owner_standing.change(connection, found[owner], Action.LIFTED, counts, by=by, reason=reason)


def sentence(found: StoppedOwner) -> str:
    """Return why the owner's single mail does not go out, and the mend."""
    return (
        f"The single mail of {found.owner} is stopped: {found.change.reason} When its cause is mended: "
        f'campaign account lift --owner "{found.owner}" --by WHO --reason WHY'
    )
