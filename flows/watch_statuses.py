"""Take in what became of messages since the last look, and bring states and reports up to date."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Failed

from flows import _names
from reports import failures
from settings import settings
from tasks import announcing, campaign_runs, reporting, restarts, sending
from tasks.refusals import ends_in_a_sentence

# Within the five minutes after which it runs again.
CALLBACK_SECONDS = 200.0


@flow(name="watch-statuses", flow_run_name=_names.timed("watch statuses"))
@ends_in_a_sentence
def watch_statuses() -> dict[str, Any] | State[Any]:
    """Collect events of all campaigns, deliver their callbacks, start anew what nobody sends.

    It is meant to run every few minutes. What breaks for one campaign, or in one step, keeps no other from
    its own; at the end the run has failed.
    """
    log = get_run_logger()
    broken: list[str] = []
    reasons: list[str] = []

    @contextmanager
    def apart(step: str) -> Iterator[None]:
        try:
            yield
        except Exception as err:  # noqa: BLE001 - the steps behind it serve others.
            # Another error's text may hold an address.
            told = failures.sentence(err) or type(err).__name__
            log.error("%s broke: %s", step, told)
            broken.append(step)
            reasons.append(told)

    before: dict[str, str] = {}
    changed: set[str] = set()
    collected: dict[str, Any] = {"events": 0, "unmatched": 0, "broken": 0, "campaigns": [], "warning": ""}
    with apart("reading the states"):
        before = sending.states()
    with apart("collecting"):
        collected = sending.collect_once()
    changed |= set(collected["campaigns"])
    running: list[str] = []
    with apart("reading what runs"):
        running = sending.running()
    for name in running:
        with apart(f"finishing {name}"):
            if sending.finish(name) != "RUNNING":
                changed.add(name)
    with apart("waking runs that asked"):
        for run in campaign_runs.wake_decided():
            log.info("%s goes on: its question is over.", run)
    stalled: list[str] = []
    with apart("looking for stalled campaigns"):
        stalled = restarts.find_stalled()
    for name in stalled:
        with apart(f"starting {name} anew"):
            if done := restarts.start_anew(name):
                log.warning("%s", done)
    with apart("delivering callbacks"):
        sending.deliver_callbacks(CALLBACK_SECONDS)
    for name in sorted(changed):
        with apart(f"reporting {name}"):
            status = reporting.write_report(name, str(Path(settings().output_dir) / "reports" / name))
            if status["state"] != before.get(name):
                announcing.announce(name)
    with apart("looking at the ledger's health"):
        for reason in announcing.announce_health():
            log.warning("%s", reason)
    if collected["unmatched"]:
        log.warning(
            "%s events belong to no message of this ledger: another ledger may share its queue, "
            "or the ledger was restored from a backup",
            collected["unmatched"],
        )
    if collected["warning"]:
        log.warning("%s", collected["warning"])
    if collected["broken"]:
        log.warning(
            "%s events cannot be processed and stay on the queue: in the end its dead-letter queue has them",
            collected["broken"],
        )
    if broken:
        steps = f"These steps broke, the others are done: {', '.join(broken)}."
        return Failed(name="Incomplete", message=f"{steps} {' '.join(dict.fromkeys(reasons))}")
    return {"events": collected["events"], "campaigns": sorted(changed)}
