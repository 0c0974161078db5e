"""What the gate can say."""

from dataclasses import dataclass
from enum import StrEnum


class Waiting(StrEnum):
    """What a campaign that goes on has to wait for before more of it may go out."""

    # A rung of the ladder is full, and its outcomes decide about the next one.
    SOAK = "soak"
    # As many messages are without an outcome as may be.
    PACE = "pace"


@dataclass(frozen=True, slots=True)
class Continue:
    """The campaign may go on: `budget` more messages may be claimed, on this `rung`.

    `warning` is a sentence for the operator, or empty.
    """

    budget: int
    rung: int
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """The campaign may go on when outcomes are in: nothing may be claimed now, and `reason` says why."""

    cause: Waiting
    reason: str
    rung: int
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """Nobody knows what became of the mail: a person has to look. The rule, its figures, and a sentence."""

    rule: str
    k: int
    n: int
    known: int
    reason: str


@dataclass(frozen=True, slots=True)
class Halt:
    """The campaign must stop: the rule that fired, its figures, and a sentence that says so."""

    rule: str
    k: int
    n: int
    known: int
    reason: str


Decision = Continue | Wait | Pause | Halt
