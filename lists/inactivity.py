"""The inactive: found, written down, and moved out on a person's word.

A campaign's own word is `list.inactive_after_days`, which leaves them out of that campaign alone.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from ledger import clock, engagements, inactivity, suppressions
from ledger.engine import Ledger
from ledger.inactivity import Silent
from ledger.suppressions import Suppression, SuppressionReason
from lists import spreadsheets
from lists.errors import ListError
from lists.output_files import whole_file
from lists.suppressing import named

_DAY_SECONDS = 86_400.0
_COLUMNS = ("address", "silent_since", "delivered", "last_delivered", "last_opened", "last_clicked")
# A transaction of this size keeps a sender or collector waiting for about a second.
_PEOPLE_A_TRANSACTION = 10_000


@dataclass(frozen=True, slots=True)
class Inactive:
    """Who has been silent for `days`: how many, since which month (2026-01), and how many were moved out.

    `watched_since` is when opens and clicks began to reach the ledger, in epoch seconds; None: they never
    did, and then nobody can be called inactive.
    """

    days: int
    people: int
    moved_out: int
    by_month: dict[str, int]
    watched_since: float | None
    file: str


def report(ledger: Ledger, days: int, path: Path) -> Inactive:
    """Write who has been silent for `days` or longer as CSV. Raises ListError where it cannot be written."""
    return _found(ledger, days, path, move_out=None)


def move_out(ledger: Ledger, days: int, path: Path, *, by: str, reason: str) -> Inactive:
    """The same, and suppress them everywhere as inactive, on a person's word.

    `campaign suppress remove` takes somebody back. Raises ListError where nobody is named.
    """
    if not reason.strip():
        raise ListError("--reason is blank: say why they are moved out.")
    return _found(ledger, days, path, move_out=(named(by), reason.strip()))


def _found(ledger: Ledger, days: int, path: Path, *, move_out: tuple[str, str] | None) -> Inactive:
    months: Counter[str] = Counter()
    keys: list[str] = []
    with (
        whole_file(path) as temporary,
        spreadsheets.writer(temporary, _schema()) as writer,
        ledger.reading() as connection,
    ):
        watched = engagements.watched_since(connection)
        before = clock.now(connection) - days * _DAY_SECONDS
        for page in inactivity.silent(connection, before, watched):
            writer.write(_table(page))
            months.update(_day(each.since)[:7] for each in page)
            keys += [each.address_key for each in page]
    moved = _suppress(ledger, keys, days, *move_out) if move_out else 0
    return Inactive(days, len(keys), moved, dict(sorted(months.items())), watched, str(path))


def _suppress(ledger: Ledger, keys: Sequence[str], days: int, by: str, reason: str) -> int:
    moved = 0
    for start in range(0, len(keys), _PEOPLE_A_TRANSACTION):
        entries = [
            Suppression(
                key, SuppressionReason.INACTIVE, f"silent for {days} days or longer", note=reason, by=by
            )
            for key in keys[start : start + _PEOPLE_A_TRANSACTION]
        ]
        with ledger.writing() as connection:
            moved += suppressions.add(connection, entries)
    return moved


def _schema() -> pa.Schema:
    return pa.schema([(name, pa.int64() if name == "delivered" else pa.string()) for name in _COLUMNS])


def _table(people: Sequence[Silent]) -> pa.Table:
    rows = [
        (
            each.address_key,
            _day(each.since),
            each.delivered,
            _day(each.last_delivered_at),
            _day(each.last_opened_at),
            _day(each.last_clicked_at),
        )
        for each in people
    ]
    columns = list(zip(*rows, strict=True)) or [()] * len(_COLUMNS)
    schema = _schema()
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)


def _day(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).date().isoformat()
