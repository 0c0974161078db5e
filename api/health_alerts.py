"""Who is told of this process's health: a line in the log for every reason that comes or goes.

Where the ledger is lost the process has to end: what it would still write nobody would ever find.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from api.vitals import Vitals
from ledger.errors import LedgerLost
from reports.health import kinds

log = logging.getLogger(__name__)

_FILE_SECONDS = 1.0
_CHECK_SECONDS = 10.0


class Alerts:
    """Tells each reason once when it comes, and once when it is over. Figures in it make no other reason."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told: dict[str, str] = {}

    def note(self, reasons: Sequence[str]) -> None:
        """Take in what stands against being well just now."""
        now = kinds(reasons)
        for kind in now.keys() - self._told.keys():
            self._tell(f"ALERT: {now[kind]}")
        for kind in self._told.keys() - now.keys():
            self._tell(f"over: {self._told[kind]}")
        self._told = now


async def watch(
    vitals: Vitals,
    check_file: Callable[[], None],
    *,
    file_seconds: float = _FILE_SECONDS,
    check_seconds: float = _CHECK_SECONDS,
) -> None:
    """Look after the ledger's file and the vital signs until cancelled; a lost ledger ends the process."""
    alerts = Alerts(log.warning)
    loop = asyncio.get_running_loop()
    checked_at = loop.time()
    while True:
        await asyncio.sleep(file_seconds)
        try:
            check_file()
        except LedgerLost as err:
            log.error("%s", err)
            vitals.on_lost(err)
            return
        if loop.time() - checked_at >= check_seconds:
            alerts.note((await vitals.check()).reasons)
            checked_at = loop.time()
