"""What a campaign says about its list: where it is, whose consent it needs, which rules drop a row.

The descriptions are the help texts of a web form.
"""

import re
from enum import StrEnum
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from lists import form_fields

# What stands around cells; "" where nobody said.
Quote: TypeAlias = Literal["", '"', "none"]
# Whose consent is needed; "" where nobody said.
Consent: TypeAlias = Literal["", "any", "confirmed"]
_ENDINGS = re.compile(r"(?:\.(?:csv|tsv|txt|parquet|gz))+$", re.IGNORECASE)


def _one_line(text: str) -> str:
    if any(ord(character) < 32 for character in text):
        raise ValueError("must be one line without control characters")
    return text.strip()


class Keep(StrEnum):
    """Which of several rows with one address stays."""

    FIRST = "first"
    LAST = "last"
    NEWEST = "newest"


def a_row_to_keep(text: str) -> str:
    """Return `first`, `last` or `newest:COLUMN` without blanks around; raise ValueError for anything else."""
    keep, _, column = (part.strip() for part in text.partition(":"))
    match keep.lower():
        case Keep.FIRST | Keep.LAST if ":" not in text:
            return keep.lower()
        case Keep.NEWEST if column:
            return f"{Keep.NEWEST}:{column}"
    raise ValueError("must be first, last or newest:COLUMN, with the name of a column of dates")


class ListSource(BaseModel):
    """Where the recipients are, and which of them have agreed to be written to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Annotated[str, Field(min_length=1)] = Field(
        title="List", description="A CSV or Parquet file: a path, or s3://bucket/key."
    )
    name: Annotated[str, AfterValidator(_one_line), Field(max_length=200)] = Field(
        default="",
        title="List name",
        description="Suppressions can hold for this list alone; empty: the file's name without its ending.",
    )
    unsubscribe: Literal["everywhere", "list"] = Field(
        default="everywhere",
        title="Unsubscribing",
        description="list: who unsubscribes leaves this list alone; it must then have a name.",
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
    quote: Quote = Field(
        default="",
        title="Quote",
        description='What stands around cells: " or none; empty: " where that hides nobody.',
    )
    header: bool = Field(
        default=True,
        title="Header",
        description="Whether the first row names the columns; otherwise they are column_1, column_2, ...",
    )
    consent: Consent = Field(
        default="",
        title="Consent",
        description="confirmed: only people who confirmed their sign-up; any: everybody; empty: everybody, "
        "unless a column of the list says that some said no.",
    )
    consent_column: str = Field(
        default="",
        title="Consent column",
        description="A column that says yes or no to consent: who does not say yes there is left out.",
    )
    last_engaged_column: str = Field(
        default="",
        title="Last-engaged column",
        description="A column with the date of the last open, click or order.",
    )
    inactive_after_days: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        json_schema_extra=form_fields.may_be_empty,
        title="Inactive after days",
        description="Drop people who were last engaged more days ago; without a column the ledger knows.",
    )

    @model_validator(mode="after")
    def _has_a_name_to_leave(self) -> Self:
        # A file is renamed without a thought, and everyone who left its list would be back.
        if self.unsubscribe == "list" and not self.name:
            raise ValueError("`unsubscribe: list` needs `name`: give the list a name that will stay")
        return self

    @property
    def needs_consent(self) -> bool:
        """Whether only people who have agreed are written to: a column that is named is asked."""
        return self.consent == "confirmed" or (not self.consent and bool(self.consent_column))

    @property
    def scope(self) -> str:
        """What suppressions for this list alone are filed under."""
        if self.name:
            return self.name
        file = self.source.replace("\\", "/").rstrip("/").rpartition("/")[2]
        return _ENDINGS.sub("", file)[:200]


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
    free_mail: Literal["keep", "flag", "drop"] = Field(
        default="keep",
        title="Free-mail addresses",
        description="What becomes of addresses at providers where anybody gets one for nothing.",
    )
    typo: Literal["flag", "drop", "keep"] = Field(
        default="flag",
        title="Mistyped providers",
        description="What becomes of addresses such as anna@gmial.com; the right one is only suggested.",
    )
    keep: Annotated[str, AfterValidator(a_row_to_keep)] = Field(
        default="first",
        title="Which duplicate stays",
        description="Of several rows with one address: first, last, or newest:COLUMN by a column of dates.",
    )
    role_names_file: str = Field(
        default="",
        title="Role names",
        description="A text file that adds a role name a line, or with ! before it takes one out.",
    )
    disposable_domains_file: str = Field(
        default="",
        title="Disposable domains",
        description="A text file that adds a disposable domain a line, or with ! before it takes one out.",
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

    @property
    def kept_row(self) -> tuple[Keep, str]:
        """Which of several rows stays, and the column that it goes by, "" for none."""
        keep, _, column = self.keep.partition(":")
        return Keep(keep), column
