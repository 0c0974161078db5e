"""A pool keeps its own callers waiting, for so long and in such numbers, and nobody else's."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from api.thread_pools import PoolFull, ThreadPool, TooLate


@pytest.fixture
def go() -> Iterator[threading.Event]:
    """What blocked work waits for; it is let go at the end whatever happens."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def make() -> Iterator[Callable[..., ThreadPool]]:
    pools: list[ThreadPool] = []

    def made(threads: int, waiting_at_most: int, deadline_seconds: float = 20.0) -> ThreadPool:
        pools.append(
            ThreadPool(
                "one",
                "The ledger",
                threads=threads,
                waiting_at_most=waiting_at_most,
                deadline_seconds=deadline_seconds,
            )
        )
        return pools[-1]

    yield made
    for pool in pools:
        pool.close()


def test_work_is_done_on_a_thread_and_its_result_and_its_error_come_back(
    make: Callable[..., ThreadPool],
) -> None:
    async def run() -> None:
        pool = make(2, 2)
        assert await pool.run(divmod, 7, 2) == (3, 1)
        assert await pool.run(threading.current_thread) is not threading.current_thread()
        with pytest.raises(ZeroDivisionError):
            await pool.run(divmod, 7, 0)
        # A time-out of what is asked is not one of the pool.
        with pytest.raises(TimeoutError):
            await pool.run(_times_out)

    asyncio.run(run())


def _times_out() -> None:
    raise TimeoutError


def test_beyond_its_queue_it_takes_nothing_in_and_afterwards_it_does(
    make: Callable[..., ThreadPool], go: threading.Event
) -> None:
    async def run() -> None:
        pool = make(2, 3)
        blocked = [asyncio.create_task(pool.run(go.wait)) for _ in range(5)]
        await asyncio.sleep(0)
        done: list[int] = []
        with pytest.raises(PoolFull, match=r"^Too much waits for the ledger just now: .* after 1 s\.$"):
            await pool.run(done.append, 1)
        # Another one is not concerned.
        assert await make(1, 0).run(len, "four") == 4
        go.set()
        assert await asyncio.gather(*blocked) == [True] * 5
        assert await pool.run(len, "four") == 4
        assert done == []

    asyncio.run(run())


def test_who_waits_too_long_is_told_and_what_was_not_begun_is_never_done(
    make: Callable[..., ThreadPool], go: threading.Event
) -> None:
    done: list[int] = []

    async def run() -> None:
        pool = make(1, 5, 0.01)
        with pytest.raises(TooLate, match="does not answer in time"):
            await pool.run(go.wait)
        with pytest.raises(TooLate):
            await pool.run(done.append, 1)
        gone = asyncio.create_task(pool.run(done.append, 2))
        await asyncio.sleep(0)
        gone.cancel()
        # It is taken back once the task has heard of it.
        await asyncio.wait([gone])
        go.set()
        pool.deadline_seconds = 20.0
        await pool.run(done.append, 3)

    asyncio.run(run())
    assert done == [3]


def test_what_nobody_waits_for_is_done_or_left_and_never_raises(
    make: Callable[..., ThreadPool], go: threading.Event
) -> None:
    done: list[int] = []

    async def run() -> None:
        pool = make(1, 1)
        blocked = asyncio.create_task(pool.run(go.wait))
        await asyncio.sleep(0)
        pool.begin(_times_out)
        pool.begin(lambda: done.append(1))
        go.set()
        await blocked
        # The pool counts a job until its thread has left it.
        while True:
            try:
                await pool.run(done.append, 2)
                break
            except PoolFull:
                await asyncio.sleep(0)

    asyncio.run(run())
    assert done == [2]


def test_threads_that_wait_for_ever_do_not_keep_a_process(go: threading.Event) -> None:
    async def run() -> list[bool]:
        pool = ThreadPool("stuck", "SES", threads=1, waiting_at_most=0, deadline_seconds=0.01)
        with pytest.raises(TooLate):
            await pool.run(go.wait)
        pool.close()
        with pytest.raises(PoolFull):
            await pool.run(go.wait)
        return [each.daemon for each in threading.enumerate() if each.name.startswith("stuck")]

    assert asyncio.run(run()) == [True]
