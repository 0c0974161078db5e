"""A rate in recipients per second that all workers share: one row a limit, spaced grants, no burst."""

from sqlalchemy import Connection, select, update

from ledger import clock
from ledger.dialects import insert
from ledger.schema import limiter


def take(connection: Connection, name: str, recipients: int, rate_per_second: float) -> float:
    """Book a place for `recipients` under the limit and return the seconds to wait before using it.

    Grants never bunch up: an idle time is not saved for later, so any one second holds at most the rate plus
    one grant.
    """
    _ensure(connection, name)
    next_at = connection.execute(
        select(limiter.c.next_at).where(limiter.c.name == name).with_for_update()
    ).scalar_one()
    at = clock.now(connection)
    start = max(at, next_at)
    _set(connection, name, start + recipients / rate_per_second)
    return float(start - at)


def give_back(connection: Connection, name: str, recipients: int, rate_per_second: float) -> None:
    """Return a grant that was not used."""
    connection.execute(
        update(limiter)
        .where(limiter.c.name == name)
        .values(next_at=limiter.c.next_at - recipients / rate_per_second)
    )


def hold(connection: Connection, name: str, seconds: float) -> None:
    """Grant nothing for `seconds` from now: SES has said that it takes no more for the moment."""
    _ensure(connection, name)
    until = clock.now(connection) + seconds
    connection.execute(
        update(limiter).where(limiter.c.name == name, limiter.c.next_at < until).values(next_at=until)
    )


def _ensure(connection: Connection, name: str) -> None:
    connection.execute(insert(connection, limiter).values(name=name, next_at=0.0).on_conflict_do_nothing())


def _set(connection: Connection, name: str, next_at: float) -> None:
    connection.execute(update(limiter).where(limiter.c.name == name).values(next_at=next_at))
