"""Many requests, one commit: whatever comes while a transaction is written goes into the next one.

A commit that reaches the disk takes milliseconds, however little it holds. A caller is answered only after
the commit of its own request.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Crowded(Exception):
    """So much waits for its commit that no more is taken in for the moment."""


class GroupCommit(Generic[Item, Result]):
    """Hands items to `write` in batches, one batch at a time, on a thread of its own.

    `write` returns a result for each item, in order; what it raises reaches every caller of the batch.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Sequence[Result]],
        *,
        batch_at_most: int,
        waiting_at_most: int,
    ) -> None:
        self._write = write
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
                results = await loop.run_in_executor(self._thread, self._write, [item for item, _ in batch])
            except Exception as err:  # noqa: BLE001 - whatever it was, each caller has to hear of it.
                for _, done in batch:
                    if not done.done():
                        done.set_exception(err)
                continue
            for (_, done), result in zip(batch, results, strict=True):
                # A caller that went away does not wait for its result any more.
                if not done.done():
                    done.set_result(result)
