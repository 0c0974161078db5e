"""The policies of a campaign: their defaults, and the limits that no campaign may leave."""

from dataclasses import asdict, replace
from typing import get_args

import pytest
from pydantic import ValidationError

from mail.policy import PRESETS, HaltPolicy, Preset, SendPolicy


def test_the_defaults_are_those_of_the_design() -> None:
    assert asdict(HaltPolicy().rules) == {
        "bounce_rate": 0.05,
        "minimum_sample": 200,
        "minimum_bounces": 1,
        "complaint_warning": 0.001,
        "complaint_rate": 0.003,
        "ladder": (100, 500, 2_500),
        "soak_seconds": 600,
        "unknown_at_most": 500,
        "unknown_seconds": 30,
        "on_halt": "fail",
        "answer_hours": 24,
    }
    assert SendPolicy().model_dump() == {
        "rate_per_second": 0,
        "workers": 1,
        "settle_seconds": 120,
        "over_quota": "refuse",
        "runs": 1,
        "allowed_lateness_seconds": 3600,
        "warm_up": {"start": 0, "factor": 1.5, "days": 14},
    }


@pytest.mark.parametrize("preset", get_args(Preset))
def test_every_preset_keeps_to_the_limits(preset: Preset) -> None:
    rules = HaltPolicy(preset=preset).rules
    assert rules == PRESETS[preset]
    assert HaltPolicy.model_validate(asdict(rules)).rules == rules


def test_what_is_given_wins_over_the_preset_even_where_it_is_the_default_of_another() -> None:
    given = HaltPolicy.model_validate({"preset": "careful", "minimum_sample": 200, "ladder": [10, 20]})
    assert given.rules == replace(PRESETS["careful"], minimum_sample=200, ladder=(10, 20))


def test_a_policy_reads_the_same_after_it_was_stored() -> None:
    given = HaltPolicy(preset="trusted list", bounce_rate=0.03, on_halt="ask")
    assert HaltPolicy.model_validate(given.model_dump(mode="json")) == given


def test_the_form_says_what_each_preset_is_in_a_line_of_its_own() -> None:
    lines = HaltPolicy.model_json_schema()["properties"]["preset"]["description"].split("\n\n")
    assert [line.partition(":")[0].strip("*") for line in lines] == list(get_args(Preset))


@pytest.mark.parametrize(
    "fault",
    [
        {"bounce_rate": 0.0500001},
        {"bounce_rate": 0},
        {"bounce_rate": float("nan")},
        {"minimum_sample": 0},
        {"minimum_bounces": 0},
        {"complaint_rate": 0.01},
        {"complaint_rate": float("nan")},
        {"soak_seconds": 601},
        {"soak_seconds": 0},
        {"bounce_rat": 0.01},
        {"ladder": [100, 100]},
        {"ladder": [500, 100]},
        {"ladder": [0]},
        {"unknown_at_most": 0},
        {"unknown_seconds": 601},
        {"preset": "reckless"},
        {"on_halt": "shrug"},
    ],
)
def test_a_halt_policy_cannot_be_made_laxer_than_the_limits(fault: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        HaltPolicy.model_validate(fault)


@pytest.mark.parametrize(
    "fault",
    [{"rate_per_second": -1}, {"rate_per_second": float("inf")}, {"workers": 0}, {"settle_seconds": -1}],
)
def test_a_send_policy_with_an_impossible_figure_is_refused(fault: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        SendPolicy.model_validate(fault)


def test_a_policy_does_not_change_under_the_hands_of_a_run() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        HaltPolicy().bounce_rate = 0.04  # type: ignore[misc]
