"""Amazon SES's own limits on what may be sent: one table with the source of each, and who asks it.

The figures are those of botocore's service model of sesv2 where it has them; a test holds the two together.
botocore itself checks none of them, and SES refuses what is over them for every recipient alike.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Part(StrEnum):
    """What a limit is about, as a person calls it."""

    SUBJECT = "subject"
    TEMPLATE_DATA = "data of a message in a bulk call"
    BULK_REQUEST = "bulk call"
    MESSAGE = "message"
    RECIPIENTS = "recipients of a call"
    ADDRESS = "address"
    HEADERS = "headers of a message"
    HEADER_NAME = "name of a header"
    HEADER_VALUE = "value of a header"
    HEADER = "header, name and value together"
    TAG_NAME = "name of a tag"
    TAG_VALUE = "value of a tag"
    ATTACHMENT_NAME = "file name of an attachment"
    ATTACHMENT_DESCRIPTION = "description of an attachment"
    ATTACHMENT_ID = "content id of an attachment"
    ATTACHMENT_TYPE = "content type of an attachment"


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that SES takes of a part, the unit, what it may consist of ("": anything), and who says so."""

    most: int
    unit: str
    source: str
    pattern: str = ""


_MODEL = "sesv2 model, {}"
LIMITS: dict[Part, Limit] = {
    # A line of a header has 998 characters at the most (RFC 5322 2.1.1), its name and colon included.
    Part.SUBJECT: Limit(995, "characters", "RFC 5322 2.1.1", r"[^\r\n]*"),
    Part.TEMPLATE_DATA: Limit(262_144, "characters", _MODEL.format("EmailTemplateData")),
    # Of two readings of a megabyte the smaller one is safe.
    Part.BULK_REQUEST: Limit(1_000_000, "bytes", "developer guide, inline templates: 1 MB of JSON"),
    Part.MESSAGE: Limit(40_000_000, "bytes", "SES quotas: 40 MB a message, encoded"),
    Part.RECIPIENTS: Limit(50, "recipients", "SendBulkEmail and SES quotas"),
    Part.ADDRESS: Limit(320, "characters", "SES: Address length is more than 320 characters", r"[!-~]+"),
    Part.HEADERS: Limit(15, "headers", _MODEL.format("MessageHeaderList")),
    Part.HEADER_NAME: Limit(126, "characters", _MODEL.format("MessageHeaderName"), r"[!-9;-@A-~]+"),
    Part.HEADER_VALUE: Limit(995, "characters", _MODEL.format("MessageHeaderValue"), r"[ -~]+"),
    Part.HEADER: Limit(996, "characters", _MODEL.format("MessageHeader")),
    Part.TAG_NAME: Limit(256, "characters", _MODEL.format("MessageTag"), r"[A-Za-z0-9_-]+"),
    Part.TAG_VALUE: Limit(256, "characters", _MODEL.format("MessageTag"), r"[A-Za-z0-9_-]+"),
    # No mail of ours has attachments yet.
    Part.ATTACHMENT_NAME: Limit(255, "characters", _MODEL.format("AttachmentFileName")),
    Part.ATTACHMENT_DESCRIPTION: Limit(1_000, "characters", _MODEL.format("AttachmentContentDescription")),
    Part.ATTACHMENT_ID: Limit(78, "characters", _MODEL.format("AttachmentContentId")),
    Part.ATTACHMENT_TYPE: Limit(78, "characters", _MODEL.format("AttachmentContentType")),
}

# Compiled once: every message is asked about.
_PATTERNS = {part: re.compile(limit.pattern) for part, limit in LIMITS.items() if limit.pattern}

# MIME writes 57 bytes in base64 as a line of 76 characters with its line end (RFC 2045 6.8).
_BYTES_A_LINE = 57
_LINE_BYTES = 78
# The lines that SES adds around the parts of a message: its own headers, DKIM signatures and boundaries.
_FRAME_BYTES = 10_000
# A letter takes four bytes in UTF-8 at the most.
_SURELY_FITS_CHARACTERS = 5_000_000


class Sized(Protocol):
    """A rendered message."""

    @property
    def subject(self) -> str: ...
    @property
    def html(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def headers(self) -> Iterable[tuple[str, str]]: ...


@dataclass(frozen=True, slots=True)
class Excess:
    """What of a message SES would refuse. `field` is `subject`, `html`, `text` or `headers`."""

    field: str
    sentence: str


def excess(content: Sized) -> Excess | None:
    """Return what SES would refuse of a message however it is sent, or None where it takes it."""
    if fault := over(Part.SUBJECT, content.subject):
        return Excess("subject", fault)
    headers = tuple(content.headers)
    if len(headers) > (most := LIMITS[Part.HEADERS].most):
        return Excess("headers", f"has {len(headers)} headers, and Amazon SES takes {most}: leave some out")
    for name, value in headers:
        if fault := header_fault(name, value):
            return Excess("headers", fault)
    if len(content.html) + len(content.text) <= _SURELY_FITS_CHARACTERS:
        return None
    size = encoded_size(content)
    if size <= (most := LIMITS[Part.MESSAGE].most):
        return None
    field = "html" if len(content.html) >= len(content.text) else "text"
    return Excess(
        field, f"makes a message of {size:,} bytes, and Amazon SES takes {most:,}: take pictures out of it"
    )


def encoded_size(content: Sized) -> int:
    """Return the bytes of the message as MIME, each part in base64: never fewer than SES counts."""
    parts = sum(_in_base64(len(part.encode())) for part in (content.html, content.text) if part)
    return parts + 2 * len(content.subject.encode()) + _FRAME_BYTES


def header_fault(name: str, value: str) -> str:
    """Return what SES would refuse of a header as the end of a sentence, or ""."""
    most = LIMITS[Part.HEADER].most
    if fault := over(Part.HEADER_NAME, name) or over(Part.HEADER_VALUE, value):
        return fault
    if len(name) + len(value) > most:
        return f"is {len(name) + len(value):,} characters long with its name, and Amazon SES takes {most}"
    return ""


def over(part: Part, text: str) -> str:
    """Return how a text is over the limit of its part as the end of a sentence, or "" where it is not."""
    limit = LIMITS[part]
    if len(text) > limit.most:
        return f"is {len(text):,} {limit.unit} long, and Amazon SES takes {limit.most:,}: shorten it"
    if (pattern := _PATTERNS.get(part)) is not None and not pattern.fullmatch(text):
        return "holds a character that Amazon SES does not take there: take it out"
    return ""


def _in_base64(size: int) -> int:
    return -(-size // _BYTES_A_LINE) * _LINE_BYTES
