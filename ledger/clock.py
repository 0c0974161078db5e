"""The database's clock: the one clock that all workers share."""

from sqlalchemy import Connection

# Both read the moment of the call, not of the transaction: a lease is judged after the lock was waited for.
_SQL = {
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())::float8",
}


# The clock's own corrections, and the arithmetic of times that are counted since 1970.
TOLERANCE_SECONDS = 1.0


def left(until: float, at: float, longest_seconds: float) -> float:
    """Return the seconds from `at` to a moment that was written as at most so many seconds ahead; 0: over.

    One that lies further ahead was written by a clock that has been set back since. It is over: what it would
    hold up for hours is worth more than the seconds that may be left of it.
    """
    seconds = until - at
    return 0.0 if seconds > longest_seconds + TOLERANCE_SECONDS else max(0.0, seconds)


def now(connection: Connection) -> float:
    """Return the database's time, in UTC seconds since the epoch."""
    return float(connection.exec_driver_sql(_SQL[connection.dialect.name]).scalar_one())
