"""Addresses that must not be written to, why, and since when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select

from ledger import clock
from ledger.dialects import insert
from ledger.schema import suppression

EVERYWHERE = ""
_KEYS_A_QUERY = 10_000


class SuppressionReason(StrEnum):
    """Why an address is suppressed."""

    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    MANUAL = "manual"


# Where one address has several, the first of these is named: the order of the hygiene rules.
_ORDER = list(SuppressionReason)


@dataclass(frozen=True, slots=True)
class Suppression:
    """A new entry. `scope` is a list's name or EVERYWHERE, `source` what brought it."""

    address_key: str
    reason: SuppressionReason
    source: str
    scope: str = EVERYWHERE
    note: str | None = None


def add(connection: Connection, entries: Iterable[Suppression]) -> None:
    """Store the entries; one that is already there for its scope stays as it was first."""
    at = clock.now(connection)
    rows = [
        {
            "address_key": entry.address_key,
            "scope": entry.scope,
            "reason": entry.reason,
            "since": at,
            "source": entry.source,
            "note": entry.note,
        }
        for entry in entries
    ]
    if rows:
        connection.execute(insert(connection, suppression).on_conflict_do_nothing(), rows)


def reasons(
    connection: Connection, keys: Sequence[str], scopes: Sequence[str] = (EVERYWHERE,)
) -> dict[str, SuppressionReason]:
    """Return the suppressed ones among `keys`, each with the gravest reason in `scopes`."""
    found: dict[str, SuppressionReason] = {}
    for start in range(0, len(keys), _KEYS_A_QUERY):
        query = select(suppression.c.address_key, suppression.c.reason).where(
            suppression.c.address_key.in_(keys[start : start + _KEYS_A_QUERY]),
            suppression.c.scope.in_(scopes),
        )
        for key, value in connection.execute(query):
            reason = SuppressionReason(value)
            if key not in found or _ORDER.index(reason) < _ORDER.index(found[key]):
                found[key] = reason
    return found
