"""Addresses of the receivers' hosts: one look-up a host at a time, each known until it has really ended.

The system's look-up cannot be broken off: where a name server is silent it holds its thread long after the
post has timed out. So whoever began one keeps a place until then, and there is a thread for every place.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from ledger.callback_receivers import Receiver
from mail.callback_posting import Resolve


@dataclass
class Lookups:
    """The look-ups under way, with the receiver that each was begun for."""

    resolve: Resolve
    _under_way: dict[tuple[str, int], tuple[Receiver, asyncio.Task[Sequence[str]]]] = field(
        default_factory=dict, init=False
    )

    def of(self, receiver: Receiver) -> Resolve:
        """Return how this receiver's host is looked up."""

        async def resolve(host: str, port: int) -> Sequence[str]:
            key = (host, port)
            if key not in self._under_way:
                task = asyncio.create_task(self._ask(key))
                self._under_way[key] = (receiver, task)
                task.add_done_callback(_seen)
            # Whoever gives up waiting leaves it to those who still do.
            return await asyncio.shield(self._under_way[key][1])

        return resolve

    def waiting(self) -> list[Receiver]:
        """Return the receivers whose look-up has not ended, whether or not anybody waits for it still."""
        return [receiver for receiver, _ in self._under_way.values()]

    async def _ask(self, key: tuple[str, int]) -> Sequence[str]:
        try:
            return await self.resolve(*key)
        finally:
            self._under_way.pop(key, None)


def _seen(task: asyncio.Task[Sequence[str]]) -> None:
    """Look at how it ended, for perhaps nobody else does: asyncio would report that as a fault."""
    if not task.cancelled():
        with suppress(OSError):
            task.exception()
