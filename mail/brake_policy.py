"""When single domains are left alone for a while; part of the campaign file and of the web form."""

from pydantic import BaseModel, ConfigDict, Field


class BrakePolicy(BaseModel):
    """When a domain that puts mail off is left alone for a while, without stopping the others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(
        default=True, title="Brakes", description="Leave a domain alone for a while where it puts mail off."
    )
    share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        allow_inf_nan=False,
        title="Share put off",
        description="Brake a domain at this share of deferred and soft-bounced messages; 0.5 is 50 %.",
    )
    minimum_sample: int = Field(
        default=20,
        ge=1,
        title="Sample",
        description="Outcomes of a domain that are judged at a time, and let through when it is tried again.",
    )
    window_seconds: float = Field(
        default=900.0,
        gt=0,
        le=86_400,
        allow_inf_nan=False,
        title="Window seconds",
        description="A sample that takes longer than this is not judged.",
    )
    pause_seconds: float = Field(
        default=900.0,
        gt=0,
        le=86_400,
        allow_inf_nan=False,
        title="Pause seconds",
        description="How long the domain is left alone; twice as long each time in a row, up to 8 times.",
    )
