"""How well the shared rate holds: the grants of 1 and of 4 sending processes, with a canned answer from SES.

Run it as `python benchmarks/limiter.py`; it takes 30 s a line. A grant counts at the moment that the limiter
gave for it, a call when it was made: what the machine adds in delay is in the latter alone.
"""

import argparse
import multiprocessing
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import stage

from ledger import limits
from ledger.engine import open_ledger
from ledger.limits import Grant
from mail import sending

_RATES = (10, 100, 500, 1_000)
_WORKERS = (1, 4)

# When, and for how many recipients.
Moments = list[tuple[float, int]]


class Granted:
    """The places that this process got under limits, and did not give back."""

    def __init__(self) -> None:
        self._places: dict[Grant, tuple[float, int]] = {}

    def watch(self) -> None:
        """Note every grant from here on."""
        book, give_back = limits.book, limits.give_back

        def noting(
            connection: Any, name: str, recipients: int, rate: float, limit: Any, at: float, *more: Any
        ) -> Grant:
            grant = book(connection, name, recipients, rate, limit, at, *more)
            self._places[grant] = (at + grant.wait_seconds, recipients)
            return grant

        def taking_back(connection: Any, grant: Grant) -> None:
            self._places.pop(grant, None)
            give_back(connection, grant)

        limits.book, limits.give_back = noting, taking_back

    def moments(self) -> Moments:
        return list(self._places.values())


class Counting(stage.CannedSes):
    """Canned answers; every call is noted with its time and its recipients."""

    def __init__(self) -> None:
        self.calls: Moments = []

    def send_bulk_email(self, **request: Any) -> Any:
        self.calls.append((time.time(), len(request["BulkEmailEntries"])))
        return super().send_bulk_email(**request)

    def send_email(self, **request: Any) -> Any:
        self.calls.append((time.time(), 1))
        return super().send_email(**request)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--database", choices=stage.DATABASES, action="append")
    parser.add_argument("--rate", type=int, action="append")
    options = parser.parse_args()
    print("database    rate  workers  average/rate  most in 1 s/rate: granted, called")
    for kind in options.database or stage.DATABASES:
        with stage.database(kind) as url:
            for rate in options.rate or _RATES:
                for workers in _WORKERS:
                    grants, calls = _measure(url, rate, workers, options.seconds)
                    average, granted = figures(grants, options.seconds)
                    _, called = figures(calls, options.seconds)
                    print(
                        f"{kind:10} {rate:5} {workers:8} {average / rate:13.3f} "
                        f"{granted / rate:26.2f} {called / rate:7.2f}",
                        flush=True,
                    )


def figures(moments: Sequence[tuple[float, int]], seconds: float) -> tuple[float, int]:
    """Return recipients a second over the `seconds` from the first moment, and the most in any one second."""
    began = moments[0][0]
    kept = [(at, recipients) for at, recipients in moments if at < began + seconds]
    recent: deque[tuple[float, int]] = deque()
    within = most = 0
    for at, recipients in kept:
        recent.append((at, recipients))
        within += recipients
        # A microsecond for the database's clock, which does not count finer.
        while recent[0][0] <= at - 1 + 1e-6:
            within -= recent.popleft()[1]
        most = max(most, within)
    return sum(recipients for _, recipients in kept) / seconds, most


def _measure(url: str, rate: int, workers: int, seconds: float) -> tuple[Moments, Moments]:
    """Return the grants and the calls of all workers, each in the order of their times."""
    name = f"limiter-{rate}-{workers}"
    with open_ledger(url) as ledger:
        stage.enqueue(ledger, name, int(rate * (seconds + 4)))
    context = multiprocessing.get_context("spawn")
    results: Any = context.Queue()
    ready = context.Barrier(workers)
    arguments = (url, name, rate, seconds + 2, ready, results)
    processes = [context.Process(target=_work, args=arguments) for _ in range(workers)]
    for process in processes:
        process.start()
    found = [results.get() for _ in processes]
    for process in processes:
        process.join()
    grants, calls = (sorted(moment for each in found for moment in each[place]) for place in (0, 1))
    return grants, calls


def _work(url: str, name: str, rate: int, seconds: float, ready: Any, results: Any) -> None:
    ses, granted = Counting(), Granted()
    granted.watch()
    with open_ledger(url) as ledger:
        work = stage.work(ledger, stage.campaign(name), ses, f"worker-{time.time_ns()}", rate)
        ready.wait()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if sending.send_chunk(work, rate).ended != "chunk":
                break
    results.put((granted.moments(), ses.calls))


if __name__ == "__main__":
    main()
