"""Cleaning a list with everything that the ledger knows, and leaving the files that people read."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from ledger.about import about
from ledger.engine import Ledger
from lists import lookups, mx, mx_cached, suppression_ends
from lists.cleaning import Cleaning, Progress
from lists.mx import MxLookup
from lists.outputs import Outputs, Writer
from lists.policy import HygienePolicy, ListSource
from lists.reasons import Flag
from lists.sources import OpenList
from lists.summary import Summary
from reports import list_report, page
from reports.findings import Findings
from settings import settings

REPORT_HTML = "report.html"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A cleaning whose files are written; `findings` are what is shown of its rejected rows."""

    summary: Summary
    outputs: Outputs
    findings: Findings

    @property
    def suggested(self) -> int:
        """How many rows come with an address that was probably meant, accepted ones too."""
        return self.findings.suggested + self.summary.flags.get(Flag.TYPO, 0)


def clean(
    ledger: Ledger,
    source: ListSource,
    policy: HygienePolicy,
    nameservers: str,
    directory: Path,
    *,
    on_progress: Progress | None = None,
    on_open: Callable[[OpenList], None] | None = None,
    as_of: date | None = None,
    owner: str = "",
) -> Cleaned:
    """Judge every row of a list with what the ledger and the DNS know, into files in a folder.

    The accepted and rejected rows, the summary and the report appear together, once all are whole. With
    `as_of` the ledger answers as it stood at the end of that day (UTC), and silence is counted to there; the
    list and the mail servers are as they are now. `owner` names whose campaign the list is for: consent and
    unsubscribes are the owner's then. Raises ListError and ReportError; what lay in the folder
    before stays then.
    """
    report = on_progress or (lambda stage, done, total: None)
    suppression_ends.expire(ledger)
    known = lookups.open_lookups(ledger.reading, source.scope, as_of, owner)
    cleaning = Cleaning(
        source,
        policy,
        suppressed=known.suppressed,
        confirmed=known.confirmed,
        last_engaged=known.last_engaged,
        risks=known.risks,
        resolver=resolver(ledger, nameservers, report) if policy.mx else None,
        today=as_of or datetime.now(UTC).date(),
        on_progress=on_progress,
        on_open=on_open,
    )
    findings = Findings()
    with Writer(directory) as writer:
        for part in cleaning.parts(writer.work):
            findings.add_part(part)
            writer.write(part)
        summary = of_ledger(told_as_of(cleaning.summary(), as_of), ledger)
        page.write(writer.place_beside(REPORT_HTML), list_report.render_findings(summary, findings))
        return Cleaned(summary, writer.finish(summary), findings)


def told_as_of(summary: Summary, as_of: date | None) -> Summary:
    """Say in a summary that it is about a day in the past, where it is."""
    if as_of is None:
        return summary
    told = (
        f"As of {as_of}: suppressions, consent and activity as they stood then, mail servers as they are now."
    )
    return replace(summary, warnings=(told, *summary.warnings))


def of_ledger(summary: Summary, ledger: Ledger) -> Summary:
    """Say in a summary whose suppressions counted."""
    with ledger.reading() as connection:
        return replace(summary, ledger=about(connection))


def resolver(ledger: Ledger, nameservers: str, report: Progress) -> MxLookup:
    """Return the look-up of mail servers that the settings describe. Raises ListError for no nameserver."""
    return mx_cached.lookup(
        ledger,
        mx.resolving(settings(), nameservers),
        on_progress=lambda done, total: report("mx", done, total),
    )
