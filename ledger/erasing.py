"""Removing a person from everything that the ledger remembers, with the counts left as they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, delete, select, update

from ledger import campaigns, clock, erasures, event_texts, singles, spellings, unread
from ledger.dialects import insert
from ledger.erasures import ERASED
from ledger.errors import LedgerError
from ledger.key_batches import batches
from ledger.schema import (
    callback,
    erasure,
    event,
    idempotency,
    message,
    sign_up,
    single,
    subscriber,
    suppression,
    suppression_change,
)
from ledger.statuses import Stage, Status
from ledger.suppressions import Suppression, SuppressionReason, add
from ledger.transitions import read_states, save

_ROWS_AT_A_TIME = 1_000


class BeingSent(LedgerError):
    """A message to the person is on its way out just now; a moment later it is not."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was erased. `unsent` of the messages still waited and will not be sent."""

    messages: int
    unsent: int
    events: int
    suppressions: int
    sign_ups: int
    callbacks: int
    # Kept messages of the event queue that could not be read and named the person.
    unread: int = 0


def erase(connection: Connection, key: str, *, by: str, reason: str) -> Erased:
    """Remove the owner of an address key from everywhere, and suppress the hash that stays.

    Messages keep their statuses, facts and counts, so every report still balances. Raises BeingSent. Erasing
    the same person again erases what has come since.
    """
    if connection.dialect.name == "sqlite":
        # Else the old text stays in the file's free pages until something else needs them.
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
    known_as = erasures.hash_of(connection, key)
    query = select(message.c.id, message.c.campaign_id).where(message.c.address_key == key)
    found = dict(connection.execute(query).tuples().all())
    # Everyone locks campaigns before messages, both by id, and single messages like one more campaign.
    if None in found.values():
        singles.lock(connection)
    for campaign_id in sorted({each for each in found.values() if each is not None}):
        campaigns.lock(connection, campaign_id)
    ids = sorted(found)
    unsent = _withdraw(connection, ids)
    at = clock.now(connection)
    row = insert(connection, erasure).values(address_hash=known_as, at=at, by=by, reason=reason)
    connection.execute(row.on_conflict_do_nothing())
    erased = Erased(
        messages=len(ids),
        unsent=unsent,
        events=_forget_events(connection, ids, key),
        suppressions=_hash_suppressions(connection, key, known_as, by),
        sign_ups=_forget_sign_ups(connection, key),
        callbacks=_forget_callbacks(connection, ids, at),
        unread=unread.forget(connection, key),
    )
    _forget_singles(connection, ids, key)
    _forget_messages(connection, ids, known_as)
    return erased


def _withdraw(connection: Connection, ids: Sequence[int]) -> int:
    states = read_states(connection, ids)
    if any(state.status is Status.SENDING for state in states.values()):
        raise BeingSent("a message to this person is being sent just now: run it again in a minute.")
    at = clock.now(connection)
    waiting = [state for state in states.values() if state.status in (Status.QUEUED, Status.CLAIMED)]
    save(
        connection,
        [(state, state.moved(Stage.SUPPRESSED, at).with_detail(ERASED)) for state in waiting],
    )
    return len(waiting)


def _forget_events(connection: Connection, ids: Sequence[int], key: str) -> int:
    """Empty what events say; that they came stays, so that a repeat of one is still known as such."""
    empty = {"recipient": None, "diagnostic": None, "raw_digest": None}
    texts = event_texts.of_messages(connection, ids)
    emptied = connection.execute(update(event).where(event.c.message_id.in_(ids)).values(empty)).rowcount
    # Those that belong to no message of this ledger name their recipient alone.
    strangers = select(event.c.id, event.c.recipient, event.c.raw_digest).where(
        event.c.message_id.is_(None), event.c.recipient.is_not(None)
    )
    rows = connection.execute(strangers.execution_options(yield_per=_ROWS_AT_A_TIME))
    theirs = {id_: digest for id_, recipient, digest in rows if spellings.names(recipient, key)}
    for part in batches(list(theirs)):
        emptied += connection.execute(update(event).where(event.c.id.in_(part)).values(empty)).rowcount
    event_texts.empty(connection, texts | {digest for digest in theirs.values() if digest})
    return emptied


def _hash_suppressions(connection: Connection, key: str, known_as: str, by: str) -> int:
    """Let what stands against the person stand against the hash; return how many entries those were."""
    # A note is in somebody's own words, and may name the person.
    without = {"address_key": known_as, "note": None}
    history = suppression_change.c.address_key == key
    connection.execute(update(suppression_change).where(history).values(without))
    theirs = suppression.c.address_key == key
    entries = connection.execute(update(suppression).where(theirs).values(without)).rowcount
    add(connection, [Suppression(known_as, SuppressionReason.MANUAL, ERASED, by=by)])
    return entries


def _forget_sign_ups(connection: Connection, key: str) -> int:
    """Forget the person's consent, with its proof; return how many sign-ups those were."""
    known = connection.execute(delete(subscriber).where(subscriber.c.address_key == key)).rowcount
    asked = connection.execute(delete(sign_up).where(sign_up.c.address_key == key)).rowcount
    return max(known, asked)


def _forget_callbacks(connection: Connection, ids: Sequence[int], at: float) -> int:
    """Take back what was not delivered yet, for it would carry the address; return how many those were."""
    theirs = callback.c.message_id.in_(ids)
    connection.execute(update(callback).where(theirs).values(diagnostic=None))
    taken = connection.execute(
        update(callback)
        .where(theirs, callback.c.due_at.is_not(None))
        .values(due_at=None, failed_at=at, answer=ERASED)
    )
    return taken.rowcount


def _forget_singles(connection: Connection, ids: Sequence[int], key: str) -> None:
    connection.execute(
        update(single)
        .where(single.c.message_id.in_(ids))
        .values(recipient=ERASED, subject=ERASED, text=ERASED, alias=None, client_id=None, external_id=None)
    )
    # Answers are kept for a day and repeat the request, in the caller's own spelling.
    kept = select(idempotency.c.owner_id, idempotency.c.key, idempotency.c.answer)
    rows = connection.execute(kept.execution_options(yield_per=_ROWS_AT_A_TIME))
    theirs = [(owner_id, name) for owner_id, name, answer in rows if spellings.json_names(answer, key)]
    for owner_id, name in theirs:
        place = (idempotency.c.owner_id == owner_id, idempotency.c.key == name)
        connection.execute(delete(idempotency).where(*place))


def _forget_messages(connection: Connection, ids: Sequence[int], known_as: str) -> None:
    connection.execute(
        update(message)
        .where(message.c.id.in_(ids))
        .values(
            address=ERASED,
            address_key=known_as,
            domain=ERASED,
            fields={},
            # What a mail server said often quotes the address; a reason of ours never does.
            detail=case((message.c.detail.contains("@"), ERASED), else_=message.c.detail),
        )
    )
