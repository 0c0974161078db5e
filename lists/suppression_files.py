"""Suppressions as files: taken over from elsewhere, and taken away."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa

from ledger import clock, erasures, suppression_entries, suppression_imports, suppressions
from ledger.engine import Ledger
from ledger.suppression_entries import Entry, Selection
from ledger.suppressions import EVERYWHERE, Suppression, SuppressionReason
from lists import sources, spreadsheets, suppression_ends
from lists.addresses import Address, parse
from lists.errors import ListError
from lists.output_files import whole_file
from lists.policy import ListSource
from lists.suppressing import checked_name, checked_scope, means_domain, named

# The columns of an export. A file with a `reason` brings its own reasons; one that has the first three brings
# its scopes back too.
COLUMNS = ("address", "reason", "list", "since", "source", "note")
# A transaction of this size keeps a sender or collector waiting for about a second.
_ROWS_A_TRANSACTION = 10_000
# SES's own export of its account's list says BOUNCE and COMPLAINT.
_BY_SES = {"bounce": SuppressionReason.HARD_BOUNCE}


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to: rows = added + standing + malformed. `id` is what it can be taken back by.

    `standing` rows say what was known before; `malformed_rows` are the 1-based data rows without an address,
    `domain_rows` those among them that mean a whole domain.
    """

    rows: int
    added: int
    standing: int
    malformed_rows: tuple[int, ...]
    domain_rows: tuple[int, ...] = ()
    id: int = field(default=0, compare=False)


def import_file(
    ledger: Ledger,
    source: str | ListSource,
    *,
    by: str,
    reason: SuppressionReason | None = None,
    scope: str = EVERYWHERE,
    address_column: str = "",
    note: str | None = None,
    until: date | None = None,
) -> Imported:
    """Suppress every address of a CSV or Parquet file, in transactions of some thousand rows.

    Without a `reason` a column of that name counts, and without that all is MANUAL; a file that `export_file`
    wrote keeps its scopes too. An import that breaks off is simply begun again: what stands already stays as
    it is. What it brings holds through the day `until` (UTC), where that is given. Raises ListError for a
    file that is none, for a reason that does not exist, and for a day that is over.
    """
    if isinstance(source, str):
        source = ListSource(source=source, address_column=address_column)
    who, import_ = named(by), None
    ends = None if until is None else _end(ledger, until)
    added = rows = 0
    malformed: list[int] = []
    domains: list[int] = []
    for part in _rows(source, reason, checked_scope(scope), malformed, domains):
        with ledger.writing() as connection:
            if import_ is None:
                file = Path(source.source).name
                import_ = suppression_imports.begin(connection, by=who, file=file, until=ends)
            name = import_.source
            entries = [Suppression(key, why, name, where, note, who) for key, why, where in part]
            added += suppressions.add(connection, entries)
        rows += len(part)
    number = 0 if import_ is None else import_.id
    return Imported(rows + len(malformed), added, rows - added, tuple(malformed), tuple(domains), number)


def _end(ledger: Ledger, until: date) -> float:
    with ledger.reading() as connection:
        now = clock.now(connection)
    if suppression_ends.end_of(until) <= now:
        raise ListError(
            f"--until {until} is over already: give a day that is still to come, or leave it out."
        )
    return suppression_ends.end_of(until)


def export_file(ledger: Ledger, path: Path, selection: Selection | None = None) -> int:
    """Write the suppression list as CSV, whole or not at all; return how many entries there are.

    Raises ListError where the file cannot be written.
    """
    schema = pa.schema([(name, pa.string()) for name in COLUMNS])
    written = 0
    with (
        whole_file(path) as temporary,
        spreadsheets.writer(temporary, schema) as writer,
        ledger.reading() as connection,
    ):
        for page in suppression_entries.pages(connection, selection or Selection()):
            # The hash of an erased person is no address, and means nothing to anybody else.
            named = [entry for entry in page if not erasures.is_hash(entry.address_key)]
            writer.write(_table(named))
            written += len(named)
    return written


_Row = tuple[str, SuppressionReason, str]


def _rows(
    source: ListSource,
    reason: SuppressionReason | None,
    scope: str,
    malformed: list[int],
    domains: list[int],
) -> Iterator[list[_Row]]:
    """Yield (address key, reason, scope) in parts; what has no address goes to `malformed` by its row.

    Rows that mean a whole domain go to `domains` as well.
    """
    table = sources.read(source)
    malformed += [row.row for row in table.ragged]
    names = table.table.column_names
    reasoned = reason is None and "reason" in names
    exported = reasoned and set(COLUMNS[:3]) <= set(names)
    for start in range(0, len(table.rows), _ROWS_A_TRANSACTION):
        part = table.table.slice(start, _ROWS_A_TRANSACTION)
        found: list[_Row] = []
        for place, cell in enumerate(part.column(table.address_column).to_pylist()):
            row = table.rows[start + place]
            address = parse(cell)
            if not isinstance(address, Address) or means_domain(cell):
                malformed.append(row)
                if means_domain(cell):
                    domains.append(row)
                continue
            why = reason or SuppressionReason.MANUAL
            if reasoned:
                why = _reason(part.column("reason")[place].as_py(), source.source, row)
            where = checked_name(part.column("list")[place].as_py()) if exported else scope
            found.append((address.key, why, where))
        yield found
    malformed.sort()


def _reason(cell: str, source: str, row: int) -> SuppressionReason:
    told = cell.strip().lower()
    try:
        return _BY_SES.get(told) or SuppressionReason(told)
    except ValueError as err:
        raise ListError(
            f"{source}, row {row}: there is no reason {cell[:40]!r}: use one of "
            f"{', '.join(SuppressionReason)}, or say one for all rows with --reason."
        ) from err


def _table(entries: list[Entry]) -> pa.Table:
    cells = [
        (
            entry.address_key,
            entry.reason.value,
            entry.scope,
            datetime.fromtimestamp(entry.since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            entry.source,
            entry.note or "",
        )
        for entry in entries
    ]
    columns = list(zip(*cells, strict=True)) or [()] * len(COLUMNS)
    return pa.table([pa.array(column, pa.string()) for column in columns], names=list(COLUMNS))
