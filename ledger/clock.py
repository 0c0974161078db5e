"""The database's clock: the one clock that all workers share."""

from sqlalchemy import Connection

# Both read the moment of the call, not of the transaction: a lease is judged after the lock was waited for.
_SQL = {
    "sqlite": "SELECT (julianday('now') - 2440587.5) * 86400.0",
    "postgresql": "SELECT extract(epoch FROM clock_timestamp())::float8",
}


def now(connection: Connection) -> float:
    """Return the database's time, in UTC seconds since the epoch."""
    return float(connection.exec_driver_sql(_SQL[connection.dialect.name]).scalar_one())
