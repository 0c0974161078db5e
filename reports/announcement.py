"""What a campaign's state is announced as to the machines that watch for it: no address in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from ledger.campaigns import State
from ledger.statuses import Count, Status
from reports import campaign_words as words
from reports.masking import mask_text
from reports.status import CampaignStatus


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event's name, the resource that it is about, and its payload."""

    event: str
    resource: dict[str, str]
    payload: dict[str, Any]


def of(status: CampaignStatus) -> Announcement | None:
    """Return what to announce of a campaign in this state, or None where nobody has to know."""
    event = _event(status)
    if event is None:
        return None
    campaign = status.campaign
    reason = str(campaign.halt["reason"]) if campaign.halt else campaign.change_reason
    return _about(status, event, reason, campaign.changed_at, _next(status, event))


def of_stall(status: CampaignStatus, reason: str, at: float, next_line: str) -> Announcement:
    """Return what to announce of a campaign that runs and that nobody sends, and what was done about it."""
    return _about(status, "campaign.stalled", reason, at, next_line)


def _about(status: CampaignStatus, event: str, reason: str, at: float, next_line: str) -> Announcement:
    campaign, totals, halt = status.campaign, status.totals, status.campaign.halt
    return Announcement(
        event=event,
        resource={
            "prefect.resource.id": f"campaign.{campaign.name}",
            "prefect.resource.name": campaign.name,
        },
        payload={
            "campaign": campaign.name,
            "state": campaign.state.value,
            "rule": halt["rule"] if halt else None,
            "reason": mask_text(reason),
            "by": mask_text(campaign.changed_by),
            "at": words.utc(at, str(campaign.definition.get("timezone") or "")),
            "recipients": campaign.recipients,
            "sent": totals.accepted,
            "hard_bounces": totals.counts[Count.HARD_BOUNCED],
            "complaints": totals.counts[Count.COMPLAINED],
            "bounce_rate": round(totals.bounce_rate, 5),
            "complaint_rate": round(totals.complaint_rate, 5),
            "waiting": totals.by_status[Status.QUEUED] + totals.by_status[Status.CLAIMED],
            "in_doubt": totals.by_status[Status.IN_DOUBT] + totals.by_status[Status.UNCONFIRMED],
            "next": next_line,
        },
    )


def of_health(reasons: Sequence[str]) -> Announcement:
    """Return what to announce where something keeps mail waiting, of whichever campaign."""
    return Announcement(
        event="campaign.degraded",
        resource={"prefect.resource.id": "campaign.the-ledger", "prefect.resource.name": "the ledger"},
        payload={
            "campaign": "all campaigns and the e-mail API",
            "state": "degraded",
            "reason": " ".join(reasons),
            "waiting": "unknown",
            "next": "campaign status",
        },
    )


def _event(status: CampaignStatus) -> str | None:
    match status.campaign.state:
        case State.HALTED:
            return "campaign.halted"
        case State.COMPLETED_BREACHED:
            return "campaign.breached"
        case State.COMPLETED:
            return "campaign.completed"
        case State.PAUSED:
            return "campaign.paused"
        case State.RUNNING:
            doubtful = status.totals.by_status[Status.IN_DOUBT]
            return "campaign.in_doubt" if doubtful and doubtful == status.totals.may_still_go else None
        case State.DRAFT | State.ENQUEUING | State.CANCELLED:
            return None
        case state:
            assert_never(state)


def _next(status: CampaignStatus, event: str) -> str:
    """Return the command that a person would type next, or ""."""
    if event in ("campaign.halted", "campaign.paused"):
        return words.resume_line(status.campaign.name)
    return words.doubt_line(status.campaign.name) if event == "campaign.in_doubt" else ""
