"""How many requests an owner may make: a bucket each, which fills at the rate and holds one second of it."""

import time
from collections.abc import Callable


class Pace:
    """Counts requests by owner in this process; a rate of 0 lets all pass."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._buckets: dict[int, tuple[float, float]] = {}

    def wait_seconds(self, owner_id: int) -> float:
        """Count one request of an owner; return 0, or the seconds after which it may come again."""
        if self._per_second <= 0:
            return 0.0
        now = self._clock()
        most = max(1.0, self._per_second)
        left, seen = self._buckets.get(owner_id, (most, now))
        left = min(most, left + (now - seen) * self._per_second)
        if left < 1:
            self._buckets[owner_id] = (left, now)
            return (1 - left) / self._per_second
        self._buckets[owner_id] = (left - 1, now)
        return 0.0
