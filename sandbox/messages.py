"""What was accepted, and the figures to hold a report against."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.rate import BusiestSecond


@dataclass(slots=True)
class Message:
    """One accepted mail. `headers` are those that its recipient would see, in order.

    `call` is the number of the sending call that brought it, 0 for mail of the sandbox's own.
    `outcomes` holds one outcome for each recipient, in the order of `recipients`.
    """

    sequence: int
    accepted_at: float
    message_id: str
    source: str
    from_header: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    recipients: tuple[str, ...]
    reply_to: tuple[str, ...]
    subject: str
    html: str | None
    text: str | None
    headers: list[tuple[str, str]]
    tags: dict[str, str]
    configuration_set: str | None
    call: int
    operation: str
    outcomes: list[str] = field(default_factory=list)

    def as_json(self, *, bodies: bool) -> dict[str, Any]:
        """Return the message as `/sandbox/messages` shows it."""
        shown: dict[str, Any] = {
            "sequence": self.sequence,
            "time": iso_time(self.accepted_at),
            "message_id": self.message_id,
            "source": self.source,
            "from": self.from_header,
            "to": list(self.to),
            "recipients": list(self.recipients),
            "subject": self.subject,
            "headers": [{"name": name, "value": value} for name, value in self.headers],
            "tags": self.tags,
            "configuration_set": self.configuration_set,
            "call": self.call,
            "operation": self.operation,
            "outcome": self.outcomes[0] if self.outcomes else None,
            "outcomes": self.outcomes,
        }
        if bodies:
            shown |= {"html": self.html, "text": self.text}
        return shown


class MessageLog:
    """Everything accepted, in order; only the latest messages keep their bodies."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._by_id: dict[str, Message] = {}
        self._without_body = 0
        self.calls: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.busiest = BusiestSecond()

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, message: Message, keep_bodies: int) -> None:
        """Record a message; its sequence must be `next_sequence`."""
        self._messages.append(message)
        self._by_id[message.message_id] = message
        while self._without_body < len(self._messages) - keep_bodies:
            old = self._messages[self._without_body]
            old.html = old.text = None
            self._without_body += 1

    @property
    def next_sequence(self) -> int:
        """The sequence of the message that comes next; the first has 1."""
        return len(self._messages) + 1

    def page(self, after: int, limit: int) -> list[Message]:
        """Return up to `limit` messages with a sequence above `after`, oldest first."""
        return self._messages[max(0, after) : max(0, after) + limit]

    def newest_first(self) -> Iterable[Message]:
        """Iterate over all messages, the latest first."""
        return reversed(self._messages)

    def find(self, message_id: str) -> Message | None:
        """Return the message with that SES message id."""
        return self._by_id.get(message_id)

    def at(self, sequence: int) -> Message | None:
        """Return the message with that sequence."""
        return self._messages[sequence - 1] if 1 <= sequence <= len(self._messages) else None

    def summary(self) -> dict[str, Any]:
        """Return the counts that `/sandbox/summary` shows.

        `accepted` counts messages that came by the API, `recipients` their recipients; `refused` counts
        by error code of a call or status of a bulk entry; `events` counts publications, duplicates too.
        """
        sent = [message for message in self._messages if message.call]
        return {
            "accepted": len(sent),
            "recipients": sum(len(message.recipients) for message in sent),
            "calls": dict(self.calls),
            "outcomes": dict(self.outcomes),
            "events": dict(self.events),
            "refused": dict(self.refused),
            "most_recipients_in_one_second": self.busiest.most,
        }


def iso_time(seconds: float) -> str:
    """Return a time as AWS writes it: ISO 8601 in UTC with milliseconds and a Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
