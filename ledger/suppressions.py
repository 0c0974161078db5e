"""Addresses that must not be written to, why, and since when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, case, select

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
    """Store the entries; one that is already there for its scope stays, unless the new reason is graver."""
    at = clock.now(connection)
    # Always in the order of the keys, so that two writers never wait for each other in a ring.
    ordered = sorted(entries, key=lambda entry: (entry.address_key, entry.scope))
    rows = [
        {
            "address_key": entry.address_key,
            "scope": entry.scope,
            "reason": entry.reason,
            "since": at,
            "source": entry.source,
            "note": entry.note,
        }
        for entry in ordered
    ]
    if not rows:
        return
    statement = insert(connection, suppression)
    new = statement.excluded
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["address_key", "scope"],
            set_={"reason": new.reason, "source": new.source, "note": new.note},
            where=_rank(new.reason) < _rank(suppression.c.reason),
        ),
        rows,
    )


def _rank(reason: ColumnElement[str]) -> ColumnElement[int]:
    return case({value: place for place, value in enumerate(_ORDER)}, value=reason)


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
