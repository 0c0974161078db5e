"""Two campaigns side by side, and whether what lies between them is more than chance.

The test is Fisher's exact test, two-sided, for each figure: how likely two campaigns to the same kind of
readers differ at least so much by chance. It holds for any size, one reader as well as a million. As several
figures are compared at once, a difference counts as more than chance from p < 0.01 on.
"""

from dataclasses import dataclass
from math import exp, lgamma
from typing import Any

from sqlalchemy import Connection

from ledger import campaigns, tallies
from ledger.statuses import Count
from ledger.tallies import Totals

SIGNIFICANT = 0.01
TEST = "Fisher's exact test, two-sided"
# Terms that are so much smaller than the greatest change nothing that is shown.
_NEGLIGIBLE = 1e-18
# Two tables that are equally likely may differ in the last digits of their logarithms.
_EQUAL = 1e-7


@dataclass(frozen=True, slots=True)
class Figure:
    """So many of so many, in each of two campaigns. `p_value` is 1 where one of them has nobody to count."""

    name: str
    of: str
    first: int
    first_whole: int
    second: int
    second_whole: int

    @property
    def first_rate(self) -> float:
        return self.first / self.first_whole if self.first_whole else 0.0

    @property
    def second_rate(self) -> float:
        return self.second / self.second_whole if self.second_whole else 0.0

    @property
    def difference(self) -> float:
        """The second rate less the first one, as a fraction."""
        return self.second_rate - self.first_rate

    @property
    def p_value(self) -> float:
        if not self.first_whole or not self.second_whole:
            return 1.0
        return fisher(self.first, self.first_whole, self.second, self.second_whole)

    @property
    def is_more_than_chance(self) -> bool:
        return self.p_value < SIGNIFICANT


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two campaigns by their names, and their figures."""

    first: str
    second: str
    figures: tuple[Figure, ...]

    def as_json(self) -> dict[str, Any]:
        """Return what `campaign compare A B --json` prints; differences are of the second from the first."""
        return {
            "first": self.first,
            "second": self.second,
            "test": TEST,
            "significant_below": SIGNIFICANT,
            "figures": [
                {
                    "name": each.name,
                    "of": each.of,
                    "first": {"count": each.first, "whole": each.first_whole, "rate": each.first_rate},
                    "second": {"count": each.second, "whole": each.second_whole, "rate": each.second_rate},
                    "difference": each.difference,
                    "p_value": each.p_value,
                    "more_than_chance": each.is_more_than_chance,
                }
                for each in self.figures
            ],
        }


def compare(connection: Connection, first: str, second: str) -> Comparison:
    """Compare two campaigns as they stand, over all their epochs. Raises CampaignNotFound."""
    one, other = (tallies.read(connection, campaigns.get(connection, name).id) for name in (first, second))
    return Comparison(first, second, figures(one, other))


def figures(one: Totals, other: Totals) -> tuple[Figure, ...]:
    """Return the figures of two campaigns."""
    delivered, opened, sent = Count.DELIVERED, Count.OPENED, None
    wanted = [
        ("delivered", Count.DELIVERED, sent, "sent"),
        ("opened", Count.OPENED, delivered, "delivered"),
        ("clicked", Count.CLICKED, delivered, "delivered"),
        ("click to open", Count.CLICKED, opened, "opened"),
        ("unsubscribed", Count.UNSUBSCRIBED, delivered, "delivered"),
        ("hard bounces", Count.HARD_BOUNCED, sent, "sent"),
        ("complaints", Count.COMPLAINED, sent, "sent"),
    ]
    found = []
    for name, part, whole, of in wanted:
        counted = []
        for totals in (one, other):
            everybody = totals.accepted if whole is None else totals.counts[whole]
            # A click without an open, or a bounce beside what SES withheld: no share is over the whole.
            counted += [min(totals.counts[part], everybody), everybody]
        found.append(Figure(name, of, *counted))
    return tuple(found)


def fisher(first: int, first_whole: int, second: int, second_whole: int) -> float:
    """Return the two-sided p-value: all tables with these margins that are no likelier than this one.

    Both tails are summed outward from the likeliest table, until what is left is negligible: a million
    readers take as many terms as a few standard deviations hold.
    """
    hits, everybody = first + second, first_whole + second_whole
    least, most = max(0, hits - second_whole), min(hits, first_whole)

    def log_likelihood(count: int) -> float:
        return (
            _log_ways(first_whole, count) + _log_ways(second_whole, hits - count) - _log_ways(everybody, hits)
        )

    here = log_likelihood(first)
    middle = min(most, max(least, (hits + 1) * (first_whole + 1) // (everybody + 2)))
    top = log_likelihood(middle)
    total = within = 0.0
    for places in (range(middle, most + 1), range(middle - 1, least - 1, -1)):
        for count in places:
            value = log_likelihood(count)
            likelihood = exp(value - top)
            total += likelihood
            if value <= here + _EQUAL:
                within += likelihood
            if likelihood < _NEGLIGIBLE:
                break
    return min(1.0, within / total)


def _log_ways(whole: int, part: int) -> float:
    return lgamma(whole + 1) - lgamma(part + 1) - lgamma(whole - part + 1)
