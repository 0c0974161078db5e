"""The state of the sandbox: one account, all of it in memory."""

import time
from typing import Any

from sandbox.behaviour import Behaviour, EventType, OutcomeKind
from sandbox.courier import Courier
from sandbox.events import feedback_id
from sandbox.failures import Failures
from sandbox.messages import Message, MessageLog
from sandbox.options import SandboxOptions
from sandbox.outcomes import SIMULATOR_DOMAIN, decide
from sandbox.rate import Bucket, DayCount
from sandbox.ses_account import Suppressed
from sandbox.ses_configuration import ConfigurationSet
from sandbox.ses_content import Content
from sandbox.ses_identities import Identities, Identity, verification_mail
from sandbox.sns import Topics
from sandbox.sqs import Queue
from sandbox.zone import Zone, load

_SUPPRESSING = {
    OutcomeKind.HARD_BOUNCE: "BOUNCE",
    OutcomeKind.BOUNCE_AFTER_DELIVERY: "BOUNCE",
    OutcomeKind.NULL_MX: "BOUNCE",
    OutcomeKind.COMPLAINT: "COMPLAINT",
}


class World:
    """Everything that the APIs act upon. It belongs to one event loop and needs no locks."""

    def __init__(self, options: SandboxOptions, base_url: str) -> None:
        self.options = options
        self.base_url = base_url
        self.zone: Zone = load(options.zone)
        self.behaviour = options.behaviour
        self.log = MessageLog()
        self.calls = 0
        self.closing = False
        self.queues: dict[str, Queue] = {}
        self.topics = Topics(self._deliver, base_url)
        self.configuration_sets: dict[str, ConfigurationSet] = {}
        self.identities = Identities()
        for name in options.verified_identities:
            self.identities.add(name, self.now(), verified=True)
        self.suppressed: dict[str, Suppressed] = {}
        self.sent_today = DayCount()
        self.courier = Courier(self._publish, lambda: self.behaviour, self.now)
        self._renew()

    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never run backwards, for rates."""
        return time.monotonic()

    def change(self, changes: dict[str, Any]) -> Behaviour:
        """Replace fields of the behaviour. Raises pydantic's ValidationError and changes nothing then."""
        self.behaviour = self.behaviour.changed(changes)
        self._renew(set(changes))
        self.courier.wake()
        return self.behaviour

    def _renew(self, fields: set[str] | None = None) -> None:
        behaviour, now = self.behaviour, self.monotonic()
        if fields is None or fields & {"rate_per_second", "burst_seconds"}:
            capacity = max(1.0, behaviour.rate_per_second * behaviour.burst_seconds)
            self.rate = Bucket(behaviour.rate_per_second, capacity, now)
        if fields is None or "bulk_calls_per_second" in fields:
            calls = behaviour.bulk_calls_per_second
            self.bulk_calls = Bucket(calls, 1, now) if calls else None
        if fields is None or "tag_calls_per_second" in fields:
            calls = behaviour.tag_calls_per_second
            self.tag_calls = Bucket(calls, max(1.0, calls), now)
        if fields is None or fields & {"failures", "seed"}:
            self.failures = Failures(behaviour.failures, behaviour.seed)

    def take_rate(self, recipients: int) -> bool:
        """Take sending rate for a call, or return False: it is to be throttled."""
        return self.rate.take(recipients, self.monotonic())

    def accept(
        self,
        content: Content,
        *,
        source: str,
        from_header: str,
        to: tuple[str, ...],
        recipients: tuple[str, ...],
        cc: tuple[str, ...] = (),
        reply_to: tuple[str, ...] = (),
        tags: dict[str, str],
        configuration_set: str | None,
        operation: str,
        rendering_failure: str | None = None,
    ) -> str:
        """Take a message, plan what becomes of it, and return its SES message id."""
        now = self.now()
        message = Message(
            sequence=self.log.next_sequence,
            accepted_at=now,
            message_id=feedback_id(),
            source=source,
            from_header=from_header,
            to=to,
            cc=cc,
            recipients=recipients,
            reply_to=reply_to,
            subject=content.subject,
            html=content.html,
            text=content.text,
            headers=_headers(content, from_header, to, cc, reply_to),
            tags=tags,
            configuration_set=configuration_set,
            call=self.calls,
            operation=operation,
        )
        self.log.add(message, self.behaviour.keep_bodies)
        self.log.busiest.add(len(recipients), self.monotonic())
        self.sent_today.add(len(recipients), now)
        if rendering_failure is not None:
            kinds = [OutcomeKind.RENDERING_FAILURE] * len(recipients)
            self.courier.fail_rendering(message, rendering_failure)
        else:
            kinds = [self._outcome(recipient, message) for recipient in recipients]
            self.courier.accept(message, list(zip(recipients, kinds, strict=True)))
        message.outcomes = [kind.value for kind in kinds]
        self.log.outcomes.update(message.outcomes)
        return message.message_id

    def _outcome(self, recipient: str, message: Message) -> OutcomeKind:
        entry = self.suppressed.get(recipient.lower())
        kind = decide(recipient, self.behaviour, entry.reason if entry else None, self.zone)
        reason = _SUPPRESSING.get(kind)
        # The mailbox simulator never gets onto the list: its addresses can be used again.
        if reason in self.behaviour.suppressed_reasons and not recipient.lower().endswith(
            "@" + SIMULATOR_DOMAIN
        ):
            self.suppress(recipient, reason, message.message_id)
        return kind

    def suppress(self, address: str, reason: str, message_id: str | None = None) -> None:
        """Put an address onto the account suppression list."""
        self.suppressed[address.lower()] = Suppressed(address, reason, self.now(), message_id)

    def post(self, identity: Identity) -> None:
        """Put the mail with the verification link of an identity into the inbox."""
        mail = verification_mail(identity, self.base_url, self.log.next_sequence, self.now())
        self.log.add(mail, self.behaviour.keep_bodies)

    def stop_waiting(self) -> None:
        """Let every call that waits for messages answer now."""
        self.closing = True
        for queue in self.queues.values():
            queue.wake_waiters()

    def queue_by_arn(self, arn: str) -> Queue | None:
        """Return the queue with that ARN."""
        return self.queues.get(arn.rpartition(":")[2])

    def _deliver(self, queue_arn: str, body: str, attributes: dict[str, Any]) -> None:
        queue = self.queue_by_arn(queue_arn)
        if queue is not None:
            queue.put(body, attributes, self.now())

    def _publish(self, message: Message, kind: EventType, record: str) -> None:
        found = self.configuration_sets.get(message.configuration_set or "")
        published = False
        for destination in found.destinations.values() if found else ():
            topic = self.topics.by_arn.get(destination.topic_arn)
            if topic is not None and destination.wants(kind):
                self.topics.publish(topic, record, self.now(), subject="Amazon SES Email Event Notification")
                published = True
        if published:
            self.log.events[kind.value] += 1


def _headers(
    content: Content, from_header: str, to: tuple[str, ...], cc: tuple[str, ...], reply_to: tuple[str, ...]
) -> list[tuple[str, str]]:
    headers = [("From", from_header)]
    if reply_to:
        headers.append(("Reply-To", ", ".join(reply_to)))
    headers.append(("To", ", ".join(to)))
    if cc:
        headers.append(("Cc", ", ".join(cc)))
    return [*headers, ("Subject", content.subject), ("MIME-Version", "1.0"), *content.headers]
