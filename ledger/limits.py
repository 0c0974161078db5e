"""A rate in recipients per second that all workers share: one row a limit, spaced grants, no burst.

The clock may be wrong: a limit keeps beside its next moment how far ahead that was when it was written. It is
never further ahead than that, so a clock that was hours ahead for a moment keeps nobody waiting.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from ledger import clock
from ledger.dialects import insert
from ledger.schema import limiter


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit's next free moment, and how far ahead it was when that was written.

    The latter is never more than what all grants that still wait take together.
    """

    next_at: float
    ahead_seconds: float = 0.0

    def free_at(self, at: float) -> float:
        """Return the next free moment; the clock may have been set back since it was written."""
        return min(self.next_at, at + self.ahead_seconds)


@dataclass(frozen=True, slots=True)
class Grant:
    """A place that was booked: the seconds to wait before using it, and what the booking changed."""

    name: str
    wait_seconds: float
    before: Limit
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
    limit = lock(connection, name)
    return book(connection, name, recipients, rate_per_second, limit, clock.now(connection), catch_up_seconds)


def book(
    connection: Connection,
    name: str,
    recipients: int,
    rate_per_second: float,
    limit: Limit,
    at: float,
    catch_up_seconds: float = 0.0,
) -> Grant:
    """The same under a limit that is locked already: `limit` is what `lock` said, `at` the time since."""
    free_at = limit.free_at(at)
    after = max(at - catch_up_seconds, free_at) + recipients / rate_per_second
    connection.exec_driver_sql(_BOOK[connection.dialect.name], (after, max(0.0, after - at), name))
    wait_seconds = max(0.0, free_at - at)
    return Grant(name, wait_seconds, Limit(free_at, wait_seconds), float(after))


def give_back(connection: Connection, grant: Grant) -> None:
    """Return a grant that was not used; where others have booked since, it is lost instead.

    They were told their places already: to move the end would put a second call at the time of theirs.
    """
    connection.execute(
        update(limiter)
        .where(limiter.c.name == grant.name, limiter.c.next_at == grant.after)
        .values(next_at=grant.before.next_at, ahead_seconds=grant.before.ahead_seconds)
    )


def taken_until(connection: Connection, name: str) -> float | None:
    """Return until when (UTC epoch seconds) the limit has no place, or None; nothing is locked."""
    found = connection.execute(
        select(limiter.c.next_at, limiter.c.ahead_seconds).where(limiter.c.name == name)
    ).one_or_none()
    if found is None:
        return None
    at = clock.now(connection)
    free_at = Limit(*found).free_at(at)
    return free_at if free_at > at else None


def hold(connection: Connection, name: str, seconds: float) -> None:
    """Grant nothing for `seconds` from now: SES has said that it takes no more for the moment."""
    limit, at = lock(connection, name), clock.now(connection)
    if limit.free_at(at) < at + seconds:
        values = {"next_at": at + seconds, "ahead_seconds": seconds}
        connection.execute(update(limiter).where(limiter.c.name == name).values(values))


# In the database's own words: every call asks them.
_LIMIT = {
    "sqlite": "SELECT next_at, ahead_seconds FROM limiter WHERE name = ?",
    "postgresql": "SELECT next_at, ahead_seconds FROM limiter WHERE name = %s FOR UPDATE",
}
_BOOK = {
    "sqlite": "UPDATE limiter SET next_at = ?, ahead_seconds = ? WHERE name = ?",
    "postgresql": "UPDATE limiter SET next_at = %s, ahead_seconds = %s WHERE name = %s",
}


def lock(connection: Connection, name: str) -> Limit:
    """Lock the limit's row, which is made where there is none, and return where it stands."""
    asked = _LIMIT[connection.dialect.name]
    found = connection.exec_driver_sql(asked, (name,)).one_or_none()
    if found is None:
        made = insert(connection, limiter).values(name=name, next_at=0.0).on_conflict_do_nothing()
        connection.execute(made)
        found = connection.exec_driver_sql(asked, (name,)).one()
    return Limit(float(found[0]), float(found[1]))
