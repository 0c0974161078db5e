"""What a mail says: from Simple content, from an inline template, from a raw MIME message."""

import base64
import binascii
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from sandbox.ses_rules import headers
from sandbox.ses_templates import Template

# SES quotas: 40 MB a message, encoded; the smaller reading of the unit is the safe one.
_MOST_MESSAGE_BYTES = 40_000_000
# RFC 5322 2.1.1.
_LONGEST_SUBJECT = 998
# AttachmentFileName, ... of the API model.
_ATTACHMENT_PARTS = {"FileName": 255, "ContentDescription": 1_000, "ContentId": 78, "ContentType": 78}
_ADDRESSING = {
    "from",
    "to",
    "cc",
    "bcc",
    "reply-to",
    "subject",
    "x-ses-configuration-set",
    "x-ses-message-tags",
}


@dataclass(frozen=True, slots=True)
class Content:
    """Subject, bodies and the sender's own headers."""

    subject: str
    html: str | None
    text: str | None
    headers: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class TemplateContent:
    """The inline template of a call, taken apart once. Raises ValueError where it cannot be."""

    subject: Template
    html: Template | None
    text: Template | None

    @classmethod
    def parse(cls, content: dict[str, Any]) -> "TemplateContent":
        """Take TemplateContent's Subject, Html and Text."""
        subject, html, text = content.get("Subject"), content.get("Html"), content.get("Text")
        if not subject or not (html or text):
            raise ValueError("TemplateContent needs a Subject, and Html or Text.")
        return cls(Template(subject), Template(html) if html else None, Template(text) if text else None)

    def render(self, data: dict[str, Any], custom: list[tuple[str, str]]) -> Content:
        """Return the content for one recipient's data. Raises MissingAttribute."""
        return Content(
            self.subject.render(data),
            self.html.render(data) if self.html else None,
            self.text.render(data) if self.text else None,
            custom,
        )


def simple(content: dict[str, Any]) -> Content:
    """Return Simple content. Raises ValueError for missing parts and bad headers."""
    body = content.get("Body") or {}
    html, text = (body.get(part, {}).get("Data") for part in ("Html", "Text"))
    subject = (content.get("Subject") or {}).get("Data")
    if subject is None or (html is None and text is None):
        raise ValueError("Simple content needs a Subject, and a Body of Html or Text.")
    attachments = sum(_attachment(each) for each in content.get("Attachments") or ())
    found = Content(subject, html, text, headers(content.get("Headers")))
    check_size(found, attachments)
    return found


def check_size(content: Content, more: int = 0) -> None:
    """Raise ValueError where the message is larger than SES takes; `more` are the bytes of attachments."""
    if len(content.subject) > _LONGEST_SUBJECT:
        raise ValueError(f"Subject is longer than {_LONGEST_SUBJECT} characters.")
    parts = sum(len(part.encode()) for part in (content.html, content.text) if part)
    # In base64, which is what a mail of any letters comes to at the most.
    if (parts + more) * 78 // 57 > _MOST_MESSAGE_BYTES:
        raise ValueError(f"Message length is more than {_MOST_MESSAGE_BYTES} bytes long.")


def _attachment(given: dict[str, Any]) -> int:
    """Return the bytes of an attachment. Raises ValueError where a part is longer than the model allows."""
    if not given.get("FileName") or not given.get("RawContent"):
        raise ValueError("An attachment needs a FileName and RawContent.")
    for name, most in _ATTACHMENT_PARTS.items():
        if len(str(given.get(name) or "")) > most:
            raise ValueError(f"{name} of an attachment is longer than {most} characters.")
    return len(_bytes(given["RawContent"]))


@dataclass(frozen=True, slots=True)
class RawMail:
    """A raw message with what its headers say about sending."""

    content: Content
    from_header: str
    to: list[str]
    cc: list[str]
    bcc: list[str]
    reply_to: list[str]
    configuration_set: str | None
    tags: dict[str, str]


def raw(data: object) -> RawMail:
    """Read base64 MIME. Raises ValueError where it is none."""
    source = _bytes(data)
    if len(source) > _MOST_MESSAGE_BYTES:
        raise ValueError(f"Message length is more than {_MOST_MESSAGE_BYTES} bytes long.")
    mime = message_from_bytes(source, _class=EmailMessage, policy=policy.default)
    html, text = (mime.get_body((part,)) for part in ("html", "plain"))
    tags = dict(
        pair.strip().partition("=")[::2]
        for pair in str(mime.get("X-SES-MESSAGE-TAGS", "")).split(",")
        if pair.strip()
    )
    return RawMail(
        content=Content(
            subject=str(mime.get("Subject", "")),
            html=html.get_content() if html else None,
            text=text.get_content() if text else None,
            headers=[(name, str(value)) for name, value in mime.items() if name.lower() not in _ADDRESSING],
        ),
        from_header=str(mime.get("From", "")),
        to=_addresses(mime, "To"),
        cc=_addresses(mime, "Cc"),
        bcc=_addresses(mime, "Bcc"),
        reply_to=_addresses(mime, "Reply-To"),
        configuration_set=str(mime["X-SES-CONFIGURATION-SET"]) if mime["X-SES-CONFIGURATION-SET"] else None,
        tags=tags,
    )


def _bytes(data: object) -> bytes:
    try:
        return base64.b64decode(str(data), validate=True)
    except binascii.Error as err:
        raise ValueError("Raw data is not base64.") from err


def _addresses(mime: EmailMessage, name: str) -> list[str]:
    header = mime.get(name)
    return [] if header is None else [str(address) for address in header.addresses]
