"""Sending single messages, by the same protocol as a campaign's: claim, rate, intent, call, record.

They have no campaign to pause: where the account is at fault, whoever calls waits and tries again.
"""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import assert_never

from ledger import attempts, breaker, owner_standing, singles
from ledger.attempts import Answer, ClaimLost, Result
from ledger.claims import Claim, Recipient
from ledger.engine import Ledger
from ledger.fresh_ids import fresh_id
from ledger.singles import Mail
from mail import account_gate, composer, outages, rate, ses, ses_requests
from mail.addresses import parse_from
from mail.composer import Compose, ComposerBusy
from mail.errors import MailError, Uncomposable
from mail.generation_blocks import GenerationBlocks, Leave
from mail.harmless import is_harmless
from mail.lease import Lease
from mail.message import MessageContext
from mail.rate import ACCOUNT, Rate
from mail.refusals import Refusals, halves
from mail.ses import Reply
from mail.ses_client import SesClient
from mail.ses_errors import Verdict, is_about_the_sender
from mail.ses_requests import MAX_CALL_BYTES, Envelope, Outgoing
from mail.single_claiming import Held, Nothing, claim, give_back
from mail.unsubscribe import Tokens, url

# A claim covers little, so that what comes while it is sent waits for no more than that.
_CLAIM_SECONDS = 2.0
_CLAIM_MESSAGES = 500
_BACKOFF_SECONDS = 1.0
TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class SingleWork:
    """Everything that sending single messages needs, made once a worker. `tags` as in `Envelope`."""

    ledger: Ledger
    ses: SesClient
    owner: str
    configuration_set: str
    tags: dict[str, str]
    tokens: Tokens
    public_url: str
    rate: Rate
    # In bounded time and memory, whatever the text.
    compose: Compose = composer.compose
    # None only in tests: then a restored ledger shows by its events alone.
    noted: GenerationBlocks | None = None
    # Told what an operator should know of the sending, in a sentence without an address.
    tell: Callable[[str], None] = lambda sentence: None
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    # Set where nothing more is to be claimed or called.
    ends: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class SinglesSent:
    """Messages by answer, and why it ended.

    `ended` is `chunk` where the number asked for was sent, `terminated` where the process is to end,
    `stopped` where the account is at fault, `later` where it is still to be noted how far the ledger has
    come, and else the reason of `single_claiming.Nothing`. There may be more to send after `wait_seconds`.
    """

    answers: dict[str, int]
    ended: str
    wait_seconds: float = 0.0


def send_messages(work: SingleWork, at_most: int) -> SinglesSent:
    """Send up to about `at_most` single messages, those of all owners in turn.

    Safe to call again after any crash, and from several workers at once.
    """
    return _Run(work).run(at_most)


