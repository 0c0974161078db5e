"""Whose single message goes out next: each owner's messages take turns with the others'.

A message's turn is fixed when it is posted (start-time fair queueing: Goyal, Vin, Cheng, SIGCOMM 1996): the
one after its owner's last, and never before the turn that the queue has reached. So 400 messages of one owner
stand before a single one of another as one message, and a claim reads them in the order of an index. The turn
is kept as the message's position, which a campaign uses for its shuffle.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, select, update

from ledger import owner_standing
from ledger.schema import message, owner
from ledger.statuses import Status

# The column is a 32-bit number on PostgreSQL. An empty queue lets the count begin again long before its end.
_BEGIN_AGAIN_AT = 1_000_000_000


def take(connection: Connection, owner_ids: Sequence[int]) -> list[int]:
    """Return a turn for a new message of each of these owners, in order; the owners stay locked."""
    reached = _reached(connection)
    # In one order, so that two writers never wait for each other; NO KEY UPDATE: others may refer to them.
    query = select(owner.c.id, owner.c.last_turn).where(owner.c.id.in_(set(owner_ids))).order_by(owner.c.id)
    last = dict(connection.execute(query.with_for_update(key_share=True)).all())
    turns = []
    for owner_id in owner_ids:
        last[owner_id] = max(reached, last[owner_id] + 1)
        turns.append(last[owner_id])
    if last:
        connection.execute(_NOTE, [{"of": owner_id, "turn": turn} for owner_id, turn in last.items()])
    return turns


_NOTE = update(owner).where(owner.c.id == bindparam("of")).values(last_turn=bindparam("turn"))


def _reached(connection: Connection) -> int:
    """Return the turn of the message that goes out next, or the one after all where nothing waits."""
    # By the index that claims follow.
    first = (
        select(message.c.position)
        .where(
            message.c.campaign_id.is_(None),
            message.c.status == Status.QUEUED,
            # The turns of those who are stopped stand still.
            *owner_standing.not_stopped(connection),
        )
        .order_by(message.c.position)
        .limit(1)
    )
    found = connection.execute(first).scalar_one_or_none()
    if found is not None:
        return int(found)
    newest = int(connection.execute(select(func.coalesce(func.max(owner.c.last_turn), 0))).scalar_one())
    if newest >= _BEGIN_AGAIN_AT:
        connection.execute(update(owner).values(last_turn=0))
        newest = 0
    return newest + 1
