"""What `campaign doctor` looks at, for /metrics: looked at beside the requests, not with each of them."""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from reports.checkup.checks import CHECKS, FIGURES
from reports.checkup.finding import Check, Level, Result, Surroundings
from reports.checkup.rounds import Rounds
from settings import Settings

# Whoever scrapes asks more often; AWS and Prefect need not be asked each time.
FRESH_SECONDS = 60.0
_FIRST_SECONDS = 6.5
_ROOT = Path(__file__).resolve().parents[1]
_VALUES = {Level.OK: 0, Level.WARNING: 1, Level.ERROR: 2}


class Checkups:
    """The results of the last look; asking for them begins another one where they are no longer fresh."""

    def __init__(self, settings: Settings, checks: Sequence[Check] = CHECKS) -> None:
        self._around = Surroundings(settings, os.environ, _ROOT, time.time)
        self._rounds = Rounds(checks)
        self._lock = threading.Lock()
        self._first = threading.Event()
        self._under_way = False
        self._began = -FRESH_SECONDS
        self._results: list[Result] = []

    def results(self) -> list[Result]:
        """Return what the last look found. The first one is waited for; [] where it takes too long."""
        with self._lock:
            if not self._under_way and time.monotonic() - self._began >= FRESH_SECONDS:
                self._under_way, self._began = True, time.monotonic()
                threading.Thread(target=self._look, name="checkups", daemon=True).start()
        self._first.wait(_FIRST_SECONDS)
        return self._results

    def _look(self) -> None:
        try:
            self._results = self._rounds.run(self._around)
        finally:
            self._under_way = False
            self._first.set()


def lines(results: Sequence[Result]) -> Iterator[str]:
    """Yield the results in Prometheus' format: how bad each check is, and the figures behind it."""
    if not results:
        return
    yield "# HELP campaign_check What `campaign doctor` finds: 0 ok, 1 warning, 2 error."
    yield "# TYPE campaign_check gauge"
    for each in sorted(results, key=lambda result: result.check):
        yield f'campaign_check{{check="{each.check}"}} {_VALUES[each.finding.level]}'
    figures = [figure for each in results for figure in each.finding.figures]
    for name, (text, label) in FIGURES.items():
        if theirs := [figure for figure in figures if figure.name == name]:
            yield f"# HELP {name} {text}"
            yield f"# TYPE {name} gauge"
        for figure in theirs:
            yield f"{name}{_label(label, figure.of)} {figure.value:.10g}"


def _label(name: str, value: str) -> str:
    # https://prometheus.io/docs/instrumenting/exposition_formats/ : what has to be escaped in a label.
    text = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{{name}="{text}"}}' if name else ""
