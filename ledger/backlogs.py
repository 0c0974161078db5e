"""What waits, how long it has waited, and how large the ledger has become: figures for its operator."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from ledger import clock
from ledger.schema import callback, callback_url, drain, event, message, metadata, unread_message
from ledger.statuses import Status

DAY_SECONDS = 86_400.0
_OLD_ENOUGH_SECONDS = 7 * DAY_SECONDS


@dataclass(frozen=True, slots=True)
class CallbackBacklog:
    """Callbacks that are due now, for how long the oldest has been, and what was given up within a day."""

    due: int
    oldest_seconds: float
    failed_lately: int
    disabled_receivers: int


@dataclass(frozen=True, slots=True)
class TableSize:
    """How many rows a table has; on PostgreSQL an estimate, which costs nothing to make."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class Growth:
    """The size of the whole database, the events of the last day and of all time, and their age."""

    bytes: int
    events_lately: int
    events: int
    oldest_event_seconds: float

    @property
    def bytes_a_day(self) -> float | None:
        """About how much the last day added: what an event takes of it all, times the day's events.

        None while the ledger is young: an imported list would count as one day's growth.
        """
        if not self.events or self.oldest_event_seconds < _OLD_ENOUGH_SECONDS:
            return None
        return self.bytes / self.events * self.events_lately


def of_callbacks(connection: Connection) -> CallbackBacklog:
    """Return what receivers still have to be told."""
    now = clock.now(connection)
    due = select(func.count(), func.min(callback.c.due_at)).where(callback.c.due_at <= now)
    count, oldest = connection.execute(due).one()
    failed = select(func.count()).where(callback.c.failed_at > now - DAY_SECONDS)
    gone = select(func.count()).where(callback_url.c.disabled_at.is_not(None))
    return CallbackBacklog(
        count,
        0.0 if oldest is None else max(0.0, now - oldest),
        connection.execute(failed).scalar_one(),
        connection.execute(gone).scalar_one(),
    )


def drained_seconds_ago(connection: Connection) -> float | None:
    """Return how long ago the event queue was last seen empty; None: never."""
    until = connection.execute(select(func.max(drain.c.until))).scalar_one()
    return None if until is None else max(0.0, clock.now(connection) - until)


def oldest_unread_seconds(connection: Connection) -> float | None:
    """Return how long the oldest message has been kept that is no event; None: there is none."""
    first = connection.execute(select(func.min(unread_message.c.first_at))).scalar_one()
    return None if first is None else max(0.0, clock.now(connection) - first)


def waiting(connection: Connection) -> int:
    """Return how many messages wait to be sent, single ones and campaigns'."""
    return connection.execute(select(func.count()).where(message.c.status == Status.QUEUED)).scalar_one()


def table_sizes(connection: Connection, names: Sequence[str] = ()) -> list[TableSize]:
    """Return these tables of the ledger, or all, the largest first."""
    names = list(names) or sorted(metadata.tables)
    if connection.dialect.name == "postgresql":
        query = text(
            "SELECT relname, greatest(reltuples, 0)::bigint FROM pg_class "
            "WHERE relname = ANY(:names) AND pg_table_is_visible(oid)"
        )
        sizes = [TableSize(name, rows) for name, rows in connection.execute(query, {"names": names})]
    else:
        counts = ((name, select(func.count()).select_from(metadata.tables[name])) for name in names)
        sizes = [TableSize(name, connection.execute(query).scalar_one()) for name, query in counts]
    return sorted(sizes, key=lambda size: (-size.rows, size.name))


def growth(connection: Connection) -> Growth:
    """Return how large the ledger is, and what it goes by for what a day adds."""
    if connection.dialect.name == "postgresql":
        size = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
    else:
        pages, page_bytes = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size")
        )
        size = pages * page_bytes
    now = clock.now(connection)
    lately = select(func.count()).where(event.c.id >= _first_event_after(connection, now - DAY_SECONDS))
    first = select(event.c.received_at).order_by(event.c.id).limit(1)
    oldest = connection.execute(first).scalar_one_or_none()
    every = next(each.rows for each in table_sizes(connection, [event.name]))
    age = 0.0 if oldest is None else now - oldest
    return Growth(size, connection.execute(lately).scalar_one(), every, age)


def _first_event_after(connection: Connection, at: float) -> int:
    """Return about the id of the first event that came in after a moment: ids grow with time.

    The time is not indexed, and reading all events takes seconds where there are millions.
    """
    low, high = (
        value or 0 for value in connection.execute(select(func.min(event.c.id), func.max(event.c.id))).one()
    )
    high += 1
    while low < high:
        middle = (low + high) // 2
        came = select(event.c.received_at).where(event.c.id >= middle).order_by(event.c.id).limit(1)
        if (moment := connection.execute(came).scalar_one_or_none()) is None or moment > at:
            high = middle
        else:
            low = middle + 1
    return low
