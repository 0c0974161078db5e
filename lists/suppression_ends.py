"""Imports of suppressions that are over: their day has come, or a person takes them back."""

from datetime import UTC, date, datetime, time, timedelta

from ledger import suppression_history, suppression_imports, suppressions
from ledger.engine import Ledger
from ledger.suppression_imports import Import
from lists.errors import ListError
from lists.suppressing import named


def end_of(day: date) -> float:
    """Return when a day is over (UTC), in epoch seconds."""
    return datetime.combine(day + timedelta(days=1), time(), UTC).timestamp()


def expire(ledger: Ledger) -> int:
    """Take off what imports brought whose day is over; return how many reasons that were.

    It is called before a list is cleaned and whenever statuses are watched; until then people are left out.
    """
    with ledger.reading() as connection:
        over = suppression_imports.due(connection)
    return sum(
        _take_back(ledger, each, by=suppression_history.NOBODY, source=f"{each.source} ran out", note=None)
        for each in over
    )


def take_back(ledger: Ledger, id_: int, *, by: str, note: str) -> int:
    """Take off whatever stands by the word of one import alone; return how many reasons that were.

    Raises ListError for an import that is not there, or that is over.
    """
    who = named(by)
    with ledger.reading() as connection:
        found = suppression_imports.find(connection, id_)
    if found is None:
        raise ListError(
            f"there is no import {id_}: `campaign suppress import` says its number, and so does the source "
            "of an entry in `campaign suppress list`."
        )
    if found.ended_at is not None:
        raise ListError(f"import {id_} of {found.file} is over already: nothing stands by its word.")
    return _take_back(ledger, found, by=who, source=f"import {id_} taken back", note=note)


def _take_back(ledger: Ledger, import_: Import, *, by: str, source: str, note: str | None) -> int:
    taken = 0
    with ledger.reading() as connection:
        parts = list(suppression_imports.brought(connection, import_))
    for part in parts:
        # A transaction for some thousand rows each keeps nobody waiting; broken off, it is simply run again.
        with ledger.writing() as connection:
            for reason, places in part.items():
                standing = suppression_history.standing(connection, [key for key, _ in places])
                theirs = [
                    place
                    for place in dict.fromkeys(places)
                    if reason in standing.get(place, {}) and standing[place][reason].source == import_.source
                ]
                taken += len(
                    suppressions.remove(connection, theirs, by=by, source=source, note=note, only=(reason,))
                )
    with ledger.writing() as connection:
        suppression_imports.end(connection, import_.id)
    return taken
