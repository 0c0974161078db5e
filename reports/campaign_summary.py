"""The campaign report as artifacts of a run: a short text and a table, every address masked."""

from collections.abc import Iterable, Iterator, Sequence

from ledger.campaigns import State
from ledger.statuses import Count, Status
from reports import campaign_words as words
from reports import halt_terms
from reports.campaign_figures import CampaignReport
from reports.masking import mask_text
from reports.page import number, percent
from reports.reading import MACHINES, Reading, label

# Tables of the Prefect UI crawl beyond a few hundred rows.
MOST_ROWS = 200
_DOMAINS = 20
_TEXTS = 10
_LINKS = 10


def markdown(report: CampaignReport) -> str:
    """Return the figures, the halt and the worst domains in a page of markdown."""
    return "\n".join(_lines(report)) + "\n"


def rows(report: CampaignReport, limit: int = MOST_ROWS) -> list[dict[str, str | int]]:
    """Return the messages that need attention as rows of a table, the most pressing first, masked."""
    return [
        {
            "row": "" if each.row is None else each.row,
            "address": each.address,
            "status": each.status.value,
            "reason": words.reason(each.reason),
            "attempts": each.attempts,
        }
        for each in report.attention[: min(limit, MOST_ROWS)]
    ]


def _lines(report: CampaignReport) -> Iterator[str]:
    totals, counts = report.totals, report.counts
    yield f"# {cell(report.name)}: {report.state}"
    yield ""
    yield from _standing(report)
    yield (
        f"**{number(report.recipients)}** recipients of {number(report.list.rows)} rows in the list; "
        f"**{number(report.accepted)}** sent, **{number(counts[Count.DELIVERED])}** delivered."
    )
    yield ""
    limit = words.rate(report.bounce_limit)
    yield from table(
        ["Rate", "Value", "Of"],
        [
            [
                "hard bounces",
                percent(totals.bounce_rate, 2),
                f"{number(report.hard_bounced)} of {number(report.accepted)} (limit {limit})",
            ],
            [
                "hard bounces of the whole account",
                percent(report.account.bounce_rate, 2),
                f"{number(report.account.hard_bounced)} of {number(report.account.accepted)} "
                f"since {words.utc(report.account.since, report.timezone)}",
            ],
            [
                "complaints",
                percent(totals.complaint_rate, 2),
                f"{number(counts[Count.COMPLAINED])} of {number(report.accepted)}",
            ],
        ],
    )
    if report.withheld.messages:
        yield f"**{cell(report.withheld.sentence)}.** These are in no rate."
        yield ""
    for each in report.notices:
        yield f"{number(each.messages)} {cell(each.words)}"
        yield ""
    yield from _reading(report.reading)
    yield "## Where every recipient stands"
    yield ""
    yield from table(
        ["Status", "Recipients"],
        [
            *(
                [status, number(report.by_status[status])]
                for status in words.STATUSES
                if report.by_status[status]
            ),
            ["**in all**", f"**{number(totals.recipients)}**"],
        ],
    )
    if report.suppressed:
        yield "## Suppressed recipients"
        yield ""
        yield from table(
            ["Reason", "Recipients"],
            [[words.reason(each.text), number(each.messages)] for each in report.suppressed],
        )
    if report.domains:
        yield "## Domains with the most hard bounces"
        yield ""
        yield from table(
            ["Domain", "Recipients", "Sent", "Delivered", "Hard bounces", "Rate"],
            [
                [
                    each.domain,
                    number(each.recipients),
                    number(each.accepted),
                    number(each.delivered),
                    number(each.hard_bounced),
                    percent(each.hard_bounce_rate),
                ]
                for each in report.domains[:_DOMAINS]
            ],
        )
    if report.braked:
        yield "## Domains left alone for a while, because they put mail off"
        yield ""
        yield from table(
            ["Domain", "Tried again from"],
            [
                [each.domain, words.utc(each.braked_until, report.timezone)]
                for each in report.braked[:_DOMAINS]
            ],
        )
    texts = [*report.rejected[:_TEXTS], *report.diagnostics[:_TEXTS]]
    if texts:
        yield "## What mail servers and SES said"
        yield ""
        yield from table(
            ["Messages", "Status", "Text"],
            [[number(each.messages), each.status, quoted(words.reason(each.text))] for each in texts],
        )
    yield f"Ledger: {quoted(report.ledger.in_a_page())}"


def _reading(read: Reading) -> Iterator[str]:
    if not read.delivered:
        return
    yield "## Reading"
    yield ""
    everybody = number(read.delivered)
    figures = [
        ["opened", percent(read.open_rate), f"{number(read.opened)} of {everybody}"],
        ["clicked", percent(read.click_rate), f"{number(read.clicked)} of {everybody}"],
        ["click to open", percent(read.click_to_open), f"{number(read.clicked)} of {number(read.opened)}"],
    ]
    left = f"{number(read.unsubscribed)} of {everybody}"
    yield "People, each counted once, of the delivered; click to open is of those who opened."
    yield ""
    yield from table(
        ["People", "Rate", "Of"],
        [*(figures if read.is_told else []), ["unsubscribed", percent(read.unsubscribe_rate, 2), left]],
    )
    yield MACHINES if read.is_told else "No open or click was reported (`campaign setup --engagement`)."
    yield ""
    if read.links:
        yield from table(
            ["Link", "People", "Clicks"],
            [[quoted(label(each)), number(each.people), number(each.clicks)] for each in read.links[:_LINKS]],
        )


def _standing(report: CampaignReport) -> Iterator[str]:
    halt = report.halt
    if halt is not None:
        yield f"**Rule {cell(halt.rule)}:** {cell(mask_text(halt.reason))}"
        yield ""
        when = f"{words.utc(halt.at, report.timezone)}, by {cell(mask_text(halt.by))}"
        yield f"When it fired ({when}): {words.fired(halt)}."
        yield ""
        yield from (f"- {line}" for line in halt_terms.of(halt))
        yield ""
    elif report.state is not State.COMPLETED:
        yield f"{cell(mask_text(report.change_reason))} (by {cell(mask_text(report.changed_by))})"
        yield ""
    if report.state in (State.HALTED, State.PAUSED):
        yield from ("To go on:", "", "```", words.resume_line(report.name), "```", "")
    doubtful = report.by_status[Status.IN_DOUBT] + report.by_status[Status.UNCONFIRMED]
    if doubtful:
        yield f"**{number(doubtful)}** were perhaps sent; to see the evidence:"
        yield from ("", "```", words.doubt_line(report.name), "```", "")


def table(head: Sequence[str], body: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + " --- |" * len(head)
    for row in body:
        yield "| " + " | ".join(map(cell, row)) + " |"
    yield ""


def quoted(text: str) -> str:
    """Return a mail server's text as code: what it holds of markdown or HTML stays text."""
    return "`" + text.replace("`", "'") + "`"


def cell(text: str) -> str:
    """Return text on one line that cannot end a table cell."""
    return " ".join(text.split()).replace("|", "\\|")
