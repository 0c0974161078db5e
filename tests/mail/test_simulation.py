"""Simulated campaigns: good lists take no longer, bad ones stop on the ladder, silent ones pause."""

from dataclasses import replace

import pytest

from mail.gate_answers import Halt
from mail.policy import PRESETS
from mail.simulation import Scenario, simulate

NORMAL = PRESETS["normal"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("rate_per_second", "delivery_seconds"), [(200.0, 5.0), (50.0, 20.0)])
def test_a_good_list_takes_hardly_longer_than_its_rate_alone(
    seed: int, rate_per_second: float, delivery_seconds: float
) -> None:
    scenario = Scenario(6_000, rate_per_second, 0.01, 120.0, delivery_seconds, spread=0.3, seed=seed)
    found = simulate(scenario, NORMAL)
    assert (found.stopped, found.sent) == (None, 6_000)
    # A latency is a delivery's own, and the second in which the collector and the sender look again.
    latency = 1.3 * delivery_seconds + 1.0
    assert found.seconds <= 1.1 * 6_000 / rate_per_second + len(NORMAL.ladder) * latency


@pytest.mark.parametrize("seed", range(8))
def test_a_bad_list_stops_on_the_ladder_where_a_plain_counter_sends_it_whole(seed: int) -> None:
    scenario = Scenario(10_000, 200.0, 0.08, bounce_seconds=120.0, seed=seed)
    found = simulate(scenario, NORMAL)
    assert isinstance(found.stopped, Halt)
    assert found.sent <= 500
    assert found.final_bounces <= found.bounces_at_stop + found.unknown_at_stop
    plain = simulate(scenario, replace(NORMAL, ladder=(), unknown_at_most=10_000))
    assert plain.sent == 10_000


def test_a_list_of_which_nothing_is_heard_pauses_on_its_first_rung() -> None:
    found = simulate(Scenario(10_000, 200.0, 0.01, silent=1.0), NORMAL)
    assert found.stopped is not None
    assert (found.stopped.rule, found.sent) == ("no_outcomes", 100)


def test_what_ses_withholds_is_no_bounce_and_halts_nothing() -> None:
    found = simulate(Scenario(10_000, 200.0, 0.01, withheld=0.08), NORMAL)
    assert found.stopped is None
    assert found.sent + found.withheld == 10_000
    assert 700 < found.withheld < 900
    assert found.final_bounces < 0.05 * found.sent


def test_a_bad_list_halts_whatever_ses_withholds_of_it() -> None:
    found = simulate(Scenario(10_000, 200.0, 0.12, withheld=0.3), NORMAL)
    assert found.stopped is not None
    assert found.sent < 2_000
