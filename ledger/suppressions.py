"""Addresses that must not be written to, why, and since when.

An address has one entry a scope, which names the gravest of the reasons that stand against it; the history
(`ledger.suppression_history`) holds all of them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, select, update

from ledger import clock, erasures, suppression_history, suppression_imports
from ledger.dialects import insert
from ledger.key_batches import KEYS_A_QUERY, among, batches
from ledger.schema import suppression
from ledger.suppression_history import NOBODY, Action, Change, Grounds, Place, SuppressionReason, gravest

__all__ = ["EVERYWHERE", "Suppression", "SuppressionReason", "add", "reasons", "remove"]

EVERYWHERE = ""


@dataclass(frozen=True, slots=True)
class Suppression:
    """A new entry. `scope` is a list's name or EVERYWHERE, `source` what brought it, `by` who decided it."""

    address_key: str
    reason: SuppressionReason
    source: str
    scope: str = EVERYWHERE
    note: str | None = None
    by: str = NOBODY


class _Entry(NamedTuple):
    """A row of the table as far as a change of it needs to know."""

    id: int
    address_key: str
    scope: str
    reason: SuppressionReason
    since: float
    source: str
    note: str | None


def add(connection: Connection, entries: Iterable[Suppression]) -> int:
    """Store the entries and return how many reasons are new; what stands already stays as it is.

    The entry of an address shows the gravest of its reasons, whichever came first.
    """
    found = list(entries)
    erased = erasures.known_as(connection, [entry.address_key for entry in found])
    wanted: dict[Place, dict[SuppressionReason, Suppression]] = {}
    for entry in found:
        if entry.address_key in erased:
            entry = replace(entry, address_key=erased[entry.address_key], note=None)
        wanted.setdefault((entry.address_key, entry.scope), {}).setdefault(entry.reason, entry)
    # Always in the order of the keys, so that two writers never wait for each other in a ring.
    places = sorted(wanted)
    return sum(
        _add(connection, {place: wanted[place] for place in places[start : start + KEYS_A_QUERY]})
        for start in range(0, len(places), KEYS_A_QUERY)
    )


def remove(
    connection: Connection,
    places: Collection[Place],
    *,
    by: str,
    source: str,
    note: str | None = None,
    only: Collection[SuppressionReason] = tuple(SuppressionReason),
) -> list[Change]:
    """Take `only` these reasons off the entries at `places`; an entry without any left is gone.

    Return what was taken off, as the history has it now.
    """
    at = clock.now(connection)
    erased = erasures.known_as(connection, [key for key, _ in places])
    entries = _locked(connection, [(erased.get(key, key), scope) for key, scope in places])
    grounds = _grounds(connection, entries)
    taken: list[Change] = []
    for place, entry in entries.items():
        left = {reason: brought for reason, brought in grounds[place].items() if reason not in only}
        taken += [
            Change(at, Action.REMOVED, *place, reason, by, source, note)
            for reason in SuppressionReason
            if reason in grounds[place] and reason in only
        ]
        if not left:
            connection.execute(delete(suppression).where(suppression.c.id == entry.id))
        elif (reason := gravest(left)) is not entry.reason:
            _show(connection, [(entry.id, left[reason])])
    suppression_history.write(connection, taken)
    return taken


def reasons(
    connection: Connection, keys: Sequence[str], scopes: Sequence[str] = (EVERYWHERE,)
) -> dict[str, SuppressionReason]:
    """Return the suppressed ones among `keys`, each with the gravest reason in `scopes`."""
    found: dict[str, SuppressionReason] = {}
    erased = erasures.known_as(connection, keys)
    whose = {known: key for key, known in erased.items()}
    for part in batches([erased.get(key, key) for key in keys]):
        query = select(suppression.c.address_key, suppression.c.reason).where(
            among(connection, suppression.c.address_key, part), suppression.c.scope.in_(scopes)
        )
        for known, value in connection.execute(query):
            key, reason = whose.get(known, known), SuppressionReason(value)
            found[key] = gravest((reason, found.get(key, reason)))
    return found


