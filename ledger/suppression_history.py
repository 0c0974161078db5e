"""Who suppressed an address, who took it off again, when and why: written once, never changed.

Each reason of an address goes on and off by itself, so that lifting a bounce never lifts an unsubscribe.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, func, insert, select

from ledger import erasures
from ledger.key_batches import among, batches
from ledger.schema import suppression_change

# `by` of what no person decided: an event did.
NOBODY = ""

Place = tuple[str, str]
"""An address key and a scope."""


class SuppressionReason(StrEnum):
    """Why an address is suppressed, the gravest first: where one address has several, that one is named."""

    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    MANUAL = "manual"
    # So many messages in a row came back, each for a reason that might have passed.
    SOFT_BOUNCE = "soft_bounce"
    # SES gave up after its last try, hours later (enhanced status 4.4.7).
    EXPIRED = "expired"
    # No open or click for so long that a person moved them out.
    INACTIVE = "inactive"


class Action(StrEnum):
    """What was done with a reason."""

    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the history. `at` is by the database's clock, `source` what brought it."""

    at: float
    action: Action
    address_key: str
    scope: str
    reason: SuppressionReason
    by: str
    source: str
    note: str | None


Grounds = Mapping[SuppressionReason, Change]
"""The reasons that stand against an address in a scope, each with the change that brought it."""


def gravest(reasons: Iterable[SuppressionReason]) -> SuppressionReason:
    """Return the reason that is named where there are several."""
    return min(reasons, key=_ORDER.index)


_ORDER = list(SuppressionReason)


def write(connection: Connection, changes: Sequence[Change]) -> None:
    """Append the changes to the history."""
    if changes:
        rows = [{name: getattr(change, name) for name in _COLUMNS} for change in changes]
        connection.execute(insert(suppression_change), rows)


def standing(
    connection: Connection,
    keys: Sequence[str],
    scopes: Collection[str] | None = None,
    until: float | None = None,
) -> dict[Place, Grounds]:
    """Return what stands against each of `keys`, by the history: now, or as it stood at `until`.

    `until` is in epoch seconds, itself included; `scopes` None means all of them.
    """
    conditions: list[ColumnElement[bool]] = []
    if scopes is not None:
        conditions.append(suppression_change.c.scope.in_(scopes))
    if until is not None:
        conditions.append(suppression_change.c.at <= until)
    found: dict[Place, dict[SuppressionReason, Change]] = {}
    erased = erasures.known_as(connection, keys)
    whose = {known: key for key, known in erased.items()}
    for part in batches([erased.get(key, key) for key in keys]):
        for change in _read(connection, among(connection, _KEY, part), *conditions):
            key = whose.get(change.address_key, change.address_key)
            grounds = found.setdefault((key, change.scope), {})
            if change.action is Action.ADDED:
                grounds[change.reason] = change
            else:
                grounds.pop(change.reason, None)
    return {place: grounds for place, grounds in found.items() if grounds}


def of(connection: Connection, key: str) -> list[Change]:
    """Return everything that was ever done with one address, oldest first."""
    erased = erasures.known_as(connection, [key])
    return _read(connection, suppression_change.c.address_key == erased.get(key, key))


def lifted_by_people(
    connection: Connection, keys: Sequence[str], reasons: Collection[SuppressionReason]
) -> dict[str, float]:
    """Return when a person last took one of `reasons` off the keys, in whichever scope."""
    found: dict[str, float] = {}
    erased = erasures.known_as(connection, keys)
    whose = {known: key for key, known in erased.items()}
    for part in batches([erased.get(key, key) for key in keys]):
        query = (
            select(_KEY, func.max(suppression_change.c.at))
            .where(
                among(connection, _KEY, part),
                suppression_change.c.action == Action.REMOVED,
                suppression_change.c.reason.in_(reasons),
                suppression_change.c.by != NOBODY,
            )
            .group_by(_KEY)
        )
        times = connection.execute(query).all()
        found.update({whose.get(known, known): at for known, at in times})
    return found


_COLUMNS = ("at", "action", "address_key", "scope", "reason", "by", "source", "note")
_KEY = suppression_change.c.address_key


def _read(connection: Connection, *conditions: ColumnElement[bool]) -> list[Change]:
    query = (
        select(*(suppression_change.c[name] for name in _COLUMNS))
        .where(*conditions)
        .order_by(suppression_change.c.id)
    )
    return [
        Change(at, Action(action), key, scope, SuppressionReason(reason), by, source, note)
        for at, action, key, scope, reason, by, source, note in connection.execute(query)
    ]
