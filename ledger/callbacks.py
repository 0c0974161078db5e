"""The deliverers' side of the outbox: what is due for whom, leased, and what came of it.

A lease is the time in `due_at`: nobody else tries until then, and what a dead deliverer held is due after it.
A message's callbacks go to a receiver in the order of the changes, so all that wait go together.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import Connection, func, select, update

from ledger import clock
from ledger.callback_receivers import Receiver
from ledger.schema import callback, callback_url, campaign, message, single
from ledger.statuses import Status

# Longer than it can take to try all callbacks of one message: there are at most so many statuses, and the
# first failure ends the try.
LEASE_SECONDS = 120.0

# After the first failure, the second and so on; then it is given up.
RETRY_AFTER_SECONDS = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)

_LONGEST_ANSWER = 200


@dataclass(frozen=True, slots=True)
class Callback:
    """What a receiver is told of one change. `leased_until` is the lease's end and its fence.

    `attempts` counts those before this one; `campaign` is empty for a single message.
    """

    id: int
    message_id: int
    status: Status
    previous_status: Status
    at: float
    diagnostic: str | None
    attempts: int
    leased_until: float
    to: str
    campaign: str
    # What the API knows the message by; None for a campaign's, which goes by the ledger's own number.
    public_id: str | None
    external_id: str | None
    client_id: str | None


class Ending(StrEnum):
    """How a try to deliver ended."""

    DELIVERED = "delivered"
    FAILED = "failed"
    # The receiver wants nothing more, ever (410).
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try. `answer` says it in a few words; `jitter` stretches the wait for the next one."""

    callback: Callback
    ending: Ending
    answer: str
    jitter: float = 1.0


def lease(connection: Connection, receiver: Receiver, messages: int) -> list[list[Callback]]:
    """Lease what is due to a receiver of up to so many messages: for each all that waits, in order."""
    _lock(connection, receiver.id)
    while True:
        at = clock.now(connection)
        mine = (callback.c.url_id == receiver.id, callback.c.due_at.is_not(None))
        oldest = (
            select(callback.c.message_id)
            .where(*mine, callback.c.due_at <= at)
            .order_by(callback.c.due_at)
            .limit(messages * len(Status))
        )
        ids = list(dict.fromkeys(connection.execute(oldest).scalars()))[:messages]
        if not ids:
            return []
        query = (
            select(
                callback.c.id,
                callback.c.message_id,
                callback.c.status,
                callback.c.previous_status,
                callback.c.at,
                callback.c.diagnostic,
                callback.c.attempts,
                callback.c.due_at,
                message.c.address,
                func.coalesce(campaign.c.name, ""),
                single.c.public_id,
                single.c.external_id,
                single.c.client_id,
            )
            .join(message, message.c.id == callback.c.message_id)
            .outerjoin(single, single.c.message_id == message.c.id)
            .outerjoin(campaign, campaign.c.id == message.c.campaign_id)
            .where(*mine, callback.c.message_id.in_(ids))
            .order_by(callback.c.id)
        )
        by_message: dict[int, list[Callback]] = {}
        for id_, message_id, status, previous, *rest in connection.execute(query):
            told = Callback(id_, message_id, Status(status), Status(previous), *rest)
            by_message.setdefault(message_id, []).append(told)
        taken = [found for found in by_message.values() if found[0].leased_until <= at]
        # What came after one that is being tried, or waits for its next try, waits as well.
        for found in by_message.values():
            if found[0].leased_until > at:
                _put_off(connection, receiver.id, found[0].message_id, found[0].leased_until)
        if taken:
            return _leased(connection, taken, at + LEASE_SECONDS)


def settle(connection: Connection, receiver: Receiver, outcomes: Sequence[Outcome]) -> None:
    """Keep what came of the tries, in the order in which they were made.

    A late delivery is kept like any other; a late failure only where nobody else has the lease.
    """
    if not outcomes:
        return
    at = clock.now(connection)
    failures = _lock(connection, receiver.id)
    for outcome in outcomes:
        match outcome.ending:
            case Ending.DELIVERED:
                failures = 0
                _finish(connection, outcome, delivered_at=at)
            case Ending.FAILED:
                failures += 1
                _try_again(connection, receiver, outcome, at)
            case Ending.GONE:
                _disable(connection, receiver, outcome, at)
    changes: dict[str, float] = {"failures": failures}
    if any(outcome.ending is Ending.DELIVERED for outcome in outcomes):
        changes["proven_at"] = at
    connection.execute(update(callback_url).where(callback_url.c.id == receiver.id).values(changes))


def next_due(connection: Connection) -> float | None:
    """Return when the next callback is due, in epoch seconds, or None where none waits."""
    at: float | None = connection.execute(select(func.min(callback.c.due_at))).scalar_one()
    return at


def _lock(connection: Connection, url_id: int) -> int:
    """Lock a receiver against other deliverers; return its failures in a row."""
    # NO KEY UPDATE: whoever writes to the outbox refers to this row, and must not wait for a deliverer.
    query = select(callback_url.c.failures).where(callback_url.c.id == url_id)
    return int(connection.execute(query.with_for_update(key_share=True)).scalar_one())


def _leased(
    connection: Connection, taken: Sequence[Sequence[Callback]], until: float
) -> list[list[Callback]]:
    ids = [each.id for found in taken for each in found]
    connection.execute(update(callback).where(callback.c.id.in_(ids)).values(due_at=until))
    return [[replace(each, leased_until=until) for each in found] for found in taken]


def _finish(connection: Connection, outcome: Outcome, **ended: float) -> None:
    """Take a callback out of the queue."""
    connection.execute(
        update(callback)
        .where(callback.c.id == outcome.callback.id, callback.c.due_at.is_not(None))
        .values(
            due_at=None,
            attempts=callback.c.attempts + 1,
            answer=outcome.answer[:_LONGEST_ANSWER],
            **ended,
        )
    )


def _try_again(connection: Connection, receiver: Receiver, outcome: Outcome, at: float) -> None:
    tried = outcome.callback
    if tried.attempts >= len(RETRY_AFTER_SECONDS):
        _finish(connection, outcome, failed_at=at)
        # What waited behind it has tries of its own.
        _put_off(connection, receiver.id, tried.message_id, at)
        return
    next_at = at + RETRY_AFTER_SECONDS[tried.attempts] * outcome.jitter
    again = connection.execute(
        update(callback)
        .where(callback.c.id == tried.id, callback.c.due_at == tried.leased_until)
        .values(due_at=next_at, attempts=callback.c.attempts + 1, answer=outcome.answer[:_LONGEST_ANSWER])
    )
    if again.rowcount:
        _put_off(connection, receiver.id, tried.message_id, next_at)


def _put_off(connection: Connection, url_id: int, message_id: int, until: float) -> None:
    connection.execute(
        update(callback)
        .where(
            callback.c.url_id == url_id,
            callback.c.message_id == message_id,
            callback.c.due_at.is_not(None),
        )
        .values(due_at=until)
    )


def _disable(connection: Connection, receiver: Receiver, outcome: Outcome, at: float) -> None:
    """Tell a receiver nothing more; what waits for it counts as failed, for a person to replay."""
    _finish(connection, outcome, failed_at=at)
    connection.execute(update(callback_url).where(callback_url.c.id == receiver.id).values(disabled_at=at))
    connection.execute(
        update(callback)
        .where(callback.c.url_id == receiver.id, callback.c.due_at.is_not(None))
        .values(due_at=None, failed_at=at, answer="the receiver is gone (410)")
    )
