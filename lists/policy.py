"""What a campaign says about its list: where it is, whose consent it needs, which rules drop a row.

The descriptions are the help texts of a web form.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class ListSource(BaseModel):
    """Where the recipients are, and which of them have agreed to be written to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Annotated[str, Field(min_length=1)] = Field(
        title="List", description="A CSV or Parquet file: a path, or s3://bucket/key."
    )
    address_column: str = Field(
        default="",
        title="Address column",
        description="The column that holds the addresses; empty: found by its name or its content.",
    )
    encoding: str = Field(
        default="",
        title="Encoding",
        description="Such as windows-1252; empty: UTF-8, or UTF-16 with its byte order mark.",
    )
    delimiter: str = Field(
        default="",
        title="Delimiter",
        description="The character between columns, or tab; empty: comma, semicolon, tab or bar, as found.",
    )
    header: bool = Field(
        default=True,
        title="Header",
        description="Whether the first row names the columns; otherwise they are column_1, column_2, ...",
    )
    consent: Literal["any", "confirmed"] = Field(
        default="any",
        title="Consent",
        description="confirmed: only people who confirmed their sign-up are written to.",
    )
    consent_column: str = Field(
        default="",
        title="Consent column",
        description="A column that says yes or no to consent; empty: the ledger's subscribers are asked.",
    )
    last_engaged_column: str = Field(
        default="",
        title="Last-engaged column",
        description="A column with the date of the last open, click or order.",
    )
    inactive_after_days: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        title="Inactive after days",
        description="Drop people whose last-engaged date is older than this many days.",
    )


class HygienePolicy(BaseModel):
    """Which of the rules drop a row, and which only mark it with a flag."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role_alias: Literal["drop", "flag", "keep"] = Field(
        default="drop",
        title="Role addresses",
        description="What becomes of addresses such as info@ or postmaster@.",
    )
    disposable: Literal["flag", "drop", "keep"] = Field(
        default="flag",
        title="Disposable addresses",
        description="What becomes of addresses at throw-away providers.",
    )
    mx: bool = Field(
        default=True,
        title="Check mail servers",
        description="Look up every domain in the DNS and drop those that take no mail.",
    )
    repair: bool = Field(
        default=False,
        title="Repair",
        description="Take 'Name <a@b.example>', 'mailto:' and invisible characters apart.",
    )
