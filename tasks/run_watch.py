"""How a run that sends shows itself: a bar with the figures, and lines in its log."""

import time
from typing import cast
from uuid import UUID

from prefect import get_run_logger
from prefect.artifacts import create_progress_artifact, update_progress_artifact

from ledger.engine import open_ledger
from reports import run_log, status
from reports.run_log import RunLog
from settings import settings
from tasks.artifact_keys import of_campaign


class RunWatch:
    """Looks at the campaign of a run; to be made inside its flow."""

    def __init__(self, campaign: str) -> None:
        self._campaign = campaign
        self._log = get_run_logger()
        self._lines = RunLog(time.monotonic())
        # Made at the first look, which may fail without harm: nobody goes without mail for a bar.
        self._bar: UUID | None = None

    def look(self) -> None:
        """Log what is due, and bring the bar and the words above it up to date."""
        with open_ledger(settings().database_url) as ledger, ledger.reading() as connection:
            now = status.of(connection, self._campaign)
        for line in self._lines.lines(time.monotonic(), now):
            self._log.info("%s", line)
        words = f"{self._campaign}: {run_log.line(now)}"
        if self._bar is None:
            # In a flow that is not async, Prefect's functions are not either, whatever their types say.
            key = of_campaign("campaign-progress", self._campaign)
            bar = create_progress_artifact(0.0, key=key, description=self._campaign)
            self._bar = cast(UUID, bar)
        update_progress_artifact(self._bar, now.percent_done, words)
