"""How many messages the claims of all campaigns took for a sender's domain, day by day.

A day is counted from 1970 in UTC by the database's clock. Rows are changed under a campaign's lock, and
locked after it.
"""

from sqlalchemy import Connection, case, func, select, update

from ledger import clock
from ledger.dialects import insert
from ledger.schema import sender_day

DAY_SECONDS = 86_400


def day_of(at: float) -> int:
    """Return the day of a moment in UTC epoch seconds."""
    return int(at // DAY_SECONDS)


def today(connection: Connection) -> int:
    """Return the day that it is by the database's clock."""
    return day_of(clock.now(connection))


def claimed(connection: Connection, domain: str, day: int) -> int:
    """Return how many messages were claimed on the day."""
    query = select(sender_day.c.claimed).where(sender_day.c.domain == domain, sender_day.c.day == day)
    return connection.execute(query).scalar_one_or_none() or 0


def locked_claimed(connection: Connection, domain: str, day: int) -> int:
    """Return the same, the row locked until the transaction ends, so that no two claims count past it."""
    row = insert(connection, sender_day).values(domain=domain, day=day, claimed=0)
    connection.execute(row.on_conflict_do_nothing())
    query = select(sender_day.c.claimed).where(sender_day.c.domain == domain, sender_day.c.day == day)
    return int(connection.execute(query.with_for_update()).scalar_one())


def days_before(connection: Connection, domain: str, day: int) -> int:
    """Return on how many earlier days the domain sent anything."""
    query = select(func.count()).where(
        sender_day.c.domain == domain, sender_day.c.day < day, sender_day.c.claimed > 0
    )
    return connection.execute(query.select_from(sender_day)).scalar_one()


def add(connection: Connection, domain: str, day: int, messages: int) -> None:
    """Count messages that were claimed."""
    row = insert(connection, sender_day).values(domain=domain, day=day, claimed=messages)
    connection.execute(
        row.on_conflict_do_update(
            index_elements=["domain", "day"], set_={"claimed": sender_day.c.claimed + messages}
        )
    )


def take_back(connection: Connection, domain: str, day: int, messages: int) -> None:
    """Count out messages that were claimed and certainly not sent; never below nothing."""
    left = case((sender_day.c.claimed > messages, sender_day.c.claimed - messages), else_=0)
    connection.execute(
        update(sender_day).where(sender_day.c.domain == domain, sender_day.c.day == day).values(claimed=left)
    )
