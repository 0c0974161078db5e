"""Owners whose single mail is stopped for its hard bounces, until a person lets it go on."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, func, insert, select

from ledger import clock
from ledger.accounts import Action, Change
from ledger.schema import FACT_COLUMNS, message, owner, owner_change, single
from ledger.statuses import Fact


@dataclass(frozen=True, slots=True)
class Recent:
    """Of an owner's newest single messages, those that SES took, and how many of these bounced hard."""

    accepted: int
    hard_bounced: int


def stopped(connection: Connection) -> dict[int, Change]:
    """Return the owners whose single mail is stopped, by id, each with the change that did it."""
    newest = select(func.max(owner_change.c.id)).group_by(owner_change.c.owner_id)
    query = select(owner_change).where(
        owner_change.c.id.in_(newest), owner_change.c.action == Action.SUSPENDED
    )
    return {
        row.owner_id: Change(row.at, Action.SUSPENDED, row.by, row.reason, row.hard_bounced, row.accepted)
        for row in connection.execute(query)
    }


def names(connection: Connection, owner_ids: Sequence[int]) -> dict[int, str]:
    """Return the owners' names by their ids."""
    query = select(owner.c.id, owner.c.name).where(owner.c.id.in_(owner_ids))
    return dict(connection.execute(query).all())


def not_stopped(connection: Connection) -> list[ColumnElement[bool]]:
    """Return the condition that a single message is of no owner who is stopped; none where nobody is."""
    ids = stopped(connection)
    return [~message.c.id.in_(_of(list(ids)))] if ids else []


def holds_any(connection: Connection, message_ids: Sequence[int]) -> bool:
    """Return whether some of these single messages are of an owner who is stopped."""
    ids = stopped(connection)
    if not ids:
        return False
    query = _of(list(ids)).where(single.c.message_id.in_(message_ids)).limit(1)
    return connection.execute(query).first() is not None


def _of(owner_ids: Sequence[int]) -> Select[int]:
    return select(single.c.message_id).where(single.c.owner_id.in_(owner_ids))


def owners_of(connection: Connection, message_ids: Sequence[int]) -> list[int]:
    """Return the ids of the owners of these single messages, ascending."""
    query = select(single.c.owner_id).where(single.c.message_id.in_(message_ids)).distinct()
    return sorted(connection.execute(query).scalars())


def lifted_at(connection: Connection, owner_id: int) -> float:
    """Return when a person last let the owner's mail go on; 0 where nobody had to."""
    query = select(func.max(owner_change.c.at)).where(
        owner_change.c.owner_id == owner_id, owner_change.c.action == Action.LIFTED
    )
    return float(connection.execute(query).scalar_one() or 0.0)


def recent(connection: Connection, owner_id: int, since: float, messages: int) -> Recent:
    """Return the counts over up to so many of the owner's newest messages that SES took after `since`."""
    accepted, bounced, withheld = (
        message.c[FACT_COLUMNS[fact]] for fact in (Fact.ACCEPTED, Fact.HARD_BOUNCED, Fact.WITHHELD)
    )
    newest = (
        select(bounced.label("bounced"))
        .join(single, single.c.message_id == message.c.id)
        .where(single.c.owner_id == owner_id, accepted > since, withheld.is_(None))
        .order_by(single.c.message_id.desc())
        .limit(messages)
        .subquery()
    )
    counted = select(func.count(), func.count(newest.c.bounced)).select_from(newest)
    return Recent(*(int(number) for number in connection.execute(counted).one()))


def change(
    connection: Connection, owner_id: int, action: Action, found: Recent, *, by: str, reason: str
) -> None:
    """Stop an owner's single mail or let it go on, and keep who did it and why."""
    connection.execute(
        insert(owner_change).values(
            owner_id=owner_id,
            at=clock.now(connection),
            action=action,
            by=by,
            reason=reason,
            hard_bounced=found.hard_bounced,
            accepted=found.accepted,
        )
    )
