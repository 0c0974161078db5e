"""The suppression list as people look at it: entry by entry, in the order of the addresses."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, select, tuple_

from ledger import erasures
from ledger.schema import suppression
from ledger.suppression_history import Place, SuppressionReason


@dataclass(frozen=True, slots=True)
class Entry:
    """One address in one scope, with the gravest of its reasons and since when it has been suppressed."""

    address_key: str
    scope: str
    reason: SuppressionReason
    since: float
    source: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries are meant; None means any."""

    reason: SuppressionReason | None = None
    scope: str | None = None


def page(
    connection: Connection, selection: Selection, *, after: Place = ("", ""), limit: int = 10_000
) -> list[Entry]:
    """Return up to `limit` entries behind the place `after`."""
    columns = ("address_key", "scope", "reason", "since", "source", "note")
    query = (
        select(*(suppression.c[name] for name in columns))
        .where(tuple_(suppression.c.address_key, suppression.c.scope) > after, *_conditions(selection))
        .order_by(suppression.c.address_key, suppression.c.scope)
        .limit(limit)
    )
    return [
        Entry(key, scope, SuppressionReason(reason), since, source, note)
        for key, scope, reason, since, source, note in connection.execute(query)
    ]


def pages(connection: Connection, selection: Selection) -> Iterator[list[Entry]]:
    """Yield all the entries, a page at a time."""
    after = ("", "")
    while found := page(connection, selection, after=after):
        yield found
        after = (found[-1].address_key, found[-1].scope)


def count(connection: Connection, selection: Selection) -> dict[SuppressionReason, int]:
    """Return how many entries there are by reason, zeros too."""
    query = select(suppression.c.reason, func.count()).where(*_conditions(selection))
    found: dict[SuppressionReason, int] = dict(connection.execute(query.group_by(suppression.c.reason)).all())
    return {reason: found.get(reason, 0) for reason in SuppressionReason}


def scopes_of(connection: Connection, key: str) -> list[str]:
    """Return the scopes in which one address is suppressed."""
    known = erasures.known_as(connection, [key]).get(key, key)
    query = select(suppression.c.scope).where(suppression.c.address_key == known)
    return list(connection.execute(query.order_by(suppression.c.scope)).scalars())


def _conditions(selection: Selection) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if selection.reason is not None:
        found.append(suppression.c.reason == selection.reason)
    if selection.scope is not None:
        found.append(suppression.c.scope == selection.scope)
    return found
