"""What stands around an event on its way to the queue: SNS, EventBridge, and JSON inside JSON.

SNS: https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html; EventBridge:
https://docs.aws.amazon.com/ses/latest/dg/monitoring-eventbridge.html. A rule may drop its envelope, in whole
or in part, and either may lead to the other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.json_text import decoded

# EventBridge -> SNS -> SQS, each with the text of the next one inside; twice that is no event any more.
_MOST_ENVELOPES = 8
# What SES and SNS say once of a new subscription, and nothing else.
_GREETINGS = ("Successfully validated SNS topic", "You have successfully subscribed your Amazon SNS topic")
# What EventBridge calls an event, where a rule left out what SES calls it.
_DETAIL_TYPES = {
    "Email Sent": "Send",
    "Email Delivered": "Delivery",
    "Email Bounced": "Bounce",
    "Email Complaint Received": "Complaint",
    "Email Rejected": "Reject",
    "Email Delivery Delayed": "DeliveryDelay",
    "Email Rendering Failed": "Rendering Failure",
    "Email Opened": "Open",
    "Email Clicked": "Click",
    "Email Subscribed": "Subscription",
}


@dataclass(frozen=True, slots=True)
class NotAnEvent:
    """A body that says nothing about a message, and why.

    `keep` is False for what SES greets a new topic with: everything else is kept for a person to look at.
    `forged`: it is proved not to be of SES.
    """

    why: str
    keep: bool = True
    forged: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """An event, an object with a `mail` in it, and the notification of SNS that it came in, where it did.

    `through_event_bridge`: SNS had it from EventBridge, and not from SES.
    """

    payload: Mapping[str, Any]
    notification: Mapping[str, Any] | None = None
    through_event_bridge: bool = False


def opened(body: str) -> Opened | NotAnEvent:
    """Return the event in a queue message's body. Raises RecursionError."""
    found: object = body
    name: str | None = None
    outermost = True
    notification: Mapping[str, Any] | None = None
    through_event_bridge = False
    for _ in range(_MOST_ENVELOPES):
        if isinstance(found, str):
            text = found.removeprefix("\ufeff")
            try:
                found = decoded(text)
            except ValueError:
                if text.lstrip().startswith(_GREETINGS):
                    return NotAnEvent("the greeting of a new topic", keep=False)
                return NotAnEvent("not JSON" if found is body else "plain text in an envelope")
            continue
        if not isinstance(found, dict):
            return NotAnEvent("not a JSON object")
        if outermost and _is_notification(found):
            # Only this text is signed. What stands beside it could be anybody's.
            outermost, notification, found = False, found, found["Message"]
            continue
        outermost = False
        through_event_bridge = through_event_bridge or "detail-type" in found
        if isinstance(found.get("mail"), dict):
            payload = {"eventType": name, **found} if name else found
            return Opened(payload, notification, through_event_bridge)
        if found.get("notificationType") == "AmazonSnsSubscriptionSucceeded":
            return NotAnEvent("the greeting of a new topic", keep=False)
        name = name or _DETAIL_TYPES.get(str(found.get("detail-type")))
        inner = next(
            (found[key] for key in ("Message", "detail") if isinstance(found.get(key), dict | str)), None
        )
        if inner is None:
            return NotAnEvent("no mail in it")
        found = inner
    return NotAnEvent("an envelope in an envelope, and so on")


def _is_notification(found: Mapping[str, Any]) -> bool:
    return isinstance(found.get("TopicArn"), str) and isinstance(found.get("Message"), str)
