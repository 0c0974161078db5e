"""A bucket that may go negative, and the largest sum in any one second."""

from collections import deque

_ROUNDING = 1e-9


class Bucket:
    """Takes a call while at least one is left, then nothing until the debt is repaid.

    This is how SES describes its sending rate: a call for 50 recipients is taken whole by an account with
    one left, and the next ones wait.
    """

    def __init__(self, per_second: float, capacity: float, now: float) -> None:
        self._per_second = per_second
        self._capacity = capacity
        self._level = capacity
        self._at = now

    def take(self, amount: int, now: float) -> bool:
        """Take `amount` and return True, or return False and take nothing."""
        self._level = min(self._capacity, self._level + (now - self._at) * self._per_second)
        self._at = now
        if self._level < 1 - _ROUNDING:
            return False
        self._level -= amount
        return True


class BusiestSecond:
    """The most that was counted within any span of one second."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, int]] = deque()
        self._sum = 0
        self.most = 0

    def add(self, amount: int, now: float) -> None:
        """Count `amount` at `now`, which never runs backwards."""
        self._recent.append((now, amount))
        self._sum += amount
        while self._recent[0][0] <= now - 1:
            self._sum -= self._recent.popleft()[1]
        self.most = max(self.most, self._sum)


class DayCount:
    """How much was counted in the last 24 hours, to the minute."""

    def __init__(self) -> None:
        self._minutes: deque[tuple[int, int]] = deque()
        self._sum = 0

    def add(self, amount: int, now: float) -> None:
        """Count `amount` at `now`."""
        minute = int(now // 60)
        if self._minutes and self._minutes[-1][0] == minute:
            self._minutes[-1] = (minute, self._minutes[-1][1] + amount)
        else:
            self._minutes.append((minute, amount))
        self._sum += amount

    def total(self, now: float) -> int:
        """Return the sum over the last 24 hours."""
        while self._minutes and self._minutes[0][0] <= now // 60 - 24 * 60:
            self._sum -= self._minutes.popleft()[1]
        return self._sum
