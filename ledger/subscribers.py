"""Consent: who has confirmed that they want mail, and from whom."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, or_, select

from ledger.key_batches import among, batches
from ledger.schema import owner, subscriber


class Consent(StrEnum):
    """Where a subscriber stands."""

    PENDING = "pending"
    CONFIRMED = "confirmed"


# What was brought over from elsewhere names no owner.
EVERYBODYS = 0


def confirmed(
    connection: Connection, keys: Sequence[str], until: float | None = None, *, of_owner: str = ""
) -> set[str]:
    """Return those of the address keys whose owner has confirmed, by `until` (epoch seconds) where given.

    `of_owner` names who wants to write to them: what they have confirmed with another says nothing then.
    Empty: the installation itself, for which every confirmation counts.
    """
    found: set[str] = set()
    for part in batches(keys):
        query = select(subscriber.c.address_key).where(
            among(connection, subscriber.c.address_key, part), *given_to(of_owner)
        )
        if until is not None:
            # Consent that was brought over from elsewhere has no time of its own: it was always there.
            at = subscriber.c.confirmed_at
            query = query.where(or_(at.is_(None), at <= until))
        found.update(connection.execute(query).scalars())
    return found


def given_to(of_owner: str) -> list[ColumnElement[bool]]:
    """Return the conditions of a confirmed subscriber's row that counts for an owner; "": for anybody."""
    conditions: list[ColumnElement[bool]] = [subscriber.c.state == Consent.CONFIRMED]
    if of_owner:
        theirs = select(owner.c.id).where(owner.c.name == of_owner)
        conditions.append(or_(subscriber.c.owner_id == EVERYBODYS, subscriber.c.owner_id.in_(theirs)))
    return conditions


def anybody(connection: Connection) -> bool:
    """Tell whether anybody has confirmed at all."""
    query = select(subscriber.c.id).where(subscriber.c.state == Consent.CONFIRMED).limit(1)
    return connection.execute(query).first() is not None
