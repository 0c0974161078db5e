"""Many requests, one commit: whatever comes while a transaction is written goes into the next one.

A commit that reaches the disk takes milliseconds, however little it holds. A caller is answered only after
the commit of its own request.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from ledger import bisection
from ledger.bisection import Broken

Item = TypeVar("Item")
Result = TypeVar("Result")


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
        is_outage: Callable[[Exception], bool] = lambda err: isinstance(err, OSError),
    ) -> None:
        self._write = write
        self._is_outage = is_outage
        self._batch_at_most = batch_at_most
        self._waiting_at_most = waiting_at_most
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="group-commit")
        self._writer: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Result:
        """Return the item's result once its batch is committed. Raises Crowded, and then nothing is done."""
        if len(self._waiting) >= self._waiting_at_most:
            raise Crowded
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        return await done

    async def close(self) -> None:
        """Write what still waits, and end the thread."""
        if self._writer is not None:
            await self._writer
        self._thread.shutdown()

    async def _write_all(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = (
                self._waiting[: self._batch_at_most],
                self._waiting[self._batch_at_most :],
            )
            try:
                parts, broken = await loop.run_in_executor(
                    self._thread, bisection.halve, batch, self._write_items, self._is_outage
                )
            except Exception as err:  # noqa: BLE001 - whatever it was, each caller has to hear of it.
                parts, broken = [], [Broken(waiting, err) for waiting in batch]
            for taken, results in parts:
                for (_, done), result in zip(taken, results, strict=True):
                    # A caller that went away does not wait for its result any more.
                    if not done.done():
                        done.set_result(result)
            for each in broken:
                if not each.item[1].done():
                    each.item[1].set_exception(each.error)

    def _write_items(self, batch: Sequence[tuple[Item, "asyncio.Future[Result]"]]) -> Sequence[Result]:
        results = self._write([item for item, _ in batch])
        if len(results) != len(batch):
            raise RuntimeError("as many results as items are wanted")
        return results
