"""Group commit: whatever comes while a batch is written goes into the next one, and hears of its own."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from api.group_commit import Crowded, GroupCommit, NotWritten


class Writer:
    """Keeps the batches; it waits with each until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = threading.Semaphore(0)
        self.broken: set[int] = set()
        self.poisoned: set[int] = set()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.go.acquire()
        self.batches.append(list(items))
        if self.broken & set(items):
            raise OSError("the disk is full")
        if self.poisoned & set(items):
            raise ValueError("it holds what no database takes")
        return [item * 10 for item in items]


async def begun(commit: GroupCommit[int, int], items: Sequence[int]) -> list["asyncio.Task[int]"]:
    tasks = [asyncio.create_task(commit.submit(item)) for item in items]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return tasks


def test_what_comes_while_a_batch_is_written_is_the_next_one() -> None:
    writer = Writer()

    async def run() -> None:
        commit: GroupCommit[int, int] = GroupCommit(writer, batch_at_most=3, waiting_at_most=10)
        first = await begun(commit, [1])
        rest = await begun(commit, [2, 3, 4, 5])
        writer.go.release(3)
        assert await asyncio.gather(*first, *rest) == [10, 20, 30, 40, 50]
        await commit.close()

    asyncio.run(run())
    assert writer.batches == [[1], [2, 3, 4], [5]]


def test_an_outage_reaches_each_of_a_batch_and_no_other() -> None:
    writer = Writer()
    writer.broken = {2}

    async def run() -> None:
        commit: GroupCommit[int, int] = GroupCommit(writer, batch_at_most=2, waiting_at_most=10)
        tasks = await begun(commit, [1])
        tasks += await begun(commit, [2, 3, 4])
        writer.go.release(3)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [str(result) for result in results] == ["10", "the disk is full", "the disk is full", "40"]
        await commit.close()

    asyncio.run(run())


def test_more_than_may_wait_is_turned_away_at_once() -> None:
    writer = Writer()

    async def run() -> None:
        commit: GroupCommit[int, int] = GroupCommit(writer, batch_at_most=1, waiting_at_most=2)
        tasks = await begun(commit, [1])
        tasks += await begun(commit, [2, 3])
        with pytest.raises(Crowded):
            await commit.submit(4)
        writer.go.release(3)
        await asyncio.gather(*tasks)
        await commit.close()

    asyncio.run(run())
    assert writer.batches == [[1], [2], [3]]


def test_a_caller_that_went_away_does_not_keep_the_others_from_their_results() -> None:
    writer = Writer()

    async def run() -> None:
        commit: GroupCommit[int, int] = GroupCommit(writer, batch_at_most=5, waiting_at_most=10)
        first = await begun(commit, [1])
        gone, stays = await begun(commit, [2, 3])
        gone.cancel()
        writer.go.release(2)
        assert await asyncio.gather(*first, stays) == [10, 30]
        await commit.close()

    asyncio.run(run())
    # It was taken in all the same: the caller may have sent it, and asks again with its key.
    assert writer.batches == [[1], [2, 3]]


def test_an_item_that_breaks_its_batch_is_refused_alone() -> None:
    writer = Writer()
    writer.poisoned = {3, 6}

    async def run() -> None:
        commit: GroupCommit[int, int] = GroupCommit(writer, batch_at_most=10, waiting_at_most=10)
        first = await begun(commit, [1])
        rest = await begun(commit, [2, 3, 4, 5, 6])
        writer.go.release(100)
        results = await asyncio.gather(*first, *rest, return_exceptions=True)
        assert [str(result) for result in results] == [
            "10",
            "20",
            "it holds what no database takes",
            "40",
            "50",
            "it holds what no database takes",
        ]
        assert await commit.submit(7) == 70
        await commit.close()

    asyncio.run(run())


def test_a_writer_that_loses_a_result_leaves_nobody_waiting() -> None:
    async def run() -> None:
        commit: GroupCommit[int, int] = GroupCommit(lambda items: [], batch_at_most=5, waiting_at_most=10)
        with pytest.raises(RuntimeError):
            await commit.submit(1)
        await commit.close()

    asyncio.run(run())


def test_who_waits_too_long_is_told_and_what_was_not_begun_is_never_written() -> None:
    writer = Writer()

    async def run() -> None:
        commit: GroupCommit[int, int] = GroupCommit(
            writer, batch_at_most=5, waiting_at_most=10, deadline_seconds=0.01
        )
        tasks = [*await begun(commit, [1]), *await begun(commit, [2, 3])]
        told = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(each) for each in told] == [NotWritten] * 3
        writer.go.release(2)
        await commit.close()

    asyncio.run(run())
    # What was under way is written; the others may be sent again and are there once.
    assert writer.batches == [[1]]


def test_who_has_no_time_to_wait_out_another_outage_is_told_of_this_one() -> None:
    writer = Writer()
    writer.broken = {1}

    async def run() -> None:
        loop = asyncio.get_running_loop()
        real, ahead = loop.time, 0.0
        loop.time = lambda: real() + ahead  # type: ignore[method-assign]
        commit: GroupCommit[int, int] = GroupCommit(
            writer, batch_at_most=1, waiting_at_most=10, deadline_seconds=100.0
        )
        first = await begun(commit, [1])
        early = await begun(commit, [2])
        ahead = 60.0
        late = await begun(commit, [3])
        writer.go.release(2)
        told = await asyncio.gather(*first, *early, *late, return_exceptions=True)
        assert [str(each) for each in told] == ["the disk is full", "the disk is full", "30"]
        await commit.close()

    asyncio.run(run())
    assert writer.batches == [[1], [3]]
