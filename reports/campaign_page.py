"""The campaign report as one HTML page. Nobody's address is in it whole."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ledger.campaigns import State
from ledger.statuses import Count, Status
from mail.gate import REJECTED
from reports import campaign_words as words
from reports import charts, halt_terms, page, reading
from reports.campaign_figures import CampaignReport, Domain, Point, share
from reports.charts import Bar, LineChart, Segment
from reports.masking import mask_text
from reports.reading import Reading

DOMAINS_SHOWN = 20
DOMAIN_BARS = 8
TEXTS_SHOWN = 15
ATTENTION_SHOWN = 25
LINKS_SHOWN = 15

# The rate over the first few messages says nothing and would set the scale of the whole chart.
_LEAST_POINT = 20


def render(report: CampaignReport) -> str:
    """Return the page: self-contained, for a phone and a desk, in light and dark."""
    return page.render("campaign.html.j2", **_values(report))


def _values(report: CampaignReport) -> dict[str, Any]:
    shown = report.domains[:DOMAINS_SHOWN]
    return {
        "report": report,
        "State": State,
        "Status": Status,
        "Count": Count,
        "words": words,
        "masked": mask_text,
        "resume_line": words.resume_line(report.name),
        "cancel_line": words.cancel_line(report.name),
        "doubt_line": words.doubt_line(report.name),
        "share": share,
        "limit_text": words.rate(report.bounce_limit),
        "halt_terms": [] if report.halt is None else halt_terms.of(report.halt),
        "by_hand": report.halt is not None and report.halt.rule == "manual",
        "by_rejections": report.halt is not None and report.halt.rule == REJECTED,
        "unsent": sum(report.by_status[each] for each in (Status.QUEUED, Status.CLAIMED)),
        "bounce_tone": _tone(report.totals.bounce_rate, report.bounce_limit / 2, report.bounce_limit),
        "complaint_tone": _tone(
            report.totals.complaint_rate, report.policy.complaint_warning, report.policy.complaint_rate
        ),
        "statuses": [each for each in words.STATUSES if report.by_status[each]],
        "status_bars": _status_bars(report),
        "list_bars": charts.bars(
            (
                (words.list_reason(reason), rows, "quiet")
                for reason, rows in report.list.by_reason.items()
                if rows
            ),
            report.list.rows,
        ),
        "suppressed_bars": charts.bars(
            ((words.reason(each.text), each.messages, "quiet") for each in report.suppressed),
            report.recipients,
        ),
        "rate_chart": rate_chart(report.timeline, report.bounce_limit),
        "domain_bars": _domain_bars(report),
        "domain_rows": [(each, _outcomes(each)) for each in shown],
        "other_domains": _together(report.domains[DOMAINS_SHOWN:]),
        "all_domains": _together(report.domains),
        "texts": [*report.diagnostics[:TEXTS_SHOWN], *report.rejected[:TEXTS_SHOWN]],
        "texts_left": max(0, len(report.diagnostics) - TEXTS_SHOWN),
        "attention": report.attention[:ATTENTION_SHOWN],
        "beside": _beside(report),
        "reading_bars": _reading_bars(report.reading),
        "machines": reading.MACHINES,
        "links": [
            (reading.label(each), each, share(each.people, report.reading.clicked))
            for each in report.reading.links[:LINKS_SHOWN]
        ],
        "links_left": max(0, len(report.reading.links) - LINKS_SHOWN),
    }


def rate_chart(timeline: Sequence[Point], limit: float) -> LineChart | None:
    """Return the hard-bounce rate over the run with the limit drawn in, or None where nothing was sent.

    The x axis counts messages and is labelled with the time at which SES had taken so many.
    """
    points = [point for point in timeline if point.accepted >= _LEAST_POINT] or list(timeline[-1:])
    if not points:
        return None
    counts = [point.accepted for point in points]
    within_a_day = points[-1].at - points[0].at < 86_400

    def time_of(accepted: float) -> str:
        point = points[min(bisect_left(counts, accepted), len(points) - 1)]
        return datetime.fromtimestamp(point.at, UTC).strftime("%H:%M:%S" if within_a_day else "%d %b %H:%M")

    return charts.line(
        [(point.accepted, point.bounce_rate) for point in points],
        limit=limit,
        limit_label=f"limit {words.rate(limit)}",
        x_label=time_of,
        y_label=lambda rate: f"{rate * 100:.4g} %",
    )


def _status_bars(report: CampaignReport) -> list[Bar]:
    found = [
        (label, report.by_status[status], tone)
        for status, (label, tone, _) in words.STATUSES.items()
        if report.by_status[status]
    ]
    return charts.bars(found, report.recipients)


def _reading_bars(read: Reading) -> list[Bar]:
    """Return the people who got the mail and what they did with it, each of all who got it."""
    return charts.bars(
        [
            ("Delivered", read.delivered, "good"),
            ("Opened", read.opened, "plain"),
            ("Clicked", read.clicked, "plain"),
            ("Unsubscribed", read.unsubscribed, "quiet"),
        ],
        read.delivered,
    )


def _domain_bars(report: CampaignReport) -> list[Bar]:
    found = [each for each in report.domains[:DOMAIN_BARS] if each.hard_bounced]
    return charts.bars(((each.domain, each.hard_bounced, "bad") for each in found), report.hard_bounced)


def _outcomes(domain: Domain) -> list[Segment]:
    # A bounce after a delivery is two facts of one message, so the first three can exceed the recipients.
    known = domain.delivered + domain.soft_bounced + domain.hard_bounced
    return charts.stacked(
        [
            ("delivered", domain.delivered, "good"),
            ("soft bounced", domain.soft_bounced, "warning"),
            ("hard bounced", domain.hard_bounced, "bad"),
            ("not sent, or no outcome", max(0, domain.recipients - known), "quiet"),
        ]
    )


def _together(domains: Sequence[Domain]) -> Domain:
    """Return the sum of domains; its name says how many there are."""
    total = Domain(f"{len(domains):,}", 0, 0, 0, 0, 0, 0)
    for each in domains:
        total = replace(
            total,
            recipients=total.recipients + each.recipients,
            accepted=total.accepted + each.accepted,
            delivered=total.delivered + each.delivered,
            soft_bounced=total.soft_bounced + each.soft_bounced,
            hard_bounced=total.hard_bounced + each.hard_bounced,
            complained=total.complained + each.complained,
        )
    return total


def _beside(report: CampaignReport) -> list[tuple[str, int]]:
    """Return the facts that stand beside the statuses, those that never came left out."""
    counts = report.counts
    facts = [
        ("Delayed at least once", counts[Count.DELAYED]),
        ("Automatic replies", counts[Count.AUTO_REPLY]),
    ]
    return [fact for fact in facts if fact[1]]


def _tone(rate: float, warning: float, limit: float) -> str:
    if rate >= limit:
        return "bad"
    return "warning" if rate >= warning else "good"
