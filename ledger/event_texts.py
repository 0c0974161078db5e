"""The texts that events came in: each once, by its digest, however many recipients an event names.

Whoever erases a person empties the texts of the events that are theirs and leaves the rows: a repeat of such
an event finds its digest there, and brings nothing back.
"""

import hashlib
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, select, update

from ledger.dialects import insert
from ledger.key_batches import among, batches
from ledger.schema import event, event_raw

# In place of a text that was erased.
EMPTY = "{}"


def digest_of(raw: str) -> str | None:
    """Return what an event's row has in place of its text; None where nothing is kept of it."""
    return None if raw == EMPTY else hashlib.sha256(raw.encode()).hexdigest()


def add(connection: Connection, raws: Collection[str]) -> None:
    """Keep texts that are not there yet."""
    by_digest = {digest: raw for raw in raws if (digest := digest_of(raw)) is not None}
    # Always in one order, so that two collectors never wait for each other in a ring.
    rows = [{"digest": digest, "raw": raw} for digest, raw in sorted(by_digest.items())]
    if rows:
        connection.execute(insert(connection, event_raw).on_conflict_do_nothing(), rows)


def of_messages(connection: Connection, message_ids: Sequence[int]) -> set[str]:
    """Return the digests of the texts of all events of these messages."""
    query = select(event.c.raw_digest).where(
        event.c.message_id.in_(message_ids), event.c.raw_digest.is_not(None)
    )
    return {str(digest) for digest in connection.execute(query).scalars()}


def of_events(connection: Connection, event_ids: Sequence[int]) -> set[str]:
    """Return the digests of the texts of these events."""
    query = select(event.c.raw_digest).where(event.c.id.in_(event_ids), event.c.raw_digest.is_not(None))
    return {str(digest) for digest in connection.execute(query).scalars()}


def empty(connection: Connection, digests: Collection[str]) -> None:
    """Empty texts for good. A text names everybody whom its event is about, so it goes for all of them."""
    for part in batches(sorted(digests)):
        theirs = among(connection, event_raw.c.digest, part)
        connection.execute(update(event_raw).where(theirs).values(raw=EMPTY))
