"""Where identities stand, as SES says: asked once for all who ask meanwhile, and kept for a moment.

SES takes about one such question a second for the whole account, and may not answer at all.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from api.circuit import Circuit
from api.remembering import Remembered
from api.thread_pools import ThreadPool, TooLate
from mail import identities
from mail.identities import Identity, IdentityClient, Standing, inquiry
from mail.identity_names import domains_above
from mail.readiness import NotReady

Result = TypeVar("Result")

# A verified identity hardly ever loses that; a link that was just clicked is to count at once.
HOLDS_SECONDS: Mapping[Standing, float] = {
    Standing.VERIFIED: 300.0,
    Standing.UNKNOWN: 5.0,
    Standing.PENDING: 2.0,
    Standing.FAILED: 2.0,
}


class IdentityAnswers:
    """Asks SES on the threads of `pool`. `client` returns SES, and may take its time as well."""

    def __init__(
        self,
        client: Callable[[], IdentityClient],
        pool: ThreadPool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._pool = client, pool
        self._circuit = Circuit("Amazon SES", (NotReady, TooLate), clock)
        self._names: Remembered[str, Standing] = Remembered(self._ask_all, HOLDS_SECONDS.__getitem__, clock)

    async def standing(self, address: str) -> Identity:
        """Return where an address stands. Raises NotReady or Unavailable where SES does not say."""
        questions = inquiry(address)
        name = next(questions)
        while True:
            try:
                name = questions.send((await self._names.get([name]))[name])
            except StopIteration as known:
                identity: Identity = known.value
                return identity

    async def onboard(self, address: str) -> Identity:
        """Make the address an identity; safe to call again. Raises as `standing` does."""
        try:
            return await self._call(lambda: identities.onboard(self._client(), address))
        finally:
            self._names.forget([*domains_above(address.rpartition("@")[2].lower()), address])

    async def _ask_all(self, names: Sequence[str]) -> Mapping[str, Standing]:
        return {name: await self._call(partial(self._ask, name)) for name in names}

    def _ask(self, name: str) -> Standing:
        return identities.ask(self._client(), name)

    async def _call(self, question: Callable[[], Result]) -> Result:
        with self._circuit.attempt():
            return await self._pool.run(question)
