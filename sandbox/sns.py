"""Topics and their subscribed queues."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.messages import iso_time
from sandbox.options import ACCOUNT, REGION
from sandbox.sns_signer import signer


@dataclass
class Subscription:
    """A queue that gets what is published; `raw` leaves the envelope away."""

    arn: str
    topic_arn: str
    protocol: str
    endpoint: str
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bool:
        """Whether RawMessageDelivery is on."""
        return self.attributes.get("RawMessageDelivery", "false").lower() == "true"


@dataclass
class Topic:
    """A topic with its subscriptions."""

    arn: str
    attributes: dict[str, str] = field(default_factory=dict)
    subscriptions: list[Subscription] = field(default_factory=list)


class Topics:
    """All topics of the account. `deliver(queue_arn, body, attributes)` puts into a queue.

    base_url: where the certificate for the signatures is got.
    """

    def __init__(self, deliver: Callable[[str, str, dict[str, Any]], None], base_url: str) -> None:
        self._deliver = deliver
        # The key is made here, so that the first event is as quick as the others.
        self._certificate_url = f"{base_url}{signer().path}"
        self.by_arn: dict[str, Topic] = {}

    def create(self, name: str) -> Topic:
        """Return the topic of that name, made where it is missing."""
        arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}"
        return self.by_arn.setdefault(arn, Topic(arn))

    def subscribe(
        self, topic: Topic, protocol: str, endpoint: str, attributes: dict[str, str]
    ) -> Subscription:
        """Return the subscription of an endpoint, made where it is missing."""
        for subscription in topic.subscriptions:
            if (subscription.protocol, subscription.endpoint) == (protocol, endpoint):
                subscription.attributes |= attributes
                return subscription
        subscription = Subscription(f"{topic.arn}:{uuid.uuid4()}", topic.arn, protocol, endpoint, attributes)
        topic.subscriptions.append(subscription)
        return subscription

    def subscription(self, arn: str) -> Subscription | None:
        """Return the subscription with that ARN."""
        for topic in self.by_arn.values():
            for subscription in topic.subscriptions:
                if subscription.arn == arn:
                    return subscription
        return None

    def publish(
        self,
        topic: Topic,
        message: str,
        now: float,
        subject: str | None = None,
        attributes: dict[str, dict[str, str]] | None = None,
    ) -> str:
        """Send a message to every subscribed queue and return its id."""
        message_id = str(uuid.uuid4())
        signed: dict[str, Any] | None = None
        for subscription in topic.subscriptions:
            if subscription.protocol != "sqs":
                continue
            if subscription.raw:
                self._deliver(subscription.endpoint, message, _as_sqs(attributes or {}))
                continue
            if signed is None:
                signed = self._signed(topic, message_id, message, now, subject)
            envelope = dict(signed)
            if attributes:
                envelope["MessageAttributes"] = attributes
            self._deliver(subscription.endpoint, json.dumps(envelope), {})
        return message_id

    def _signed(
        self, topic: Topic, message_id: str, message: str, now: float, subject: str | None
    ) -> dict[str, Any]:
        envelope: dict[str, Any] = {"Type": "Notification", "MessageId": message_id, "TopicArn": topic.arn}
        if subject is not None:
            envelope["Subject"] = subject
        envelope |= {"Message": message, "Timestamp": iso_time(now)}
        version = topic.attributes.get("SignatureVersion", "1")
        return envelope | {
            "SignatureVersion": version,
            "Signature": signer().sign(envelope, version),
            "SigningCertURL": self._certificate_url,
            "UnsubscribeURL": f"https://sns.{REGION}.amazonaws.com/?Action=Unsubscribe",
        }


def _as_sqs(attributes: dict[str, dict[str, str]]) -> dict[str, Any]:
    return {
        name: {
            "DataType": value["Type"],
            ("BinaryValue" if value["Type"].startswith("Binary") else "StringValue"): value["Value"],
        }
        for name, value in attributes.items()
    }
