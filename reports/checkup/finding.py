"""What a look at one thing found: how bad it is, and in one sentence what to do about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from settings import Settings


class Level(StrEnum):
    """How bad a finding is, the worst first."""

    ERROR = "error"
    WARNING = "warning"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number for charts, under a name of FIGURES; `of` says of what, where there are several."""

    name: str
    value: float
    of: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence for a person, and the figures that it rests on. Nothing in it names a recipient."""

    level: Level
    sentence: str
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the checks look at: the settings, the environment, and the folder that holds prefect.yaml."""

    settings: Settings
    environment: Mapping[str, str]
    project: Path
    clock: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Check:
    """A thing to look at; `advice` says what to do where it cannot be, and `silent` how bad that is."""

    name: str
    what: str
    look: Callable[[Surroundings], Finding]
    advice: str
    silent: Level = Level.WARNING


@dataclass(frozen=True, slots=True)
class Result:
    """A check's name and what it found."""

    check: str
    finding: Finding

    def as_json(self) -> dict[str, Any]:
        """Return the finding as JSON holds it."""
        return {
            "check": self.check,
            "level": self.finding.level.value,
            "sentence": self.finding.sentence,
            "figures": [
                {"name": each.name, "value": each.value, **({"of": each.of} if each.of else {})}
                for each in self.finding.figures
            ],
        }


def ok(sentence: str, *figures: Figure) -> Finding:
    """All is well here."""
    return Finding(Level.OK, sentence, figures)


def warning(sentence: str, *figures: Figure) -> Finding:
    """Mail goes out, and a person should look before it does not."""
    return Finding(Level.WARNING, sentence, figures)


def error(sentence: str, *figures: Figure) -> Finding:
    """Mail does not go out, outcomes do not come in, or either is about to be so."""
    return Finding(Level.ERROR, sentence, figures)


def span(seconds: float) -> str:
    """Return a stretch of time in its largest whole unit: `40 s`, `12 min`, `5 h`, `3 days`."""
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size or (size < 86_400 and seconds >= size):
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


def size(amount: float) -> str:
    """Return bytes in their largest unit: `512 KB`, `3.4 GB`."""
    for unit, one in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if amount >= one:
            return f"{amount / one:.1f} {unit}"
    return f"{amount / 1000:.0f} KB"
