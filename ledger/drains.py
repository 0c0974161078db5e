"""When the event queue was seen empty: only such time counts against a message in doubt.

An event can be missing because it was never sent or because nobody looked. Two looks that found the queue
empty, not too far apart, vouch for the time between them.
"""

from sqlalchemy import Connection, insert, select, update

from ledger import clock
from ledger.schema import drain

# A queue that is looked at every five minutes may miss two looks.
LOOKS_APART_SECONDS = 900.0


def note(connection: Connection) -> None:
    """Keep that the queue is empty now."""
    at = clock.now(connection)
    latest = connection.execute(select(drain).order_by(drain.c.id.desc()).limit(1)).one_or_none()
    if latest is not None and at - latest.until <= LOOKS_APART_SECONDS:
        connection.execute(update(drain).where(drain.c.id == latest.id).values(until=at))
    else:
        connection.execute(insert(drain).values(since=at, until=at))


def moment_before(connection: Connection, seconds: float) -> float | None:
    """Return the latest moment since which the queue was seen drained for `seconds`; None: there is none."""
    left = seconds
    for since, until in connection.execute(select(drain.c.since, drain.c.until).order_by(drain.c.id.desc())):
        if until - since >= left:
            return float(until - left)
        left -= until - since
    return None
