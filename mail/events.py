"""What Amazon SES says of a message, read out of a queue's body into the ledger's terms.

The shapes are those of SES event publishing (developer guide, "Event data SES publishes to Amazon SNS"), bare
or in the envelopes of SNS and EventBridge, and of the older identity notifications, which carry no tags.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from ledger.incoming import Event
from ledger.json_text import encoded
from ledger.statuses import Fact
from lists.addresses import key_of
from mail import links
from mail.event_envelopes import NotAnEvent, opened
from mail.event_meaning import meaning_of
from mail.event_origin import WRONG_SIGNATURE, Judge, Origin

__all__ = ["NotAnEvent", "parse"]

# The inner object of each event type; its timestamp tells two events of one type apart.
_INNER = {
    "Send": "send",
    "Delivery": "delivery",
    "Bounce": "bounce",
    "Complaint": "complaint",
    "Reject": "reject",
    "DeliveryDelay": "deliveryDelay",
    "Rendering Failure": "failure",
    "Open": "open",
    "Click": "click",
    "Subscription": "subscription",
}
# As long as the ledger's columns are; both are shorter in every event of our own.
_LONGEST_KIND = 40
_LONGEST_SEND_ID = 64
# SES's limit of recipients of one message, and SNS's of the size of one; an answer of a mail server is a few
# lines. https://docs.aws.amazon.com/ses/latest/dg/quotas.html
# https://docs.aws.amazon.com/general/latest/gr/sns.html
_MOST_RECIPIENTS = 50
_LONGEST_RAW = 262_144
_LONGEST_DIAGNOSTIC = 4_000
# Digits that a database's integer holds for certain.
_LONGEST_ID = 18


def parse(body: str, received_at: float, judge: Judge | None = None) -> list[Event] | NotAnEvent:
    """Return the events in a queue message's body, one for each recipient it names.

    `received_at` (epoch seconds) stands in for a time that the event does not give. `judge` says where the
    event comes from; without one that is not known.

    A type that is not known becomes an event without facts, so that it is stored and not lost. Anything that
    is no event at all comes back as NotAnEvent; nothing that a queue can hold raises.
    """
    try:
        return _parse(body, received_at, judge)
    except RecursionError:
        return NotAnEvent("JSON nested deeper than any event")


def _parse(body: str, received_at: float, judge: Judge | None) -> list[Event] | NotAnEvent:
    found = opened(body)
    if isinstance(found, NotAnEvent):
        return found
    payload = found.payload
    kind = _text(payload.get("eventType") or payload.get("notificationType")) or _kind_by_content(payload)
    if kind is None:
        return NotAnEvent("no event type in it")
    sent_at = _epoch(payload["mail"].get("timestamp")) or received_at
    origin = Origin() if judge is None else judge.origin(found, sent_at)
    if origin.wrong_signature:
        return NotAnEvent(WRONG_SIGNATURE, forged=True)
    # Escaped: NUL characters and halves of surrogate pairs are legal in JSON, and no database takes them.
    raw = encoded(payload, sort_keys=True).decode()
    if len(raw) > _LONGEST_RAW:
        return NotAnEvent("larger than any event")
    events = list(islice(_events(payload, kind, received_at, raw, origin), _MOST_RECIPIENTS + 1))
    return NotAnEvent("more recipients than SES takes") if len(events) > _MOST_RECIPIENTS else events


def _kind_by_content(payload: Mapping[str, Any]) -> str | None:
    """Return the type of an event that does not name it, by the one object that says what happened."""
    found = [kind for kind, name in _INNER.items() if isinstance(payload.get(name), dict)]
    return found[0] if len(found) == 1 else None


def _events(
    payload: Mapping[str, Any], kind: str, received_at: float, raw: str, origin: Origin
) -> Iterator[Event]:
    mail = payload["mail"]
    detail = payload.get(_INNER.get(kind, ""), {})
    detail = detail if isinstance(detail, dict) else {}
    tags = mail.get("tags") if isinstance(mail.get("tags"), dict) else {}
    taken_at = _epoch(mail.get("timestamp"))
    at = _epoch(detail.get("timestamp")) or taken_at or received_at
    for recipient, status, diagnostic in _recipients(kind, detail, mail):
        # Whatever SES says about a message proves that it took it.
        facts = {Fact.ACCEPTED: taken_at or at}
        meaning = meaning_of(kind, detail, status, diagnostic)
        if meaning.fact is not None:
            facts[meaning.fact] = at
        subtype = _text(detail.get("bounceSubType") or detail.get("complaintSubType"))
        yield Event(
            dedupe_key=_dedupe_key(mail, kind, recipient, detail),
            kind=kind[:_LONGEST_KIND],
            ses_message_id=_text(mail.get("messageId")),
            send_id=_send_id(tags),
            recipient=recipient,
            at=at,
            facts=facts,
            raw=raw,
            bounce_type=_text(detail.get("bounceType")),
            bounce_subtype=subtype,
            # Where SES gives no reason for not sending, the name of it is one.
            diagnostic=diagnostic if diagnostic or meaning.withheld is None else subtype,
            suppress=meaning.suppress,
            withheld=meaning.withheld,
            note=meaning.note,
            destination=_first(mail.get("destination")),
            destination_key=_key(_first(mail.get("destination"))),
            ledger_id=_first(tags.get("ledger")),
            campaign_id=_number(_first(tags.get("campaign"))),
            verified=origin.verified,
            foreign=origin.foreign,
            link=links.shown(_text(detail.get("link")) or "") if kind == "Click" else None,
        )


def _recipients(
    kind: str, detail: Mapping[str, Any], mail: Mapping[str, Any]
) -> Iterator[tuple[str | None, str | None, str | None]]:
    """Yield (address, enhanced status, diagnostic) for each recipient that the event names."""
    named: list[Any] = []
    match kind:
        case "Bounce":
            named = _list(detail.get("bouncedRecipients"))
        case "Complaint":
            named = _list(detail.get("complainedRecipients"))
        case "DeliveryDelay":
            named = _list(detail.get("delayedRecipients"))
        case "Delivery":
            named = [{"emailAddress": address} for address in _list(detail.get("recipients"))]
    named = [entry for entry in named if isinstance(entry, dict)]
    if not named:
        destination = _list(mail.get("destination")) if kind != "Bounce" else []
        named = [{"emailAddress": address} for address in destination]
    general = _text(detail.get("reason") or detail.get("errorMessage") or detail.get("complaintFeedbackType"))
    for entry in named or [{}]:
        yield (
            _text(entry.get("emailAddress")),
            _text(entry.get("status")),
            (_text(entry.get("diagnosticCode")) or general or "")[:_LONGEST_DIAGNOSTIC] or None,
        )


def _dedupe_key(mail: Mapping[str, Any], kind: str, recipient: str | None, detail: Mapping[str, Any]) -> str:
    """Return the same key for every copy of an event, and another for every other event."""
    parts = [
        mail.get("messageId"),
        kind,
        recipient,
        # An event without its own time (a Send, a Reject) happens once a message and recipient.
        detail.get("feedbackId") or detail.get("timestamp"),
        detail.get("link"),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _send_id(tags: Mapping[str, Any]) -> str | None:
    found = _first(tags.get("send_id"))
    # A longer one is somebody else's tag of the same name.
    return found if found is not None and len(found) <= _LONGEST_SEND_ID else None


def _key(destination: str | None) -> str | None:
    """Return the key of an address that this project wrote to, its domain in A-labels."""
    return key_of(destination, destination.rpartition("@")[2].lower()) if destination else None


def _number(text: str | None) -> int | None:
    """Return a tag that is an id; of another tool's it may be anything."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _first(values: object) -> str | None:
    return _text(values[0]) if isinstance(values, list) and values else None


def _text(value: object) -> str | None:
    """Return the text with what no database takes replaced, or None where it is empty or no text."""
    if not isinstance(value, str) or not value:
        return None
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _epoch(value: object) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError):
        return None
