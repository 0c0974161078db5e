"""What the event queue held and was no event, or none of SES's: kept whole, until a person has looked at it.

The same body again is counted, not kept again. Past the bound nothing more is taken, and stays on the queue.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, case, delete, func, insert, select, update

from ledger import clock, spellings
from ledger.dialects import insert as insert_new
from ledger.key_batches import among, batches
from ledger.schema import unread_change, unread_message

# SQS takes up to 1 MiB a message; what SES and SNS send is a few KB.
MOST_MESSAGES = 10_000
MOST_BYTES = 64_000_000
_LONGEST_WHY = 120
_ROWS_A_READ = 100


class Action(StrEnum):
    """What was done with kept messages."""

    EXPORTED = "exported"
    DELETED = "deleted"
    TAKEN_IN = "taken in"


@dataclass(frozen=True, slots=True)
class Unread:
    """A kept message: why it could not be read, when it came first and last, how often, and its text."""

    id: int
    why: str
    first_at: float
    last_at: float
    times: int
    bytes: int
    body: str
    forged: bool = False


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is kept."""

    messages: int
    bytes: int
    # Of the messages, how many are proved not to be of SES.
    forged: int = 0

    @property
    def is_full(self) -> bool:
        return self.messages >= MOST_MESSAGES or self.bytes >= MOST_BYTES

    @property
    def sentence(self) -> str:
        """What a person should know and do about it; empty where nothing is kept."""
        if not self.messages:
            return ""
        plural = "s" if self.messages > 1 else ""
        told = (
            f"{self.messages:,} message{plural} of the event queue could not be read: "
            "`campaign events unread` shows them."
        )
        if self.forged:
            told = (
                f"{self.forged:,} of {self.messages:,} kept message{plural} of the event queue say to be of "
                "SES and are not: see who else may write to the queue. `campaign events unread` shows them, "
                "and `campaign events take` takes in what was SES's after all."
            )
        if not self.is_full:
            return told
        return (
            f"{told} No more than {MOST_MESSAGES:,} messages or {MOST_BYTES:,} bytes are kept: further ones "
            "stay on the queue, and go to its dead-letter queue, until you export and delete some."
        )


def keep(connection: Connection, found: Mapping[str, str], forged: Collection[str] = ()) -> frozenset[str]:
    """Keep these bodies, each with why it was put aside; return those for which there is no room.

    `forged` are those among them that are proved not to be of SES.
    """
    if not found:
        return frozenset()
    at = clock.now(connection)
    # Always in one order, so that two collectors never wait for each other in a ring.
    by_digest = dict(sorted((_digest(body), body) for body in found))
    known = _count_again(connection, list(by_digest), at)
    kept = amount(connection)
    messages, used = kept.messages, kept.bytes
    refused: set[str] = set()
    rows: list[dict[str, object]] = []
    for digest, body in by_digest.items():
        if digest in known:
            continue
        data = _bytes(body)
        if Amount(messages, used).is_full:
            refused.add(body)
            continue
        messages, used = messages + 1, used + len(data)
        whole = {
            "digest": digest,
            "why": found[body][:_LONGEST_WHY],
            "forged": body in forged,
            "first_at": at,
            "last_at": at,
            "times": 1,
        }
        rows.append(whole | {"bytes": len(data), "body": data})
    if rows:
        # Another collector may be keeping the same one.
        connection.execute(insert_new(connection, unread_message).on_conflict_do_nothing(), rows)
    return frozenset(refused)


def amount(connection: Connection) -> Amount:
    """Return how much is kept."""
    query = select(
        func.count(),
        func.coalesce(func.sum(unread_message.c.bytes), 0),
        func.coalesce(func.sum(case((unread_message.c.forged, 1), else_=0)), 0),
    )
    return Amount(*(int(each) for each in connection.execute(query).one()))


def pages(connection: Connection, ids: Sequence[int] | None = None) -> Iterator[list[Unread]]:
    """Yield the kept messages, or those with these ids, the oldest first, some at a time."""
    after = 0
    while True:
        query = select(unread_message).where(unread_message.c.id > after, *_conditions(ids))
        rows = connection.execute(query.order_by(unread_message.c.id).limit(_ROWS_A_READ)).all()
        if not rows:
            return
        after = rows[-1].id
        yield [
            Unread(
                row.id, row.why, row.first_at, row.last_at, row.times, row.bytes, _text(row.body), row.forged
            )
            for row in rows
        ]


def drop(
    connection: Connection,
    ids: Sequence[int] | None,
    *,
    by: str,
    note: str,
    action: Action = Action.DELETED,
) -> int:
    """Delete the kept messages, or those with these ids, and remember who did it; return how many."""
    deleted = connection.execute(delete(unread_message).where(*_conditions(ids))).rowcount
    note_change(connection, action, deleted, by=by, note=note)
    return deleted


def note_change(connection: Connection, action: Action, messages: int, *, by: str, note: str) -> None:
    """Remember who exported or deleted so many."""
    row = {"at": clock.now(connection), "action": action, "by": by, "messages": messages, "note": note}
    connection.execute(insert(unread_change).values(**row))


def forget(connection: Connection, key: str) -> int:
    """Empty the kept messages that name an address, in any spelling; return how many those were."""
    emptied = 0
    for page in pages(connection):
        theirs = [each.id for each in page if spellings.names(each.body, key)]
        their_rows = update(unread_message).where(unread_message.c.id.in_(theirs))
        connection.execute(their_rows.values(body=b"", bytes=0))
        emptied += len(theirs)
    return emptied


def _count_again(connection: Connection, digests: Sequence[str], at: float) -> set[str]:
    known: set[str] = set()
    for part in batches(sorted(digests)):
        theirs = among(connection, unread_message.c.digest, part)
        counted = update(unread_message).where(theirs).values(times=unread_message.c.times + 1, last_at=at)
        known.update(connection.execute(counted.returning(unread_message.c.digest)).scalars())
    return known


def _conditions(ids: Sequence[int] | None) -> list[ColumnElement[bool]]:
    return [] if ids is None else [unread_message.c.id.in_(ids)]


def _digest(body: str) -> str:
    return hashlib.sha256(_bytes(body)).hexdigest()


def _bytes(body: str) -> bytes:
    return body.encode("utf-8", "surrogatepass")


def _text(body: bytes) -> str:
    return body.decode("utf-8", "surrogatepass")
