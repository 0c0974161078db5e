"""A rate in recipients per second that all workers share: one row a limit, spaced grants, no burst."""

from dataclasses import dataclass

from sqlalchemy import Connection, update

from ledger import clock
from ledger.dialects import insert
from ledger.schema import limiter


@dataclass(frozen=True, slots=True)
class Grant:
    """A place that was booked: the seconds to wait before using it, and what the booking changed."""

    name: str
    wait_seconds: float
    before: float
    after: float


def take(
    connection: Connection,
    name: str,
    recipients: int,
    rate_per_second: float,
    catch_up_seconds: float = 0.0,
) -> Grant:
    """Book a place for `recipients` under the limit.

    Grants never bunch up: any one second holds at most the rate plus one grant, and what is due for
    `catch_up_seconds`, by which a worker may be late and lose nothing. More idle time is not saved.
    """
    next_at = lock(connection, name)
    return book(
        connection, name, recipients, rate_per_second, next_at, clock.now(connection), catch_up_seconds
    )


def book(
    connection: Connection,
    name: str,
    recipients: int,
    rate_per_second: float,
    next_at: float,
    at: float,
    catch_up_seconds: float = 0.0,
) -> Grant:
    """The same under a limit that is locked already: `next_at` is what `lock` said, `at` the time since."""
    after = max(at - catch_up_seconds, next_at) + recipients / rate_per_second
    connection.exec_driver_sql(_BOOK[connection.dialect.name], (after, name))
    return Grant(name, max(0.0, next_at - at), next_at, float(after))


def give_back(connection: Connection, grant: Grant) -> None:
    """Return a grant that was not used; where others have booked since, it is lost instead.

    They were told their places already: to move the end would put a second call at the time of theirs.
    """
    connection.execute(
        update(limiter)
        .where(limiter.c.name == grant.name, limiter.c.next_at == grant.after)
        .values(next_at=grant.before)
    )


def hold(connection: Connection, name: str, seconds: float) -> None:
    """Grant nothing for `seconds` from now: SES has said that it takes no more for the moment."""
    lock(connection, name)
    until = clock.now(connection) + seconds
    connection.execute(
        update(limiter).where(limiter.c.name == name, limiter.c.next_at < until).values(next_at=until)
    )


# In the database's own words: every call asks them.
_NEXT_AT = {
    "sqlite": "SELECT next_at FROM limiter WHERE name = ?",
    "postgresql": "SELECT next_at FROM limiter WHERE name = %s FOR UPDATE",
}
_BOOK = {
    "sqlite": "UPDATE limiter SET next_at = ? WHERE name = ?",
    "postgresql": "UPDATE limiter SET next_at = %s WHERE name = %s",
}


def lock(connection: Connection, name: str) -> float:
    """Lock the limit's row, which is made where there is none, and return its next moment."""
    asked = _NEXT_AT[connection.dialect.name]
    found = connection.exec_driver_sql(asked, (name,)).scalar_one_or_none()
    if found is None:
        made = insert(connection, limiter).values(name=name, next_at=0.0).on_conflict_do_nothing()
        connection.execute(made)
        found = connection.exec_driver_sql(asked, (name,)).scalar_one()
    return float(found)
