"""Looks at everything at once, each on a thread of its own: what hangs or fails hides nothing else."""

import threading
import time
from collections.abc import Sequence

from reports.checkup.finding import Check, Finding, Level, Result, Surroundings

# Whoever scrapes figures waits ten seconds as a rule.
DEADLINE_SECONDS = 6.0
_ORDER = list(Level)


class Rounds:
    """Runs the checks, again and again; one that still hangs from the last time is not begun anew."""

    def __init__(self, checks: Sequence[Check], deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._checks = checks
        self._deadline_seconds = deadline_seconds
        self._hanging: dict[str, _Look] = {}

    def run(self, surroundings: Surroundings) -> list[Result]:
        """Return what every check found, the worst first; it takes the deadline at the longest."""
        give_up_at = time.monotonic() + self._deadline_seconds
        looks = [(check, self._begin(check, surroundings)) for check in self._checks]
        results = []
        for check, look in looks:
            look.join(max(0.0, give_up_at - time.monotonic()))
            if look.is_alive():
                self._hanging[check.name] = look
            results.append(Result(check.name, look.finding or self._silence(check)))
        return sorted(results, key=lambda each: _ORDER.index(each.finding.level))

    def _begin(self, check: Check, surroundings: Surroundings) -> "_Look":
        before = self._hanging.pop(check.name, None)
        if before is not None and before.is_alive():
            return before
        look = _Look(check, surroundings)
        look.start()
        return look

    def _silence(self, check: Check) -> Finding:
        sentence = f"{check.what} gave no answer within {self._deadline_seconds:.0f} s: {check.advice}."
        return Finding(check.silent, sentence)


class _Look(threading.Thread):
    """One check under way. Nobody waits for it at the end of the process."""

    def __init__(self, check: Check, surroundings: Surroundings) -> None:
        super().__init__(name=f"check {check.name}", daemon=True)
        self._check = check
        self._surroundings = surroundings
        self.finding: Finding | None = None

    def run(self) -> None:
        try:
            self.finding = self._check.look(self._surroundings)
        except Exception as err:  # noqa: BLE001 - one check that fails must not hide the others.
            # Without the text of the error: it may quote what nobody should read.
            self.finding = Finding(
                self._check.silent,
                f"{self._check.what} could not be looked at ({type(err).__name__}): {self._check.advice}.",
            )


def worst(results: Sequence[Result]) -> Level:
    """Return the level of the worst result."""
    return min((each.finding.level for each in results), key=_ORDER.index, default=Level.OK)
