"""Consent: who has confirmed that they want mail."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import Connection, or_, select

from ledger.key_batches import among, batches
from ledger.schema import subscriber


class Consent(StrEnum):
    """Where a subscriber stands."""

    PENDING = "pending"
    CONFIRMED = "confirmed"


def confirmed(connection: Connection, keys: Sequence[str], until: float | None = None) -> set[str]:
    """Return those of the address keys whose owner has confirmed, by `until` (epoch seconds) where given."""
    found: set[str] = set()
    for part in batches(keys):
        query = select(subscriber.c.address_key).where(
            among(connection, subscriber.c.address_key, part), subscriber.c.state == Consent.CONFIRMED
        )
        if until is not None:
            # Consent that was brought over from elsewhere has no time of its own: it was always there.
            at = subscriber.c.confirmed_at
            query = query.where(or_(at.is_(None), at <= until))
        found.update(connection.execute(query).scalars())
    return found


def anybody(connection: Connection) -> bool:
    """Tell whether anybody has confirmed at all."""
    query = select(subscriber.c.id).where(subscriber.c.state == Consent.CONFIRMED).limit(1)
    return connection.execute(query).first() is not None
