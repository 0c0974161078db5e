"""A circuit breaker: whoever asks a service that is known to be down is told so at once.

After some failures in a row nobody asks for a while; then one question goes through as a probe, and what
comes of it decides for all.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from api.thread_pools import Unavailable

_FAILURES_IN_A_ROW = 3
_FIRST_REST_SECONDS = 5.0
# It doubles up to this: so long at most does nobody notice that the service is back.
_LONGEST_REST_SECONDS = 20.0


class CircuitOpen(Unavailable):
    """The service was down a moment ago, and is not asked just now."""


class Circuit:
    """Knows whether a service answers. `failures` are the exceptions that say that it does not."""

    def __init__(
        self,
        what: str,
        failures: tuple[type[Exception], ...],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._failures = failures
        self._clock = clock
        self._in_a_row = 0
        self._rest_seconds = _FIRST_REST_SECONDS
        self._closed_at = 0.0
        self._probing = False

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Ask the service inside. Raises CircuitOpen at once where it is not to be asked."""
        probe = self._enter()
        try:
            yield
        except self._failures:
            self._fail(probe=probe)
            raise
        else:
            self._in_a_row, self._rest_seconds = 0, _FIRST_REST_SECONDS
        finally:
            # A probe that was called off has shown nothing: the next one tries.
            if probe:
                self._probing = False

    def _enter(self) -> bool:
        """Return whether this is a probe."""
        if self._in_a_row < _FAILURES_IN_A_ROW:
            return False
        left = self._closed_at - self._clock()
        if left > 0 or self._probing:
            raise CircuitOpen(f"{self._what} does not answer", max(1, math.ceil(left)))
        self._probing = True
        return True

    def _fail(self, *, probe: bool) -> None:
        self._in_a_row += 1
        if probe:
            self._rest_seconds = min(2 * self._rest_seconds, _LONGEST_REST_SECONDS)
        if probe or self._in_a_row == _FAILURES_IN_A_ROW:
            self._closed_at = self._clock() + self._rest_seconds
