"""How well the shared rate holds: the grants of 1 and of 4 sending processes, with a canned answer from SES.

Run it as `python benchmarks/limiter.py`; it takes 30 s a line. A call counts at the moment of the call, not
at the one that was booked, so what the machine adds in delay is in the figures.
"""

import argparse
import multiprocessing
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import stage

from ledger.engine import open_ledger
from mail import sending

_RATES = (10, 100, 500, 1_000)
_WORKERS = (1, 4)


class Counting(stage.CannedSes):
    """Canned answers; every call is noted with its time and its recipients."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, int]] = []

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
    print("database    rate  workers  average/rate  most in 1 s/rate")
    for kind in options.database or stage.DATABASES:
        with stage.database(kind) as url:
            for rate in options.rate or _RATES:
                for workers in _WORKERS:
                    calls = _measure(url, rate, workers, options.seconds)
                    average, most = figures(calls, options.seconds)
                    print(
                        f"{kind:10} {rate:5} {workers:8} {average / rate:13.3f} {most / rate:17.2f}",
                        flush=True,
                    )


def figures(calls: Sequence[tuple[float, int]], seconds: float) -> tuple[float, int]:
    """Return recipients a second over the `seconds` from the first call, and the most in any one second."""
    began = calls[0][0]
    kept = [(at, recipients) for at, recipients in calls if at < began + seconds]
    recent: deque[tuple[float, int]] = deque()
    within = most = 0
    for at, recipients in kept:
        recent.append((at, recipients))
        within += recipients
        while recent[0][0] <= at - 1:
            within -= recent.popleft()[1]
        most = max(most, within)
    return sum(recipients for _, recipients in kept) / seconds, most


def _measure(url: str, rate: int, workers: int, seconds: float) -> list[tuple[float, int]]:
    """Return the calls of all workers in the order of their times."""
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
    calls = sorted(call for _ in processes for call in results.get())
    for process in processes:
        process.join()
    return calls


def _work(url: str, name: str, rate: int, seconds: float, ready: Any, results: Any) -> None:
    ses = Counting()
    with open_ledger(url) as ledger:
        work = stage.work(ledger, stage.campaign(name), ses, f"worker-{time.time_ns()}", rate)
        ready.wait()
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if sending.send_chunk(work, rate).ended != "chunk":
                break
    results.put(ses.calls)


if __name__ == "__main__":
    main()
