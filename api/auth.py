"""Who asks, by the key in the Authorization header."""

import time
from collections.abc import Callable, Sequence

from api.keys import digest_of
from api.remembering import Remembered
from api.thread_pools import ThreadPool
from ledger import owners
from ledger.engine import Ledger
from ledger.owners import Caller

# A revoked key is refused after this long at the latest, by every process.
BELIEVE_SECONDS = 1.0


class Keys:
    """Looks keys up, and remembers whose they are for a moment: a caller asks many times a second."""

    def __init__(self, ledger: Ledger, pool: ThreadPool, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._pool = pool
        self._known: Remembered[str, Caller | None] = Remembered(
            self._look_up_all, lambda found: 0.0 if found is None else BELIEVE_SECONDS, clock
        )

    async def caller(self, key: str) -> Caller | None:
        """Return whose key this is, or None where it is nobody's."""
        digest = digest_of(key)
        return (await self._known.get([digest]))[digest]

    async def _look_up_all(self, digests: Sequence[str]) -> dict[str, Caller | None]:
        return {digest: await self._pool.run(self._look_up, digest) for digest in digests}

    def _look_up(self, digest: str) -> Caller | None:
        with self._ledger.reading() as connection:
            return owners.caller_of(connection, digest)
