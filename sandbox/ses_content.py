"""What a mail says: from Simple content, from an inline template, from a raw MIME message."""

import base64
import binascii
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from sandbox.ses_rules import headers
from sandbox.ses_templates import Template

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
    return Content(subject, html, text, headers(content.get("Headers")))


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
    try:
        source = base64.b64decode(str(data), validate=True)
    except binascii.Error as err:
        raise ValueError("Raw data is not base64.") from err
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


def _addresses(mime: EmailMessage, name: str) -> list[str]:
    header = mime.get(name)
    return [] if header is None else [str(address) for address in header.addresses]
