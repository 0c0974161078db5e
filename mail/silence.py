"""How long a campaign has looked silent by this process's own clock.

The database's clock may leap, as after a pause of the machine: then everything looks old at once, and nothing
has an outcome. Outcomes that wait on the event queue are in within seconds, so silence has to last.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

HOLDS_SECONDS = 30.0

# By the database and the campaign's id and epoch.
Key = tuple[str, int, int]


@dataclass
class Silences:
    """Since when campaigns look silent. Safe to share between threads."""

    clock: Callable[[], float] = time.monotonic
    _since: dict[Key, float] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def lasts(self, key: Key, soak_seconds: float) -> bool:
        """Note that a campaign looks silent; return whether it has for long enough, a soak at the most."""
        with self._guard:
            now = self.clock()
            return now - self._since.setdefault(key, now) >= min(HOLDS_SECONDS, soak_seconds)

    def end(self, key: Key) -> None:
        """Note that a campaign does not look silent."""
        if key in self._since:
            with self._guard:
                self._since.pop(key, None)


# Those of this process.
silences = Silences()
