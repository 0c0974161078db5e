"""A halt as the operators' screen tells it: what happened, where the bounces are, and what can be done."""

from collections.abc import Iterator

from ledger.domain_counts import DomainBounces
from ledger.statuses import Status
from mail.decisions import STOP
from mail.forecasts import Forecast
from mail.remedies import count
from reports import campaign_words as words
from reports import halt_choices, halt_picture, halt_terms
from reports.campaign_figures import CampaignReport, share
from reports.campaign_summary import cell, quoted, table
from reports.masking import mask_text
from reports.page import number, percent

_DOMAINS = 10
_TEXTS = 8


def markdown(report: CampaignReport, forecast: Forecast) -> str:
    """Return the page of a halt; `forecast` is what each decision would leave out."""
    return "\n".join(_page(report, forecast)) + "\n"


def question(report: CampaignReport, until: str, fault: str = "") -> str:
    """Return what stands above the form of a run that asks; `until` says when silence means stop.

    What each choice leaves out stands beside its switch: the form shows little of a long text above it.
    """
    return "\n".join(_question(report, until, fault)) + "\n"


def reason(report: CampaignReport) -> str:
    """Return why it stands still, as it was stored, without addresses."""
    return mask_text(report.change_reason if report.halt is None else report.halt.reason)


def ending(until: str) -> str:
    """Return what a form means in which nothing is switched on."""
    return f"{STOP} means stop: it stays halted. So does no answer until {until}."


def _page(report: CampaignReport, forecast: Forecast) -> Iterator[str]:
    yield f"# {cell(report.name)} halted"
    yield ""
    yield from _reason(report)
    if uri := halt_picture.data_uri(report):
        yield f"![Hard-bounce rate over time]({uri})"
        yield ""
    if forecast.bounced:
        yield "## Where the bounces are"
        yield ""
        leaving = {each.domain for each in forecast.worst}
        yield from table(
            ["Domain", "Sent", "Hard bounces", "Rate", "Still waiting", "Would be dropped"],
            [_domain_row(each, leaving) for each in forecast.bounced[:_DOMAINS]],
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
    yield from _ways(report, forecast)


def _question(report: CampaignReport, until: str, fault: str) -> Iterator[str]:
    if fault:
        yield f"**The last answer could not be carried out.** {cell(fault)}"
        yield ""
    yield f"**{cell(reason(report))}** {count(_waiting(report))} still to be written to."
    yield ""
    yield ending(until)


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


def _ways(report: CampaignReport, forecast: Forecast) -> Iterator[str]:
    resume = words.resume_line(report.name)
    yield f"Here in the pages: {words.DECIDE}. It asks with a form, and starts the sending too."
    yield "On the command line:"
    yield ""
    yield f"Leave the worst domains out. {halt_choices.dropping(forecast)}"
    yield from _code(f"{resume} --drop-domains")
    yield f"Ask the DNS and the suppression list anew. {halt_choices.cleaning(forecast)}"
    yield from _code(f"{resume} --clean-again")
    yield "Go on as it is, where the reason is known and mended:"
    yield from _code(resume)
    yield "End it for good:"
    yield from _code(words.cancel_line(report.name))
    yield "After a `resume`, run the campaign again. The gate counts anew from there, from its first canary."


def _domain_row(domain: DomainBounces, leaving: set[str]) -> list[str]:
    return [
        domain.domain,
        number(domain.accepted),
        number(domain.hard_bounced),
        percent(share(domain.hard_bounced, domain.accepted)),
        number(domain.waiting),
        "yes" if domain.domain in leaving else "",
    ]


def _waiting(report: CampaignReport) -> int:
    return report.by_status[Status.QUEUED] + report.by_status[Status.CLAIMED]


def _code(line: str) -> Iterator[str]:
    yield from ("", "```", line, "```", "")
