"""Imports of suppressions by their number: until when each holds, and what it alone keeps away.

An import is the source of what it brought. Where somebody else says the same of an address later, by hand, by
an event, or by an import that holds longer, that word becomes the source, so that it stays.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, insert, select, update

from ledger import clock
from ledger.schema import suppression_change, suppression_import
from ledger.suppression_history import Action, Place, SuppressionReason

_SOURCE = re.compile(r"import (\d+) of ")


@dataclass(frozen=True, slots=True)
class Import:
    """A file that was taken over; `until` is when what it brought runs out, in epoch seconds."""

    id: int
    file: str
    until: float | None
    ended_at: float | None

    @property
    def source(self) -> str:
        """What its entries give as their source."""
        return f"import {self.id} of {self.file}"


class Ends:
    """Until when imports hold, asked only where it matters."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @cached_property
    def _untils(self) -> Mapping[int, float | None]:
        table = suppression_import.c
        return dict(self._connection.execute(select(table.id, table.until)).all())

    def outlasts(self, new: str, standing: str) -> bool:
        """Tell whether a source stays when the import which an entry stands by is over."""
        if (old := _SOURCE.match(standing)) is None or new == standing:
            return False
        if (later := _SOURCE.match(new)) is None:
            return True
        old_end = self._untils.get(int(old.group(1)))
        new_end = self._untils.get(int(later.group(1)))
        return old_end is not None and (new_end is None or new_end > old_end)


def begin(connection: Connection, *, by: str, file: str, until: float | None) -> Import:
    """Give an import its number."""
    values = {"at": clock.now(connection), "by": by, "file": file, "until": until}
    statement = insert(suppression_import).values(**values).returning(suppression_import.c.id)
    return Import(int(connection.execute(statement).scalar_one()), file, until, None)


def find(connection: Connection, id_: int) -> Import | None:
    """Return an import by its number."""
    table = suppression_import.c
    row = connection.execute(
        select(table.id, table.file, table.until, table.ended_at).where(table.id == id_)
    ).first()
    return None if row is None else Import(*row)


def due(connection: Connection) -> list[Import]:
    """Return the imports whose day is over and whose entries still stand."""
    table = suppression_import.c
    query = select(table.id, table.file, table.until, table.ended_at)
    over = query.where(table.ended_at.is_(None), table.until <= clock.now(connection))
    return [Import(*row) for row in connection.execute(over.order_by(table.id))]


def end(connection: Connection, id_: int) -> None:
    """Note that an import is over."""
    statement = update(suppression_import).where(suppression_import.c.id == id_)
    connection.execute(statement.values(ended_at=clock.now(connection)))


def brought(
    connection: Connection, import_: Import, *, rows: int = 5_000
) -> Iterator[dict[SuppressionReason, list[Place]]]:
    """Yield what an import added, by reason, so many rows at a time."""
    table, after = suppression_change.c, 0
    while True:
        query = (
            select(table.id, table.address_key, table.scope, table.reason)
            .where(table.source == import_.source, table.action == Action.ADDED, table.id > after)
            .order_by(table.id)
            .limit(rows)
        )
        if not (found := connection.execute(query).all()):
            return
        places: dict[SuppressionReason, list[Place]] = {}
        for id_, key, scope, reason in found:
            after = id_
            places.setdefault(SuppressionReason(reason), []).append((key, scope))
        yield places
