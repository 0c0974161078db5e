"""What a campaign's state is announced as to the machines that watch for it: no address in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, assert_never

from ledger.campaigns import State
from ledger.statuses import Count, Status
from reports import campaign_words as words
from reports.masking import mask_text
from reports.page import number, percent
from reports.status import CampaignStatus


@dataclass(frozen=True, slots=True)
class Announcement:
    """An event's name, the resource that it is about, and its payload."""

    event: str
    resource: dict[str, str]
    payload: dict[str, Any]


def of(status: CampaignStatus, run_url: str = "") -> Announcement | None:
    """Return what to announce of a campaign in this state, or None where nobody has to know.

    `run_url` is the page of the run that announces it, where it has one.
    """
    event = _event(status)
    if event is None:
        return None
    campaign = status.campaign
    reason = str(campaign.halt["reason"]) if campaign.halt else campaign.change_reason
    happened = _Happened(event, _title(status, event), _text(status, event), reason, campaign.changed_at)
    return _about(status, happened, _next(status, event), run_url)


def of_stall(
    status: CampaignStatus, reason: str, at: float, next_line: str, run_url: str = ""
) -> Announcement:
    """Return what to announce of a campaign that runs and that nobody sends, and what was done about it."""
    title = f"{status.campaign.name} stands still"
    return _about(status, _Happened("campaign.stalled", title, reason, reason, at), next_line, run_url)


@dataclass(frozen=True, slots=True)
class _Happened:
    """What happened: the event's name, a subject, a sentence or two, the reason, and when (epoch seconds)."""

    event: str
    title: str
    text: str
    reason: str
    at: float


def _about(status: CampaignStatus, happened: _Happened, next_line: str, run_url: str) -> Announcement:
    campaign, totals, halt = status.campaign, status.totals, status.campaign.halt
    return Announcement(
        event=happened.event,
        resource={
            "prefect.resource.id": f"campaign.{campaign.name}",
            "prefect.resource.name": campaign.name,
        },
        payload={
            "campaign": campaign.name,
            "title": happened.title,
            "text": mask_text(happened.text),
            "run": run_url,
            "state": campaign.state.value,
            "rule": halt["rule"] if halt else None,
            "reason": mask_text(happened.reason),
            "by": mask_text(campaign.changed_by),
            "at": words.utc(happened.at, str(campaign.definition.get("timezone") or "")),
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


def of_health(reasons: Sequence[str], run_url: str = "") -> Announcement:
    """Return what to announce where something keeps mail waiting, of whichever campaign."""
    return Announcement(
        event="campaign.degraded",
        resource={"prefect.resource.id": "campaign.the-ledger", "prefect.resource.name": "the ledger"},
        payload={
            "campaign": "all campaigns and the e-mail API",
            "title": "Mail waits, or events are late",
            "text": " ".join(reasons),
            "run": run_url,
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


def _title(status: CampaignStatus, event: str) -> str:
    """Return what happened, short enough for the subject of a mail."""
    name = status.campaign.name
    match event:
        case "campaign.halted":
            return f"{name} halted"
        case "campaign.breached":
            return f"{name} went out and breached its limit"
        case "campaign.paused":
            return f"{name} is paused"
        case "campaign.in_doubt":
            return f"{name}: {_messages(status)} in doubt"
        case _:
            return f"{name} is complete"


def _text(status: CampaignStatus, event: str) -> str:
    """Return what happened, in a sentence or two."""
    campaign, totals = status.campaign, status.totals
    waiting = totals.by_status[Status.QUEUED] + totals.by_status[Status.CLAIMED]
    match event:
        case "campaign.in_doubt":
            return (
                f"{_messages(status)} in doubt: perhaps sent, for the answer of SES was lost. Nothing else "
                "waits. Events settle them; where none comes, a person decides."
            )
        case "campaign.completed":
            hard = totals.counts[Count.HARD_BOUNCED]
            return (
                f"{number(totals.accepted)} of {number(campaign.recipients)} recipients sent to, "
                f"{number(hard)} hard bounce{'' if hard == 1 else 's'} ({percent(totals.bounce_rate, 2)})."
            )
        case _:
            reason = str(campaign.halt["reason"]) if campaign.halt else campaign.change_reason
            wait = f" {number(waiting)} of {number(campaign.recipients)} recipients wait." if waiting else ""
            return f"{reason}{wait}"


def _messages(status: CampaignStatus) -> str:
    count = status.totals.by_status[Status.IN_DOUBT]
    return f"{number(count)} message{'' if count == 1 else 's'}"


def _next(status: CampaignStatus, event: str) -> str:
    """Return the command that a person would type next, or ""."""
    if event in ("campaign.halted", "campaign.paused"):
        return words.resume_line(status.campaign.name)
    return words.doubt_line(status.campaign.name) if event == "campaign.in_doubt" else ""
