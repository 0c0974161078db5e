"""All campaigns in a line each: when, how many got it, read it, left and bounced, and where it stands."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ledger import campaigns, tallies
from ledger.campaigns import Campaign, State
from ledger.statuses import Count
from ledger.tallies import Totals
from reports import reading
from reports.reading import Reading


@dataclass(frozen=True, slots=True)
class Listed:
    """A campaign and its totals, over all its epochs."""

    campaign: Campaign
    totals: Totals

    @property
    def reading(self) -> Reading:
        return reading.of(self.totals)

    @property
    def rested_at(self) -> float | None:
        """When it came to rest, or None while it goes on."""
        goes_on = self.campaign.state in (State.DRAFT, State.ENQUEUING, State.RUNNING)
        return None if goes_on else self.campaign.changed_at

    def as_json(self) -> dict[str, Any]:
        """Return what `campaign list --json` prints of it. Times are UTC epoch seconds, rates fractions."""
        counts = self.totals.counts
        return {
            "name": self.campaign.name,
            "state": self.campaign.state,
            "created_at": self.campaign.created_at,
            "rested_at": self.rested_at,
            "recipients": self.campaign.recipients,
            "sent": self.totals.accepted,
            **self.reading.as_json(),
            "hard_bounced": counts[Count.HARD_BOUNCED],
            "bounce_rate": self.totals.bounce_rate,
            "soft_bounced": counts[Count.SOFT_BOUNCED],
            "complained": counts[Count.COMPLAINED],
            "complaint_rate": self.totals.complaint_rate,
        }


def every(connection: Connection) -> list[Listed]:
    """Return all campaigns, the newest first, by one query for the campaigns and one for their figures."""
    totals = tallies.every(connection)
    return [Listed(each, totals.get(each.id) or tallies.NOTHING) for each in campaigns.every(connection)]
