"""What goes out in a call to SES: the messages, their envelope, and the requests that are made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ledger.json_text import encoded
from mail.message import Content
from mail.ses_limits import LIMITS, Part

MAX_ENTRIES = LIMITS[Part.RECIPIENTS].most
# What is left of the limit covers the parts that are not counted here.
MAX_CALL_BYTES = LIMITS[Part.BULK_REQUEST].most - 100_000
# Whether SES counts letters or bytes nobody says: where all bytes fit, all letters do.
_MAX_DATA_BYTES = LIMITS[Part.TEMPLATE_DATA].most
# A destination and three tags come to less than this.
_ENTRY_BYTES = 1_000
_HEADER_BYTES = 40


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all messages of a call share. `tags` carry ids, never names."""

    sender: str
    reply_to: str
    configuration_set: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message of a call. `to` has its domain as A-labels."""

    message_id: int
    send_id: str
    to: str
    content: Content
    # About how many bytes it takes in a bulk call, never too few.
    size: int = field(default=0)
    # The content as it stands in a bulk call; empty where it was not made beforehand.
    data: str = field(default="", repr=False)
    # Whether it is too large for a bulk call and goes out by SendEmail, one message a call.
    single: bool = field(default=False)


def outgoing(message_id: int, send_id: str, to: str, content: Content) -> Outgoing:
    """Return a message with its size, and with the JSON of its content, which is made once."""
    data = _template_data(content)
    size = _size(content, data)
    if len(data) > _MAX_DATA_BYTES or size > MAX_CALL_BYTES:
        return Outgoing(message_id, send_id, to, content, size, single=True)
    return Outgoing(message_id, send_id, to, content, size, data.decode())


def size_of(content: Content) -> int:
    """Return about how many bytes the message takes in a bulk call, never too few."""
    return _size(content, _template_data(content))


def bulk(envelope: Envelope, messages: Sequence[Outgoing]) -> dict[str, Any]:
    """Return the request of SendBulkEmail for these messages."""
    return {
        **_shared(envelope),
        "DefaultContent": {
            "Template": {
                # The messages come rendered: the template only passes them through.
                "TemplateContent": _passed_through(messages),
                "TemplateData": "{}",
            }
        },
        "BulkEmailEntries": [
            {
                "Destination": {"ToAddresses": [item.to]},
                "ReplacementTags": _tags(envelope, item),
                "ReplacementHeaders": _headers(item),
                "ReplacementEmailContent": {
                    "ReplacementTemplate": {
                        "ReplacementTemplateData": item.data or _template_data(item.content).decode()
                    }
                },
            }
            for item in messages
        ],
    }


def single(envelope: Envelope, item: Outgoing) -> dict[str, Any]:
    """Return the request of SendEmail for this message."""
    content = item.content
    return {
        **_shared(envelope),
        "Destination": {"ToAddresses": [item.to]},
        "EmailTags": _tags(envelope, item),
        "Content": {
            "Simple": {
                "Subject": {"Data": content.subject, "Charset": "UTF-8"},
                "Body": {
                    part: {"Data": data, "Charset": "UTF-8"}
                    for part, data in (("Html", content.html), ("Text", content.text))
                    if data
                },
                "Headers": _headers(item),
            }
        },
    }


def _size(content: Content, data: bytes) -> int:
    headers = sum(len(name) + len(value) + _HEADER_BYTES for name, value in content.headers)
    # Inside the call it is a string again: quotation marks around it, and a backslash before each within.
    quoted = 2 * len(data) + 2
    if (headers + quoted + _ENTRY_BYTES) * MAX_ENTRIES > MAX_CALL_BYTES:
        # Where size decides what a call holds, it is counted.
        quoted = len(data) + 2 + data.count(b'"') + data.count(b"\\")
    return quoted + headers + _ENTRY_BYTES


def _passed_through(messages: Sequence[Outgoing]) -> dict[str, str]:
    """Return the call's template. A mail of plain text alone has no HTML part, nor has any in its call."""
    parts = {"Subject": "{{subject}}", "Html": "{{html}}", "Text": "{{text}}"}
    if not any(item.content.html for item in messages):
        del parts["Html"]
    return parts


def _shared(envelope: Envelope) -> dict[str, Any]:
    shared: dict[str, Any] = {
        "FromEmailAddress": envelope.sender,
        "ConfigurationSetName": envelope.configuration_set,
    }
    if envelope.reply_to:
        shared["ReplyToAddresses"] = [envelope.reply_to]
    return shared


def _tags(envelope: Envelope, item: Outgoing) -> list[dict[str, str]]:
    tags = {**envelope.tags, "send_id": item.send_id}
    return [{"Name": name, "Value": value} for name, value in tags.items()]


def _headers(item: Outgoing) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in item.content.headers]


def _template_data(content: Content) -> bytes:
    return encoded({"subject": content.subject, "html": content.html, "text": content.text})
