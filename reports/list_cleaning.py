"""Cleaning a list with everything that the ledger knows, and leaving the files that people read."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ledger.engine import Ledger
from lists import cleaning, mx, outputs, suppression
from lists.cleaning import CleanResult, Progress
from lists.policy import HygienePolicy, ListSource
from reports import list_report

REPORT_HTML = "report.html"


def clean(
    ledger: Ledger,
    source: ListSource,
    policy: HygienePolicy,
    nameservers: str,
    on_progress: Progress | None = None,
) -> CleanResult:
    """Judge every row of a list, with the ledger's suppressions and consents. Raises ListError."""

    # Each look-up in a short transaction of its own: the DNS in between can take minutes.
    def suppressed(keys: Sequence[str]) -> Mapping[str, str]:
        with ledger.reading() as connection:
            return suppression.lookup(connection)(keys)

    def confirmed(keys: Sequence[str]) -> set[str]:
        with ledger.reading() as connection:
            return suppression.confirmed_lookup(connection)(keys)

    return cleaning.clean(
        source,
        policy,
        suppressed=suppressed,
        confirmed=confirmed,
        resolver=mx.lookup(nameservers) if policy.mx else None,
        today=datetime.now(UTC).date(),
        on_progress=on_progress,
    )


def write(result: CleanResult, directory: Path) -> outputs.Outputs:
    """Write the accepted and rejected rows, the summary and the report into a folder."""
    written = outputs.write(result, directory)
    list_report.write(result, directory / REPORT_HTML)
    return written
