"""Whoever gets mail and has not opened or clicked any for long, as far as the ledger knows."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from ledger import engagements, erasures, suppressions
from ledger.schema import message

_PEOPLE_A_PAGE = 10_000


@dataclass(frozen=True, slots=True)
class Silent:
    """Somebody, silent since `since`. `delivered`: how many messages arrived; times are epoch seconds."""

    address_key: str
    since: float
    delivered: int
    last_delivered_at: float
    last_opened_at: float | None
    last_clicked_at: float | None


def silent(connection: Connection, before: float, watched: float | None) -> Iterator[list[Silent]]:
    """Yield those who have been silent since before a moment, in the order of their addresses.

    Silence is what `ledger.engagements.last_engaged` makes of it, so nobody counts who was never delivered
    to, nor before opens and clicks were `watched`. Who is suppressed everywhere is out already.
    """
    after = ""
    while True:
        query = (
            select(
                message.c.address_key,
                func.count(message.c.delivered_at),
                func.max(message.c.delivered_at),
                func.max(message.c.opened_at),
                func.max(message.c.clicked_at),
            )
            .where(message.c.address_key > after)
            .group_by(message.c.address_key)
            .order_by(message.c.address_key)
            .limit(_PEOPLE_A_PAGE)
        )
        rows = connection.execute(query).all()
        if not rows:
            return
        after = rows[-1][0]
        keys = [key for key, delivered, *_ in rows if delivered and not erasures.is_hash(key)]
        since = engagements.last_engaged(connection, keys, watched=watched)
        late = [key for key in keys if since.get(key, before) < before]
        out = suppressions.reasons(connection, late)
        wanted = {key for key in late if key not in out}
        yield [Silent(row[0], since[row[0]], *row[1:]) for row in rows if row[0] in wanted]
