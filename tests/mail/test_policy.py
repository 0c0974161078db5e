"""The policies of a campaign: their defaults, and the limits that no campaign may leave."""

import pytest
from pydantic import ValidationError

from mail.policy import HaltPolicy, SendPolicy


def test_the_defaults_are_those_of_the_design() -> None:
    assert HaltPolicy().model_dump() == {
        "bounce_rate": 0.05,
        "minimum_sample": 200,
        "minimum_bounces": 1,
        "complaint_warning": 0.001,
        "complaint_rate": 0.003,
        "soak_seconds": 600,
    }
    assert SendPolicy().model_dump() == {"rate_per_second": 0, "workers": 1, "settle_seconds": 120}


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
    ],
)
def test_a_halt_policy_cannot_be_made_laxer_than_the_limits(fault: dict[str, float]) -> None:
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
