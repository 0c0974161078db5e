"""Cleaning a list with everything that the ledger knows, and leaving the files that people read."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from ledger.engine import Ledger
from lists import cleaning, lookups, mx, mx_cached, outputs
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
    as_of: date | None = None,
) -> CleanResult:
    """Judge every row of a list with what the ledger and the DNS know. Raises ListError.

    With `as_of` the ledger answers as it stood at the end of that day (UTC), and silence is counted to there;
    the list and the mail servers are as they are now.
    """
    report = on_progress or (lambda stage, done, total: None)
    known = lookups.open_lookups(ledger.reading, source.scope, as_of)
    result = cleaning.clean(
        source,
        policy,
        suppressed=known.suppressed,
        confirmed=known.confirmed,
        last_engaged=known.last_engaged,
        resolver=_resolver(ledger, nameservers, report) if policy.mx else None,
        today=as_of or datetime.now(UTC).date(),
        on_progress=on_progress,
    )
    if as_of is None:
        return result
    told = (
        f"As of {as_of}: suppressions, consent and activity as they stood then, mail servers as they are now."
    )
    return replace(result, summary=replace(result.summary, warnings=(told, *result.summary.warnings)))


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
