"""Cleaning a list with everything that the ledger knows, and leaving the files that people read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ledger.engine import Ledger
from lists import mx, suppression
from lists.cleaning import Cleaning, Progress
from lists.outputs import Outputs, Writer
from lists.policy import HygienePolicy, ListSource
from lists.sources import OpenList
from lists.summary import Summary
from reports import list_report, page
from reports.findings import Findings

REPORT_HTML = "report.html"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A cleaning whose files are written; `findings` are what is shown of its rejected rows."""

    summary: Summary
    outputs: Outputs
    findings: Findings


def clean(
    ledger: Ledger,
    source: ListSource,
    policy: HygienePolicy,
    nameservers: str,
    directory: Path,
    *,
    on_progress: Progress | None = None,
    on_open: Callable[[OpenList], None] | None = None,
) -> Cleaned:
    """Judge every row of a list, with the ledger's suppressions and consents, into files in a folder.

    The accepted and rejected rows, the summary and the report appear together, once all are whole. Raises
    ListError and ReportError; what lay in the folder before stays then.
    """

    # Each look-up in a short transaction of its own: the DNS in between can take minutes.
    def suppressed(keys: Sequence[str]) -> Mapping[str, str]:
        with ledger.reading() as connection:
            return suppression.lookup(connection)(keys)

    def confirmed(keys: Sequence[str]) -> set[str]:
        with ledger.reading() as connection:
            return suppression.confirmed_lookup(connection)(keys)

    cleaning = Cleaning(
        source,
        policy,
        suppressed=suppressed,
        confirmed=confirmed,
        resolver=mx.lookup(nameservers) if policy.mx else None,
        today=datetime.now(UTC).date(),
        on_progress=on_progress,
        on_open=on_open,
    )
    findings = Findings()
    with Writer(directory) as writer:
        for part in cleaning.parts(writer.work):
            findings.add_part(part)
            writer.write(part)
        summary = cleaning.summary()
        page.write(writer.place_beside(REPORT_HTML), list_report.render_findings(summary, findings))
        return Cleaned(summary, writer.finish(summary), findings)
