"""What Amazon SES said of the messages of a campaign that it does not take."""

from sqlalchemy import Connection, bindparam, func, select

from ledger.schema import message
from ledger.statuses import Stage, Status


def most_frequent(connection: Connection, campaign_id: int) -> str:
    """Return the text that the most rejected messages bear, without an address; "" where there is none."""
    return connection.execute(_MOST_FREQUENT, {"campaign": campaign_id}).scalar_one_or_none() or ""


_MOST_FREQUENT = (
    select(message.c.detail)
    .where(
        message.c.campaign_id == bindparam("campaign"),
        message.c.status == Status.REJECTED,
        # Whom we did not even offer has a text of our own.
        message.c.stage != Stage.REJECTED,
        message.c.detail.is_not(None),
    )
    .group_by(message.c.detail)
    .order_by(func.count().desc(), message.c.detail)
    .limit(1)
)
