"""Runs in Prefect that wait for a person's decision, told that it was made on the command line."""

import os


def wake(name: str) -> int:
    """Let the runs that wait about the campaign go on, where PREFECT_API_URL says where; return how many did.

    Where Prefect cannot be asked it stays at that: the next run of `watch-statuses` wakes them.
    """
    if not os.environ.get("PREFECT_API_URL"):
        return 0
    from cli import runs

    try:
        with runs.prefect():
            from tasks import campaign_runs

            return campaign_runs.wake.fn(name)
    except Exception:  # noqa: BLE001 - the decision is made, and Prefect is only told of it.
        return 0
