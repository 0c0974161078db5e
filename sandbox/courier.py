"""Brings the events of accepted messages to their topics, each at its time."""

import asyncio
import heapq
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from sandbox.behaviour import Behaviour, Delay, EventType, OutcomeKind
from sandbox.events import Happening, happenings, record
from sandbox.messages import Message
from sandbox.outcomes import share

_LINK = re.compile(r"""href=["'](https?://[^"']+)""", re.IGNORECASE)
_UNSUBSCRIBE = "/unsubscribe/"
# After so many events other work gets its turn.
_AT_ONCE = 100


@dataclass(slots=True)
class _Due:
    message: Message
    happening: Happening
    happened_at: float
    # A duplicate is the same record again, byte for byte, as a queue would deliver it twice.
    again: str | None = None


class Courier:
    """A timetable of events. `publish(message, type, record)` hands one over; `now` reads the clock."""

    def __init__(
        self,
        publish: Callable[[Message, EventType, str], None],
        behaviour: Callable[[], Behaviour],
        now: Callable[[], float],
    ) -> None:
        self._publish = publish
        self._behaviour = behaviour
        self._now = now
        self._random = random.Random(behaviour().seed)
        self._due: list[tuple[float, int, _Due]] = []
        self._numbers = count()
        self._changed = asyncio.Event()

    @property
    def pending(self) -> int:
        """How many events are still to come."""
        return len(self._due)

    def accept(self, message: Message, outcomes: list[tuple[str, OutcomeKind]]) -> None:
        """Plan the Send event of a message, and what follows for each (recipient, outcome)."""
        sent_at = self._plan(message, Happening(EventType.SEND), message.accepted_at)
        for recipient, kind in outcomes:
            at = sent_at
            following = happenings(kind, recipient, self._behaviour().seed)
            for happening in following + self._engagement(message, recipient, following):
                at = self._plan(message, happening, at)

    def fail_rendering(self, message: Message, reason: str) -> None:
        """Plan the only event of a message whose template lacked an attribute."""
        self._plan(message, Happening(EventType.RENDERING_FAILURE, detail=reason), message.accepted_at)

    def add(self, message: Message, happening: Happening) -> None:
        """Plan one event, to come when the delay of its type has passed from now."""
        self._plan(message, happening, self._now())

    def wake(self) -> None:
        """Look at the timetable again, for example because events are no longer withheld."""
        self._changed.set()

    async def run(self) -> None:
        """Publish for ever."""
        while True:
            self._changed.clear()
            for _ in range(_AT_ONCE):
                if not self._publish_next():
                    break
            else:
                await asyncio.sleep(0)
                continue
            try:
                await asyncio.wait_for(self._changed.wait(), self._idle_seconds())
            except TimeoutError:
                continue

    def _idle_seconds(self) -> float | None:
        if not self._due or self._behaviour().events.withheld:
            return None
        return max(0.0, self._due[0][0] - self._now())

    def _publish_next(self) -> bool:
        publishing = self._behaviour().events
        if publishing.withheld or not self._due or self._due[0][0] > self._now():
            return False
        at, _, due = heapq.heappop(self._due)
        text = due.again or record(due.message, due.happening, due.happened_at)
        self._publish(due.message, due.happening.type, text)
        if due.again is None and self._random.random() < publishing.duplicate_probability:
            later = at + self._random.uniform(0, publishing.reorder_seconds)
            self._push(later, _Due(due.message, due.happening, due.happened_at, text))
        return True

    def _plan(self, message: Message, happening: Happening, after: float) -> float:
        publishing = self._behaviour().events
        delay = publishing.delay_seconds_by_type.get(happening.type, publishing.delay_seconds)
        happens_at = after + self._seconds(delay)
        arrives_at = happens_at
        if self._random.random() < publishing.reorder_probability:
            arrives_at += self._random.uniform(0, publishing.reorder_seconds)
        self._push(arrives_at, _Due(message, happening, happens_at))
        return happens_at

    def _push(self, at: float, due: _Due) -> None:
        heapq.heappush(self._due, (at, next(self._numbers), due))
        self._changed.set()

    def _seconds(self, delay: Delay) -> float:
        return self._random.uniform(*delay) if isinstance(delay, tuple) else delay

    def _engagement(self, message: Message, recipient: str, following: list[Happening]) -> list[Happening]:
        publishing = self._behaviour().events
        if not any(happening.type is EventType.DELIVERY for happening in following):
            return []
        engaged = []
        # One number for both, so that whoever clicks is one of those who open.
        interest = share(self._behaviour().seed, "read", recipient)
        if interest < publishing.open_probability:
            engaged.append(Happening(EventType.OPEN, recipient))
        # Nobody who merely reads leaves: unsubscribing is for people to try.
        links = [link for link in _LINK.findall(message.html or "") if _UNSUBSCRIBE not in link]
        if links and interest < publishing.click_probability:
            # The last one is the mail's own button, as a rule, and gets most of the clicks.
            place = int(share(self._behaviour().seed, "link", recipient) * 2 * len(links))
            engaged.append(Happening(EventType.CLICK, recipient, detail=links[min(place, len(links) - 1)]))
        return engaged
