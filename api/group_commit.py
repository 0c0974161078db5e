"""Many requests, one commit: whatever comes while a transaction is written goes into the next one.

A commit that reaches the disk takes milliseconds, however little it holds. A caller is answered only after
the commit of its own request.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from api.thread_pools import LATE_WAIT_SECONDS, Unavailable
from ledger import bisection
from ledger.bisection import Broken

Item = TypeVar("Item")
Result = TypeVar("Result")


class NotWritten(Unavailable):
    """The commit did not come in time. What is under way may still be done."""


class Crowded(Exception):
    """So much waits for its commit that no more is taken in for the moment."""


class GroupCommit(Generic[Item, Result]):
    """Hands items to `write` in batches, one batch at a time, on a thread of its own.

    `write` returns a result for each item, in order, or does nothing and raises. An outage reaches every
    caller of the batch; of anything else only the caller hears whose item it is.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        batch_at_most: int,
        waiting_at_most: int,
        deadline_seconds: float = math.inf,
        is_outage: Callable[[Exception], bool] = lambda err: isinstance(err, OSError),
    ) -> None:
        self._write = write
        self._is_outage = is_outage
        self._batch_at_most = batch_at_most
        self._waiting_at_most = waiting_at_most
        self._deadline_seconds = deadline_seconds
        self._waiting: list[_Entry[Item, Result]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="group-commit")
        self._writer: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Result:
        """Return the item's result once its batch is committed.

        Raises Crowded, and then nothing is done; NotWritten after the deadline, and then it may be.
        """
        if len(self._waiting) >= self._waiting_at_most:
            raise Crowded
        loop = asyncio.get_running_loop()
        entry: _Entry[Item, Result] = _Entry(item, loop.create_future(), loop.time() + self._deadline_seconds)
        self._waiting.append(entry)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        if entry.late_at == math.inf:
            return await entry.done
        expiry = loop.call_at(entry.late_at, entry.expire)
        try:
            return await entry.done
        finally:
            expiry.cancel()

    async def close(self) -> None:
        """Write what still waits, and end the thread."""
        if self._writer is not None:
            await self._writer
        self._thread.shutdown()

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        # Whoever was told that it took too long may send the same again.
        while waiting := [entry for entry in self._waiting if not entry.is_told]:
            batch, self._waiting = waiting[: self._batch_at_most], waiting[self._batch_at_most :]
            began = loop.time()
            try:
                parts, broken = await loop.run_in_executor(
                    self._thread, bisection.halve, batch, self._write_items, self._is_outage
                )
            except Exception as err:  # noqa: BLE001 - whatever it was, each caller has to hear of it.
                parts, broken = [], [Broken(entry, err) for entry in batch]
                # Who has no time left for as long a wait is told now, while it is sure that nothing is done.
                late_at = 2 * loop.time() - began
                broken += [Broken(entry, err) for entry in self._waiting if entry.late_at < late_at]
            for taken, results in parts:
                for entry, result in zip(taken, results, strict=True):
                    # A caller that went away does not wait for its result any more.
                    if not entry.done.done():
                        entry.done.set_result(result)
            for each in broken:
                if not each.item.done.done():
                    each.item.done.set_exception(each.error)
        self._waiting = []

    def _write_items(self, batch: "Sequence[_Entry[Item, Result]]") -> Sequence[Result]:
        results = self._write([entry.item for entry in batch])
        if len(results) != len(batch):
            raise RuntimeError("as many results as items are wanted")
        return results


@dataclass(eq=False, slots=True)
class _Entry(Generic[Item, Result]):
    """An item, its caller, and how long that waits by the loop's time."""

    item: Item
    done: "asyncio.Future[Result]"
    late_at: float

    @property
    def is_told(self) -> bool:
        """Whether the caller was told that it came to nothing. One that went away was told nothing."""
        return self.done.done() and not self.done.cancelled()

    def expire(self) -> None:
        """Let the caller wait no longer."""
        if not self.done.done():
            what = (
                "The ledger does not answer in time, and an Idempotency-Key keeps this from being done twice"
            )
            self.done.set_exception(NotWritten(what, LATE_WAIT_SECONDS))
