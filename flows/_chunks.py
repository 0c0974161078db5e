"""The loop of every run that sends: chunk after chunk, until nothing is left or the campaign stops."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from prefect.futures import PrefectFuture

from tasks import sending

log = logging.getLogger(__name__)

CHUNK_RECIPIENTS = 5_000
# While other workers hold the last messages, or leases of dead ones run out, a run looks again.
LOOK_AGAIN_SECONDS = 2.0
PROGRESS_SECONDS = 2.0


def send(campaign: str, workers: int, look: Callable[[], object]) -> tuple[str, int]:
    """Send with so many chunks side by side; return why it ended and how many messages SES took.

    `look` is called every few seconds on the way.
    """
    chunk, ended = 0, "chunk"
    answers: Counter[str] = Counter()
    while ended in ("chunk", "waiting"):
        first = chunk + 1
        chunk += workers
        running = [
            sending.send_chunk.submit(campaign, number, CHUNK_RECIPIENTS)
            for number in range(first, chunk + 1)
        ]
        results = [_watched(future, look) for future in running]
        for result in results:
            answers.update(result["answers"])
        ended = "chunk" if "chunk" in [each["ended"] for each in results] else results[-1]["ended"]
        if ended == "waiting":
            time.sleep(LOOK_AGAIN_SECONDS)
    return ended, answers["accepted"]


def _watched(future: PrefectFuture[dict[str, Any]], look: Callable[[], object]) -> dict[str, Any]:
    """Return a chunk's result, looking up now and then until it is there."""
    wait(future, look)
    return future.result()


def wait(future: PrefectFuture[Any], look: Callable[[], object]) -> None:
    """Wait until something has ended, looking up now and then."""
    while not future.state.is_final():
        future.wait(timeout=PROGRESS_SECONDS)
        try:
            look()
        except Exception as err:  # noqa: BLE001 - nobody goes without mail for a progress bar.
            log.warning("the progress cannot be shown just now: %s", type(err).__name__)
