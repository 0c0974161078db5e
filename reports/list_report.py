"""The list-cleaning report: what was dropped and why, in the order of the rules, and what is doubtful."""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import idna

from lists.cleaning import CleanResult
from lists.output_files import (
    ACCEPTED_CSV,
    ACCEPTED_PARQUET,
    REJECTED_CSV,
    REJECTED_PARQUET,
    SUMMARY_JSON,
)
from lists.reasons import Flag, Reason
from lists.summary import DomainCounts, Summary
from reports import charts, page, providers
from reports.errors import ReportError
from reports.findings import Findings
from reports.list_words import FLAGS, REASONS, RISKS, UNKNOWN
from reports.masking import mask, mask_text

DOMAINS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Sample:
    """Some rows of one reason, their addresses masked: (row, address, detail, suggestion)."""

    label: str
    meaning: str
    count: int
    share: float
    rows: tuple[tuple[int, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class DomainLine:
    """One line of the table by domain."""

    name: str
    rows: int
    counts: DomainCounts
    parts: list[charts.Segment]


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the accepted rows something holds for, and what that means."""

    label: str
    meaning: str
    count: int
    share: float
    parts: list[charts.Segment]


@dataclass(frozen=True, slots=True)
class Mistyped:
    """A domain that looks mistyped, the one that was probably meant, and its rows."""

    domain: str
    meant: str
    rows: int


def write(result: CleanResult, path: Path) -> None:
    """Write the report as one self-contained HTML file, meant to lie beside rejected.csv.

    Raises ReportError where the figures do not balance or the file cannot be written.
    """
    page.write(path, render(result))


def render(result: CleanResult) -> str:
    """Return the report as HTML; raises ReportError where the figures do not balance."""
    return render_findings(result.summary, Findings.of(result))


def render_findings(summary: Summary, findings: Findings) -> str:
    """Return the report on rows that were seen as they passed by; raises ReportError like `render`."""
    # A summary balances in itself by construction; this holds it against the rows.
    if not findings.agree_with(summary.by_reason, summary.accepted):
        raise ReportError("the report's figures are not those of the accepted and rejected rows.")
    domains = list(summary.by_domain.items())
    return page.render(
        "list.html.j2",
        summary=summary,
        name=PurePosixPath(summary.source.replace("\\", "/")).name,
        total=charts.stacked((("Accepted", summary.accepted, "good"), ("Rejected", summary.rejected, "bad"))),
        reasons=charts.bars(
            [(REASONS[reason][0], summary.by_reason[reason], "plain") for reason in Reason], summary.rows
        ),
        risks=[_share(summary, *words, summary.risk[name]) for name, words in RISKS.items() if summary.risk],
        flags=_flags(summary, unknown=False),
        unknowns=_flags(summary, unknown=True),
        mistyped=_mistyped(summary),
        suggested=findings.suggested,
        providers=[
            _domain_line(name, counts) for name, counts in providers.by_provider(summary.by_domain).items()
        ],
        domains=[_domain_line(name, counts) for name, counts in domains[:DOMAINS_SHOWN]],
        other_domains=_rest([counts for _, counts in domains[DOMAINS_SHOWN:]]),
        other_domains_count=max(0, len(domains) - DOMAINS_SHOWN),
        samples=[_sample(findings, reason, summary.rows) for reason in Reason if summary.by_reason[reason]],
        files={
            "rejected": REJECTED_CSV,
            "rejected_parquet": REJECTED_PARQUET,
            "accepted": ACCEPTED_CSV,
            "parquet": ACCEPTED_PARQUET,
            "summary": SUMMARY_JSON,
        },
    )


def _share(summary: Summary, label: str, meaning: str, count: int) -> Share:
    rest = summary.accepted - count
    parts = charts.stacked(((label, count, "warning"), ("the others", rest, "quiet")))
    return Share(label, meaning, count, count / summary.accepted if summary.accepted else 0.0, parts)


def _flags(summary: Summary, *, unknown: bool) -> list[Share]:
    return [
        _share(summary, *FLAGS[Flag(flag)], count)
        for flag, count in summary.flags.items()
        if (Flag(flag) in UNKNOWN) is unknown
    ]


def _mistyped(summary: Summary) -> list[Mistyped]:
    """Return the mistyped domains, those with most rows first."""
    found = [
        Mistyped(_readable(domain), meant, counts.accepted + counts.rejected)
        for domain, meant in summary.mistyped.items()
        if (counts := summary.by_domain.get(domain))
    ]
    return sorted(found, key=lambda each: (-each.rows, each.domain))[:DOMAINS_SHOWN]


def _sample(findings: Findings, reason: Reason, total: int) -> Sample:
    label, meaning = REASONS[reason]
    picked = findings.sample(reason)
    shown = tuple(
        (int(row), _masked(address), mask_text(detail), mask(suggestion) if suggestion else "")
        for row, address, detail, suggestion in zip(
            picked.index, picked["address"], picked["detail"], picked["suggestion"], strict=True
        )
    )
    count = findings.rejected[reason.value]
    return Sample(label, meaning, count, count / total, shown)


def _masked(cell: str) -> str:
    if not cell:
        return "(blank)"
    # Control and zero-width characters would make the page say something else than the list.
    return mask("".join(letter if letter.isprintable() else "␣" for letter in cell))


def _domain_line(name: str, counts: DomainCounts) -> DomainLine:
    parts = charts.stacked((("accepted", counts.accepted, "good"), ("rejected", counts.rejected, "bad")))
    return DomainLine(_readable(name), counts.accepted + counts.rejected, counts, parts)


def _rest(counts: list[DomainCounts]) -> DomainLine:
    total = DomainCounts(sum(one.accepted for one in counts), sum(one.rejected for one in counts))
    return _domain_line("", total)


def _readable(domain: str) -> str:
    """Return a domain in its own script; the report is for people."""
    try:
        return idna.decode(domain) if "xn--" in domain else domain
    except idna.IDNAError:
        return domain
