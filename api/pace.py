"""How many requests an owner may make: a bucket each, which fills at the rate and holds one second of it."""

import time
from collections.abc import Callable


class Pace:
    """Counts requests by owner in this process; a rate of 0 lets all pass.

    `burst` is how many may come at once; 0: those of a second.
    """

    def __init__(
        self, per_second: float, clock: Callable[[], float] = time.monotonic, *, burst: float = 0.0
    ) -> None:
        self._per_second = per_second
        self._most = burst or max(1.0, per_second)
        self._clock = clock
        self._buckets: dict[int, tuple[float, float]] = {}

    def wait_seconds(self, owner_id: int) -> float:
        """Count one request of an owner; return 0, or the seconds after which it may come again."""
        if self._per_second <= 0:
            return 0.0
        now = self._clock()
        left, seen = self._buckets.get(owner_id, (self._most, now))
        left = min(self._most, left + (now - seen) * self._per_second)
        if left < 1:
            self._buckets[owner_id] = (left, now)
            return (1 - left) / self._per_second
        self._buckets[owner_id] = (left - 1, now)
        return 0.0

    def give_back(self, owner_id: int) -> None:
        """Take back that a request was counted."""
        if owner_id in self._buckets:
            left, seen = self._buckets[owner_id]
            self._buckets[owner_id] = (min(self._most, left + 1), seen)
