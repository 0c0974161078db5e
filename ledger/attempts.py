"""Attempts to send: the intent that is committed before a call, and the answer that is recorded after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from sqlalchemy import Connection, bindparam, func, select, update

from ledger import call_rows, clock, outbox
from ledger.campaigns import Campaign, State
from ledger.claims import Claim, is_good
from ledger.schema import attempt, campaign, message, single, withdrawal
from ledger.statuses import Fact, Stage, Status
from ledger.transitions import MessageState, add_to_tally, count_accepted, read_states, save

MAX_FAILURES = 5


class ClaimLost(Exception):
    """The lease is over, the campaign no longer runs, or the rows moved on: nothing may be sent."""


class Answer(StrEnum):
    """What an answer means for one message."""

    ACCEPTED = "accepted"
    # SES will never take this message.
    REJECTED = "rejected"
    # Definitely not sent, and not the message's fault: a throttle, or a fault of the account.
    NOT_SENT = "not_sent"
    # Definitely not sent; SES calls the failure transient. After MAX_FAILURES the message FAILED.
    TRANSIENT = "transient"
    # Not sent because another entry of the call was refused; the claim stays, for a smaller call.
    SPLIT = "split"
    # It may have been sent.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to one attempt. `text` is SES's own word for it, without an address."""

    send_id: str
    answer: Answer
    ses_message_id: str | None = None
    text: str | None = None


def commit_intent(
    connection: Connection, locked: Campaign | None, held: Claim, call_id: str, send_ids: Mapping[int, str]
) -> None:
    """Write that a call is about to be made for these messages (id -> send id): CLAIMED -> SENDING.

    Its commit is the last thing before the call. Raises ClaimLost, and then nothing may be sent, where the
    campaign does not run in the claim's epoch, the lease is over, or a message is no longer the claim's.
    `locked` is None for single messages.
    """
    if locked is not None and (locked.state is not State.RUNNING or locked.epoch != held.epoch):
        raise ClaimLost
    if not is_good(connection, held):
        raise ClaimLost
    intend(connection, held, call_id, send_ids, clock.now(connection))


def intend(connection: Connection, held: Claim, call_id: str, send_ids: Mapping[int, str], at: float) -> None:
    """Write the intent of a call that may go out, as the caller has seen under the campaign's lock.

    Raises ClaimLost where a message is no longer the claim's; the transaction must not commit then.
    """
    count = len(send_ids)
    if call_rows.intend(connection, send_ids, call_id, held.id, at) != count:
        raise ClaimLost
    if held.campaign_id:
        moved = {Status.CLAIMED: -count, Status.SENDING: count}
        add_to_tally(connection, held.campaign_id, held.epoch, moved)
    if held.told:
        outbox.note_all(connection, message.c.id.in_(list(send_ids)), Status.CLAIMED, Status.SENDING)


def record(
    connection: Connection,
    results: Sequence[Result],
    held: Claim | None = None,
    message_ids: Mapping[str, int] | None = None,
    at: float | None = None,
) -> None:
    """Write the answers to attempts whose campaign, or single messages, are locked.

    A late answer is recorded like any other: recording is not fenced, only claiming and sending are. But only
    the newest attempt of a message can queue it again. `held` and `message_ids` (by send id) are the claim
    and the messages of a campaign's call; knowing them, what is alike is written at once. `at` is the
    database's time, where the caller has asked for it under the lock.
    """
    at = clock.now(connection) if at is None else at
    if held is not None and held.campaign_id and message_ids is not None:
        results = _accept(connection, results, held, message_ids, at)
    if not results:
        return
    send_ids = [result.send_id for result in results]
    known = {row.send_id: row for row in connection.execute(_KNOWN, {"send_ids": send_ids})}
    states = read_states(connection, [row.message_id for row in known.values()])
    connection.execute(
        _RECORD,
        [
            {
                "key": result.send_id,
                "new_answered_at": at,
                "new_result": result.answer,
                "new_ses_message_id": result.ses_message_id,
                "new_error": result.text,
            }
            for result in results
        ],
    )
    changes = []
    for result in results:
        row = known[result.send_id]
        before = states[row.message_id]
        after = _after(before, result, at, newest=row.number == row.attempts)
        taken_back = row.state == State.CANCELLED or row.taken_back is not None
        if taken_back and after.status in (Status.QUEUED, Status.CLAIMED):
            after = after.moved(Stage.CANCELLED, at)
            after = after if row.taken_back is None else after.with_detail(row.taken_back)
        changes.append((before, after))
    save(connection, changes)


