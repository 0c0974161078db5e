"""How fast a campaign sends and when it halts; part of the campaign file and of the web form."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from lists import form_fields
from mail.warm_up_policy import WarmUpPolicy

# Amazon SES puts an account under review from 5 % hard bounces (developer guide, "Reputation metrics").
MAX_BOUNCE_RATE = 0.05

# Amazon SES reviews from 0.1 % complaints and pauses from 0.5 %; mailbox providers ask for less than 0.3 %.
MAX_COMPLAINT_RATE = 0.005


class SendPolicy(BaseModel):
    """How fast, by how many workers and runs, and how long a run waits for its last outcomes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate_per_second: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        title="Rate per second",
        description="Recipients per second; 0 takes the rate of the SES account.",
    )
    workers: int = Field(
        default=1, ge=1, le=64, title="Workers", description="Calls to SES that run side by side in a run."
    )
    runs: int = Field(
        default=1,
        ge=1,
        le=32,
        title="Sending runs",
        description="Runs that send at once on the work pool, on one machine or many; they share one rate.",
    )
    allowed_lateness_seconds: float = Field(
        default=3_600.0,
        ge=0,
        allow_inf_nan=False,
        title="Allowed lateness in seconds",
        description="A run that a schedule made sends nothing where it begins later than this.",
    )
    over_quota: Literal["refuse", "split"] = Field(
        default="refuse",
        title="Over quota",
        description=(
            "A campaign larger than what SES takes in these 24 hours. refuse: it is not begun. "
            "split: it goes out over days, as the quota comes back."
        ),
    )
    settle_seconds: float = Field(
        default=120.0,
        ge=0,
        le=86_400,
        allow_inf_nan=False,
        title="Settle seconds",
        description="How long the run waits for outcomes after the last message.",
    )
    warm_up: WarmUpPolicy = Field(
        default=WarmUpPolicy(),
        title="Warm-up",
        description="A daily ceiling for a young sender's domain, counted over all campaigns.",
    )


# A ready-made answer to how far a list is trusted.
Preset = Literal["careful", "normal", "trusted list"]
# What a run does when its campaign halts: end, or ask a person and wait for the answer.
OnHalt = Literal["fail", "ask"]


@dataclass(frozen=True, slots=True)
class HaltRules:
    """The halt policy with every figure decided: what the gate works with.

    ladder: how many messages may be out before the first, second, ... stop for outcomes; empty: no stops.
    unknown_at_most, unknown_seconds: the bound on messages without an outcome, the larger of the two: a
    number, and so many seconds of the rate.
    """

    bounce_rate: float = MAX_BOUNCE_RATE
    minimum_sample: int = 200
    minimum_bounces: int = 1
    complaint_warning: float = 0.001
    complaint_rate: float = 0.003
    ladder: tuple[int, ...] = (100, 500, 2_500)
    soak_seconds: float = 600.0
    unknown_at_most: int = 500
    unknown_seconds: float = 30.0
    on_halt: OnHalt = "fail"
    answer_hours: float = 24.0


# They differ in how much may be out before its outcomes are in. A limit below Amazon SES's own would halt
# good lists by chance: at 4 % of 100, one in five of those that bounce at 2 % (`campaign simulate
# --false-halts`).
PRESETS: Mapping[Preset, HaltRules] = {
    "careful": HaltRules(
        complaint_warning=0.0005,
        complaint_rate=0.002,
        ladder=(50, 200, 1_000, 5_000),
        unknown_at_most=200,
        unknown_seconds=10.0,
    ),
    "normal": HaltRules(),
    "trusted list": HaltRules(ladder=(500,), soak_seconds=300.0, unknown_at_most=2_000, unknown_seconds=60.0),
}


def _rising(ladder: tuple[int, ...] | None) -> tuple[int, ...] | None:
    if ladder and list(ladder) != sorted(set(ladder)):
        raise ValueError("must rise from step to step, such as [100, 500, 2500]")
    return ladder


class HaltPolicy(BaseModel):
    """When a campaign stops by itself. Rates are fractions: 0.05 is 5 %. Empty: as in the preset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: Preset = Field(
        default="normal",
        title="Preset",
        description=(
            "**careful**: a list nobody knows yet; stops for outcomes after 50, 200, 1,000 and 5,000 "
            "messages and takes fewer complaints.\n\n"
            "**normal**: a list that is written to now and then; stops after 100, 500 and 2,500.\n\n"
            "**trusted list**: one that was written to last month; stops once, after 500."
        ),
    )
    bounce_rate: float | None = Field(
        default=None,
        json_schema_extra=form_fields.may_be_empty,
        gt=0,
        allow_inf_nan=False,
        le=MAX_BOUNCE_RATE,
        title="Bounce rate",
        description="Halt at this share of hard bounces; 0.05 is 5 %, and more is not allowed.",
    )
    minimum_sample: int | None = Field(
        default=None,
        json_schema_extra=form_fields.may_be_empty,
        ge=1,
        title="Minimum sample",
        description="Messages that SES must have accepted before the plain bounce rate counts.",
    )
    minimum_bounces: int = Field(
        default=1,
        ge=1,
        title="Minimum bounces",
        description="Hard bounces there must be before a run halts.",
    )
    complaint_warning: float | None = Field(
        default=None,
        json_schema_extra=form_fields.may_be_empty,
        gt=0,
        allow_inf_nan=False,
        le=MAX_COMPLAINT_RATE,
        title="Complaint warning",
        description="Warn at this share of complaints; 0.001 is 0.1 %.",
    )
    complaint_rate: float | None = Field(
        default=None,
        json_schema_extra=form_fields.may_be_empty,
        gt=0,
        allow_inf_nan=False,
        le=MAX_COMPLAINT_RATE,
        title="Complaint rate",
        description="Halt at this share of complaints; 0.003 is 0.3 %.",
    )
    ladder: Annotated[tuple[Annotated[int, Field(ge=1)], ...] | None, AfterValidator(_rising)] = Field(
        default=None,
        json_schema_extra=form_fields.may_be_empty,
        title="Canary ladder",
        description="How many messages go out before each stop for outcomes, such as [100, 500, 2500].",
    )
    soak_seconds: float | None = Field(
        default=None,
        json_schema_extra=form_fields.may_be_empty,
        gt=0,
        le=600,
        allow_inf_nan=False,
        title="Soak seconds",
        description="How long a stop waits for outcomes before it decides.",
    )
    unknown_at_most: int | None = Field(
        default=None,
        json_schema_extra=form_fields.may_be_empty,
        ge=1,
        le=1_000_000,
        title="Unknown at most",
        description="Messages that may be out without an outcome after the ladder.",
    )
    unknown_seconds: float | None = Field(
        default=None,
        json_schema_extra=form_fields.may_be_empty,
        ge=0,
        le=600,
        allow_inf_nan=False,
        title="Unknown seconds",
        description="The same as seconds of the rate; the larger of the two holds.",
    )
    on_halt: OnHalt = Field(
        default="fail",
        title="On halt",
        description="**fail**: the run ends as Halted. **ask**: it waits for a person's answer.",
    )
    answer_hours: float = Field(
        default=24.0,
        gt=0,
        le=720,
        allow_inf_nan=False,
        title="Answer hours",
        description="With ask: so long the run waits; no answer by then means stop.",
    )

    @property
    def rules(self) -> HaltRules:
        """The policy with what was left out as in the preset."""
        given = {name: value for name, value in self if name != "preset" and value is not None}
        return replace(PRESETS[self.preset], **given)
