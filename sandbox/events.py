"""SES event records, in the shape of event publishing.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from sandbox.behaviour import EventType, OutcomeKind
from sandbox.messages import Message, iso_time
from sandbox.options import ACCOUNT, REGION
from sandbox.outcomes import share

_MTA = "mta.sandbox.example"


@dataclass(frozen=True, slots=True)
class Bounce:
    """The particulars of a bounce, as SES names them."""

    type: str
    sub_type: str
    status: str
    diagnostic: str


@dataclass(frozen=True, slots=True)
class Happening:
    """One event to come for one message; `recipient` is None where it concerns them all."""

    type: EventType
    recipient: str | None = None
    bounce: Bounce | None = None
    detail: str = ""


_HARD = (
    Bounce("Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"),
    Bounce("Permanent", "General", "5.2.1", "smtp; 550 5.2.1 mailbox disabled"),
    Bounce("Permanent", "NoEmail", "5.1.3", "smtp; 550 5.1.3 no such address"),
)
_SOFT = (
    Bounce("Transient", "General", "4.4.7", "smtp; 421 4.4.7 try again later"),
    Bounce("Transient", "MailboxFull", "5.2.2", "smtp; 552 5.2.2 mailbox full"),
    Bounce("Transient", "MessageTooLarge", "5.3.4", "smtp; 552 5.3.4 message too large"),
    Bounce("Transient", "ContentRejected", "5.7.1", "smtp; 554 5.7.1 content rejected"),
    Bounce("Transient", "AttachmentRejected", "5.7.1", "smtp; 552 5.7.1 attachment rejected"),
)
_BOUNCES = {
    OutcomeKind.HARD_BOUNCE: _HARD,
    OutcomeKind.BOUNCE_AFTER_DELIVERY: _HARD,
    OutcomeKind.SOFT_BOUNCE: _SOFT,
    OutcomeKind.UNDETERMINED_BOUNCE: (Bounce("Undetermined", "Undetermined", "", ""),),
    OutcomeKind.AUTO_REPLY: (Bounce("Transient", "General", "", "smtp; out of office"),),
    # SES gives an unknown domain as transient, although it never recovers.
    OutcomeKind.UNKNOWN_DOMAIN: (Bounce("Transient", "General", "5.4.4", "smtp; 550 5.4.4 Invalid domain"),),
    OutcomeKind.NULL_MX: (Bounce("Permanent", "General", "5.1.10", "smtp; 556 5.1.10 null MX"),),
    OutcomeKind.GLOBALLY_SUPPRESSED: (
        Bounce("Permanent", "Suppressed", "5.1.1", "Amazon SES has suppressed sending to this address."),
    ),
    OutcomeKind.ACCOUNT_SUPPRESSED: (
        Bounce(
            "Permanent",
            "OnAccountSuppressionList",
            "5.1.1",
            "Amazon SES did not send the message to this address because it is on your suppression list.",
        ),
    ),
    OutcomeKind.TENANT_SUPPRESSED: (
        Bounce(
            "Permanent",
            "OnTenantSuppressionList",
            "5.1.1",
            "Amazon SES did not send the message to this address because it is on the tenant's list.",
        ),
    ),
    OutcomeKind.VALIDATION_SUPPRESSED: (
        Bounce(
            "Permanent",
            "EmailValidationSuppressed",
            "5.1.1",
            "Amazon SES did not send the message to this address because it did not pass email validation.",
        ),
    ),
    OutcomeKind.CONTACT_OPTED_OUT: (
        Bounce(
            "Permanent",
            "UnsubscribedRecipient",
            "5.1.1",
            "Amazon SES did not send the message to this address because the contact has opted out.",
        ),
    ),
}
_FEEDBACK = {
    OutcomeKind.COMPLAINT: "abuse",
    OutcomeKind.NOT_SPAM: "not-spam",
    OutcomeKind.AUTH_FAILURE: "auth-failure",
}
_AFTER_DELIVERY = (OutcomeKind.AUTO_REPLY, OutcomeKind.BOUNCE_AFTER_DELIVERY)


def happenings(kind: OutcomeKind, recipient: str, seed: int) -> list[Happening]:
    """Return what follows the Send event for one recipient, in the order in which it happens."""
    delivery = Happening(EventType.DELIVERY, recipient)
    if kind in _BOUNCES:
        choices = _BOUNCES[kind]
        bounce = choices[int(share(seed, "bounce", recipient.lower()) * len(choices))]
        happening = Happening(EventType.BOUNCE, recipient, bounce)
        return [delivery, happening] if kind in _AFTER_DELIVERY else [happening]
    match kind:
        case OutcomeKind.DELIVERED:
            return [delivery]
        case OutcomeKind.COMPLAINT | OutcomeKind.NOT_SPAM | OutcomeKind.AUTH_FAILURE:
            return [delivery, Happening(EventType.COMPLAINT, recipient, detail=_FEEDBACK[kind])]
        case OutcomeKind.DELAYED_THEN_DELIVERED:
            return [
                Happening(EventType.DELIVERY_DELAY, recipient, detail="TransientCommunicationFailure"),
                delivery,
            ]
        case OutcomeKind.REJECT:
            return [Happening(EventType.REJECT, detail="Bad content")]
        case _:
            return []


def record(message: Message, happening: Happening, now: float) -> str:
    """Return the JSON of one event; `now` is when it happened."""
    name, content = _object(message, happening, now)
    mail = _mail(message, full=happening.type is not EventType.RENDERING_FAILURE)
    if happening.type is EventType.DELIVERY:
        mail["tags"]["ses:outgoing-ip"] = ["192.0.2.10"]
    return json.dumps({"eventType": happening.type, "mail": mail, name: content}, separators=(",", ":"))


def _mail(message: Message, *, full: bool) -> dict[str, Any]:
    domain = message.source.rpartition("@")[2]
    tags = {
        "ses:source-tls-version": ["TLSv1.3"],
        "ses:operation": [message.operation],
        "ses:configuration-set": [message.configuration_set],
        "ses:source-ip": ["127.0.0.1"],
        "ses:from-domain": [domain],
        "ses:caller-identity": ["sandbox"],
    } | {name: [value] for name, value in message.tags.items()}
    mail: dict[str, Any] = {
        "timestamp": iso_time(message.accepted_at),
        "source": message.from_header,
        "sourceArn": f"arn:aws:ses:{REGION}:{ACCOUNT}:identity/{domain}",
        "sendingAccountId": ACCOUNT,
        "messageId": message.message_id,
        "destination": list(message.recipients),
        "headersTruncated": False,
        "tags": tags,
    }
    if full:
        mail["headers"] = [{"name": name, "value": value} for name, value in message.headers]
        common: dict[str, Any] = {
            "from": [message.from_header],
            "to": list(message.to),
            "messageId": message.message_id,
            "subject": message.subject,
        }
        if message.reply_to:
            common["replyTo"] = list(message.reply_to)
        if message.cc:
            common["cc"] = list(message.cc)
        mail["commonHeaders"] = common
    return mail


def _object(message: Message, happening: Happening, now: float) -> tuple[str, dict[str, Any]]:
    timestamp = iso_time(now)
    recipients = [happening.recipient] if happening.recipient else list(message.recipients)
    match happening.type:
        case EventType.SEND:
            return "send", {}
        case EventType.DELIVERY:
            return "delivery", {
                "timestamp": timestamp,
                "processingTimeMillis": max(1, int((now - message.accepted_at) * 1000)),
                "recipients": recipients,
                "smtpResponse": "250 2.6.0 Message received",
                "reportingMTA": _MTA,
            }
        case EventType.BOUNCE:
            return "bounce", _bounce(happening.bounce or _HARD[0], recipients, timestamp)
        case EventType.COMPLAINT:
            return "complaint", {
                "feedbackId": feedback_id(),
                "complaintSubType": None,
                "complainedRecipients": [{"emailAddress": recipient} for recipient in recipients],
                "timestamp": timestamp,
                "userAgent": "Sandbox feedback loop",
                "complaintFeedbackType": happening.detail or "abuse",
                "arrivalDate": timestamp,
            }
        case EventType.REJECT:
            return "reject", {"reason": happening.detail or "Bad content"}
        case EventType.DELIVERY_DELAY:
            return "deliveryDelay", {
                "timestamp": timestamp,
                "delayType": happening.detail or "TransientCommunicationFailure",
                "expirationTime": iso_time(message.accepted_at + 14 * 3600),
                "delayedRecipients": [
                    {
                        "emailAddress": recipient,
                        "status": "4.4.1",
                        "diagnosticCode": "smtp; 421 4.4.1 Unable to connect to remote host",
                    }
                    for recipient in recipients
                ],
            }
        case EventType.RENDERING_FAILURE:
            return "failure", {"errorMessage": happening.detail, "templateName": ""}
        case EventType.OPEN:
            return "open", {"ipAddress": "192.0.2.1", "timestamp": timestamp, "userAgent": "Sandbox reader"}
        case EventType.CLICK:
            return "click", {
                "ipAddress": "192.0.2.1",
                "link": happening.detail,
                "linkTags": None,
                "timestamp": timestamp,
                "userAgent": "Sandbox reader",
            }


def _bounce(bounce: Bounce, recipients: list[str], timestamp: str) -> dict[str, Any]:
    bounced = []
    for recipient in recipients:
        one = {"emailAddress": recipient, "action": "failed"}
        if bounce.status:
            one["status"] = bounce.status
        if bounce.diagnostic:
            one["diagnosticCode"] = bounce.diagnostic
        bounced.append(one)
    return {
        "feedbackId": feedback_id(),
        "bounceType": bounce.type,
        "bounceSubType": bounce.sub_type,
        "bouncedRecipients": bounced,
        "timestamp": timestamp,
        "reportingMTA": f"dns; {_MTA}",
    }


def feedback_id() -> str:
    """Return a new id in the form of SES's feedback and message ids."""
    return f"0107{uuid.uuid4().hex[:12]}-{uuid.uuid4()}-000000"
