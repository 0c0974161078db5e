"""Who was ever mailed, and when somebody last showed a sign of life, as far as the ledger knows."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, case, func, select

from ledger.key_batches import among, batches
from ledger.schema import COUNT_COLUMNS, TRIAL_EPOCH, message, subscriber, tally
from ledger.statuses import Count


def last_engaged(
    connection: Connection, keys: Sequence[str], *, watched: float | None, until: float | None = None
) -> dict[str, float]:
    """Return by address key since when its owner has been silent, in epoch seconds; `until` looks back.

    That is the last open, click or confirmation. For who never showed one it is the first delivery, but no
    earlier than `watched` (see `watched_since`): before that, silence meant nothing. Whoever is missing was
    never delivered to, or opens and clicks are not published at all.
    """
    found: dict[str, float] = {}
    for part in batches(keys):
        signs = [subscriber.c.last_engaged_at, subscriber.c.confirmed_at]
        query = select(subscriber.c.address_key, *(_by(column, until) for column in signs))
        for key, *times in connection.execute(query.where(among(connection, subscriber.c.address_key, part))):
            if seen := [at for at in (*times, found.get(key)) if at is not None]:
                found[key] = max(seen)
        mail = select(
            message.c.address_key,
            func.max(_by(message.c.opened_at, until)),
            func.max(_by(message.c.clicked_at, until)),
            func.min(_by(message.c.delivered_at, until)),
        ).group_by(message.c.address_key)
        theirs = among(connection, message.c.address_key, part)
        for row in connection.execute(mail.where(theirs, message.c.epoch != TRIAL_EPOCH)):
            key, opened, clicked, delivered = row
            if seen := [at for at in (opened, clicked, found.get(key)) if at is not None]:
                found[key] = max(seen)
            elif delivered is not None and watched is not None:
                found[key] = max(delivered, watched)
    return found


def mailed(connection: Connection, keys: Sequence[str], until: float | None = None) -> set[str]:
    """Return those of the address keys that SES has accepted a message to, by `until` where given."""
    found: set[str] = set()
    for part in batches(keys):
        query = select(message.c.address_key).distinct()
        accepted = message.c.accepted_at.is_not(None) if until is None else message.c.accepted_at <= until
        found.update(
            connection.execute(
                query.where(
                    among(connection, message.c.address_key, part),
                    accepted,
                    message.c.epoch != TRIAL_EPOCH,
                )
            ).scalars()
        )
    return found


def any_message(connection: Connection) -> bool:
    """Tell whether the ledger holds a message at all."""
    return connection.execute(select(message.c.id).limit(1)).first() is not None


def watched_since(connection: Connection) -> float | None:
    """Return since when opens and clicks reach the ledger, in epoch seconds, or None where none ever did."""
    seen = tally.c[COUNT_COLUMNS[Count.OPENED]] + tally.c[COUNT_COLUMNS[Count.CLICKED]]
    first = select(func.min(tally.c.campaign_id)).where(seen > 0)
    campaign_id = connection.execute(first).scalar_one()
    if campaign_id is None:
        return None
    query = select(func.min(message.c.opened_at), func.min(message.c.clicked_at)).where(
        message.c.campaign_id == campaign_id
    )
    return min(float(at) for at in connection.execute(query).one() if at is not None)


def _by(column: ColumnElement[float], until: float | None) -> ColumnElement[float]:
    """Return the time where it lies within `until`, else nothing."""
    return column if until is None else case((column <= until, column))
