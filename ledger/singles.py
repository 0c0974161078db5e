"""Single messages of the API: messages without a campaign, each with its own sender and content."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select

from ledger import clock, outbox, turns
from ledger.schema import message, owner, single
from ledger.statuses import Stage, Status


@dataclass(frozen=True, slots=True)
class NewSingle:
    """A message that is to be sent once, as its sender gave it.

    `public_id` is new, and all that the API shows of its id; `recipient` is the address as given, `address`
    the same normalised; `sender` is an address or `Name <address>`.
    """

    public_id: str
    owner_id: int
    operator: str
    sender: str
    recipient: str
    address: str
    address_key: str
    domain: str
    subject: str
    text: str
    unsubscribe_text: str
    external_id: str | None = None
    client_id: str | None = None
    alias: str | None = None
    callbacks: tuple[str, ...] = ()
    # The key it was posted with, where it was.
    key_id: int | None = None
    # Of the pages behind its links; "": the one that the reader's browser asks for.
    language: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """What sending a single message takes beside its recipient. `owner` is its owner's name."""

    sender: str
    subject: str
    text: str
    unsubscribe_text: str
    owner: str


# Any constant serves; it only has to be the same for everybody.
_LOCK = 5024515


def lock(connection: Connection) -> None:
    """Lock all single messages until the transaction ends, as a campaign's row locks the campaign's.

    SQLite's one writer holds that lock already.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def mails(connection: Connection, message_ids: Sequence[int]) -> dict[int, Mail]:
    """Return what is to be sent, by message id."""
    query = (
        select(
            single.c.message_id,
            single.c.sender,
            single.c.subject,
            single.c.text,
            single.c.unsubscribe_text,
            owner.c.name,
        )
        .join(owner, owner.c.id == single.c.owner_id)
        .where(single.c.message_id.in_(message_ids))
    )
    return {row.message_id: Mail(*row[1:]) for row in connection.execute(query)}


def shown_id(message_id: int, public_id: str | None) -> str:
    """Return the id by which the API and callbacks know a message.

    One of a campaign has no public id of its own and goes by the ledger's number.
    """
    return public_id or str(message_id)


def add(connection: Connection, new: Sequence[NewSingle]) -> list[int]:
    """Store messages as QUEUED and return their ids in the same order."""
    if not new:
        return []
    at = clock.now(connection)
    groups = _callback_groups(connection, new)
    turns_taken = turns.take(connection, [item.owner_id for item in new])
    rows: list[dict[str, object]] = [
        {
            "address": item.address,
            "address_key": item.address_key,
            "domain": item.domain,
            "fields": {},
            # They go out in the order of their turns.
            "position": turn,
            "epoch": 1,
            "stage": Stage.QUEUED,
            "stage_at": at,
            "status": Status.QUEUED,
            "attempts": 0,
            "failures": 0,
            "callback_group_id": groups.get((item.owner_id, item.callbacks)),
        }
        for item, turn in zip(new, turns_taken, strict=True)
    ]
    statement = insert(message).returning(message.c.id, sort_by_parameter_order=True)
    ids = list(connection.execute(statement, rows).scalars())
    connection.execute(
        insert(single),
        [
            {
                "message_id": message_id,
                "public_id": item.public_id,
                "owner_id": item.owner_id,
                "operator": item.operator,
                "sender": item.sender,
                "recipient": item.recipient,
                "subject": item.subject,
                "text": item.text,
                "unsubscribe_text": item.unsubscribe_text,
                "external_id": item.external_id,
                "client_id": item.client_id,
                "alias": item.alias,
                "callbacks": list(item.callbacks),
                "key_id": item.key_id,
                "language": item.language or None,
                "created_at": at,
            }
            for message_id, item in zip(ids, new, strict=True)
        ],
    )
    return ids


def _callback_groups(
    connection: Connection, new: Sequence[NewSingle]
) -> dict[tuple[int, tuple[str, ...]], int | None]:
    """Return the group of receivers by owner and addresses, where there are any."""
    wanted = {(item.owner_id, item.callbacks) for item in new if item.callbacks}
    if not wanted:
        return {}
    query = select(owner.c.id, owner.c.name).where(owner.c.id.in_({id_ for id_, _ in wanted}))
    names = dict(connection.execute(query).all())
    # Always in the same order, so that two writers never wait for each other in a ring.
    return {(id_, urls): outbox.group(connection, urls, names[id_]) for id_, urls in sorted(wanted)}
