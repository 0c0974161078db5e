"""How fast a campaign sends and when it halts; part of the campaign file and of the web form."""

from pydantic import BaseModel, ConfigDict, Field

# Amazon SES puts an account under review from 5 % hard bounces (developer guide, "Reputation metrics").
MAX_BOUNCE_RATE = 0.05

# Amazon SES reviews from 0.1 % complaints and pauses from 0.5 %; mailbox providers ask for less than 0.3 %.
MAX_COMPLAINT_RATE = 0.005


class SendPolicy(BaseModel):
    """How fast, by how many workers, and how long a run waits for its last outcomes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rate_per_second: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        title="Rate per second",
        description="Recipients per second; 0 takes the rate of the SES account.",
    )
    workers: int = Field(
        default=1, ge=1, le=64, title="Workers", description="Calls to SES that run side by side."
    )
    settle_seconds: float = Field(
        default=120.0,
        ge=0,
        le=86_400,
        allow_inf_nan=False,
        title="Settle seconds",
        description="How long the run waits for outcomes after the last message.",
    )


class HaltPolicy(BaseModel):
    """When a campaign stops by itself. Rates are fractions: 0.05 is 5 %."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bounce_rate: float = Field(
        default=MAX_BOUNCE_RATE,
        gt=0,
        allow_inf_nan=False,
        le=MAX_BOUNCE_RATE,
        title="Bounce rate",
        description="Halt at this share of hard bounces; 0.05 is 5 %, and more is not allowed.",
    )
    minimum_sample: int = Field(
        default=200,
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
    complaint_warning: float = Field(
        default=0.001,
        gt=0,
        allow_inf_nan=False,
        le=MAX_COMPLAINT_RATE,
        title="Complaint warning",
        description="Warn at this share of complaints; 0.001 is 0.1 %.",
    )
    complaint_rate: float = Field(
        default=0.003,
        gt=0,
        allow_inf_nan=False,
        le=MAX_COMPLAINT_RATE,
        title="Complaint rate",
        description="Halt at this share of complaints; 0.003 is 0.3 %.",
    )
    soak_seconds: float = Field(
        default=600.0,
        gt=0,
        le=600,
        allow_inf_nan=False,
        title="Soak seconds",
        description="How long a step of the pace waits for outcomes before it decides.",
    )
