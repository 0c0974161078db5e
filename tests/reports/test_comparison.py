"""Two campaigns compared: the test held against one that counts every table by itself."""

from fractions import Fraction
from math import comb
from random import Random

import pytest

from ledger import tallies
from ledger.statuses import Count
from ledger.tallies import Totals
from reports.comparison import Figure, compare, figures, fisher


def slowly(first: int, first_whole: int, second: int, second_whole: int) -> Fraction:
    """Return the p-value from its definition, in whole numbers."""
    hits = first + second
    ways = [
        comb(first_whole, count) * comb(second_whole, hits - count)
        for count in range(max(0, hits - second_whole), min(hits, first_whole) + 1)
    ]
    here = comb(first_whole, first) * comb(second_whole, second)
    return Fraction(sum(way for way in ways if way <= here), sum(ways))


def test_it_is_fishers_test_for_every_table_of_small_campaigns() -> None:
    for one in range(1, 9):
        for other in range(1, 9):
            for first in range(one + 1):
                for second in range(other + 1):
                    wanted = float(slowly(first, one, second, other))
                    assert fisher(first, one, second, other) == pytest.approx(wanted, abs=1e-9)


def test_it_is_fishers_test_for_larger_ones_too() -> None:
    random = Random(3)
    for _ in range(40):
        one, other = random.randint(50, 900), random.randint(50, 900)
        first, second = random.randint(0, one), random.randint(0, other)
        wanted = float(slowly(first, one, second, other))
        assert fisher(first, one, second, other) == pytest.approx(wanted, rel=1e-6, abs=1e-15)


def test_a_million_readers_are_judged_as_well() -> None:
    assert fisher(300_000, 1_000_000, 301_500, 1_000_000) == pytest.approx(0.0208, abs=1e-4)
    assert fisher(300_000, 1_000_000, 400_000, 1_000_000) < 1e-12
    assert fisher(300_000, 1_000_000, 300_000, 1_000_000) == 1.0


def test_a_difference_is_of_the_second_from_the_first_and_nobody_is_no_news() -> None:
    figure = Figure("opened", "delivered", 400, 1_000, 500, 1_000)
    assert figure.difference == pytest.approx(0.1)
    assert figure.is_more_than_chance
    assert not Figure("opened", "delivered", 2, 5, 3, 5).is_more_than_chance
    nobody = Figure("opened", "delivered", 0, 0, 3, 5)
    assert (nobody.first_rate, nobody.p_value, nobody.is_more_than_chance) == (0.0, 1.0, False)


def test_a_share_is_never_over_the_whole() -> None:
    # A click without an open: its reader loads no pictures.
    odd = Totals(tallies.NOTHING.by_status, {**tallies.NOTHING.counts, Count.CLICKED: 5, Count.OPENED: 2})
    for figure in figures(odd, odd):
        assert 0 <= figure.first <= figure.first_whole
        assert 0 <= figure.p_value <= 1


def test_campaigns_are_compared_over_what_was_delivered(told) -> None:
    with told.ledger.reading() as connection:
        found = compare(connection, "spring-offer", "calm@2026-11-22")
    opened = next(each for each in found.figures if each.name == "opened")
    assert (opened.first, opened.of) == (1, "delivered")
    assert found.as_json()["test"] == "Fisher's exact test, two-sided"
    assert [each["name"] for each in found.as_json()["figures"]] == [
        "delivered",
        "opened",
        "clicked",
        "click to open",
        "unsubscribed",
        "hard bounces",
        "complaints",
    ]
