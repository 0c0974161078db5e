"""Removing a person from everything that the ledger remembers, with the counts left as they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, delete, select, update

from ledger import campaigns, clock, erasures, event_texts, mentions, personal_domains, singles, unread
from ledger.dialects import insert
from ledger.errors import LedgerError
from ledger.mentions import Mention
from ledger.schema import (
    attempt,
    callback,
    erasure,
    event,
    message,
    sign_up,
    single,
    subscriber,
    suppression,
    suppression_change,
)
from ledger.spellings import ERASED, Person
from ledger.statuses import Stage, Status
from ledger.suppressions import Suppression, SuppressionReason, add
from ledger.transitions import read_states, save


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
    # Rows about others that named the person.
    mentions: int = 0


def erase(
    connection: Connection,
    key: str,
    *,
    by: str,
    reason: str,
    found: Sequence[Mention] | None = None,
) -> Erased:
    """Remove the owner of an address key from everywhere, and suppress the hash that stays.

    `found` are the rows about others that name the person, as `mentions.find` found them a moment before;
    None: they are searched for now. Messages keep their statuses, facts and counts, so every report still
    balances. Raises BeingSent. Erasing the same person again erases what has come since.
    """
    person = Person(key)
    if connection.dialect.name == "sqlite":
        # Else the old text stays in the file's free pages until something else needs them.
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
    known_as = erasures.hash_of(connection, key)
    query = select(message.c.id, message.c.campaign_id).where(message.c.address_key == key)
    theirs = dict(connection.execute(query).all())
    # Everyone locks campaigns before messages, both by id, and single messages like one more campaign.
    if None in theirs.values():
        singles.lock(connection)
    for campaign_id in sorted({each for each in theirs.values() if each is not None}):
        campaigns.lock(connection, campaign_id)
    ids = sorted(theirs)
    unsent = _withdraw(connection, ids)
    at = clock.now(connection)
    row = insert(connection, erasure).values(address_hash=known_as, at=at, by=by, reason=reason)
    connection.execute(row.on_conflict_do_nothing())
    events = _forget_events(connection, ids)
    suppressions = _hash_suppressions(connection, key, known_as, by)
    sign_ups = _forget_sign_ups(connection, key)
    callbacks = _forget_callbacks(connection, ids, at)
    _forget_messages(connection, ids, known_as)
    _forget_attempts(connection, ids)
    _forget_singles(connection, ids)
    mentions.forget_answers(connection, person)
    personal_domains.forget(connection, person.domain, known_as)
    elsewhere = mentions.find(connection, person) if found is None else found
    changed = mentions.take_out(connection, person, elsewhere)
    named = changed.pop(event.name, 0)
    return Erased(
        messages=len(ids),
        unsent=unsent,
        events=events + named,
        suppressions=suppressions,
        sign_ups=sign_ups,
        callbacks=callbacks,
        unread=unread.forget(connection, key),
        mentions=sum(changed.values()),
    )


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


def _forget_events(connection: Connection, ids: Sequence[int]) -> int:
    """Empty what events say; that they came stays, so that a repeat of one is still known as such."""
    empty = {"recipient": None, "diagnostic": None, "raw_digest": None}
    texts = event_texts.of_messages(connection, ids)
    emptied = connection.execute(update(event).where(event.c.message_id.in_(ids)).values(empty)).rowcount
    event_texts.empty(connection, texts)
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
    # What a receiver answered may quote what it was told.
    answer = case((callback.c.answer.contains("@"), ERASED), else_=callback.c.answer)
    connection.execute(update(callback).where(theirs).values(diagnostic=None, answer=answer))
    taken = connection.execute(
        update(callback)
        .where(theirs, callback.c.due_at.is_not(None))
        .values(due_at=None, failed_at=at, answer=ERASED)
    )
    return taken.rowcount


def _forget_singles(connection: Connection, ids: Sequence[int]) -> None:
    connection.execute(
        update(single)
        .where(single.c.message_id.in_(ids))
        .values(recipient=ERASED, subject=ERASED, text=ERASED, alias=None, client_id=None, external_id=None)
    )


def _forget_attempts(connection: Connection, ids: Sequence[int]) -> None:
    theirs = (attempt.c.message_id.in_(ids), attempt.c.error.contains("@"))
    connection.execute(update(attempt).where(*theirs).values(error=ERASED))


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
