"""A campaign's calls: wait for the rate, commit the intent, call SES, record the answer.

Whatever is killed, and whenever, nobody is mailed twice: the intent is committed before the call, and a row
whose intent has no answer is in doubt, never queued again by itself.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ledger import accounts, attempts, breaker, campaigns
from ledger.attempts import Answer, ClaimLost
from ledger.breaker import Opened
from ledger.claims import Claim
from ledger.engine import Ledger
from ledger.fresh_ids import fresh_id
from mail import call_modes, gatekeeping, outages, rate, steady, warm_up
from mail.call_modes import FULL_CALLS_PER_SECOND, Mode
from mail.generation_blocks import GenerationBlocks
from mail.lease import Lease
from mail.rate import ACCOUNT, Place, Rate
from mail.refusals import Refusals, halves
from mail.ses import Reply
from mail.ses_client import SesClient
from mail.ses_errors import Verdict
from mail.ses_requests import Envelope, Outgoing
from mail.steady import Turn, is_taken_whole
from mail.templating import Templates
from mail.unsubscribe import Tokens
from mail.waiting import Waiting

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
    noted: GenerationBlocks | None = None
    # Told what an operator should know of the sending, in a sentence without an address.
    tell: Callable[[str], None] = lambda sentence: None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    # Set where nothing more is to be claimed or called.
    ends: threading.Event = field(default_factory=threading.Event)


class Calls:
    """The calls of one worker, with what it remembers from one to the next.

    answers: messages by what became of them.
    """

    def __init__(self, work: Work, mode: Mode) -> None:
        self.answers: Counter[str] = Counter()
        self._work = work
        self._mode = mode
        # Calls in a row that this worker got no answer to.
        self._silent_calls = 0
        self._refusals = Refusals()
        self._backoff_seconds = _FIRST_BACKOFF_SECONDS
        # The next call's place, taken in the transaction that recorded the last one, and when that was.
        self._turn: Turn | None = None
        self._turn_at = 0.0
        # Whether the last call did not have to wait for the rate.
        self._hurries = False

    @property
    def is_cut_off(self) -> bool:
        """Whether this worker risks one message at a time until it is answered, even where others are."""
        return self._silent_calls >= breaker.OPENS_AFTER

    def send(self, held: Claim, rendered: Iterator[Outgoing]) -> None:
        """Send a claim's messages; they are rendered no sooner than a call asks for them.

        Raises ClaimLost where nothing more of this claim may be sent.
        """
        lease = Lease(self._work.ledger, held, self._work.sleep, self._work.clock)
        waiting = Waiting(lease.during(rendered))
        try:
            messages = waiting.take(self._size)
            while messages:
                # Nothing is rendered between an intent and its call, so that a crash there is unlikely.
                at_once = self._turn is not None and self._turn.intended
                if self._hurries and not at_once:
                    waiting.render()
                following = waiting.take(self._size, ready=at_once)
                mode = self._mode
                self._call(lease, messages, following)
                if self._mode is not mode:
                    # The way to make calls may change in the middle of a claim.
                    waiting.put_back(following)
                    following = []
                messages = following or waiting.take(self._size)
        finally:
            if self._turn is not None and not self._turn.intended:
                rate.give_back(self._work.ledger, self._turn.place)
            self._turn = None

    @property
    def _size(self) -> int:
        return call_modes.size(self._mode, self._work.rate)

    def _call(self, lease: Lease, messages: Sequence[Outgoing], following: Sequence[Outgoing] = ()) -> None:
        """Send one call's messages; `following` are the next one's."""
        mode = self._mode
        place = self._intend(lease, messages)
        # Nothing stands between the commit of the intent and this call.
        reply = call_modes.call(self._work.ses, self._work.envelope, messages, mode, self._work.rate)
        if not self._go_on(lease, mode, messages, reply, following):
            self._record(lease.held, mode, messages, reply)
        if self.is_cut_off:
            raise ClaimLost
        if any(result.answer is Answer.SPLIT for result in reply.results):
            rate.give_back(self._work.ledger, place)
            for half in halves(messages):
                self._call(lease, half)

    def _intend(self, lease: Lease, messages: Sequence[Outgoing]) -> Place:
        """Commit the intent to send these messages when their turn has come, and return their place."""
        booked, self._turn = self._turn, None
        waited_seconds = self._work.clock() - self._turn_at
        if booked is None:
            booked, waited_seconds = self._book(lease, messages), 0.0
        if not booked.intended:
            try:
                lease.wait(booked.place.wait_seconds - waited_seconds)
                if self._work.ends.is_set():
                    raise ClaimLost
                self._commit_intent(lease.held, messages)
            except ClaimLost:
                rate.give_back(self._work.ledger, booked.place)
                raise
        return booked.place

    def _book(self, lease: Lease, messages: Sequence[Outgoing]) -> Turn:
        allowed = self._work.rate
        if self._mode is Mode.TENTHS and not self._work.ends.is_set():
            fresh = not lease.is_due
            turn = steady.turn(self._work.ledger, allowed, lease.held, (), {}, messages, fresh=fresh)
            if turn is not None:
                return turn
        # SendEmail is what an account without many calls is not limited by.
        in_bulk = self._mode is Mode.FULL and not messages[0].single
        calls_per_second = FULL_CALLS_PER_SECOND if in_bulk else 0.0
        return Turn(rate.take(self._work.ledger, allowed, len(messages), calls_per_second))

    def _commit_intent(self, held: Claim, messages: Sequence[Outgoing]) -> None:
        with self._work.ledger.writing() as connection:
            if accounts.suspension(connection) is not None:
                raise ClaimLost
            locked = campaigns.lock(connection, held.campaign_id)
            if not breaker.lets_through(connection, ACCOUNT, held.id):
                raise ClaimLost
            send_ids = {message.message_id: message.send_id for message in messages}
            attempts.commit_intent(connection, locked, held, fresh_id(), send_ids)

    def _go_on(
        self,
        lease: Lease,
        mode: Mode,
        messages: Sequence[Outgoing],
        reply: Reply,
        following: Sequence[Outgoing],
    ) -> bool:
        """Record the answer and take the next turn; return False, with nothing done, where it cannot."""
        if self._work.ends.is_set():
            return False
        if not following or mode is not Mode.TENTHS or not is_taken_whole(reply):
            return False
        message_ids = {message.send_id: message.message_id for message in messages}
        turn = steady.turn(
            self._work.ledger,
            self._work.rate,
            lease.held,
            reply.results,
            message_ids,
            following,
            fresh=not lease.is_due,
        )
        if turn is None:
            return False
        self._turn, self._turn_at = turn, self._work.clock()
        self._hurries = turn.intended
        self._silent_calls = 0
        self._refusals.note(reply)
        self._backoff_seconds = _FIRST_BACKOFF_SECONDS
        self.answers[Answer.ACCEPTED] += len(messages)
        return True

    def _record(self, held: Claim, mode: Mode, messages: Sequence[Outgoing], reply: Reply) -> None:
        stop = reply.stop or self._refusals.note(reply)
        self._silent_calls = 0 if outages.answered(reply) else self._silent_calls + 1
        with self._work.ledger.writing() as connection:
            turn = outages.note(connection, held, reply, self._silent_calls)
            self._mode, news = call_modes.note(connection, self._work.rate, mode, reply)
            locked = campaigns.lock(connection, held.campaign_id)
            message_ids = {message.send_id: message.message_id for message in messages}
            attempts.record(connection, reply.results, held, message_ids)
            unsent = sum(result.answer in (Answer.NOT_SENT, Answer.TRANSIENT) for result in reply.results)
            warm_up.take_back(connection, locked, unsent)
            if isinstance(turn, Opened):
                stop = stop or outages.reason_to_pause(connection, locked, turn, reply)
            if any(result.answer is Answer.REJECTED for result in reply.results):
                # Before the next intent of any worker: each call more would be refused as well.
                gatekeeping.review(connection, locked, self._work.rate.per_second)
            if stop:
                gatekeeping.stop(connection, held.campaign_id, stop)
        self.answers.update(result.answer for result in reply.results if result.answer is not Answer.SPLIT)
        if said := outages.sentence(turn, reply):
            self._work.tell(said)
        if news:
            self._work.tell(news)
        if reply.throttled or reply.verdict is Verdict.NOT_SENT:
            rate.hold(self._work.ledger, self._work.rate, self._backoff_seconds)
            self._backoff_seconds = min(2 * self._backoff_seconds, _LAST_BACKOFF_SECONDS)
        else:
            self._backoff_seconds = _FIRST_BACKOFF_SECONDS
