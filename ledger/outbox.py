"""The outbox of the callbacks: what is to be told of a change is written in the change's own transaction.

A receiver is told of each status of a message once. A message without receivers costs nothing here.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Integer,
    Select,
    String,
    Text,
    insert,
    literal,
    select,
)

from ledger import clock, dialects
from ledger.schema import callback, callback_group, callback_member, callback_url, message
from ledger.statuses import Status

# A campaign need not name an owner; its callbacks are nobody's then.
NO_OWNER = ""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A message that went from one status to another; `diagnostic` is the reason that a report shows."""

    message_id: int
    group_id: int | None
    previous: Status
    status: Status
    diagnostic: str | None


def group(connection: Connection, urls: Sequence[str], owner: str = NO_OWNER) -> int | None:
    """Return the id of the group of these receivers, making it where it is new; None for no receivers."""
    wanted = sorted(set(urls))
    if not wanted:
        return None
    digest = hashlib.sha256("\n".join([owner, *wanted]).encode()).hexdigest()
    known = select(callback_group.c.id).where(callback_group.c.digest == digest)
    found = connection.execute(known).scalar_one_or_none()
    if found is not None:
        return int(found)
    # Another may be making it at the same time: on PostgreSQL this waits for the end of its transaction.
    connection.execute(
        dialects.insert(connection, callback_url).on_conflict_do_nothing(),
        [{"owner": owner, "url": url} for url in wanted],
    )
    made = connection.execute(
        dialects.insert(connection, callback_group)
        .values(digest=digest)
        .on_conflict_do_nothing()
        .returning(callback_group.c.id)
    ).scalar_one_or_none()
    if made is None:
        return int(connection.execute(known).scalar_one())
    members = select(literal(made, Integer), callback_url.c.id).where(
        callback_url.c.owner == owner, callback_url.c.url.in_(wanted)
    )
    connection.execute(insert(callback_member).from_select(["group_id", "url_id"], members))
    return int(made)


def note(connection: Connection, changes: Sequence[StatusChange]) -> None:
    """Put into the outbox what each receiver of each message is to be told."""
    if not changes:
        return
    groups = {change.group_id for change in changes}
    members: dict[int, list[int]] = {}
    query = _receivers().where(callback_member.c.group_id.in_(groups))
    for group_id, url_id in connection.execute(query):
        members.setdefault(group_id, []).append(url_id)
    at = clock.now(connection)
    rows = [
        {
            "message_id": change.message_id,
            "url_id": url_id,
            "status": change.status,
            "previous_status": change.previous,
            "at": at,
            "diagnostic": change.diagnostic,
            "attempts": 0,
            "due_at": at,
        }
        for change in changes
        if change.group_id is not None
        for url_id in members.get(change.group_id, ())
    ]
    if rows:
        connection.execute(dialects.insert(connection, callback).on_conflict_do_nothing(), rows)


def note_all(
    connection: Connection,
    messages: ColumnElement[bool],
    previous: Status,
    status: Status,
    diagnostic: str | ColumnElement[str | None] | None = None,
) -> None:
    """The same for a change that many messages go through at once; `messages` is their condition."""
    at = literal(clock.now(connection), Float)
    receivers = _receivers().subquery()
    told = (
        select(
            message.c.id,
            receivers.c.url_id,
            literal(status.value, String),
            literal(previous.value, String),
            at,
            diagnostic if isinstance(diagnostic, ColumnElement) else literal(diagnostic, Text),
            literal(0, Integer),
            at,
        )
        .join(receivers, receivers.c.group_id == message.c.callback_group_id)
        .where(messages)
    )
    names = ["message_id", "url_id", "status", "previous_status", "at", "diagnostic", "attempts", "due_at"]
    statement = dialects.insert(connection, callback).from_select(names, told)
    connection.execute(statement.on_conflict_do_nothing())


def _receivers() -> Select[int, int]:
    """Every receiver by its group; who has answered that it is gone for good is told nothing more."""
    return select(callback_member.c.group_id, callback_member.c.url_id).join(
        callback_url,
        (callback_url.c.id == callback_member.c.url_id) & callback_url.c.disabled_at.is_(None),
    )
