"""How fast questions may go out: a rate that is set, and a window that the answers open and losses close.

Without them a burst overflows some buffer on the way, the lost questions are asked again, and so are those
whose answers the burst only delayed, until most of what is answered has been given up.
"""

import asyncio
from collections import deque

# So many packets may go at once after a rest: a resolver's default buffer holds fewer than 300.
BURST = 50
# The window opens by one with every answer, so it doubles in every round trip.
FIRST_WINDOW = 100
LEAST_WINDOW = 20


class Pace:
    """At most so many a second, after a rest a burst of them; times are those of any steady clock."""

    def __init__(self, per_second: float) -> None:
        self._gap_seconds = 1 / per_second
        self._next_at = 0.0

    def wait_seconds(self, now: float) -> float:
        """Take the next turn; return how long to wait for it, 0 or less for not at all."""
        at = max(self._next_at, now - BURST * self._gap_seconds)
        self._next_at = at + self._gap_seconds
        return at - now


class Window:
    """How many questions are under way at most; use it as `async with`."""

    def __init__(self, most: int, rest_seconds: float) -> None:
        self.size = min(FIRST_WINDOW, most)
        self._most = most
        self._rest_seconds = rest_seconds
        self._closed_at = float("-inf")
        self._under_way = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def answered(self) -> None:
        """Open the window a little."""
        self.size = min(self.size + 1, self._most)

    def lost(self, now: float) -> None:
        """Close half of the window, at most once in `rest_seconds`: losses come in company."""
        if now - self._closed_at >= self._rest_seconds:
            self._closed_at = now
            self.size = max(self.size // 2, min(LEAST_WINDOW, self._most))

    async def __aenter__(self) -> None:
        if self._under_way < self.size:
            self._under_way += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    async def __aexit__(self, *_: object) -> None:
        self._under_way -= 1
        while self._waiting and self._under_way < self.size:
            # Counted here: until the other one runs, somebody else could take the same place.
            self._under_way += 1
            self._waiting.popleft().set_result(None)
