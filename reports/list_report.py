"""The list-cleaning report: what was dropped and why, in the order of the rules, and what is doubtful."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import idna

from lists.cleaning import CleanResult
from lists.outputs import ACCEPTED_CSV, ACCEPTED_PARQUET, REJECTED_CSV
from lists.reasons import Flag, Reason
from lists.summary import DomainCounts, Summary
from reports import charts, page
from reports.errors import ReportError
from reports.findings import Findings
from reports.masking import mask, mask_text

DOMAINS_SHOWN = 20

REASONS: Mapping[Reason, tuple[str, str]] = {
    Reason.MALFORMED: ("Malformed", "No e-mail address: nothing could be delivered to it."),
    Reason.DUPLICATE: ("Duplicate", "The address stands in an earlier row, perhaps in other capitals."),
    Reason.ROLE_ALIAS: ("Role address", "A job such as info@ or postmaster@, not a person who agreed."),
    Reason.DISPOSABLE: ("Disposable", "A throw-away mailbox that is gone tomorrow."),
    Reason.FREE_MAIL: ("Free mail", "At a provider where anybody gets an address; this list wants none."),
    Reason.HARD_BOUNCE: ("Bounced before", "An earlier mail came back for good."),
    Reason.COMPLAINT: ("Complained before", "The person marked an earlier mail as spam."),
    Reason.UNSUBSCRIBED: ("Unsubscribed", "The person does not want this mail any more."),
    Reason.SUPPRESSED: (
        "Suppressed",
        "Mail to it failed again and again, or somebody here put it on the list of those not to write to.",
    ),
    Reason.UNCONFIRMED: ("Unconfirmed", "The sign-up was never confirmed, and this list asks for it."),
    Reason.INACTIVE: ("Inactive", "Nothing was opened, clicked or ordered for longer than this list allows."),
    Reason.TYPO: ("Mistyped provider", "One slip of the finger away from a large mail provider."),
    Reason.NO_MX: ("No mail server", "The DNS says for certain that the domain takes no mail."),
}
FLAGS: Mapping[Flag, tuple[str, str]] = {
    Flag.REPAIRED: ("Repaired", "The address was taken out of a cell such as 'Name <a@b.example>'."),
    Flag.SMTPUTF8: (
        "Letters outside ASCII before the @",
        "A correct address, but Amazon SES does not send to it: it will be listed as rejected.",
    ),
    Flag.ONE_LETTER_TLD: (
        "One-letter ending",
        "No such top-level domain exists today; probably a typing error.",
    ),
    Flag.ROLE_ALIAS: ("Role address", "Kept because this list asks only for a flag."),
    Flag.DISPOSABLE: ("Disposable", "At a provider of throw-away mailboxes; kept unless a list drops them."),
    Flag.FREE_MAIL: ("Free mail", "At a provider where anybody gets an address for nothing."),
    Flag.TYPO: (
        "Mistyped provider",
        "One slip of the finger away from a large mail provider; `campaign accept-suggestions` writes a list "
        "with the right one.",
    ),
    Flag.ENGAGEMENT_UNKNOWN: ("Engagement unknown", "The last-engaged cell is blank or holds no date."),
    Flag.IMPLICIT_MX: (
        "No MX record",
        "The domain names no mail server, but has an address of its own: mail is delivered there.",
    ),
    Flag.MX_UNRESOLVABLE: (
        "Mail server not reachable",
        "The domain names mail servers that have no public address; expect these to bounce.",
    ),
    Flag.MX_UNKNOWN: (
        "Mail server unknown",
        "The DNS did not answer. Nobody is dropped for that; clean the list again later to know.",
    ),
}


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
        domains=[_domain_line(name, counts) for name, counts in domains[:DOMAINS_SHOWN]],
        other_domains=_rest([counts for _, counts in domains[DOMAINS_SHOWN:]]),
        other_domains_count=max(0, len(domains) - DOMAINS_SHOWN),
        flags=[(*FLAGS[Flag(flag)], count) for flag, count in summary.flags.items()],
        samples=[_sample(findings, reason, summary.rows) for reason in Reason if summary.by_reason[reason]],
        files={"rejected": REJECTED_CSV, "accepted": ACCEPTED_CSV, "parquet": ACCEPTED_PARQUET},
    )


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