def _add(connection: Connection, wanted: Mapping[Place, Mapping[SuppressionReason, Suppression]]) -> int:
    at = clock.now(connection)
    inserted = _insert(connection, at, [entries[gravest(entries)] for entries in wanted.values()])
    entries_there = _locked(connection, [place for place in wanted if place not in inserted])
    grounds = _grounds(connection, entries_there)
    ends = suppression_imports.Ends(connection)
    changes: list[Change] = []
    # Known before, and now by a word that stays when the import which brought it is over.
    told: list[Change] = []
    graver: list[tuple[int, Change]] = []
    vanished: dict[Place, Mapping[SuppressionReason, Suppression]] = {}
    for place, entries in wanted.items():
        if place not in inserted and place not in entries_there:
            # On PostgreSQL another took the entry off in between: it is as good as never there.
            vanished[place] = entries
            continue
        standing = grounds.get(place, {})
        new = {
            reason: Change(at, Action.ADDED, *place, reason, entry.by, entry.source, entry.note)
            for reason, entry in entries.items()
            if reason not in standing
        }
        lasting = {
            reason: Change(at, Action.ADDED, *place, reason, entry.by, entry.source, entry.note)
            for reason, entry in entries.items()
            if reason in standing and ends.outlasts(entry.source, standing[reason].source)
        }
        changes += new.values()
        told += lasting.values()
        if place in entries_there and (new or lasting):
            shown = entries_there[place].reason
            reason = gravest((shown, *new))
            if reason is not shown or reason in lasting:
                graver.append((entries_there[place].id, (new | lasting)[reason]))
    suppression_history.write(connection, [*changes, *told])
    _show(connection, graver)
    return len(changes) + (_add(connection, vanished) if vanished else 0)


def _insert(connection: Connection, at: float, entries: Sequence[Suppression]) -> set[Place]:
    """Store the entries whose place is free, and return their places."""
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
    # Given apart from the statement, SQLAlchemy sends the rows in pieces that the database's limits allow.
    statement = insert(connection, suppression).on_conflict_do_nothing()
    found = connection.execute(statement.returning(suppression.c.address_key, suppression.c.scope), rows)
    return set(found.all())


def _locked(connection: Connection, places: Collection[Place]) -> dict[Place, _Entry]:
    """Return the entries at these places, locked in the order of the keys until the transaction ends."""
    wanted = set(places)
    found: dict[Place, _Entry] = {}
    for part in batches(sorted({key for key, _ in wanted})):
        query = (
            select(*(suppression.c[name] for name in _Entry._fields))
            .where(among(connection, suppression.c.address_key, part))
            .order_by(suppression.c.address_key, suppression.c.scope)
            .with_for_update()
        )
        for row in connection.execute(query):
            entry = _Entry(*row)._replace(reason=SuppressionReason(row.reason))
            if (entry.address_key, entry.scope) in wanted:
                found[entry.address_key, entry.scope] = entry
    return found


def _grounds(connection: Connection, entries: Mapping[Place, _Entry]) -> dict[Place, Grounds]:
    """Return what stands against each entry; the entry's own reason does, whatever the history says."""
    keys = sorted({key for key, _ in entries})
    by_history = suppression_history.standing(connection, keys) if keys else {}
    return {
        place: {
            entry.reason: Change(
                entry.since, Action.ADDED, *place, entry.reason, NOBODY, entry.source, entry.note
            )
        }
        | dict(by_history.get(place, {}))
        for place, entry in entries.items()
    }


def _show(connection: Connection, entries: Sequence[tuple[int, Change]]) -> None:
    """Let entries (by id) name another one of their reasons."""
    if entries:
        rows = [
            {"key": id_, "new_reason": told.reason, "new_source": told.source, "new_note": told.note}
            for id_, told in entries
        ]
        connection.execute(_SHOW, rows)


_SHOW = (
    update(suppression)
    .where(suppression.c.id == bindparam("key"))
    .values(reason=bindparam("new_reason"), source=bindparam("new_source"), note=bindparam("new_note"))
)
