"""Where a campaign stands, in a few figures."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, assert_never

from sqlalchemy import Connection

from ledger import breaker, campaigns, tallies, unread
from ledger.about import About, about
from ledger.breaker import Opened
from ledger.campaigns import Campaign, State
from ledger.domain_brakes import Window
from ledger.statuses import Status
from ledger.tallies import Totals
from mail import braking, holdups, warm_up
from mail.holdups import Holdup
from mail.rate import ACCOUNT
from mail.warm_up import Today
from reports import reading, ses_notices
from reports.campaign_words import utc
from reports.reading import Reading
from reports.ses_notices import Notice, Withheld


@dataclass(frozen=True, slots=True)
class CampaignStatus:
    """A campaign's state and totals. Rates are fractions of what SES accepted, over all epochs."""

    campaign: Campaign
    totals: Totals
    withheld: Withheld
    ledger: About
    notices: tuple[Notice, ...] = ()
    braked: tuple[Window, ...] = ()
    # What the sender's domain may send today, where it is being warmed up.
    today: Today | None = None
    # Since when SES gives no answers to anybody, and when the next probe goes out; None while it answers.
    silence: Opened | None = None
    # Messages of the event queue that could not be read, of whichever campaign.
    unread: int = 0
    # What it waits for now; see mail.holdups.
    holdups: tuple[Holdup, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what `campaign status NAME --json` prints."""
        return {
            "name": self.campaign.name,
            "ledger": self.ledger.as_json(),
            "state": self.campaign.state,
            "recipients": self.campaign.recipients,
            "by_status": {status.value: count for status, count in self.totals.by_status.items()},
            "bounce_rate": self.totals.bounce_rate,
            "complaint_rate": self.totals.complaint_rate,
            "reading": self.reading.as_json(),
            "withheld": asdict(self.withheld),
            "notices": {each.note: each.messages for each in self.notices},
            "halt": self._halt(),
            "changed_at": self.campaign.changed_at,
            "changed_by": self.campaign.changed_by,
            "change_reason": self.campaign.change_reason,
            "braked": [
                {"domain": each.domain, "until": each.braked_until, "times": each.times}
                for each in self.braked
            ],
            "warm_up": None if self.today is None else asdict(self.today),
            "continues_at": self.continues_at,
            "later": self.later,
            "timezone": self.timezone,
            "breaker": None if self.silence is None else asdict(self.silence),
            "unread": self.unread,
            "waits_for": [asdict(each) for each in self.holdups],
        }

    @property
    def timezone(self) -> str:
        """The zone in which the campaign's times are told beside UTC; empty: this machine's."""
        return str(self.campaign.definition.get("timezone") or "")

    @property
    def continues_at(self) -> float | None:
        """When the campaign goes on, where the rest of it is for another day of its sender's warm-up."""
        if self.campaign.state is not State.RUNNING or self.today is None or self.today.left:
            return None
        held = self.totals.by_status[Status.CLAIMED] + self.totals.by_status[Status.SENDING]
        return self.today.continues_at if self.totals.by_status[Status.QUEUED] and not held else None

    @property
    def later(self) -> str:
        """What is for another day and from when it goes on, in words without an end; else empty."""
        if self.today is None or (at := self.continues_at) is None:
            return ""
        return (
            f"{self.today.domain} has sent the {self.today.ceiling:,} messages of today's warm-up; "
            f"{self.totals.by_status[Status.QUEUED]:,} recipients wait and are written to from "
            f"{utc(at, self.timezone)}"
        )

    @property
    def reading(self) -> Reading:
        """Who opened, clicked and left."""
        return reading.of(self.totals)

    @property
    def lines(self) -> list[str]:
        """Who read it, what SES withheld and what it said beside the figures, for a person to read."""
        withheld = self.withheld.sentence if self.withheld.messages else ""
        beside = [f"{each.messages:,} {each.words}" for each in self.notices]
        return [line for line in (self.reading.sentence, withheld, *beside) if line]

    @property
    def percent_done(self) -> float:
        """How many of a hundred recipients have been dealt with: sent, or never to be sent."""
        waiting = (Status.QUEUED, Status.CLAIMED, Status.SENDING)
        left = sum(self.totals.by_status[status] for status in waiting)
        return 100.0 * (1.0 - left / self.campaign.recipients) if self.campaign.recipients else 100.0

    def _halt(self) -> Mapping[str, Any] | None:
        halt = self.campaign.halt
        return None if halt is None else {key: halt[key] for key in _HALT_KEYS}


_HALT_KEYS = ("rule", "k", "n", "known", "at", "by", "reason")


def of(connection: Connection, name: str) -> CampaignStatus:
    """Return the status of the campaign. Raises CampaignNotFound."""
    return _status(connection, campaigns.get(connection, name), about(connection))


def every(connection: Connection) -> list[CampaignStatus]:
    """Return the status of every campaign, the newest first."""
    ledger = about(connection)
    return [_status(connection, campaign, ledger) for campaign in campaigns.every(connection)]


def _status(connection: Connection, campaign: Campaign, ledger: About) -> CampaignStatus:
    totals = tallies.read(connection, campaign.id)
    return CampaignStatus(
        campaign,
        totals,
        ses_notices.withheld(connection, campaign.id, totals),
        ledger,
        ses_notices.notices(connection, campaign.id),
        tuple(braking.braked(connection, campaign)),
        warm_up.today(connection, campaign),
        breaker.look(connection, ACCOUNT) if campaign.state in (State.RUNNING, State.PAUSED) else None,
        unread.amount(connection).messages,
        holdups.read(connection, campaign, totals),
    )


def exit_code(status: CampaignStatus) -> int:
    """Return 0 completed, 1 unfinished, 3 halted or breached, 4 paused, 5 all sent but some in doubt.

    A campaign whose rest is for another day counts as paused.
    """
    match status.campaign.state:
        case State.COMPLETED:
            return 0
        case State.HALTED | State.COMPLETED_BREACHED:
            return 3
        case State.PAUSED:
            return 4
        case State.RUNNING if status.continues_at is not None:
            return 4
        case State.RUNNING if status.campaign.halt is not None:
            return 3
        case State.RUNNING if status.totals.may_still_go == status.totals.by_status[Status.IN_DOUBT]:
            return 5
        case State.DRAFT | State.ENQUEUING | State.RUNNING | State.CANCELLED:
            return 1
        case state:
            assert_never(state)


def exit_code_of_a_look(status: CampaignStatus) -> int:
    """Return what `campaign status NAME` ends with: as `exit_code`, but 0 where nothing stopped it.

    That it is not finished yet is no failure of who looks.
    """
    return 0 if (code := exit_code(status)) == 1 else code
