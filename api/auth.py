"""Who asks, by the key in the Authorization header."""

import time
from collections.abc import Callable

from fastapi.concurrency import run_in_threadpool

from api.keys import digest_of
from ledger import owners
from ledger.engine import Ledger
from ledger.owners import Caller

# A revoked key is refused after this long at the latest, by every process.
BELIEVE_SECONDS = 1.0
_REMEMBERED = 10_000


class Keys:
    """Looks keys up, and remembers whose they are for a moment: a caller asks many times a second."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._clock = clock
        self._known: dict[str, tuple[float, Caller]] = {}

    async def caller(self, key: str) -> Caller | None:
        """Return whose key this is, or None where it is nobody's."""
        digest = digest_of(key)
        seen = self._known.get(digest)
        if seen is not None and self._clock() - seen[0] < BELIEVE_SECONDS:
            return seen[1]
        found = await run_in_threadpool(self._look_up, digest)
        self._known.pop(digest, None)
        if found is not None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[digest] = (self._clock(), found)
        return found

    def _look_up(self, digest: str) -> Caller | None:
        with self._ledger.reading() as connection:
            return owners.caller_of(connection, digest)
