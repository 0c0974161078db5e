"""Everything that the environment decides, read in one place.

AWS credentials, region and `AWS_ENDPOINT_URL` are boto3's own and are not repeated here.
"""

from functools import lru_cache
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingsError(Exception):
    """A setting is missing or cannot be used; the message names it and says what it wants."""


class Settings(BaseSettings):
    """The settings, each from the variable `CAMPAIGN_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="CAMPAIGN_", frozen=True)

    database_url: str = Field(
        default="sqlite:///var/campaign.sqlite3",
        description="The ledger: sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME.",
    )
    configuration_set: str = Field(default="", description="SES configuration set that publishes the events.")
    event_queue_url: str = Field(default="", description="SQS queue that receives the events.")
    nameservers: str = Field(
        default="", description="DNS servers as IP or IP:PORT, comma-separated; empty: the system's own."
    )
    mx_canaries: str = Field(
        default="",
        description="Domains that take mail for certain, comma-separated: where none of them resolves, "
        "nobody is dropped for the DNS; empty: three large providers.",
    )
    mx_questions_per_second: Annotated[int, Field(ge=1)] = Field(
        default=10_000,
        description="DNS questions a second at most; public resolvers want fewer (Google: 1500).",
    )
    public_url: str = Field(
        default="", description="https address under which `campaign api` is reached, for unsubscribe links."
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""),
        description="Signs links in mail and callbacks; after a comma, older keys whose links still hold.",
    )
    soft_bounces_in_a_row: int = Field(
        default=3,
        ge=0,
        le=100,
        description="Soft bounces in a row that suppress an address; 0: never, nor does an expired delivery.",
    )
    api_requests_per_second: float = Field(
        default=100.0,
        ge=0,
        description="Requests a second that one owner may make of the API; 0: as many as they like.",
    )
    callback_allow_private: bool = Field(
        default=False,
        description="1: callbacks may go to private and loopback addresses and over plain http.",
    )
    output_dir: str = Field(default="var", description="Where lists and reports are written.")

    @field_validator("*", mode="before")
    @classmethod
    def _is_text(cls, value: object) -> object:
        if isinstance(value, str) and value.encode("utf-8", "ignore").decode("utf-8") != value:
            raise ValueError("is not UTF-8")
        return value

    @field_validator("callback_allow_private", mode="before")
    @classmethod
    def _switch_that_is_set_to_nothing_is_off(cls, value: object) -> object:
        return (value.strip() or False) if isinstance(value, str) else value

    @field_validator("output_dir")
    @classmethod
    def _output_dir_is_a_folder_here(cls, value: str) -> str:
        if "://" in value or not value.strip() or "\0" in value:
            raise ValueError("must be a folder on this machine")
        return value

    @field_validator("public_url")
    @classmethod
    def _public_url_is_https(cls, value: str) -> str:
        value = value.rstrip("/")
        if not value:
            return value
        parts = urlsplit(value)
        # Mail providers fetch the one-click link, so plain http serves only a look on this machine.
        if parts.hostname and (
            parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))
        ):
            return value
        raise ValueError("must be an https:// address")

    @field_validator("secret_key")
    @classmethod
    def _secret_key_is_long(cls, value: SecretStr) -> SecretStr:
        if any(
            len(key.strip()) < 16 for key in value.get_secret_value().split(",") if value.get_secret_value()
        ):
            raise ValueError("must be at least 16 characters long")
        return value

    def need(self, *names: str) -> None:
        """Raise SettingsError naming those of `names` (field names) that are empty."""
        missing = [f"CAMPAIGN_{name.upper()}" for name in names if not _plain(getattr(self, name))]
        if missing:
            raise SettingsError(
                f"{' and '.join(missing)} must be set to send: see the settings table in README.md."
            )


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the process's settings.

    Raises SettingsError with one sentence a variable that cannot be used.
    """
    try:
        return Settings()
    except ValidationError as err:
        faults = (
            f"CAMPAIGN_{str(fault['loc'][0]).upper()}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in err.errors()
        )
        raise SettingsError("; ".join(faults) + ".") from err


def is_on(text: str) -> bool:
    """Tell whether a switch of the environment is on: set, and to nothing that says no."""
    return text.strip().lower() not in ("", "0", "false", "no", "off", "n", "f")


def _plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
