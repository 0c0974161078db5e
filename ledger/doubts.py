"""Messages of which nobody knows whether SES took them, and what is decided about them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, distinct, func, select

from ledger import clock
from ledger.attempts import Answer
from ledger.campaigns import Campaign
from ledger.cancelling import withdraw
from ledger.claims import in_
from ledger.schema import attempt, campaign, event, message
from ledger.statuses import Fact, Stage, Status
from ledger.transitions import STATE_COLUMNS, MessageState, save, state_of

DOUBTFUL = (Status.IN_DOUBT, Status.UNCONFIRMED)
_UNSENT = (Status.QUEUED, Status.CLAIMED, Status.SENDING)
# The newest attempt was never answered; after a restore a message can be in doubt without.
_LEFT_IN_DOUBT = (
    message.c.status.in_(DOUBTFUL)
    & (attempt.c.number == message.c.attempts)
    & (attempt.c.result.is_(None) | (attempt.c.result == Answer.UNKNOWN))
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A call that left messages in doubt, and the evidence: of how many of its messages any event came.

    `messages` are those still in doubt, `unconfirmed` of them past the window; `error` is what came instead
    of an answer, None where the worker died. An empty `call_id` stands for the sends that a restored ledger
    has forgotten, whose calls nobody knows.
    """

    call_id: str
    started_at: float
    size: int
    heard_of: int
    messages: int
    unconfirmed: int
    error: str | None


def younger_than(connection: Connection, campaign_id: int, epoch: int, moment: float) -> int:
    """Return how many messages of an epoch have been in doubt since `moment` or less long."""
    query = select(func.count()).where(
        message.c.campaign_id == campaign_id,
        message.c.status == Status.IN_DOUBT,
        message.c.epoch == epoch,
        message.c.stage_at > moment,
    )
    return connection.execute(query).scalar_one()


def by_call(connection: Connection, campaign_id: int) -> list[Doubt]:
    """Return the calls that left messages in doubt, the oldest first."""
    doubtful = select(attempt.c.call_id).join(message, message.c.id == attempt.c.message_id)
    doubtful = doubtful.where(message.c.campaign_id == campaign_id, _LEFT_IN_DOUBT)
    still = _LEFT_IN_DOUBT
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


def of_forgotten_sends(connection: Connection, campaign_id: int, since: float) -> Doubt | None:
    """Return what a restore, known since `since`, left in doubt without any call; None where that is nothing.

    `size` are those that were still to be sent, `heard_of` those of them whom events of forgotten sends name.
    """
    known = select(attempt.c.id).where(attempt.c.message_id == message.c.id, _LEFT_IN_DOUBT).exists()
    in_doubt = message.c.status.in_(DOUBTFUL) & ~known
    query = select(
        func.count(), func.coalesce(func.sum(case((message.c.status == Status.UNCONFIRMED, 1), else_=0)), 0)
    ).where(message.c.campaign_id == campaign_id, in_doubt)
    messages, unconfirmed = connection.execute(query).one()
    if not messages:
        return None
    forgotten = (
        select(func.count(distinct(event.c.message_id)))
        .join(message, message.c.id == event.c.message_id)
        .outerjoin(attempt, attempt.c.send_id == event.c.send_id)
        .where(message.c.campaign_id == campaign_id, event.c.send_id.is_not(None), attempt.c.id.is_(None))
    )
    heard_of = connection.execute(forgotten).scalar_one()
    return Doubt("", since, messages + heard_of, heard_of, messages, int(unconfirmed), None)


def by_campaign(connection: Connection) -> dict[str, int]:
    """Return how many messages are in doubt or unconfirmed by the campaign's name, where there are any."""
    query = (
        select(campaign.c.name, func.count())
        .join(message, message.c.campaign_id == campaign.c.id)
        .where(message.c.status.in_(DOUBTFUL))
        .group_by(campaign.c.name)
        .order_by(campaign.c.name)
    )
    return dict(connection.execute(query).all())


def begin(connection: Connection, locked: Campaign, until: float) -> int:
    """Put in doubt what was still to be sent, or being sent, and has stood so since `until` or longer.

    Return how many messages those are.
    """
    return withdraw(connection, locked, Stage.IN_DOUBT, message.c.stage_at <= until, statuses=_UNSENT)


def begin_singles(connection: Connection, until: float) -> None:
    """Do the same to single messages, which belong to no campaign."""
    query = select(*STATE_COLUMNS).where(
        message.c.campaign_id.is_(None), message.c.status.in_(_UNSENT), message.c.stage_at <= until
    )
    states = [state_of(row) for row in connection.execute(query.order_by(message.c.id).with_for_update())]
    at = clock.now(connection)
    save(connection, [(state, state.moved(Stage.IN_DOUBT, at)) for state in states])


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
