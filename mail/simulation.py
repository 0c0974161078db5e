"""What a policy would do to a list: a campaign simulated by the gate's own rules, in no time.

The sender keeps to the rate, events come when they come, and the collector takes them in as often as the real
one does. What becomes of each recipient is drawn from the seed.
"""

import heapq
from dataclasses import dataclass
from enum import Enum, auto
from random import Random

from mail.gate_answers import Halt, Pause
from mail.model import Model
from mail.pace import unknown_bound
from mail.policy import HaltRules
from mail.rate import Rate

# How the real claims and the real collector behave (mail.claiming, mail.collecting).
_LOOK_AGAIN_SECONDS = 0.5
_COLLECT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Scenario:
    """A list and how its outcomes come: seconds after the acceptance, give or take `spread` of them.

    bounce_rate: the share that bounces hard; silent: the share of which nothing is ever heard; rejected: the
    share that SES does not take; withheld: the share that SES takes and does not send, which it says as soon
    as of a delivery.
    """

    recipients: int
    rate_per_second: float
    bounce_rate: float
    bounce_seconds: float = 120.0
    delivery_seconds: float = 5.0
    spread: float = 0.0
    silent: float = 0.0
    rejected: float = 0.0
    seed: int = 1
    withheld: float = 0.0


@dataclass(frozen=True, slots=True)
class Point:
    """Where the campaign stood at a moment, seconds from its begin; `bound` is that on unknown outcomes."""

    at: float
    accepted: int
    hard_bounced: int
    unknown: int
    bound: int

    @property
    def bounce_rate(self) -> float:
        """Hard bounces over accepted messages."""
        return self.hard_bounced / self.accepted if self.accepted else 0.0


@dataclass(frozen=True, slots=True)
class Simulated:
    """How it went. `final_bounces` are those after every outcome came in; `stopped` is None at the end.

    `sent` is without what was `withheld`. `most_unknown` were out at once without an outcome; `seconds` is
    from the begin to the last message.
    """

    points: tuple[Point, ...]
    sent: int
    final_bounces: int
    stopped: Halt | Pause | None
    stopped_at: float | None
    bounces_at_stop: int
    unknown_at_stop: int
    most_unknown: int
    seconds: float
    withheld: int = 0


def simulate(scenario: Scenario, rules: HaltRules) -> Simulated:
    """Play the campaign to the end of its list, or to its halt, and until all its outcomes are in."""
    return _Run(scenario, rules).play()


class _Outcome(Enum):
    DELIVERED = auto()
    BOUNCED = auto()
    WITHHELD = auto()


class _Run:
    def __init__(self, scenario: Scenario, rules: HaltRules) -> None:
        self.scenario, self.random = scenario, Random(scenario.seed)
        self.model = Model(scenario.recipients, rules, scenario.rate_per_second)
        self.rate = Rate(scenario.rate_per_second, 0.0, "")
        self.events: list[tuple[float, int, int, _Outcome]] = []
        self.withheld = 0
        self.points: list[Point] = []
        self.held = self.most_unknown = self.numbered = 0
        self.stopped_at: float | None = None
        self.at_stop = (0, 0)
        self.last_sent = 0.0

    def play(self) -> Simulated:
        send_at = collect_at = 0.0
        while self.events or (self.model.queued + self.held and self.stopped_at is None):
            sends = self.stopped_at is None and self.model.queued + self.held > 0
            if sends and send_at <= collect_at:
                send_at = self._send(send_at)
            else:
                # With nothing to send the clock may jump to the next event.
                collect_at = collect_at if sends else max(collect_at, self.events[0][0])
                self._collect(collect_at)
                collect_at += _COLLECT_SECONDS
        if not self.points:
            # Nothing was taken, so nothing was ever heard of.
            self._collect(self.last_sent)
        model = self.model
        return Simulated(
            points=tuple(self.points),
            sent=model.accepted,
            final_bounces=model.hard_bounced,
            stopped=model.stopped,
            stopped_at=self.stopped_at,
            bounces_at_stop=self.at_stop[0],
            unknown_at_stop=self.at_stop[1],
            most_unknown=self.most_unknown,
            seconds=self.last_sent,
            withheld=self.withheld,
        )

    def _send(self, now: float) -> float:
        """Make one call, claiming before it where nothing is held; return when the next one is due."""
        model, rate = self.model, self.scenario.rate_per_second
        if not self.held:
            self.held = model.claim(self.rate.claim_size, now)
            self._watch(now)
            if not self.held:
                return now + _LOOK_AGAIN_SECONDS
        count = min(self.held, self.rate.call_size)
        if not model.intend(count):
            self._drop(now)
            return now
        self.held -= count
        refused = self._refused(count)
        bucket = model.accept(count - refused, now)
        self.last_sent = now
        for _ in range(count - refused):
            self._draw(now, bucket)
        if refused:
            model.reject(refused)
            model.review(now)
            self._watch(now)
        return now + count / rate

    def _refused(self, count: int) -> int:
        """Return how many messages of a call SES does not take."""
        if not self.scenario.rejected:
            return 0
        return sum(self.random.random() < self.scenario.rejected for _ in range(count))

    def _draw(self, now: float, bucket: int) -> None:
        """Decide what becomes of one message, and when that is heard of."""
        scenario = self.scenario
        outcome = _Outcome.BOUNCED if self.random.random() < scenario.bounce_rate else _Outcome.DELIVERED
        # Drawn only where it matters, so that the other scenarios stay what they were.
        if scenario.withheld and self.random.random() < scenario.withheld:
            outcome = _Outcome.WITHHELD
        if self.random.random() < scenario.silent:
            return
        delay = scenario.bounce_seconds if outcome is _Outcome.BOUNCED else scenario.delivery_seconds
        delay *= 1 + scenario.spread * self.random.uniform(-1, 1)
        self.numbered += 1
        heapq.heappush(self.events, (now + delay, self.numbered, bucket, outcome))

    def _collect(self, now: float) -> None:
        """Take in the events that have come, one by one past the gate."""
        while self.events and self.events[0][0] <= now:
            _, _, bucket, outcome = heapq.heappop(self.events)
            if outcome is _Outcome.WITHHELD:
                self.withheld += 1
                self.model.withhold(bucket)
            else:
                self.model.settle(bucket, bounced=outcome is _Outcome.BOUNCED)
            if outcome is not _Outcome.DELIVERED and self.model.stopped is None:
                self.model.review(now)
                self._watch(now)
        self.model.review(now)
        self._watch(now)
        model = self.model
        bound = min(unknown_bound(model.counts(now), model.rules), model.rung)
        self.points.append(Point(now, model.accepted, model.hard_bounced, model.unknown, bound))

    def _watch(self, now: float) -> None:
        self.most_unknown = max(self.most_unknown, self.model.unknown)
        if self.model.stopped is not None and self.stopped_at is None:
            self.stopped_at, self.at_stop = now, (self.model.hard_bounced, self.model.unknown - self.held)
            self._drop(now)

    def _drop(self, now: float) -> None:
        self.model.give_back(self.held)
        self.held = 0
