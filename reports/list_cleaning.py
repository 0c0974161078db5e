"""Cleaning a list with everything that the ledger knows, and leaving the files that people read."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ledger.engine import Ledger
from lists import cleaning, mx, mx_cached, outputs, suppression
from lists.cleaning import CleanResult, Progress
from lists.mx import MxLookup
from lists.policy import HygienePolicy, ListSource
from reports import list_report
from settings import settings

REPORT_HTML = "report.html"


def clean(
    ledger: Ledger,
    source: ListSource,
    policy: HygienePolicy,
    nameservers: str,
    on_progress: Progress | None = None,
) -> CleanResult:
    """Judge every row of a list with what the ledger and the DNS know. Raises ListError."""
    report = on_progress or (lambda stage, done, total: None)

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
        resolver=_resolver(ledger, nameservers, report) if policy.mx else None,
        today=datetime.now(UTC).date(),
        on_progress=on_progress,
    )


def _resolver(ledger: Ledger, nameservers: str, report: Progress) -> MxLookup:
    return mx_cached.lookup(
        ledger,
        mx.resolving(settings(), nameservers),
        on_progress=lambda done, total: report("mx", done, total),
    )


def write(result: CleanResult, directory: Path) -> outputs.Outputs:
    """Write the accepted and rejected rows, the summary and the report into a folder."""
    written = outputs.write(result, directory)
    list_report.write(result, directory / REPORT_HTML)
    return written
