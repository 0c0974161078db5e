"""Single messages that an operator takes back: CANCELLED while they wait, not tried again if under way."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from ledger import clock, singles
from ledger.schema import message, owner, single, withdrawal
from ledger.statuses import Stage, Status
from ledger.transitions import read_states, save

_WAITING = (Status.QUEUED, Status.CLAIMED)
# An answer that is still to come may queue these again.
_UNDER_WAY = (Status.SENDING, Status.IN_DOUBT)


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose messages: an owner's, or of these only what one operator posted, or with one of the owner's keys.

    What was posted before keys were kept goes by the operator alone.
    """

    owner: str
    operator: str | None = None
    key_id: int | None = None


def has_owner(connection: Connection, name: str) -> bool:
    """Return whether there is an owner of this name."""
    return connection.execute(select(owner.c.id).where(owner.c.name == name)).first() is not None


def count_waiting(connection: Connection, whose: Whose) -> int:
    """Return how many of the messages are not being sent yet."""
    query = select(func.count()).select_from(message).join(single, single.c.message_id == message.c.id)
    return int(connection.execute(query.where(*_of(whose, _WAITING))).scalar_one())


def unsettled(connection: Connection, whose: Whose) -> list[int]:
    """Return the ids of the messages that wait or are under way, the oldest first."""
    query = select(message.c.id).join(single, single.c.message_id == message.c.id)
    found = query.where(*_of(whose, (*_WAITING, *_UNDER_WAY))).order_by(message.c.id)
    return list(connection.execute(found).scalars())


def ids_of(connection: Connection, public_ids: Sequence[str]) -> dict[str, int]:
    """Return the ledger's ids by those that the API shows; what is no single message is left out."""
    query = select(single.c.public_id, single.c.message_id).where(single.c.public_id.in_(public_ids))
    return dict(connection.execute(query).all())


def begin(connection: Connection, *, by: str, reason: str) -> int:
    """Keep who takes messages back and why; return the id of the withdrawal."""
    row = insert(withdrawal).values(at=clock.now(connection), by=by, reason=reason, messages=0)
    return int(connection.execute(row.returning(withdrawal.c.id)).scalar_one())


def withdraw(
    connection: Connection, withdrawal_id: int, message_ids: Sequence[int], reason: str
) -> Mapping[Status, int]:
    """Turn those of the messages that wait into CANCELLED; return how many there were of each status before.

    A worker that has claimed one finds it gone when it commits its next intent, and claims the others anew.
    What is under way is marked: where it turns out not to be sent, it is CANCELLED too.
    """
    singles.lock(connection)
    at = clock.now(connection)
    states = list(read_states(connection, message_ids).values())
    marked = [state.id for state in states if state.status in (*_WAITING, *_UNDER_WAY)]
    connection.execute(
        update(single).where(single.c.message_id.in_(marked)).values(withdrawal_id=withdrawal_id)
    )
    waiting = [state for state in states if state.status in _WAITING]
    save(connection, [(state, state.moved(Stage.CANCELLED, at).with_detail(reason)) for state in waiting])
    connection.execute(
        update(withdrawal)
        .where(withdrawal.c.id == withdrawal_id)
        .values(messages=withdrawal.c.messages + len(waiting))
    )
    return Counter(state.status for state in states)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Who took messages back, when and why, and how many were taken back at once."""

    id: int
    at: float
    by: str
    reason: str
    messages: int


def every(connection: Connection) -> list[Withdrawal]:
    """Return all withdrawals, the newest first."""
    columns = (withdrawal.c[name] for name in ("id", "at", "by", "reason", "messages"))
    rows = connection.execute(select(*columns).order_by(withdrawal.c.id.desc()))
    return [Withdrawal(*row) for row in rows]


def _of(whose: Whose, statuses: Sequence[Status]) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        # What the index on campaign and status finds, however much an owner has sent before.
        message.c.campaign_id.is_(None),
        message.c.status.in_(statuses),
        single.c.owner_id.in_(select(owner.c.id).where(owner.c.name == whose.owner)),
    ]
    if whose.operator is not None:
        conditions.append(single.c.operator == whose.operator)
    if whose.key_id is not None:
        conditions.append(single.c.key_id.is_(None) | (single.c.key_id == whose.key_id))
    return conditions
