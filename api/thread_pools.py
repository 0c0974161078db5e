"""A thread pool for one thing that is waited for: few threads, a short queue, and a deadline for each caller.

Where all that waits shares its threads, one service that is silent takes them all, and a page that wants
nothing of that service waits as well.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

log = logging.getLogger(__name__)

P = ParamSpec("P")
Result = TypeVar("Result")

_FULL_WAIT_SECONDS = 1
LATE_WAIT_SECONDS = 10


class Unavailable(Exception):
    """Something is not to be had just now; the text says what, and when to come again."""

    def __init__(self, what: str, wait_seconds: int) -> None:
        super().__init__(f"{what}: send this request again after {wait_seconds} s.")
        self.wait_seconds = wait_seconds


class PoolFull(Unavailable):
    """So many wait already that nothing was begun."""


class TooLate(Unavailable):
    """The deadline has passed. What was begun may still be done."""


@dataclass(slots=True)
class _Job:
    work: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[Any]"
    wanted: bool = True

    def __call__(self) -> None:
        """Do the work where somebody still wants it, and tell the loop."""
        if not self.wanted:
            return
        try:
            result = self.work()
        except BaseException as err:  # noqa: BLE001 - whatever it was, the caller has to hear of it.
            self._tell(self.done.set_exception, err)
        else:
            self._tell(self.done.set_result, result)

    def _tell(self, tell: Callable[[Any], None], what: object) -> None:
        # The loop may have ended meanwhile.
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._settle, tell, what)

    def _settle(self, tell: Callable[[Any], None], what: object) -> None:
        if not self.done.done():
            tell(what)


class ThreadPool:
    """Runs what waits for one thing. Its threads are started as they are wanted, and never keep a process."""

    def __init__(
        self, name: str, what: str, *, threads: int, waiting_at_most: int, deadline_seconds: float
    ) -> None:
        """`what` begins the sentence that says what was waited for: "The ledger"."""
        self.name, self.threads, self.deadline_seconds = name, threads, deadline_seconds
        self._what = what
        self._at_most = threads + waiting_at_most
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._under_way = self._started = 0
        self._closed = False

    async def run(self, work: Callable[P, Result], *args: P.args, **kwargs: P.kwargs) -> Result:
        """Return what `work` returns. Raises what it raises, PoolFull or TooLate."""
        loop = asyncio.get_running_loop()
        job = _Job(partial(work, *args, **kwargs), loop, loop.create_future())
        self._put(job)
        try:
            await asyncio.wait([job.done], timeout=self.deadline_seconds)
            if not job.done.done():
                raise TooLate(f"{self._what} does not answer in time", LATE_WAIT_SECONDS)
        finally:
            # Nobody hears of it any more, so it is not begun; what is begun goes on.
            job.wanted = False
            if not job.done.cancel():
                # Asked for its exception, it does not complain that nobody was there to hear it.
                job.done.exception()
        result: Result = job.done.result()
        return result

    def close(self) -> None:
        """End the threads as soon as each is done with what it does."""
        with self._lock:
            self._closed = True
            for _ in range(self._started):
                self._jobs.put(None)

    def begin(self, work: Callable[[], None]) -> None:
        """Let a thread do what nobody waits for. It is left undone where it fails or too much waits."""

        def quietly() -> None:
            try:
                work()
            except Exception as err:  # noqa: BLE001 - nobody waits for it.
                log.info("%s: left undone: %s", self.name, type(err).__name__)

        with suppress(PoolFull):
            self._put(quietly)

    def _put(self, job: Callable[[], None]) -> None:
        with self._lock:
            if self._closed or self._under_way >= self._at_most:
                raise PoolFull(f"Too much waits for {_lowered(self._what)} just now", _FULL_WAIT_SECONDS)
            self._under_way += 1
            start = self._started < min(self._under_way, self.threads)
            self._started += start
            self._jobs.put(job)
        if start:
            # A daemon: what a service never answers must not keep the process from ending.
            name = f"{self.name}-{self._started}"
            threading.Thread(target=self._work, name=name, daemon=True).start()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            finally:
                with self._lock:
                    self._under_way -= 1


def _lowered(what: str) -> str:
    return f"the {what[4:]}" if what.startswith("The ") else what
