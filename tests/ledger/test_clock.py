"""The database's clock: seconds since 1970, UTC, of the moment it is asked."""

import time

from sqlalchemy import text

from ledger import clock
from ledger.engine import Ledger


def test_the_clock_counts_utc_seconds_since_1970(ledger: Ledger) -> None:
    with ledger.reading() as connection:
        # Hours would show a time zone, a factor of a thousand the wrong unit.
        assert abs(clock.now(connection) - time.time()) < 1_800


def test_on_postgresql_time_goes_on_within_a_transaction(ledger: Ledger) -> None:
    with ledger.writing() as connection:
        if connection.dialect.name == "postgresql":
            begun = connection.execute(text("SELECT extract(epoch FROM now())::float8")).scalar_one()
            assert clock.now(connection) > begun
        else:
            assert clock.now(connection) <= clock.now(connection)