def fail(connection: Connection, message_id: int, detail: str) -> None:
    """Give up on a message that waits, and whose content cannot be made; its campaign is locked."""
    before = read_states(connection, [message_id])[message_id]
    if before.status in (Status.QUEUED, Status.CLAIMED):
        failed = before.with_facts({Fact.FAILED: clock.now(connection)}).with_detail(detail)
        save(connection, [(before, failed)])


def _accept(
    connection: Connection, results: Sequence[Result], held: Claim, message_ids: Mapping[str, int], at: float
) -> Sequence[Result]:
    """Write the acceptances of messages to which nothing else has happened; return what is left to record."""
    taken = {
        message_ids[result.send_id]: (result.send_id, result.ses_message_id)
        for result in results
        if result.answer is Answer.ACCEPTED and result.ses_message_id is not None
    }
    if not taken:
        return results
    written = call_rows.accept(connection, taken, held.id, at)
    if not written:
        return results
    count_accepted(connection, held.campaign_id, held.epoch, len(written), at)
    return [result for result in results if message_ids[result.send_id] not in written]


# Made once: to make a statement takes longer than to run it.
_KNOWN = (
    select(
        attempt.c.send_id,
        attempt.c.message_id,
        attempt.c.number,
        message.c.attempts,
        campaign.c.state,
        withdrawal.c.reason.label("taken_back"),
    )
    .join(message, message.c.id == attempt.c.message_id)
    .outerjoin(campaign, campaign.c.id == message.c.campaign_id)
    .outerjoin(single, single.c.message_id == message.c.id)
    .outerjoin(withdrawal, withdrawal.c.id == single.c.withdrawal_id)
    .where(attempt.c.send_id.in_(bindparam("send_ids", expanding=True)))
)

# An event that came first may already have brought the SES message id: an answer without one keeps it.
_RECORD = (
    update(attempt)
    .where(attempt.c.send_id == bindparam("key"))
    .values(
        answered_at=bindparam("new_answered_at"),
        result=bindparam("new_result"),
        ses_message_id=func.coalesce(bindparam("new_ses_message_id"), attempt.c.ses_message_id),
        error=bindparam("new_error"),
    )
)


def _after(before: MessageState, result: Result, at: float, *, newest: bool) -> MessageState:
    if result.answer is Answer.ACCEPTED:
        return before.with_facts({Fact.ACCEPTED: at})
    if not newest or before.status not in (Status.SENDING, Status.IN_DOUBT):
        return before
    match result.answer:
        case Answer.REJECTED:
            rejected = before.with_facts({Fact.REJECTED: at})
            return rejected.with_detail(result.text) if result.text else rejected
        case Answer.NOT_SENT:
            return before.moved(Stage.QUEUED, at)
        case Answer.TRANSIENT:
            failures = before.failures + 1
            after = replace(before.moved(Stage.QUEUED, at), failures=failures)
            if failures < MAX_FAILURES:
                return after
            return after.with_facts({Fact.FAILED: at}).with_detail(result.text or "transient failure")
        case Answer.SPLIT:
            if before.status is Status.IN_DOUBT:
                return before.moved(Stage.QUEUED, at)
            return replace(before, stage=Stage.CLAIMED, stage_at=at)
        case Answer.UNKNOWN:
            return before.moved(Stage.IN_DOUBT, at)
        case _:
            assert_never(result.answer)
