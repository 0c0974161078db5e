"""How large the ledger is, and how long its disk lasts."""

import os
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection

from ledger import backlogs, ledger_file
from ledger.engine import parsed
from reports.checkup.finding import Figure, Finding, Surroundings, ok, size, warning
from reports.checkup.ledger_checks import in_ledger

DAYS_OF_DISK = 30
_SHOWN_TABLES = 5


@in_ledger
def tables(connection: Connection, around: Surroundings) -> Finding:
    """How large the ledger is, and how long its disk lasts at the rate of the last day."""
    sizes = backlogs.table_sizes(connection)
    grown = backlogs.growth(connection)
    figures = (
        Figure("campaign_database_bytes", grown.bytes),
        Figure("campaign_events_lately", grown.events_lately),
        *(Figure("campaign_table_rows", each.rows, each.name) for each in sizes),
    )
    largest = ", ".join(f"{each.name} {each.rows:,}" for each in sizes[:_SHOWN_TABLES] if each.rows)
    text = f"The ledger has {size(grown.bytes)} ({largest or 'all tables are empty'})"
    lately, a_day = f"{grown.events_lately:,} events in 24 h", grown.bytes_a_day
    if not a_day:
        return ok(f"{text}; {lately}.", *figures)
    free = _free_bytes(around)
    if free is not None and free < DAYS_OF_DISK * a_day:
        return warning(
            f"{text} and grows by {lately}, about {size(a_day)} a day: the disk is full in "
            f"{free / a_day:.0f} days, so make room, or move the ledger to a larger one.",
            *figures,
        )
    return ok(f"{text}; {lately}, about {size(a_day)} a day.", *figures)


def _free_bytes(around: Surroundings) -> int | None:
    path: Path | None = ledger_file.path_of(parsed(around.settings.database_url))
    if path is not None:
        with suppress(OSError):
            found = os.statvfs(path.parent)
            return found.f_bavail * found.f_frsize
    return None
