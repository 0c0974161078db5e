"""Consent: who has confirmed that they want mail."""

from collections.abc import Sequence
from enum import StrEnum

from sqlalchemy import Connection, select

from ledger.schema import subscriber

_KEYS_A_QUERY = 10_000


class Consent(StrEnum):
    """Where a subscriber stands."""

    PENDING = "pending"
    CONFIRMED = "confirmed"


def confirmed(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Return those of the address keys whose owner has confirmed."""
    found: set[str] = set()
    for start in range(0, len(keys), _KEYS_A_QUERY):
        query = select(subscriber.c.address_key).where(
            subscriber.c.address_key.in_(keys[start : start + _KEYS_A_QUERY]),
            subscriber.c.state == Consent.CONFIRMED,
        )
        found.update(connection.execute(query).scalars())
    return found
