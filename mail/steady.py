"""The steady course, on which nearly every call goes: SES took the whole of it, and the next one follows.

Then its answer, the next call's place under the rate and, where nobody waits for that, the next call's
intent are one transaction. Whatever else there is to say goes the long way, step by step (mail.calling).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger import attempts, campaigns, clearance, clock
from ledger.attempts import Answer, ClaimLost, Result
from ledger.campaigns import State
from ledger.claims import Claim
from ledger.engine import Ledger
from ledger.fresh_ids import fresh_id
from mail import rate
from mail.rate import ACCOUNT, Place, Rate
from mail.ses import Reply
from mail.ses_requests import Outgoing


@dataclass(frozen=True, slots=True)
class Turn:
    """The next call's place, and whether its intent is committed: then it goes out at once."""

    place: Place
    intended: bool = False


def turn(
    ledger: Ledger,
    allowed: Rate,
    held: Claim,
    taken: Sequence[Result],
    message_ids: Mapping[str, int],
    following: Sequence[Outgoing],
    *,
    fresh: bool,
) -> Turn | None:
    """Record that SES took the last call, if there was one, and book a place for the messages that follow.

    `taken` and `message_ids` (by send id) are as in `attempts.record`. `fresh`: the lease is not due, so that
    the next call may go out without waiting for anything. Returns None, with nothing written, where anything
    stands against the next call: then the answer is recorded alone, and the next call finds out what it is.
    """
    try:
        with ledger.writing() as connection:
            state, epoch = campaigns.lock_state(connection, held.campaign_id)
            locked = rate.lock(connection, allowed)
            at = clock.now(connection)
            clear = clearance.read(connection, held, ACCOUNT)
            if state is not State.RUNNING or epoch != held.epoch or not clear.lets_go(at):
                return None
            if taken:
                attempts.record(connection, taken, held, message_ids, at)
            place = rate.book(connection, allowed, len(following), locked, at)
            if place.wait_seconds > 0 or not fresh:
                return Turn(place)
            send_ids = {message.message_id: message.send_id for message in following}
            attempts.intend(connection, held, fresh_id(), send_ids, at)
            return Turn(place, intended=True)
    except ClaimLost:
        return None


def is_taken_whole(reply: Reply) -> bool:
    """Return whether SES took every message of a call."""
    return all(result.answer is Answer.ACCEPTED for result in reply.results)
