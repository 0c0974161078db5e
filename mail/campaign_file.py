"""The campaign file: one YAML file says what is sent to whom, how fast, and when it halts.

The same model is the form of a run in the Prefect UI, so the titles and descriptions are help texts.
"""

import os
import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from lists.policy import HygienePolicy, ListSource
from mail import campaign_yaml
from mail.addresses import CONTROL, parse_from
from mail.brake_policy import BrakePolicy
from mail.errors import CampaignFileError, MailError
from mail.policy import HaltPolicy, SendPolicy

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,99}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
# In the name of a recurring campaign: each day on which it is sent makes a campaign of its own.
OCCURRENCE = "{date}"
_NO_REPLY = re.compile(r"(?:no|do-?not|dont)[._-]?(?:reply|response|respond)", re.IGNORECASE)


def _name(text: str) -> str:
    if not _NAME.fullmatch(text.replace(OCCURRENCE, "2026-11-22", 1)):
        raise ValueError(
            "must be 1 to 100 letters, digits, dots, underscores, @ and hyphens, "
            f"and begin with a letter or digit; {OCCURRENCE} in it is the day of the run"
        )
    return text


def _mailbox(text: str) -> str:
    try:
        parse_from(text)
    except MailError as err:
        raise ValueError(str(err)) from err
    return text


def _mailbox_or_nothing(text: str) -> str:
    return _mailbox(text) if text else text


def _one_line(text: str) -> str:
    if CONTROL.search(text):
        raise ValueError("holds a line break or another control character; write it on one line")
    return _filled(text)


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _language(text: str) -> str:
    if text and not _LANGUAGE.fullmatch(text):
        raise ValueError("must be the code of a language, such as de, fr or pt-BR")
    return text


def _zone(text: str) -> str:
    try:
        if text:
            ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as err:
        raise ValueError("must be a time zone's name, such as Europe/Berlin or America/New_York") from err
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("https", "http") or not parts.hostname or CONTROL.search(text) or " " in text:
        raise ValueError("must be an https:// address")
    return text


class Campaign(BaseModel):
    """What is sent to whom, how fast, and when it halts. `html`, `text` and `list.source` are paths."""

    # A run's parameters pass through JSON and back; they read the same under either name.
    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True)

    name: Annotated[str, AfterValidator(_name)] = Field(
        title="Name",
        description="Every campaign has its own; the same name goes on where it stopped. "
        "{date} in it is the day of the run.",
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        default="",
        title="Time zone",
        description="Whose day {date} is, such as Europe/Berlin; empty: the schedule's, else UTC.",
    )
    list: ListSource = Field(title="List", description="Who is written to.")
    sender: Annotated[str, AfterValidator(_mailbox)] = Field(
        alias="from",
        title="From",
        description="The name and address it comes from; the address or its domain is verified in SES.",
    )
    reply_to: Annotated[str, AfterValidator(_mailbox_or_nothing)] = Field(
        default="", title="Reply to", description="Where answers go; empty: to the sender."
    )
    subject: Annotated[str, AfterValidator(_one_line)] = Field(
        title="Subject", description="One line; may name the list's columns as {{ first_name }}."
    )
    html: Annotated[str, AfterValidator(_filled)] = Field(
        title="HTML template", description="Path of the mail's HTML template."
    )
    text: str = Field(
        default="", title="Text template", description="Path of the plain text; empty: made from the HTML."
    )
    unsubscribe_text: Annotated[str, AfterValidator(_one_line)] = Field(
        default="Unsubscribe", title="Unsubscribe text", description="What the unsubscribe link says."
    )
    language: Annotated[str, AfterValidator(_language)] = Field(
        default="",
        title="Language",
        description="Of the unsubscribe page, such as de; empty: the one that the reader's browser asks for.",
    )
    postal_address: Annotated[str, AfterValidator(_filled)] = Field(
        title="Postal address",
        description="The sender's postal address, which the law asks for in every mail.",
    )
    allow: tuple[str, ...] = Field(
        default=(),
        title="Allow",
        description="What the check of the templates calls a mistake and is none, written as it does.",
    )
    callbacks: tuple[Annotated[str, AfterValidator(_url)], ...] = Field(
        default=(), title="Callbacks", description="Addresses that are told of every change of a status."
    )
    owner: str = Field(
        default="",
        max_length=200,
        title="Owner",
        description="Whose API keys may read its report and messages; empty: nobody's.",
    )
    send: SendPolicy = Field(default=SendPolicy(), title="Sending", description="How fast.")
    halt: HaltPolicy = Field(
        default=HaltPolicy(),
        title="Halting",
        description="When it stops by itself. What is left at None is as in the preset.",
    )
    brakes: BrakePolicy = Field(
        default=BrakePolicy(),
        title="Brakes",
        description="When a domain that puts mail off is left alone for a while.",
    )
    hygiene: HygienePolicy = Field(
        default=HygienePolicy(), title="List hygiene", description="Which rows are dropped."
    )
    # What reading its file has to warn of.
    _notes: tuple[str, ...] = PrivateAttr(default=())


def load(path: str | Path) -> Campaign:
    """Read a campaign file. The paths in it come back absolute, taken relative to the file; s3:// stays.

    Raises CampaignFileError: one sentence with the file, the key and what is allowed.
    """
    file = Path(path)
    content, notes = campaign_yaml.read(file, Campaign)
    try:
        # Only a program may say `sender`; in the file the key has one name.
        campaign = Campaign.model_validate(content, by_alias=True, by_name=False)
    except ValidationError as err:
        raise CampaignFileError(campaign_yaml.explain(file, Campaign, err)) from err
    recipients = campaign.list
    if not recipients.source.startswith("s3://"):
        recipients = recipients.model_copy(update={"source": _beside(file, recipients.source)})
    hygiene = {
        key: _beside(file, path)
        for key in ("role_names_file", "disposable_domains_file")
        if (path := getattr(campaign.hygiene, key))
    }
    campaign._notes = notes
    return campaign.model_copy(
        update={
            "list": recipients,
            "hygiene": campaign.hygiene.model_copy(update=hygiene),
            "html": _beside(file, campaign.html),
            "text": _beside(file, campaign.text) if campaign.text else "",
        }
    )


def warnings(campaign: Campaign) -> tuple[str, ...]:
    """What is allowed and still unwise, a sentence each."""
    local_part = parse_from(campaign.sender).address.rpartition("@")[0]
    if not _NO_REPLY.search(local_part):
        return campaign._notes
    return (
        *campaign._notes,
        "`from` is a no-reply address: people who cannot answer press the spam button instead, "
        "and complaints halt campaigns; send from an address that someone reads.",
    )


def _beside(file: Path, path: str) -> str:
    return os.path.normpath(file.resolve().parent / path)
