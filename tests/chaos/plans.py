"""What happens in a round, drawn from its seed: who dies where, what SES does, when the database goes."""

import random
from dataclasses import dataclass
from typing import Any

from kill_points import COLLECTOR_POINTS, ENQUEUER_POINTS, SENDER_POINTS

# In about every other round nobody waits for the rate: an answer and the next intent are one transaction.
RATES = (1_000.0, 100_000.0)
CALL_SIZE = 50
_RECIPIENTS_A_KILL = 150


@dataclass(frozen=True)
class Fate:
    """How a process ends: at a named point, at a time from its start (both unset: it lives).

    A stalled process is stopped for a moment, its leases end meanwhile, and then it goes on.
    """

    point: str = ""
    passing: int = 1
    after_seconds: float | None = None
    stalls: bool = False


@dataclass(frozen=True)
class Plan:
    """The fates are those of the processes, in the order of their starts; one enqueuer more lives."""

    seed: int
    workers: int
    recipients: int
    senders: tuple[Fate, ...]
    collectors: tuple[Fate, ...]
    enqueuers: tuple[Fate, ...]
    outage_at_seconds: float | None
    outage_is_sudden: bool
    behaviour: dict[str, Any]
    resend: bool


def draw(seed: int, kills: int, first_point: int = 0) -> Plan:
    """Return the plan of a seed; named points come in turn, so that a long run passes them all."""
    lot = random.Random(seed)
    points = list(SENDER_POINTS)
    collector_points = list(COLLECTOR_POINTS)
    senders, collectors = [], []
    for number in range(kills):
        turn = first_point + number
        if turn % 4 == 3:
            fate = Fate(collector_points[(turn // 4) % len(collector_points)], lot.randint(1, 3))
            if lot.random() < 0.3:
                fate = Fate(after_seconds=lot.uniform(0.05, 0.8))
            collectors.append(fate)
        elif lot.random() < 0.3:
            senders.append(Fate(after_seconds=lot.uniform(0.15, 0.9)))
        else:
            senders.append(Fate(points[(turn - turn // 4) % len(points)], lot.randint(1, 3)))
    senders.insert(lot.randint(0, len(senders)), Fate(after_seconds=lot.uniform(0.2, 0.6), stalls=True))
    return Plan(
        seed=seed,
        workers=lot.randint(2, 4),
        recipients=200 + kills * _RECIPIENTS_A_KILL,
        senders=tuple(senders),
        collectors=tuple(collectors),
        enqueuers=tuple(_enqueuers(lot)),
        outage_at_seconds=lot.uniform(0.5, 2.0) if lot.random() < 0.5 else None,
        outage_is_sudden=lot.random() < 0.5,
        behaviour=_behaviour(lot),
        resend=lot.random() < 0.5,
    )


def _enqueuers(lot: random.Random) -> list[Fate]:
    """Two that die at points of their own; both points on the way may come by several times before."""
    points = list(ENQUEUER_POINTS)
    first, second = lot.sample(points, 2)
    return [Fate(point, lot.randint(1, 4) if point in points[:2] else 1) for point in (first, second)]


def _behaviour(lot: random.Random) -> dict[str, Any]:
    kinds = {
        "accept_then_drop": 0.03,
        "accept_then_500": 0.02,
        "accept_then_wait": 0.05,
        "drop": 0.02,
        "refuse_500": 0.02,
        "throttle": 0.03,
        "missing_message_id": 0.02,
        "missing_result": 0.02,
        "entry": 0.04,
    }
    return {
        "seed": lot.randrange(1 << 30),
        "rate_per_second": lot.choice(RATES),
        "outcomes": [
            {
                "match": "*",
                "hard_bounce": 0.01,
                "soft_bounce": 0.03,
                "auto_reply": 0.02,
                "delayed_then_delivered": 0.03,
                "bounce_after_delivery": 0.005,
            }
        ],
        "events": {
            "delay_seconds": [0.0, 0.4],
            "duplicate_probability": 0.2,
            "reorder_probability": 0.3,
            "reorder_seconds": 1.0,
        },
        "failures": [
            {"kind": kind, "probability": each, "entries": [1, 4], "seconds": 0.3}
            for kind, each in kinds.items()
        ],
    }
