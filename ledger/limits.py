"""A rate in recipients per second that all workers share: one row a limit, spaced grants, no burst."""

from dataclasses import dataclass

from sqlalchemy import Connection, select, update

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
    _ensure(connection, name)
    next_at = connection.execute(
        select(limiter.c.next_at).where(limiter.c.name == name).with_for_update()
    ).scalar_one()
    at = clock.now(connection)
    after = max(at - catch_up_seconds, next_at) + recipients / rate_per_second
    connection.execute(update(limiter).where(limiter.c.name == name).values(next_at=after))
    return Grant(name, max(0.0, float(next_at - at)), float(next_at), float(after))


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
    _ensure(connection, name)
    until = clock.now(connection) + seconds
    connection.execute(
        update(limiter).where(limiter.c.name == name, limiter.c.next_at < until).values(next_at=until)
    )


def _ensure(connection: Connection, name: str) -> None:
    connection.execute(insert(connection, limiter).values(name=name, next_at=0.0).on_conflict_do_nothing())
