"""Taking back what was not sent yet."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from ledger import clock, outbox
from ledger.campaigns import Campaign
from ledger.schema import message
from ledger.statuses import Stage, Status
from ledger.transitions import add_to_tally

_WAITING = (Status.QUEUED, Status.CLAIMED)


def cancel_queued(connection: Connection, locked: Campaign) -> int:
    """Turn every queued or claimed message of a locked campaign into CANCELLED; return how many those were.

    A worker that holds a claim finds its rows gone when it commits its next intent, and stops.
    """
    return withdraw(connection, locked, Stage.CANCELLED)


def withdraw(
    connection: Connection,
    locked: Campaign,
    stage: Stage,
    *conditions: ColumnElement[bool],
    detail: str | None = None,
    statuses: Sequence[Status] = _WAITING,
) -> int:
    """Turn the messages of these statuses that meet the conditions into CANCELLED, SUPPRESSED or IN_DOUBT.

    `stage` says which of them, `detail` is the reason that a report shows. Return how many those were.
    """
    # A message that waits has no fact that decides its status: both are called the same.
    to_status = Status(stage)
    change = {"stage": stage, "status": to_status, "stage_at": clock.now(connection), "claim_id": None}
    if detail is not None:
        change["detail"] = detail
    total = 0
    for status in statuses:
        waiting = (message.c.campaign_id == locked.id, message.c.status == status, *conditions)
        query = select(message.c.epoch, func.count()).where(*waiting).group_by(message.c.epoch)
        by_epoch = connection.execute(query.order_by(message.c.epoch)).all()
        if locked.callbacks:
            outbox.note_all(connection, and_(*waiting), status, to_status, detail)
        connection.execute(update(message).where(*waiting).values(change))
        for epoch, count in by_epoch:
            add_to_tally(connection, locked.id, epoch, {status: -count, to_status: count})
            total += count
    return total
