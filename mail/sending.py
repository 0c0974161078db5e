"""Sending: claim, render, wait for the rate, commit the intent, call SES, record the answer.

Whatever is killed, and whenever, nobody is mailed twice: the intent is committed before the call, and a row
whose intent has no answer is in doubt, never queued again by itself.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from uuid import uuid4

from ledger import accounts, attempts, breaker, campaigns, claims
from ledger.attempts import Answer, ClaimLost
from ledger.breaker import Opened
from ledger.claims import RENEW_AFTER_SECONDS, Claim, Recipient
from ledger.engine import Ledger
from mail import call_modes, gatekeeping, outages, quota, rate, restoring, ses_requests, warm_up
from mail.call_modes import FULL_CALLS_PER_SECOND, Mode
from mail.claiming import NoClaim, claim, give_back
from mail.errors import TemplateError
from mail.message import MessageContext, compose
from mail.rate import ACCOUNT, Place, Rate
from mail.restoring import Noted
from mail.ses import Reply
from mail.ses_client import SesClient
from mail.ses_errors import Verdict
from mail.ses_requests import Envelope, Outgoing
from mail.templating import Templates
from mail.unsubscribe import Tokens, url
from mail.waiting import Waiting

# So many messages in a row that SES refused, each alone, stop the campaign.
MAX_REFUSED_ALONE = 3
# While the breaker is open: how often a worker looks whether that, or the campaign's state, has changed.
_LOOK_AGAIN_SECONDS = 2.0
# One claim covers about this much sending, so that its lease is renewed a few times at the most, and no more
# recipients than can be claimed between two calls: a worker that comes late to its next call loses its place.
_CLAIM_SECONDS = 10.0
_CLAIM_RECIPIENTS = 500
_FIRST_BACKOFF_SECONDS = 0.5
_LAST_BACKOFF_SECONDS = 8.0


@dataclass(frozen=True, slots=True)
class Work:
    """Everything that sending a campaign needs, made once a worker."""

    ledger: Ledger
    ses: SesClient
    campaign: str
    owner: str
    envelope: Envelope
    templates: Templates
    tokens: Tokens
    public_url: str
    rate: Rate
    # How many recipients SES still takes of this worker; None where that is not watched.
    quota: int | None = None
    # None only in tests and measurements: then a restored ledger shows by its events alone.
    noted: Noted | None = None
    # Told what an operator should know of the sending, in a sentence without an address.
    tell: Callable[[str], None] = lambda sentence: None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Sent:
    """What a chunk came to: messages by answer, and why it ended.

    `ended` is the campaign's state where that stopped it, `chunk` where the chunk was full or the day's quota
    is used, `waiting` where others still hold the rest or no quota has come back yet, `later` where the
    rest is for another day of the sender's warm-up, and `nothing_left` otherwise.
    """

    answers: dict[str, int]
    ended: str


def send_chunk(work: Work, recipients: int) -> Sent:
    """Send to at most about `recipients` people and return what became of it.

    Safe to call again after any crash, and from several workers at once.
    """
    chunk = _Chunk(work)
    return chunk.run(recipients)


@dataclass
class _Chunk:
    work: Work
    answers: Counter[str] = field(default_factory=Counter)
    # Calls in a row that this worker got no answer to.
    silent_calls: int = 0
    refused_alone: int = 0
    backoff_seconds: float = _FIRST_BACKOFF_SECONDS
    mode: Mode = Mode.TENTHS
    renewed_at: float = 0.0
    # The next call's place, booked in the transaction that recorded the last one, and when that was.
    booked: Place | None = None
    booked_at: float = 0.0

    def run(self, recipients: int) -> Sent:
        """Claim and send until the chunk is full or there is no more to claim."""
        with self.work.ledger.reading() as connection:
            self.mode = call_modes.present(connection)
        left = recipients if self.work.quota is None else min(recipients, self.work.quota)
        if left <= 0:
            self.work.sleep(quota.LOOK_AGAIN_SECONDS)
            return Sent(dict(self.answers), "waiting")
        while left > 0:
            held = claim(
                self.work.ledger,
                self.work.campaign,
                self.work.owner,
                min(left, self._claim_size()),
                self.work.rate.per_second,
            )
            if isinstance(held, NoClaim):
                if held.wait_seconds <= 0:
                    if left < recipients:
                        # So that a copy taken during the last claim is behind as well.
                        restoring.may_send(self.work.ledger, self.work.noted)
                    return self._ended(held)
                self.work.sleep(min(held.wait_seconds, _LOOK_AGAIN_SECONDS))
                continue
            if not restoring.may_send(self.work.ledger, self.work.noted):
                give_back(self.work.ledger, held)
                return Sent(dict(self.answers), campaigns.State.PAUSED)
            self.renewed_at = self.work.clock()
            left -= len(held.recipients)
            # Lost where the campaign stopped or the lease is over: the next claim tells which.
            try:
                with suppress(ClaimLost):
                    self._send_claim(held)
            finally:
                give_back(self.work.ledger, held)
        return Sent(dict(self.answers), "chunk")

    def _claim_size(self) -> int:
        if self._is_cut_off:
            return 1
        return min(
            _CLAIM_RECIPIENTS, max(self.work.rate.call_size, int(self.work.rate.per_second * _CLAIM_SECONDS))
        )

    @property
    def _is_cut_off(self) -> bool:
        """Whether this worker risks one message at a time until it is answered, even where others are."""
        return self.silent_calls >= breaker.OPENS_AFTER

    def _ended(self, none: NoClaim) -> Sent:
        if none.state is not campaigns.State.RUNNING:
            return Sent(dict(self.answers), none.state)
        if none.continues_at is not None:
            return Sent(dict(self.answers), "later")
        return Sent(dict(self.answers), "waiting" if none.held_by_others else "nothing_left")

    def _send_claim(self, held: Claim) -> None:
        rendered = (self._render(held, recipient) for recipient in held.recipients)
        waiting = Waiting(message for message in rendered if message is not None)
        try:
            messages = waiting.take(self._call_size)
            while messages:
                following = waiting.take(self._call_size)
                mode = self.mode
                self._call(held, messages, len(following))
                if self.mode is not mode:
                    # The way to make calls may change in the middle of a claim.
                    waiting.put_back(following)
                    following = waiting.take(self._call_size)
                messages = following
        finally:
            if self.booked is not None:
                rate.give_back(self.work.ledger, self.booked)
                self.booked = None

    @property
    def _call_size(self) -> int:
        return call_modes.size(self.mode, self.work.rate)

    def _render(self, held: Claim, recipient: Recipient) -> Outgoing | None:
        token = self.work.tokens.issue(recipient.message_id, held.campaign_id)
        context = MessageContext(recipient.address, url(self.work.public_url, token))
        try:
            content = compose(self.work.templates, recipient.fields, context)
        except TemplateError as err:
            # Every row was rendered before the first was sent; what fails now fails alone.
            with self.work.ledger.writing() as connection:
                campaigns.lock(connection, held.campaign_id)
                attempts.fail(connection, recipient.message_id, str(err))
            self.answers["failed"] += 1
            return None
        local, _, _ = recipient.address.rpartition("@")
        to = f"{local}@{recipient.domain}"
        return ses_requests.outgoing(recipient.message_id, uuid4().hex, to, content)

    def _call(self, held: Claim, messages: Sequence[Outgoing], following: int = 0) -> None:
        """Send one call's messages; `following` is how many the next one holds.

        Raises ClaimLost where nothing more of this claim may be sent.
        """
        mode = self.mode
        place, since = self._place(len(messages))
        try:
            self._wait(held, place.wait_seconds - since)
            self._commit_intent(held, messages)
        except ClaimLost:
            rate.give_back(self.work.ledger, place)
            raise
        # Nothing stands between the commit above and this call.
        reply = call_modes.call(self.work.ses, self.work.envelope, messages, mode, self.work.rate)
        self._record(held, mode, messages, reply, following)
        if self._is_cut_off:
            raise ClaimLost
        if any(result.answer is Answer.SPLIT for result in reply.results):
            rate.give_back(self.work.ledger, place)
            again = [replace(message, send_id=uuid4().hex) for message in messages]
            middle = len(again) // 2
            self._call(held, again[:middle])
            self._call(held, again[middle:])

    def _place(self, recipients: int) -> tuple[Place, float]:
        """Return the next call's place, and how many seconds ago it was booked."""
        if (booked := self.booked) is not None:
            self.booked = None
            return booked, self.work.clock() - self.booked_at
        calls_per_second = FULL_CALLS_PER_SECOND if self.mode is Mode.FULL else 0.0
        return rate.take(self.work.ledger, self.work.rate, recipients, calls_per_second), 0.0

    def _wait(self, held: Claim, seconds: float) -> None:
        """Wait for the call's place, renewing the lease on the way. Raises ClaimLost where it is over."""
        remaining = seconds
        while True:
            if self.work.clock() - self.renewed_at >= RENEW_AFTER_SECONDS:
                with self.work.ledger.writing() as connection:
                    renewed = claims.renew(connection, held)
                if not renewed:
                    raise ClaimLost
                self.renewed_at = self.work.clock()
            if remaining <= 0:
                return
            step = min(remaining, RENEW_AFTER_SECONDS)
            self.work.sleep(step)
            remaining -= step

    def _commit_intent(self, held: Claim, messages: Sequence[Outgoing]) -> None:
        with self.work.ledger.writing() as connection:
            if accounts.suspension(connection) is not None:
                raise ClaimLost
            locked = campaigns.lock(connection, held.campaign_id)
            if not breaker.lets_through(connection, ACCOUNT, held.id):
                raise ClaimLost
            send_ids = {message.message_id: message.send_id for message in messages}
            attempts.commit_intent(connection, locked, held, uuid4().hex, send_ids)

    def _record(
        self, held: Claim, mode: Mode, messages: Sequence[Outgoing], reply: Reply, following: int
    ) -> None:
        stop = reply.stop or self._refused_too_often(reply)
        self.silent_calls = 0 if outages.answered(reply) else self.silent_calls + 1
        booked: Place | None = None
        with self.work.ledger.writing() as connection:
            turn = outages.note(connection, held, reply, self.silent_calls)
            self.mode, news = call_modes.note(connection, self.work.rate, mode, reply)
            locked = campaigns.lock(connection, held.campaign_id)
            message_ids = {message.send_id: message.message_id for message in messages}
            attempts.record(connection, reply.results, held, message_ids)
            unsent = sum(result.answer in (Answer.NOT_SENT, Answer.TRANSIENT) for result in reply.results)
            warm_up.take_back(connection, locked, unsent)
            if isinstance(turn, Opened):
                stop = stop or outages.reason_to_pause(connection, locked, turn, reply)
            if stop:
                gatekeeping.stop(connection, held.campaign_id, stop)
            elif following and self.mode is mode is Mode.TENTHS and _is_accepted_whole(reply):
                booked = rate.book(connection, self.work.rate, following)
        if booked is not None:
            self.booked, self.booked_at = booked, self.work.clock()
        self.answers.update(result.answer for result in reply.results if result.answer is not Answer.SPLIT)
        if turn is not None:
            self.work.tell(outages.sentence(turn, reply))
        if news:
            self.work.tell(news)
        if reply.throttled or reply.verdict is Verdict.NOT_SENT:
            rate.hold(self.work.ledger, self.work.rate, self.backoff_seconds)
            self.backoff_seconds = min(2 * self.backoff_seconds, _LAST_BACKOFF_SECONDS)
        else:
            self.backoff_seconds = _FIRST_BACKOFF_SECONDS

    def _refused_too_often(self, reply: Reply) -> str:
        """Return why the campaign has to stop where message after message is refused, or an empty text."""
        if reply.verdict is Verdict.INVALID:
            self.refused_alone += sum(result.answer is Answer.REJECTED for result in reply.results)
        elif any(result.answer is Answer.ACCEPTED for result in reply.results):
            self.refused_alone = 0
        if self.refused_alone < MAX_REFUSED_ALONE:
            return ""
        # Not these messages are at fault but what all share: the rest must not be rejected as well.
        return f"SES refused {MAX_REFUSED_ALONE} messages in a row, each on its own: {reply.text}"


def _is_accepted_whole(reply: Reply) -> bool:
    return all(result.answer is Answer.ACCEPTED for result in reply.results)
