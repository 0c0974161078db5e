"""Queues: visibility, redrive, long polling. Standard queues only, in memory."""

import asyncio
import hashlib
import heapq
import uuid
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sandbox.options import ACCOUNT, REGION

DEFAULT_ATTRIBUTES = {
    "DelaySeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": "30",
}
SETTABLE = {*DEFAULT_ATTRIBUTES, "Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId",
            "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"}  # fmt: skip


@dataclass(slots=True, eq=False)
class QueuedMessage:
    """A message in a queue. `turn` changes with each receipt, so that an older timer says nothing."""

    message_id: str
    body: str
    attributes: dict[str, Any]
    sent_at: float
    turn: int = 0
    received: int = 0
    first_received_at: float = 0
    hidden: bool = False
    deleted: bool = False

    @property
    def md5(self) -> str:
        """The MD5 of the body, which SDKs compare."""
        return hashlib.md5(self.body.encode(), usedforsecurity=False).hexdigest()


@dataclass(eq=False)
class Queue:
    """One queue. All times are seconds of one clock that the caller reads."""

    name: str
    url: str
    created_at: float
    attributes: dict[str, str] = field(default_factory=lambda: dict(DEFAULT_ATTRIBUTES))
    tags: dict[str, str] = field(default_factory=dict)
    dead_letters: "tuple[Queue, int] | None" = None
    messages: dict[str, QueuedMessage] = field(default_factory=dict)
    _ready: deque[QueuedMessage] = field(default_factory=deque)
    _timers: list[tuple[float, int, QueuedMessage, int]] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=count)
    _waiters: list[asyncio.Future[None]] = field(default_factory=list)

    @property
    def arn(self) -> str:
        """The queue's ARN."""
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{self.name}"

    def put(
        self, body: str, attributes: dict[str, Any], now: float, delay: float | None = None
    ) -> QueuedMessage:
        """Add a message, visible after `delay` seconds, which the queue's own delay stands in for."""
        message = QueuedMessage(str(uuid.uuid4()), body, attributes, now)
        self.messages[message.message_id] = message
        seconds = int(self.attributes["DelaySeconds"]) if delay is None else delay
        if seconds > 0:
            self._hide(message, now + seconds)
        else:
            self._show(message)
        return message

    def receive(self, limit: int, visibility: float | None, now: float) -> list[QueuedMessage]:
        """Return up to `limit` messages and hide them for `visibility` seconds."""
        self._wake(now)
        seconds = int(self.attributes["VisibilityTimeout"]) if visibility is None else visibility
        oldest = now - int(self.attributes["MessageRetentionPeriod"])
        taken: list[QueuedMessage] = []
        while self._ready and len(taken) < limit:
            message = self._ready.popleft()
            if message.deleted:
                continue
            if message.sent_at < oldest:
                self.delete(message)
            elif self.dead_letters and message.received >= self.dead_letters[1]:
                self.delete(message)
                self.dead_letters[0].put(message.body, message.attributes, now)
            else:
                message.received += 1
                message.first_received_at = message.first_received_at or now
                self._hide(message, now + seconds)
                taken.append(message)
        return taken

    def change_visibility(self, message: QueuedMessage, seconds: float, now: float) -> None:
        """Hide a received message for `seconds` from now; 0 shows it at once."""
        self._hide(message, now + seconds)
        self._wake(now)

    def delete(self, message: QueuedMessage) -> None:
        """Take a message out for good."""
        message.deleted = True
        self.messages.pop(message.message_id, None)

    def purge(self) -> None:
        """Take all messages out."""
        for message in list(self.messages.values()):
            self.delete(message)
        self._ready.clear()
        self._timers.clear()

    def counts(self, now: float) -> tuple[int, int, int]:
        """Return how many messages are visible, in flight and delayed."""
        self._wake(now)
        hidden = [message for message in self.messages.values() if message.hidden]
        delayed = sum(1 for message in hidden if not message.received)
        return len(self.messages) - len(hidden), len(hidden) - delayed, delayed

    async def wait(self, seconds: float, now: float) -> None:
        """Return when a message may have become visible, at the latest after `seconds`."""
        if self._timers:
            seconds = min(seconds, max(0.0, self._timers[0][0] - now) + 0.001)
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await asyncio.wait((waiter,), timeout=seconds)
        finally:
            self._waiters.remove(waiter)

    def wake_waiters(self) -> None:
        """Let those who wait look again."""
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _show(self, message: QueuedMessage) -> None:
        message.hidden = False
        self._ready.append(message)
        self.wake_waiters()

    def _hide(self, message: QueuedMessage, until: float) -> None:
        message.hidden = True
        message.turn += 1
        heapq.heappush(self._timers, (until, next(self._numbers), message, message.turn))

    def _wake(self, now: float) -> None:
        while self._timers and self._timers[0][0] <= now:
            _, _, message, turn = heapq.heappop(self._timers)
            if turn == message.turn and message.hidden and not message.deleted:
                self._show(message)
