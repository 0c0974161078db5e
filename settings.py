"""Everything that the environment decides, read in one place.

AWS credentials, region and `AWS_ENDPOINT_URL` are boto3's own and are not repeated here.
"""

import os
import re
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# Where the ledger lay while it followed the working folder: two folders were two ledgers.
_FORMER_LEDGER = Path("var", "campaign.sqlite3")
_NAME_THE_LEDGER = "set CAMPAIGN_DATABASE_URL, such as sqlite:////srv/campaign/campaign.sqlite3"


class SettingsError(Exception):
    """A setting is missing or cannot be used; the message names it and says what it wants."""


class Settings(BaseSettings):
    """The settings, each from the variable `CAMPAIGN_` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="CAMPAIGN_", frozen=True)

    database_url: str = Field(
        default="",
        # The default says that nothing was given, which only a given value may not.
        validate_default=False,
        description="The ledger: sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME; "
        "unset: one SQLite file for each user, which `settings()` fills in.",
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
    api_connections_per_client: int = Field(
        default=256, ge=0, description="Connections that one client may have open; 0: as many as they like."
    )
    trusted_proxies: str = Field(
        default="",
        description="IPs or networks of proxies before the API, comma-separated: they are believed who asks.",
    )
    callback_allow_private: bool = Field(
        default=False,
        description="1: callbacks may go to private and loopback addresses and over plain http.",
    )
    page_words: str = Field(
        default="",
        description="A folder of your own words for the unsubscribe and confirm pages, such as de.toml.",
    )
    output_dir: str = Field(default="var", description="Where lists and reports are written.")
    file_mode: str = Field(
        default="0600",
        description="Mode of every file that is made, in octal; folders get what belongs to it.",
    )

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

    @field_validator("file_mode")
    @classmethod
    def _file_mode_is_octal(cls, value: str) -> str:
        _mode_of(value)
        return value

    @field_validator("database_url")
    @classmethod
    def _database_url_says_something(cls, value: str) -> str:
        # A variable that was meant to be filled in must not become another ledger in silence.
        if not value.strip():
            raise ValueError("is empty: name the ledger, or leave the variable unset for the user's own")
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

    @field_validator("trusted_proxies")
    @classmethod
    def _trusted_proxies_are_networks(cls, value: str) -> str:
        try:
            for part in filter(None, map(str.strip, value.split(","))):
                ip_network(part, strict=False)
        except ValueError:
            raise ValueError("must be IP addresses or networks with commas between them") from None
        return value

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
    """Return the process's settings, with the place of the ledger where none was named.

    Raises SettingsError with one sentence a variable that cannot be used, and where the ledger has no place.
    """
    try:
        given = Settings()
    except ValidationError as err:
        faults = (
            f"CAMPAIGN_{str(fault['loc'][0]).upper()}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in err.errors()
        )
        raise SettingsError("; ".join(faults) + ".") from err
    return given if given.database_url else given.model_copy(update={"database_url": _users_ledger()})


def file_mode() -> int:
    """Return the mode of every file that is made. Raises SettingsError for what is none."""
    try:
        return _mode_of(os.environ.get("CAMPAIGN_FILE_MODE") or "0600")
    except ValueError as err:
        raise SettingsError(f"CAMPAIGN_FILE_MODE: {err}.") from err


def _mode_of(text: str) -> int:
    if not re.fullmatch(r"(?:0o?)?6[0246]{2}", text.strip() or "0600"):
        raise ValueError("must be a mode in octal that lets the owner read and write, such as 0600 or 0640")
    return int(text.strip().removeprefix("0o") or "0600", 8)


def _users_ledger() -> str:
    """Return the URL of the one ledger that a user has, whatever the working folder is.

    Raises SettingsError where a ledger of the former default lies in the working folder, or where the user
    has no home that a ledger could outlive a restart in, as in containers and services.
    """
    former = _FORMER_LEDGER.absolute()
    reason = _why_homeless()
    place = platformdirs.user_data_path("campaign-pipeline", appauthor=False) / "campaign.sqlite3"
    if former.exists():
        move = "" if reason or place.exists() else f", or move it (with its -wal and -shm files) to {place}"
        raise SettingsError(
            f"{former} is a ledger, which is no longer taken from the working folder: set "
            f"CAMPAIGN_DATABASE_URL=sqlite:///{former} to go on with it{move}."
        )
    if reason:
        raise SettingsError(f"there is no home folder to keep the ledger in ({reason}): {_NAME_THE_LEDGER}.")
    return f"sqlite:///{place}"


def _why_homeless() -> str:
    """Return why the user's data folder would not keep a ledger, or an empty text."""
    if os.name != "posix":
        return ""
    name = "XDG_DATA_HOME" if os.environ.get("XDG_DATA_HOME", "").strip() else "HOME"
    # Without it the password database would be asked, which names folders that nobody made.
    home = Path(os.environ.get(name, "").strip())
    if not home.is_absolute():
        return f"{name} is not set to an absolute path"
    if home == Path(home.anchor) or os.path.normpath(home) == os.sep:
        return f"{name} is {home}"
    if name == "HOME" and not home.is_dir():
        return f"{name} is {home}, which is not there"
    lowest = platformdirs.user_data_path("campaign-pipeline", appauthor=False)
    while not lowest.exists():
        lowest = lowest.parent
    if not lowest.is_dir() or not os.access(lowest, os.W_OK | os.X_OK):
        return f"{lowest} cannot be written to"
    return ""


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
