"""Take in what became of messages since the last look, and bring states and reports up to date."""

from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger

from settings import settings
from tasks import announcing, reporting, sending

# Within the five minutes after which it runs again.
CALLBACK_SECONDS = 200.0


@flow(name="watch-statuses", flow_run_name="watch statuses")
def watch_statuses() -> dict[str, Any]:
    """Collect events of all campaigns and deliver their callbacks; meant to run every few minutes."""
    log = get_run_logger()
    before = sending.states()
    collected = sending.collect_once()
    changed = set(collected["campaigns"])
    for name in sending.running():
        if sending.finish(name) != "RUNNING":
            changed.add(name)
    sending.deliver_callbacks(CALLBACK_SECONDS)
    for name in sorted(changed):
        status = reporting.write_report(name, str(Path(settings().output_dir) / "reports" / name))
        if status["state"] != before.get(name):
            announcing.announce(name)
    if collected["unmatched"]:
        log.warning(
            "%s events belong to no message of this ledger: another ledger may share its queue, "
            "or the ledger was restored from a backup",
            collected["unmatched"],
        )
    if collected["warning"]:
        log.warning("%s", collected["warning"])
    return {"events": collected["events"], "campaigns": sorted(changed)}
