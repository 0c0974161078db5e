"""Answers of a slow source, kept for a while: whoever asks the same meanwhile waits for the same answer."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

_REMEMBERED = 100_000


class Remembered(Generic[Key, Value]):
    """Asks `look_up` for what is not known; `holds_seconds` says how long an answer is kept."""

    def __init__(
        self,
        look_up: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]],
        holds_seconds: Callable[[Value], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look_up = look_up
        self._holds_seconds = holds_seconds
        self._clock = clock
        self._known: dict[Key, tuple[float, Value]] = {}
        self._asked: dict[Key, asyncio.Task[Mapping[Key, Value]]] = {}

    async def get(self, keys: Iterable[Key]) -> dict[Key, Value]:
        """Return the value of each key. Raises what `look_up` raises, and then nothing is kept."""
        now = self._clock()
        found: dict[Key, Value] = {}
        missing: list[Key] = []
        for key in dict.fromkeys(keys):
            kept = self._known.get(key)
            if kept is not None and now < kept[0]:
                found[key] = kept[1]
            else:
                missing.append(key)
        if not missing:
            return found
        if new := [key for key in missing if key not in self._asked]:
            task = asyncio.create_task(self._ask(new))
            # Where every caller has gone away, nobody else hears of its trouble.
            task.add_done_callback(_hear)
            self._asked |= dict.fromkeys(new, task)
        for task in dict.fromkeys(self._asked[key] for key in missing):
            # A caller that goes away does not take the answer from the others.
            answers = await asyncio.shield(task)
            found |= {key: answers[key] for key in missing if key in answers}
        return found

    def forget(self, keys: Iterable[Key]) -> None:
        """Let these be asked for again."""
        for key in keys:
            self._known.pop(key, None)

    async def _ask(self, keys: Sequence[Key]) -> Mapping[Key, Value]:
        try:
            answers = await self._look_up(keys)
        finally:
            for key in keys:
                del self._asked[key]
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        now = self._clock()
        self._known |= {key: (now + self._holds_seconds(value), value) for key, value in answers.items()}
        return answers


def _hear(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled():
        task.exception()