@dataclass
class _Run:
    work: SingleWork
    answers: Counter[str] = field(default_factory=Counter)
    silent_calls: int = 0
    refusals: Refusals = field(default_factory=Refusals)
    stop: str = ""
    # Why some were not composed this time.
    put_off: str = ""

    def run(self, at_most: int) -> SinglesSent:
        left = at_most
        while left > 0:
            if self.work.ends.is_set():
                return SinglesSent(dict(self.answers), TERMINATED)
            most = max(self.work.rate.call_size, int(self.work.rate.per_second * _CLAIM_SECONDS))
            held = claim(self.work.ledger, self.work.owner, min(left, most, _CLAIM_MESSAGES))
            if isinstance(held, Nothing):
                return SinglesSent(dict(self.answers), held.why, held.wait_seconds)
            # Whatever breaks from here on, nobody waits for the end of the lease.
            try:
                if (ended := self._refused()) is not None:
                    return ended
                left -= len(held.claim.recipients)
                self._send(held)
            finally:
                give_back(self.work.ledger, held.claim)
            if self.stop or self.put_off:
                self.work.tell(self.stop or self.put_off)
                return SinglesSent(dict(self.answers), "stopped")
        return SinglesSent(dict(self.answers), "chunk")

    def _refused(self) -> SinglesSent | None:
        """Return why a claim that was just taken may not be sent; None where it may."""
        if self.work.noted is None:
            return None
        answer = self.work.noted.ask(self.work.ledger)
        match answer.leave:
            case Leave.GRANTED:
                return None
            case Leave.LATER:
                return SinglesSent(dict(self.answers), "later", answer.wait_seconds)
            case Leave.UNNOTED:
                self.work.tell(answer.reason)
                return SinglesSent(dict(self.answers), "stopped")
            case Leave.RESTORED:
                return SinglesSent(dict(self.answers), "suspended")
            case other:
                assert_never(other)

    def _send(self, held: Held) -> None:
        lease = Lease(self.work.ledger, held.claim, self.work.sleep, self.work.clock)
        # Lost where the account is suspended meanwhile or the lease is over: the next claim tells which.
        with suppress(ClaimLost):
            for envelope, messages in self._calls(lease, held):
                self._call(lease, envelope, messages)

    def _calls(self, lease: Lease, held: Held) -> Iterator[tuple[Envelope, list[Outgoing]]]:
        """Yield what one call each can take: messages of one sender, all with an HTML part or none."""
        waiting: dict[tuple[str, bool], list[Outgoing]] = {}
        for sender, message in lease.during(self._composed(lease, held)):
            if message.single:
                yield self._envelope(sender), [message]
                continue
            key = (sender, bool(message.content.html))
            together = waiting.setdefault(key, [])
            size = sum(item.size for item in together)
            if together and (
                len(together) == self.work.rate.call_size or size + message.size > MAX_CALL_BYTES
            ):
                yield self._envelope(sender), together
                together = waiting[key] = []
            together.append(message)
        for (sender, _), together in waiting.items():
            yield self._envelope(sender), together

    def _composed(self, lease: Lease, held: Held) -> Iterator[tuple[str, Outgoing]]:
        """Yield each message with its sender's header; one that cannot be composed fails alone."""
        # Those that may take their time come last, so that nobody waits for them; and behind what they take
        # of it the claim ends, so that neither does who comes meanwhile.
        slow = {id_ for id_, mail in held.mails.items() if not is_harmless(mail.text)}
        slow_until = math.inf
        for recipient in sorted(held.claim.recipients, key=lambda item: item.message_id in slow):
            if recipient.message_id in slow:
                slow_until = min(slow_until, self.work.clock() + _CLAIM_SECONDS)
                if self.work.clock() >= slow_until:
                    return
            lease.keep()
            if self.work.ends.is_set():
                raise ClaimLost
            try:
                yield self._message(recipient, held.mails[recipient.message_id])
            except Uncomposable as err:
                self._fail(recipient, f"The text cannot be sent as it is: {err}.")
            except ComposerBusy as err:
                # Not known to be the message's fault: it stays claimed, and is queued again.
                self.put_off = str(err)

    def _message(self, recipient: Recipient, mail: Mail) -> tuple[str, Outgoing]:
        """Return the sender's header and the message. Raises Uncomposable and ComposerBusy."""
        try:
            sender = parse_from(mail.sender).header
        except MailError as err:
            raise Uncomposable(f"its sender is none: {err}") from err
        link = url(self.work.public_url, self.work.tokens.issue(recipient.message_id, 0))
        context = MessageContext(recipient.address, link)
        try:
            content = self.work.compose(mail, context)
        except ComposerBusy:
            content = self.work.compose(mail, context)
        to = f"{recipient.address.rpartition('@')[0]}@{recipient.domain}"
        return sender, ses_requests.outgoing(recipient.message_id, fresh_id(), to, content)

    def _fail(self, recipient: Recipient, why: str) -> None:
        with self.work.ledger.writing() as connection:
            singles.lock(connection)
            attempts.fail(connection, recipient.message_id, why)
        self.answers["failed"] += 1

    def _envelope(self, sender: str) -> Envelope:
        return Envelope(sender, "", self.work.configuration_set, self.work.tags)

    def _call(self, lease: Lease, envelope: Envelope, messages: Sequence[Outgoing]) -> None:
        """Send one call's messages. Raises ClaimLost where nothing more of this claim may be sent."""
        place = rate.take(self.work.ledger, self.work.rate, len(messages))
        try:
            lease.wait(place.wait_seconds)
            if self.work.ends.is_set():
                raise ClaimLost
            self._commit_intent(lease.held, messages)
        except ClaimLost:
            rate.give_back(self.work.ledger, place)
            raise
        # Nothing stands between the commit above and this call.
        single = self.work.rate.single or messages[0].single
        reply = ses.send(self.work.ses, envelope, messages, single=single)
        self._record(lease.held, reply)
        if reply.verdict is Verdict.INVALID and len(messages) > 1:
            rate.give_back(self.work.ledger, place)
            for half in halves(messages):
                self._call(lease, envelope, half)

    def _commit_intent(self, held: Claim, messages: Sequence[Outgoing]) -> None:
        with self.work.ledger.writing() as connection:
            if account_gate.suspended(connection) is not None:
                raise ClaimLost
            singles.lock(connection)
            if owner_standing.holds_any(connection, [message.message_id for message in messages]):
                raise ClaimLost
            if not breaker.lets_through(connection, ACCOUNT, held.id):
                raise ClaimLost
            send_ids = {message.message_id: message.send_id for message in messages}
            attempts.commit_intent(connection, None, held, fresh_id(), send_ids)

    def _record(self, held: Claim, reply: Reply) -> None:
        results = [_with_the_senders_fault(result) for result in reply.results]
        self.silent_calls = 0 if outages.answered(reply) else self.silent_calls + 1
        with self.work.ledger.writing() as connection:
            turn = outages.note(connection, held, reply, self.silent_calls)
            singles.lock(connection)
            attempts.record(connection, results)
        self.answers.update(result.answer for result in results if result.answer is not Answer.SPLIT)
        if said := outages.sentence(turn, reply):
            self.work.tell(said)
        if reply.throttled or reply.verdict is Verdict.NOT_SENT:
            rate.hold(self.work.ledger, self.work.rate, _BACKOFF_SECONDS)
        self.stop = self._reason_to_stop(reply, results)
        if self.stop:
            raise ClaimLost

    def _reason_to_stop(self, reply: Reply, results: Sequence[Result]) -> str:
        """Return why nothing more should be tried for now, or an empty text."""
        if refused := self.refusals.note(reply):
            return refused
        # Where only senders are at fault, their messages are rejected and the others go on.
        account = any(result.answer is Answer.NOT_SENT for result in results)
        return reply.stop if account else ""


def _with_the_senders_fault(result: Result) -> Result:
    """Reject a message whose sender SES does not know: here it is the message's own, and no campaign's."""
    code, _, message = (result.text or "").partition(": ")
    if result.answer is Answer.NOT_SENT and is_about_the_sender(code, message):
        return replace(result, answer=Answer.REJECTED)
    return result
