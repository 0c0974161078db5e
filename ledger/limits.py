"""A rate in recipients per second that all workers share: one row a limit, spaced grants, no burst."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, update

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
    next_at = _lock(connection, name)
    at = clock.now(connection)
    after = max(at - catch_up_seconds, next_at) + recipients / rate_per_second
    connection.execute(_BOOK, {"limit": name, "after": after})
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
    _lock(connection, name)
    until = clock.now(connection) + seconds
    connection.execute(
        update(limiter).where(limiter.c.name == name, limiter.c.next_at < until).values(next_at=until)
    )


_NEXT_AT = select(limiter.c.next_at).where(limiter.c.name == bindparam("limit")).with_for_update()
_BOOK = update(limiter).where(limiter.c.name == bindparam("limit")).values(next_at=bindparam("after"))


def _lock(connection: Connection, name: str) -> float:
    """Lock the limit's row, which is made where there is none, and return its next moment."""
    found = connection.execute(_NEXT_AT, {"limit": name}).scalar_one_or_none()
    if found is None:
        made = insert(connection, limiter).values(name=name, next_at=0.0).on_conflict_do_nothing()
        connection.execute(made)
        found = connection.execute(_NEXT_AT, {"limit": name}).scalar_one()
    return float(found)
