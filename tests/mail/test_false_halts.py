"""The chance that a good list halts: small, rising with its rate, and counted exactly."""

from dataclasses import replace

import pytest

from mail.false_halts import boundary, chance_of_halt
from mail.policy import PRESETS, HaltRules

NORMAL = PRESETS["normal"]


@pytest.mark.parametrize("rules", PRESETS.values(), ids=PRESETS.keys())
def test_chance_halts_a_list_at_two_per_cent_at_most_once_in_fifty(rules: HaltRules) -> None:
    halting = boundary(3_000, rules)
    chances = {rate: chance_of_halt(3_000, rate, halting) for rate in (0.01, 0.02, 0.03, 0.04)}
    assert chances[0.01] <= 0.001
    assert chances[0.02] <= 0.02
    assert list(chances.values()) == sorted(chances.values())


def test_the_chance_of_a_halt_is_that_of_counting_every_list() -> None:
    rules = replace(NORMAL, minimum_sample=8)
    halting = boundary(10, rules)
    # Of 2 ** 10 lists, each with its chance, those that reach a count that halts.
    expected = 0.0
    for bits in range(1 << 10):
        bounced = [bits >> place & 1 for place in range(10)]
        halts = any(sum(bounced[:n]) >= halting[n] for n in range(1, 11))
        expected += halts * 0.03 ** sum(bounced) * 0.97 ** (10 - sum(bounced))
    assert chance_of_halt(10, 0.03, halting) == pytest.approx(expected)
