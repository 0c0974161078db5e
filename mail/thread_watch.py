"""A watch over long-lived threads: one that ends is started again, after pauses that grow."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

log = logging.getLogger(__name__)

# After the first fault, the second and so on.
PAUSE_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
# A thread that ran for so long is taken to be well again.
_WELL_AFTER_SECONDS = 300.0
_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ThreadState:
    """Where a watched thread stands. `faults` counts those in a row, `fault` is the last one or ""."""

    name: str
    alive: bool
    faults: int = 0
    fault: str = ""


@dataclass
class _Watched:
    name: str
    work: Callable[[], None]
    thread: threading.Thread | None = None
    began_at: float = 0.0
    faults: int = 0
    fault: str = ""
    # When it is to be started again; None while it runs.
    again_at: float | None = None


@dataclass
class ThreadWatch:
    """Runs its threads as long as the block does; leaving it sets `stop` and waits for them to end.

    `report` is told now and then, and whenever something changed, where all threads stand.
    """

    stop: threading.Event = field(default_factory=threading.Event)
    report: Callable[[Sequence[ThreadState]], None] = lambda states: None
    pause_seconds: Sequence[float] = PAUSE_SECONDS

    def __post_init__(self) -> None:
        self._watched: list[_Watched] = []
        self._changed = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="thread watch", daemon=True)

    def add(self, name: str, work: Callable[[], None]) -> None:
        """Have `work` run on a thread until `stop` is set; to be called before the block begins."""
        self._watched.append(_Watched(name, work))

    def __enter__(self) -> Self:
        for each in self._watched:
            self._start(each)
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop.set()
        self._changed.set()
        self._watcher.join()
        for each in self._watched:
            if each.thread is not None:
                each.thread.join()

    def states(self) -> list[ThreadState]:
        """Return where each thread stands, and the watch itself last.

        A thread that ended counts as alive while it waits to be started again, until that has failed often.
        """
        return [
            *(
                ThreadState(
                    each.name,
                    alive=self._runs(each) or 0 < each.faults < len(self.pause_seconds),
                    faults=each.faults,
                    fault=each.fault,
                )
                for each in self._watched
            ),
            ThreadState("thread watch", alive=self._watcher.is_alive() or self.stop.is_set()),
        ]

    def _runs(self, each: _Watched) -> bool:
        return each.thread is not None and each.thread.is_alive()

    def _start(self, each: _Watched) -> None:
        each.began_at, each.again_at = time.monotonic(), None
        each.thread = threading.Thread(target=self._run, args=(each,), name=each.name, daemon=True)
        each.thread.start()

    def _run(self, each: _Watched) -> None:
        fault = "it ended"
        try:
            each.work()
        except BaseException as err:  # noqa: BLE001 - whatever ended it, it is started again.
            # The error's text may hold an address.
            fault = type(err).__name__
        each.fault = fault
        self._changed.set()

    def _watch(self) -> None:
        while not self.stop.is_set():
            self._changed.clear()
            for each in self._watched:
                try:
                    self._look_at(each)
                except RuntimeError as err:
                    # No thread can be started just now.
                    log.error("the thread `%s` cannot be started: %s", each.name, type(err).__name__)
            self.report(self.states())
            waits = [each.again_at - time.monotonic() for each in self._watched if each.again_at is not None]
            self._changed.wait(max(0.0, min([_LOOK_SECONDS, *waits])))

    def _look_at(self, each: _Watched) -> None:
        now = time.monotonic()
        if self._runs(each):
            if now - each.began_at >= _WELL_AFTER_SECONDS:
                each.faults, each.fault = 0, ""
            return
        if self.stop.is_set():
            return
        if each.again_at is None:
            each.faults += 1
            pause = self.pause_seconds[min(each.faults, len(self.pause_seconds)) - 1]
            each.again_at = now + pause
            log.error("the thread `%s` ended (%s) and is started again in %g s", each.name, each.fault, pause)
        if now >= each.again_at:
            self._start(each)
