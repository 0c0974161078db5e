"""Sending a campaign: claim, render, and hand what is rendered to the calls, until there is no more."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import assert_never

from ledger import attempts, campaigns
from ledger.attempts import ClaimLost
from ledger.claims import Claim, Recipient
from ledger.fresh_ids import fresh_id
from mail import call_modes, gatekeeping, quota, ses_requests
from mail.calling import Calls, Work
from mail.claiming import NoClaim, claim, give_back
from mail.errors import TemplateError, Uncomposable
from mail.generation_blocks import Answer, Leave
from mail.message import MessageContext, compose
from mail.ses_requests import Outgoing
from mail.unsubscribe import url

# While the breaker is open: how often a worker looks whether that, or the campaign's state, has changed.
_LOOK_AGAIN_SECONDS = 2.0
_BROKEN_IN_A_ROW = 10
TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class Sent:
    """What a chunk came to: messages by answer, and why it ended.

    `ended` is the campaign's state where that stopped it, `terminated` where the process is to end, `chunk`
    where the chunk was full or the day's quota is used, `waiting` where others still hold the rest or no
    quota has come back yet, `later` where the rest is for another day of the sender's warm-up, and
    `nothing_left` otherwise.
    """

    answers: dict[str, int]
    ended: str


def send_chunk(work: Work, recipients: int) -> Sent:
    """Send to at most about `recipients` people and return what became of it.

    Safe to call again after any crash, and from several workers at once.
    """
    with work.ledger.reading() as connection:
        calls = Calls(work, call_modes.present(connection))
    ended = _send(work, calls, recipients)
    return Sent(dict(calls.answers), ended)


def _send(work: Work, calls: Calls, recipients: int) -> str:
    """Claim and send until the chunk is full or there is no more to claim, and return which (see `Sent`)."""
    left = recipients if work.quota is None else min(recipients, work.quota)
    if left <= 0:
        quota.note_used_up(work.ledger)
        work.sleep(quota.LOOK_AGAIN_SECONDS)
        return "waiting"
    while left > 0:
        if work.ends.is_set():
            return TERMINATED
        size = min(left, 1 if calls.is_cut_off else work.rate.claim_size)
        held = claim(work.ledger, work.campaign, work.owner, size, work.rate.per_second)
        if isinstance(held, NoClaim):
            if held.wait_seconds <= 0:
                if work.noted is not None and not held.held_by_others:
                    # So that a copy taken while the last block lasted is behind as well.
                    work.noted.end(work.ledger)
                return _why(held)
            work.sleep(min(held.wait_seconds, _LOOK_AGAIN_SECONDS))
            continue
        # Whatever breaks from here on, nobody waits for the end of the lease.
        try:
            answer = _ask(work, held)
            match answer.leave:
                case Leave.GRANTED:
                    left -= len(held.recipients)
                    # Lost where the campaign stopped or the lease is over: the next claim tells which.
                    with suppress(ClaimLost):
                        calls.send(held, rendered(work, held, calls.answers))
                case Leave.LATER:
                    pass
                case Leave.UNNOTED | Leave.RESTORED:
                    return campaigns.State.PAUSED
                case other:
                    assert_never(other)
        finally:
            give_back(work.ledger, held)
        if answer.wait_seconds > 0:
            work.sleep(answer.wait_seconds)
    return "chunk"


def _ask(work: Work, held: Claim) -> Answer:
    """Return whether a claim may be sent; where it never may, the campaign is paused by then."""
    if work.noted is None:
        return Answer(Leave.GRANTED)
    answer = work.noted.ask(work.ledger)
    if answer.leave is Leave.UNNOTED:
        with work.ledger.writing() as connection:
            gatekeeping.stop(connection, held.campaign_id, answer.reason)
    return answer


def _why(none: NoClaim) -> str:
    if none.state is not campaigns.State.RUNNING:
        return none.state
    if none.continues_at is not None:
        return "later"
    return "waiting" if none.held_by_others else "nothing_left"


def rendered(work: Work, held: Claim, answers: Counter[str]) -> Iterator[Outgoing]:
    """Render a claim's messages one by one; one whose content cannot be made fails alone.

    Raises whatever breaks the rendering of several in a row: that is no row's fault, and fails none.
    """
    broken: list[tuple[int, str]] = []
    for recipient in held.recipients:
        # Every row was rendered before the first was sent.
        try:
            message = _render(work, held, recipient)
        except TemplateError as err:
            _fail(work, held, answers, [(recipient.message_id, str(err))])
        except Uncomposable as err:
            why = f"The text made of its HTML cannot be sent: {err}."
            _fail(work, held, answers, [(recipient.message_id, why)])
        except Exception as err:
            # Its text may hold what stands in the row.
            broken.append((recipient.message_id, f"No mail can be made of it ({type(err).__name__})."))
            if len(broken) >= _BROKEN_IN_A_ROW or isinstance(err, MemoryError):
                raise
        else:
            _fail(work, held, answers, broken)
            broken = []
            yield message
    _fail(work, held, answers, broken)


def _fail(work: Work, held: Claim, answers: Counter[str], messages: Sequence[tuple[int, str]]) -> None:
    if not messages:
        return
    with work.ledger.writing() as connection:
        campaigns.lock(connection, held.campaign_id)
        for message_id, why in messages:
            attempts.fail(connection, message_id, why)
    answers["failed"] += len(messages)


def _render(work: Work, held: Claim, recipient: Recipient) -> Outgoing:
    token = work.tokens.issue(recipient.message_id, held.campaign_id)
    content = compose(
        work.templates, recipient.fields, MessageContext(recipient.address, url(work.public_url, token))
    )
    local, _, _ = recipient.address.rpartition("@")
    return ses_requests.outgoing(recipient.message_id, fresh_id(), f"{local}@{recipient.domain}", content)
