"""Messages of which nobody knows whether SES took them, and what is decided about them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, distinct, func, select

from ledger import clock
from ledger.campaigns import Campaign
from ledger.claims import in_
from ledger.schema import attempt, event, message
from ledger.statuses import Fact, Stage, Status
from ledger.transitions import STATE_COLUMNS, MessageState, save, state_of

DOUBTFUL = (Status.IN_DOUBT, Status.UNCONFIRMED)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A call that left messages in doubt, and the evidence: of how many of its messages any event came.

    `messages` are those still in doubt, `unconfirmed` of them past the window; `error` is what came instead
    of an answer, None where the worker died.
    """

    call_id: str
    started_at: float
    size: int
    heard_of: int
    messages: int
    unconfirmed: int
    error: str | None


def by_call(connection: Connection, campaign_id: int) -> list[Doubt]:
    """Return the calls that left messages in doubt, the oldest first."""
    doubtful = select(attempt.c.call_id).join(message, message.c.id == attempt.c.message_id)
    doubtful = doubtful.where(
        message.c.campaign_id == campaign_id,
        message.c.status.in_(DOUBTFUL),
        attempt.c.number == message.c.attempts,
    )
    still = (message.c.status.in_(DOUBTFUL)) & (attempt.c.number == message.c.attempts)
    heard = select(event.c.id).where(event.c.message_id == attempt.c.message_id).exists()
    query = (
        select(
            attempt.c.call_id,
            func.min(attempt.c.started_at).label("started_at"),
            func.count(distinct(attempt.c.id)).label("size"),
            func.sum(case((heard, 1), else_=0)).label("heard_of"),
            func.sum(case((still, 1), else_=0)).label("messages"),
            func.sum(case((still & (message.c.status == Status.UNCONFIRMED), 1), else_=0)).label(
                "unconfirmed"
            ),
            func.max(attempt.c.error).label("error"),
        )
        .join(message, message.c.id == attempt.c.message_id)
        .where(attempt.c.call_id.in_(doubtful))
        .group_by(attempt.c.call_id)
        .order_by(func.min(attempt.c.started_at))
    )
    return [Doubt(**row) for row in connection.execute(query).mappings()]


def expire(connection: Connection, locked: Campaign | None, since: float) -> int:
    """Turn what is in doubt since `since` or longer into UNCONFIRMED; return how many those were.

    `locked` is None for the single messages of the API.
    """
    found = _states(connection, locked, (Status.IN_DOUBT,))
    at = clock.now(connection)
    late = [state for state in found if state.stage_at <= since]
    save(connection, [(state, state.moved(Stage.UNCONFIRMED, at)) for state in late])
    return len(late)


def resend(connection: Connection, locked: Campaign) -> int:
    """Queue again whatever is in doubt or unconfirmed; somebody may get it twice. Return how many."""
    found = _states(connection, locked, DOUBTFUL)
    at = clock.now(connection)
    save(connection, [(state, state.moved(Stage.QUEUED, at)) for state in found])
    return len(found)


def assume_sent(connection: Connection, locked: Campaign) -> int:
    """Take whatever is in doubt or unconfirmed as sent, on a person's word. Return how many those were."""
    found = _states(connection, locked, DOUBTFUL)
    at = clock.now(connection)
    save(connection, [(state, state.with_facts({Fact.ASSUMED: at})) for state in found])
    return len(found)


def _states(
    connection: Connection, locked: Campaign | None, statuses: Sequence[Status]
) -> list[MessageState]:
    query = (
        select(*STATE_COLUMNS)
        .where(in_(locked), message.c.status.in_(statuses))
        .order_by(message.c.id)
        .with_for_update()
    )
    return [state_of(row) for row in connection.execute(query)]
