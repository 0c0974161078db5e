"""The inbox's pages out of messages as `/sandbox/messages?bodies=1` gives them."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parseaddr
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

_SNIPPET = 140
# Links of a mail open beside the inbox; without this they would replace the mail in its frame.
_BASE = '<base target="_blank">'
_HEAD = re.compile(r".*?<head\b[^>]*>|\s*<!doctype[^>]*>", re.IGNORECASE | re.DOTALL)
_NOT_SHOWN = re.compile(r"<(style|script|head|title)\b.*?</\1>|<!--.*?-->|<[^>]*>", re.IGNORECASE | re.DOTALL)
_TONES = {
    "delivered": "good",
    "auto_reply": "good",
    "not_spam": "good",
    "auth_failure": "warn",
    "account_suppressed": "quiet",
    "validation_suppressed": "quiet",
    "tenant_suppressed": "quiet",
    "contact_opted_out": "quiet",
    "delayed_then_delivered": "good",
    "silent": "quiet",
    "soft_bounce": "warn",
    "undetermined_bounce": "warn",
}


@dataclass(frozen=True, slots=True)
class Links:
    """Where pages lie; `mail` holds {sequence}. A live inbox searches and pages on the server."""

    home: str
    mail: str
    live: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the inbox. `pending` are names and tokens of identities that nobody verified yet."""

    messages: list[dict[str, Any]]
    total: int
    found: int
    sought: str = ""
    page: int = 1
    pages: int = 1
    pending: list[tuple[str, str]] = field(default_factory=list)


def list_page(listing: Listing, links: Links) -> str:
    """Return the list of mails as HTML."""
    rows = [_row(message, links) for message in listing.messages]
    return _template("inbox.html.j2").render(listing=listing, rows=rows, links=links)


def mail_page(message: dict[str, Any], links: Links) -> str:
    """Return one mail as HTML: its body in a frame that runs no scripts, its headers and tags."""
    document = None if message["html"] is None else _framed(message["html"])
    return _template("mail.html.j2").render(
        mail=_row(message, links), message=message, document=document, links=links
    )


def verify_page(name: str, *, verified: bool, links: Links) -> str:
    """Return the page behind the verification link of an identity."""
    return _template("verify.html.j2").render(name=name, verified=verified, links=links)


def notice_page(title: str, text: str, links: Links) -> str:
    """Return a page that says one thing."""
    return _template("notice.html.j2").render(title=title, text=text, links=links)


def _framed(html: str) -> str:
    # In front of a doctype the element would put the page into quirks mode.
    head = _HEAD.match(html)
    return html[: head.end()] + _BASE + html[head.end() :] if head else _BASE + html


def _row(message: dict[str, Any], links: Links) -> dict[str, Any]:
    name, address = parseaddr(message["from"])
    outcome = message["outcome"] or "silent"
    return {
        "sequence": message["sequence"],
        "url": links.mail.format(sequence=message["sequence"]),
        "sender": name or address or message["from"],
        "address": address or message["from"],
        "to": ", ".join(message["recipients"]),
        "subject": message["subject"] or "(no subject)",
        "snippet": _snippet(message),
        "time": datetime.fromisoformat(message["time"]),
        "outcome": outcome.replace("_", " "),
        "tone": _TONES.get(outcome, "bad"),
    }


def _snippet(message: dict[str, Any]) -> str:
    text = message["text"] or unescape(_NOT_SHOWN.sub(" ", message["html"] or ""))
    return " ".join(text.split())[:_SNIPPET]


@cache
def _environment() -> Environment:
    templates = FileSystemLoader(Path(__file__).with_name("templates"))
    return Environment(
        loader=templates, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _template(name: str) -> Template:
    return _environment().get_template(name)
