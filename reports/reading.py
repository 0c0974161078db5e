"""Reading: who opened a campaign's mail, clicked in it and left, as shares of those it was delivered to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from ledger import links
from ledger.links import OTHERS, LinkClicks
from ledger.statuses import Count
from ledger.tallies import Totals
from reports.page import number, percent

# What is said wherever opens are shown.
MACHINES = (
    "Opens and clicks of machines are in these figures: mail programs that load pictures by themselves "
    "(Apple Mail, Gmail) and scanners that follow links. Readers who load no pictures are missing."
)


@dataclass(frozen=True, slots=True)
class Reading:
    """People, not events: whoever opened twice is one. Rates are fractions; those of nobody are 0.

    `delivered` is what the rates are shares of; `click_to_open` is those who clicked over those who opened.
    """

    delivered: int
    opened: int
    clicked: int
    unsubscribed: int
    links: tuple[LinkClicks, ...] = ()

    @property
    def open_rate(self) -> float:
        return _share(self.opened, self.delivered)

    @property
    def click_rate(self) -> float:
        return _share(self.clicked, self.delivered)

    @property
    def click_to_open(self) -> float:
        return _share(self.clicked, self.opened)

    @property
    def unsubscribe_rate(self) -> float:
        return _share(self.unsubscribed, self.delivered)

    @property
    def is_told(self) -> bool:
        """Whether any open or click came; where none did, SES may not publish them at all."""
        return self.opened > 0 or self.clicked > 0

    def as_json(self) -> dict[str, Any]:
        """Return the figures as report.json and `campaign status --json` hold them."""
        return {
            "delivered": self.delivered,
            "opened": self.opened,
            "open_rate": self.open_rate,
            "clicked": self.clicked,
            "click_rate": self.click_rate,
            "click_to_open": self.click_to_open,
            "unsubscribed": self.unsubscribed,
            "unsubscribe_rate": self.unsubscribe_rate,
            "includes_machines": True,
        }

    def links_as_json(self) -> list[Mapping[str, Any]]:
        """Return the links with their clicks; of all that are not kept apart `url` is null."""
        return [
            {
                "url": each.url or None,
                "clicked": each.people,
                "clicks": each.clicks,
                "share_of_clicked": _share(each.people, self.clicked),
            }
            for each in self.links
        ]

    @property
    def sentence(self) -> str:
        """`opened 41.2 %, clicked 6.0 %, ...` for a terminal; empty where nothing was delivered."""
        if not self.delivered:
            return ""
        left = f"unsubscribed {percent(self.unsubscribe_rate, 2)} ({number(self.unsubscribed)})"
        if not self.is_told:
            return f"{left}; no open or click was reported"
        return (
            f"opened {percent(self.open_rate)} ({number(self.opened)}), "
            f"clicked {percent(self.click_rate)} ({number(self.clicked)}), "
            f"click to open {percent(self.click_to_open)}, {left}; of {number(self.delivered)} delivered, "
            "machines included"
        )


def of(totals: Totals) -> Reading:
    """Return the reading of a campaign without its links."""
    counts = totals.counts
    return Reading(
        delivered=counts[Count.DELIVERED],
        opened=counts[Count.OPENED],
        clicked=counts[Count.CLICKED],
        unsubscribed=counts[Count.UNSUBSCRIBED],
    )


def with_links(connection: Connection, campaign_id: int, totals: Totals) -> Reading:
    """Return the reading of a campaign with the clicks by link."""
    found = of(totals)
    return Reading(
        found.delivered,
        found.opened,
        found.clicked,
        found.unsubscribed,
        links.clicks(connection, campaign_id),
    )


def label(link: LinkClicks) -> str:
    """Return how a link is shown; that it begins with https:// goes without saying."""
    return "other links" if link.url == OTHERS else link.url.removeprefix("https://")


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
