"""How fast a cleaning goes and how long it will take, in one line."""

from collections.abc import Callable
from time import monotonic

_EVERY_SECONDS = 1.0
_UNITS = dict.fromkeys(("syntax", "duplicates", "split", "keys", "judge"), "rows") | {"mx": "domains"}


class Pace:
    """Turns what `cleaning.Progress` is told into lines for people, no more than one a second."""

    def __init__(self, every_seconds: float = _EVERY_SECONDS, clock: Callable[[], float] = monotonic) -> None:
        self._every_seconds = every_seconds
        self._clock = clock
        self._stage = ""
        self._began = self._last = clock()

    def line(self, stage: str, done: int, total: int) -> str:
        """Return what to show now, or "" where the last line is young enough to stay."""
        now = self._clock()
        if stage != self._stage:
            # The first part of a stage comes after its first work: that time is counted too.
            self._began, self._stage = (self._last if not self._stage else now), stage
        elif now - self._last < self._every_seconds and done < total:
            return ""
        self._last = now
        passed = now - self._began
        unit = _UNITS.get(stage, stage)
        if done >= total:
            return f"{done:,} {unit} in {_time(passed)}"
        if not done or not passed:
            return f"{done:,} of {total:,} {unit}"
        left = (total - done) * passed / done
        return f"{done:,} of about {total:,} {unit}, {done / passed:,.0f} a second, {_time(left)} left"


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
