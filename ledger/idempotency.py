"""Requests that must be done once, however often they are sent: what was answered, for 24 hours."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, select, tuple_, update

from ledger import clock
from ledger.dialects import insert
from ledger.schema import idempotency

HOLDS_SECONDS = 24 * 3600.0

# An owner and the key that its request bore.
Place = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """What was answered to the request with this digest."""

    digest: str
    status: int
    answer: str


def reserve(connection: Connection, digests: Mapping[Place, str]) -> dict[Place, Kept]:
    """Reserve the free places and return what is kept at the others.

    On PostgreSQL it waits for the end of another's transaction that reserves the same place. Each reserved
    place has to be filled or given up in this transaction.
    """
    if not digests:
        return {}
    at = clock.now(connection)
    connection.execute(delete(idempotency).where(idempotency.c.created_at <= at - HOLDS_SECONDS))
    # Always in the order of the places, so that two writers never wait for each other in a ring.
    rows = [
        {"owner_id": owner_id, "key": key, "digest": digests[owner_id, key], "status": 0, "answer": ""}
        for owner_id, key in sorted(digests)
    ]
    statement = insert(connection, idempotency).on_conflict_do_nothing()
    returning = statement.returning(idempotency.c.owner_id, idempotency.c.key)
    reserved = set(connection.execute(returning, [{**row, "created_at": at} for row in rows]).all())
    taken = [place for place in digests if place not in reserved]
    if not taken:
        return {}
    query = select(idempotency).where(tuple_(idempotency.c.owner_id, idempotency.c.key).in_(taken))
    return {
        (row.owner_id, row.key): Kept(row.digest, row.status, row.answer) for row in connection.execute(query)
    }


def fill(connection: Connection, place: Place, status: int, answer: str) -> None:
    """Keep what was answered at a reserved place."""
    connection.execute(update(idempotency).where(*_at(place)).values(status=status, answer=answer))


def give_up(connection: Connection, places: Iterable[Place]) -> None:
    """Leave reserved places free: what was refused may come again under the same key."""
    for place in places:
        connection.execute(delete(idempotency).where(*_at(place)))


def _at(place: Place) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return idempotency.c.owner_id == place[0], idempotency.c.key == place[1]
