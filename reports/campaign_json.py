"""report.json: every figure of the campaign report under stable keys."""

import json
from collections.abc import Iterable
from dataclasses import asdict

from ledger.statuses import Count
from reports.campaign_figures import CampaignReport, TextCount


def as_json(report: CampaignReport) -> str:
    """Return the report as JSON, free of addresses. Times are UTC epoch seconds, rates fractions.

    `name`, `state`, `recipients`, `by_status`, `bounce_rate`, `complaint_rate` and `halt` mean what they mean
    in `campaign status --json`.
    """
    counts = report.counts
    content = {
        "name": report.name,
        "ledger": report.ledger.as_json(),
        "subject": report.subject,
        "state": report.state,
        "changed_at": report.changed_at,
        "changed_by": report.changed_by,
        "change_reason": report.change_reason,
        "generated_at": report.generated_at,
        "created_at": report.created_at,
        "first_accepted_at": report.first_accepted_at,
        "last_accepted_at": report.last_accepted_at,
        "duration_seconds": round(report.duration_seconds, 3),
        "list": asdict(report.list),
        "recipients": report.recipients,
        "by_status": dict(report.by_status),
        "counts": dict(counts),
        "sent": report.accepted,
        "delivered": counts[Count.DELIVERED],
        "hard_bounced": report.hard_bounced,
        "bounce_rate": report.totals.bounce_rate,
        "bounce_limit": report.bounce_limit,
        "complained": counts[Count.COMPLAINED],
        "complaint_rate": report.totals.complaint_rate,
        "reading": report.reading.as_json() | {"links": report.reading.links_as_json()},
        "account": asdict(report.account) | {"bounce_rate": report.account.bounce_rate},
        "withheld": asdict(report.withheld),
        "notices": {each.note: each.messages for each in report.notices},
        "suppressed": _by_text(report.suppressed),
        "rejected": _by_text(report.rejected),
        "diagnostics": [asdict(each) for each in report.diagnostics],
        "domains": [asdict(each) | {"hard_bounce_rate": each.hard_bounce_rate} for each in report.domains],
        "braked": [asdict(each) for each in report.braked],
        "timeline": [asdict(each) | {"bounce_rate": each.bounce_rate} for each in report.timeline],
        "epochs": [asdict(each) | {"bounce_rate": each.bounce_rate} for each in report.epochs],
        "halt": asdict(report.halt) if report.halt else None,
        "history": [asdict(each) for each in report.history],
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _by_text(texts: Iterable[TextCount]) -> dict[str, int]:
    return {each.text: each.messages for each in texts}
