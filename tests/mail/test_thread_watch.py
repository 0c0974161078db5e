"""Threads that end are started again, whatever ended them; one that cannot live is called dead."""

import threading
from collections.abc import Callable

import pytest

from mail.thread_watch import ThreadState, ThreadWatch


class Work:
    """Runs through a plan, a step each time it is begun, and then waits for the end."""

    def __init__(self, *plan: BaseException | None) -> None:
        self.plan = list(plan)
        self.begun = 0
        self.well = threading.Event()
        self.stop: threading.Event | None = None

    def __call__(self) -> None:
        self.begun += 1
        if self.plan:
            step = self.plan.pop(0)
            if step is not None:
                raise step
            return
        self.well.set()
        assert self.stop is not None
        self.stop.wait()


@pytest.fixture
def watching() -> Callable[..., ThreadWatch]:
    def make(work: Work, **changes: object) -> ThreadWatch:
        watch = ThreadWatch(pause_seconds=(0.0, 0.0, 0.0, 0.0, 0.0, 0.0), **changes)  # type: ignore[arg-type]
        work.stop = watch.stop
        watch.add("send", work)
        return watch

    return make


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        (ValueError("someone@mail.example"), "ValueError"),
        (MemoryError(), "MemoryError"),
        (SystemExit(1), "SystemExit"),
        (RecursionError(), "RecursionError"),
        (None, "it ended"),
    ],
)
def test_whatever_ends_a_thread_it_is_started_again(
    watching: Callable[..., ThreadWatch],
    caplog: pytest.LogCaptureFixture,
    step: BaseException | None,
    fault: str,
) -> None:
    work = Work(step, step)
    with watching(work) as watch:
        assert work.well.wait(20)
        assert watch.states()[0] == ThreadState("send", alive=True, faults=2, fault=fault)
    assert work.begun == 3
    assert "someone@" not in caplog.text


def test_a_thread_that_dies_again_and_again_is_called_dead(watching: Callable[..., ThreadWatch]) -> None:
    work = Work(*[ValueError()] * 1_000)
    dead = threading.Event()

    def look(states: object) -> None:
        if not states[0].alive:  # type: ignore[index]
            dead.set()

    watch = watching(work, report=look)
    watch.pause_seconds = (0.0, 0.0, 0.05)
    with watch:
        assert dead.wait(20)


def test_it_tells_that_all_is_well_and_ends_with_its_block(watching: Callable[..., ThreadWatch]) -> None:
    told: list[object] = []
    work = Work()
    with watching(work, report=told.append) as watch:
        assert work.well.wait(20)
        expected = [ThreadState("send", alive=True), ThreadState("thread watch", alive=True)]
        assert watch.states() == expected
    assert told[0] == expected
    assert {"send", "thread watch"}.isdisjoint(thread.name for thread in threading.enumerate())


def test_pauses_grow() -> None:
    pauses = ThreadWatch().pause_seconds
    assert list(pauses) == sorted(set(pauses))
