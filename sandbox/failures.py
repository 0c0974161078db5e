"""Which calls go wrong."""

import random
from dataclasses import dataclass

from sandbox.behaviour import Failure, FailureKind

_OF_ENTRIES = {
    FailureKind.ENTRY,
    FailureKind.MISSING_RESULT,
    FailureKind.MISSING_MESSAGE_ID,
    FailureKind.EXTRA_RESULT,
}


@dataclass
class _Planned:
    failure: Failure
    seen: int = 0
    used: int = 0


class Failures:
    """Counts the calls and says which failures strike each of them."""

    def __init__(self, failures: list[Failure], seed: int) -> None:
        self._planned = [_Planned(failure) for failure in failures]
        self._random = random.Random(seed)

    def strike(self, operation: str) -> list[Failure]:
        """Count one call of an operation and return the failures that strike it."""
        struck = []
        for planned in self._planned:
            failure = planned.failure
            if operation not in failure.operations and "*" not in failure.operations:
                continue
            if failure.kind in _OF_ENTRIES and operation != "SendBulkEmail":
                continue
            planned.seen += 1
            if failure.nth_calls is not None and planned.seen not in failure.nth_calls:
                continue
            if failure.count is not None and planned.used >= failure.count:
                continue
            if self._random.random() < failure.probability:
                planned.used += 1
                struck.append(failure)
        return struck
