"""How a young sender's domain is warmed up; part of the campaign file and of the web form."""

from pydantic import BaseModel, ConfigDict, Field


class WarmUpPolicy(BaseModel):
    """How many messages a young sender's domain may send a day, over all campaigns: more each day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: int = Field(
        default=0,
        ge=0,
        title="First day",
        description="Messages on the first day; 0: the domain is not warmed up, and there is no ceiling.",
    )
    factor: float = Field(
        default=1.5,
        ge=1,
        le=5,
        allow_inf_nan=False,
        title="Factor",
        description="So many times as many on each further day on which the domain sends anything.",
    )
    days: int = Field(
        default=14, ge=1, le=100, title="Days", description="After so many days there is no ceiling any more."
    )
