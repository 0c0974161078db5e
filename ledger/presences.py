"""Which runs attend to a campaign: one of several that breaks must not stop what another one carries on.

A presence is a claim that holds no message, with the same lease. One whose lease is over stays until another
run attends: it tells since when nobody does.
"""

from sqlalchemy import Connection, delete, func, insert, select, update

from ledger import clock
from ledger.campaigns import Campaign
from ledger.claims import LEASE_SECONDS, RENEW_AFTER_SECONDS
from ledger.claims import RUN as _OWNER
from ledger.schema import claim

# A worker renews between two calls, and few of them take longer than this.
_LATE_SECONDS = 15.0


def attend(connection: Connection, locked: Campaign) -> int:
    """Note that a run attends to a locked campaign; return the id of its presence."""
    at = clock.now(connection)
    connection.execute(
        delete(claim).where(
            claim.c.campaign_id == locked.id, claim.c.owner == _OWNER, claim.c.leased_until <= at
        )
    )
    presence: int = connection.execute(
        insert(claim)
        .values(campaign_id=locked.id, owner=_OWNER, claimed_at=at, leased_until=at + LEASE_SECONDS)
        .returning(claim.c.id)
    ).scalar_one()
    return presence


def renew(connection: Connection, presence: int) -> None:
    """Lengthen a presence; one whose lease is over stays so."""
    at = clock.now(connection)
    connection.execute(
        update(claim)
        .where(claim.c.id == presence, claim.c.owner == _OWNER, claim.c.leased_until > at)
        .values(leased_until=at + LEASE_SECONDS)
    )


def leave(connection: Connection, presence: int) -> None:
    """End a presence; again, it does nothing."""
    at = clock.now(connection)
    connection.execute(
        update(claim)
        .where(claim.c.id == presence, claim.c.owner == _OWNER, claim.c.leased_until > at)
        .values(leased_until=at)
    )


def attended_until(connection: Connection, campaign_id: int) -> float | None:
    """Return until when a run attends to the campaign, or did; None where none ever has."""
    query = select(func.max(claim.c.leased_until)).where(
        claim.c.campaign_id == campaign_id, claim.c.owner == _OWNER
    )
    return connection.execute(query).scalar_one_or_none()


def unheard_until(connection: Connection, campaign_id: int) -> float | None:
    """Return when the last lease ends of workers that should have renewed theirs, or None."""
    at = clock.now(connection)
    overdue_at = at + LEASE_SECONDS - RENEW_AFTER_SECONDS - _LATE_SECONDS
    query = select(func.max(claim.c.leased_until)).where(
        claim.c.campaign_id == campaign_id,
        claim.c.owner != _OWNER,
        claim.c.leased_until > at,
        claim.c.leased_until < overdue_at,
    )
    found: float | None = connection.execute(query).scalar_one()
    return found


def others(connection: Connection, locked: Campaign, presence: int) -> bool:
    """Return whether another run attends to the locked campaign."""
    query = select(claim.c.id).where(
        claim.c.campaign_id == locked.id,
        claim.c.owner == _OWNER,
        claim.c.id != presence,
        claim.c.leased_until > clock.now(connection),
    )
    return connection.execute(query.limit(1)).first() is not None
