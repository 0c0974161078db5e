"""A batch that breaks is halved until what breaks it is alone, so that the rest of it is done."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ledger.engine import Ledger
from ledger.errors import LedgerLost, LedgerUnreachable

Item = TypeVar("Item")
Result = TypeVar("Result")

# What SQLite says where it is the file or another process, and no row.
_SQLITE_OUTAGES = ("locked", "busy", "disk i/o", "is full", "unable to open", "readonly")
# What PostgreSQL says where somebody held a lock for too long, or a statement took too long
# (postgresql.org/docs/current/errcodes-appendix.html: lock_not_available, query_canceled).
_POSTGRESQL_OUTAGES = ("55P03", "57014")


@dataclass(frozen=True, slots=True)
class Broken(Generic[Item]):
    """An item that breaks whatever batch it is in, and by what."""

    item: Item
    error: Exception


def halve(
    batch: Sequence[Item],
    work: Callable[[Sequence[Item]], Result],
    is_outage: Callable[[Exception], bool],
) -> tuple[list[tuple[Sequence[Item], Result]], list[Broken[Item]]]:
    """Do the work of a batch; return its parts with their results, in order, and the items that break it.

    `work` does all of a batch or nothing. An outage concerns every batch: it is raised, with the parts before
    it done.
    """
    try:
        return [(batch, work(batch))], []
    except Exception as err:
        if is_outage(err):
            raise
        if len(batch) == 1:
            return [], [Broken(batch[0], err)]
    middle = len(batch) // 2
    first, broken_first = halve(batch[:middle], work, is_outage)
    second, broken_second = halve(batch[middle:], work, is_outage)
    return first + second, broken_first + broken_second


def is_outage(ledger: Ledger, error: Exception) -> bool:
    """Tell whether it is the database, the network or the disk that failed, and not what was written."""
    match error:
        case OSError() | MemoryError() | LedgerLost() | LedgerUnreachable() | PoolTimeoutError():
            return True
        case DBAPIError() if error.connection_invalidated:
            return True
        # Drivers give these for both: a lost server, and a row that is too long for an index.
        case OperationalError() | InterfaceError():
            return _says_so(error) or not _answers(ledger)
        case _:
            return False


def _says_so(error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _POSTGRESQL_OUTAGES:
        return True
    told = str(error.orig).lower()
    return any(word in told for word in _SQLITE_OUTAGES)


def _answers(ledger: Ledger) -> bool:
    try:
        with ledger.writing() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True
