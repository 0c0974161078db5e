"""Taking back what was not sent yet."""

from sqlalchemy import Connection, func, select, update

from ledger import clock
from ledger.campaigns import Campaign
from ledger.schema import message
from ledger.statuses import Stage, Status
from ledger.transitions import add_to_tally


def cancel_queued(connection: Connection, locked: Campaign) -> int:
    """Turn every queued or claimed message of a locked campaign into CANCELLED; return how many those were.

    A worker that holds a claim finds its rows gone when it commits its next intent, and stops.
    """
    total = 0
    for status in (Status.QUEUED, Status.CLAIMED):
        waiting = (message.c.campaign_id == locked.id, message.c.status == status)
        query = select(message.c.epoch, func.count()).where(*waiting).group_by(message.c.epoch)
        by_epoch = connection.execute(query.order_by(message.c.epoch)).all()
        connection.execute(
            update(message)
            .where(*waiting)
            .values(
                stage=Stage.CANCELLED,
                status=Status.CANCELLED,
                stage_at=clock.now(connection),
                claim_id=None,
            )
        )
        for epoch, count in by_epoch:
            add_to_tally(connection, locked.id, epoch, {status: -count, Status.CANCELLED: count})
            total += count
    return total
