"""A halt as the operators' screen tells it: what happened, where the bounces are, and what can be done."""

from collections.abc import Iterator, Sequence

from ledger.domain_counts import DomainBounces
from ledger.statuses import Status
from mail.decisions import Choice
from mail.remedies import count
from reports import campaign_words as words
from reports import halt_picture, halt_terms
from reports.campaign_figures import CampaignReport, Domain, share
from reports.campaign_summary import cell, quoted, table
from reports.masking import mask_text
from reports.page import number, percent

_DOMAINS = 10
_TEXTS = 8


def markdown(report: CampaignReport, worst: Sequence[DomainBounces]) -> str:
    """Return the page of a halt; `worst` are the domains that a decision to drop domains would leave out."""
    return "\n".join(_page(report, worst)) + "\n"


def question(report: CampaignReport, worst: Sequence[DomainBounces], until: str, fault: str = "") -> str:
    """Return what stands above the form of a run that asks; `until` says when silence means stop."""
    return "\n".join(_question(report, worst, until, fault)) + "\n"


def _page(report: CampaignReport, worst: Sequence[DomainBounces]) -> Iterator[str]:
    yield f"# {cell(report.name)} halted"
    yield ""
    yield from _reason(report)
    if uri := halt_picture.data_uri(report):
        yield f"![Hard-bounce rate over time]({uri})"
        yield ""
    bounced = [each for each in report.domains if each.hard_bounced][:_DOMAINS]
    if bounced:
        yield "## Where the bounces are"
        yield ""
        leaving = {each.domain for each in worst}
        yield from table(
            ["Domain", "Sent", "Hard bounces", "Rate", "Would be dropped"],
            [_domain_row(each, leaving) for each in bounced],
        )
    texts = [each for each in report.diagnostics if each.status is Status.HARD_BOUNCED][:_TEXTS]
    if texts:
        yield "## What the mail servers said"
        yield ""
        yield from table(["Messages", "Text"], [[number(each.messages), quoted(each.text)] for each in texts])
    if report.rejected:
        yield "## What Amazon SES did not take, and why"
        yield ""
        rows = [[number(each.messages), quoted(words.reason(each.text))] for each in report.rejected[:_TEXTS]]
        yield from table(["Messages", "Text"], rows)
    yield "## What can be done"
    yield ""
    yield from _ways(report, worst)


def _question(
    report: CampaignReport, worst: Sequence[DomainBounces], until: str, fault: str
) -> Iterator[str]:
    if fault:
        yield f"**The last answer could not be carried out.** {cell(fault)}"
        yield ""
    reason = report.change_reason if report.halt is None else report.halt.reason
    yield f"**{cell(mask_text(reason))}** {count(_waiting(report))} still to be written to."
    yield ""
    yield f"- **{Choice.DROP_DOMAINS}**: {_dropping(worst)}"
    yield f"- **{Choice.CLEAN_AGAIN}**: asks DNS and suppression list anew about everybody who waits."
    yield f"- **{Choice.AS_IS}**: needs a reason. A list that is still bad halts again within its canary."
    yield f"- **{Choice.STOP}**: it stays halted. So does no answer until {until}."


def _reason(report: CampaignReport) -> Iterator[str]:
    halt = report.halt
    if halt is None:
        yield cell(mask_text(report.change_reason))
    else:
        yield f"**{cell(mask_text(halt.reason))}** ({cell(words.rule(halt.rule))})"
        yield ""
        yield (
            f"{words.utc(halt.at, report.timezone)}, by {cell(mask_text(halt.by))}: {words.fired(halt)}. "
            f"{count(_waiting(report)).capitalize()} still to be written to."
        )
        yield ""
        yield from (f"- {line}" for line in halt_terms.of(halt))
    yield ""


def _ways(report: CampaignReport, worst: Sequence[DomainBounces]) -> Iterator[str]:
    resume = words.resume_line(report.name)
    yield f"Leave the worst domains out. {_dropping(worst)}"
    yield from _code(f"{resume} --drop-domains")
    yield "Ask the DNS and the suppression list anew about everybody who waits:"
    yield from _code(f"{resume} --clean-again")
    yield "Go on as it is, where the reason is known and mended:"
    yield from _code(resume)
    yield "End it for good:"
    yield from _code(words.cancel_line(report.name))
    yield "After a `resume`, run the campaign again. The gate counts anew from there, from its first canary."


def _dropping(worst: Sequence[DomainBounces]) -> str:
    if not worst:
        return "No domain reached the limit by itself, so this would leave out nobody."
    named = ", ".join(each.domain for each in worst[:_DOMAINS])
    more = f" and {number(len(worst) - _DOMAINS)} more" if len(worst) > _DOMAINS else ""
    waiting = count(sum(each.waiting for each in worst))
    return f"This leaves out {waiting} still waiting at {named}{more}."


def _domain_row(domain: Domain, leaving: set[str]) -> list[str]:
    return [
        domain.domain,
        number(domain.accepted),
        number(domain.hard_bounced),
        percent(share(domain.hard_bounced, domain.accepted)),
        "yes" if domain.domain in leaving else "",
    ]


def _waiting(report: CampaignReport) -> int:
    return report.by_status[Status.QUEUED] + report.by_status[Status.CLAIMED]


def _code(line: str) -> Iterator[str]:
    yield from ("", "```", line, "```", "")
