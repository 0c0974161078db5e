"""The one module that talks to Amazon SQS: events out of the queue, receipts back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mail.errors import MailError

# SQS hands out at most ten messages a call.
_MESSAGES_A_CALL = 10


class QueueError(MailError):
    """The event queue cannot be read."""


class SqsClient(Protocol):
    """What is used of boto3's sqs client."""

    def receive_message(self, **request: Any) -> Mapping[str, Any]: ...

    def delete_message_batch(self, **request: Any) -> Mapping[str, Any]: ...

    def get_queue_attributes(self, **request: Any) -> Mapping[str, Any]: ...

    def list_queue_tags(self, **request: Any) -> Mapping[str, Any]: ...

    def tag_queue(self, **request: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Received:
    """A message of the queue: its text, and what takes it off the queue."""

    body: str
    receipt: str


@dataclass(frozen=True, slots=True)
class EventQueue:
    """The queue that SES's events arrive in."""

    sqs: SqsClient
    url: str

    def receive(self, wait_seconds: int = 0) -> list[Received]:
        """Return up to ten messages, waiting up to `wait_seconds` (20 at most) for the first."""
        try:
            answer = self.sqs.receive_message(
                QueueUrl=self.url, MaxNumberOfMessages=_MESSAGES_A_CALL, WaitTimeSeconds=wait_seconds
            )
        except (ClientError, BotoCoreError) as err:
            raise self._error(err) from err
        return [Received(item["Body"], item["ReceiptHandle"]) for item in answer.get("Messages", [])]

    def delete(self, receipts: Sequence[str]) -> None:
        """Take messages off the queue. One that stays comes again, and is then known."""
        try:
            for start in range(0, len(receipts), _MESSAGES_A_CALL):
                part = receipts[start : start + _MESSAGES_A_CALL]
                entries = [{"Id": str(index), "ReceiptHandle": receipt} for index, receipt in enumerate(part)]
                self.sqs.delete_message_batch(QueueUrl=self.url, Entries=entries)
        except (ClientError, BotoCoreError) as err:
            raise self._error(err) from err

    def check(self) -> None:
        """Raise QueueError where the queue is missing or may not be read."""
        try:
            self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        except (ClientError, BotoCoreError) as err:
            raise self._error(err) from err

    def tag(self, name: str) -> str | None:
        """Return the value of the queue's tag, or None where it has none of this name."""
        try:
            found = self.sqs.list_queue_tags(QueueUrl=self.url).get("Tags", {}).get(name)
        except (ClientError, BotoCoreError) as err:
            raise self._error(err) from err
        return None if found is None else str(found)

    def set_tag(self, name: str, value: str) -> None:
        """Set a tag of the queue."""
        try:
            self.sqs.tag_queue(QueueUrl=self.url, Tags={name: value})
        except (ClientError, BotoCoreError) as err:
            raise QueueError(
                f"the event queue {self.url} cannot be tagged ({err}): give the sender the permission "
                "sqs:TagQueue, as `campaign setup --dry-run` prints it."
            ) from err

    def _error(self, err: Exception) -> QueueError:
        return QueueError(
            f"the event queue {self.url} cannot be read ({err}): "
            "check CAMPAIGN_EVENT_QUEUE_URL, or make the queue with `campaign setup`."
        )


def open_queue(url: str) -> EventQueue:
    """Return the queue at `url`. Reading and deleting are repeated by boto3: both are harmless twice.

    Raises QueueError where AWS is not set up.
    """
    config = Config(
        retries={"mode": "standard"},
        connect_timeout=10,
        read_timeout=30,
        # The few requests are built here; checking each costs as much as reading an event.
        parameter_validation=False,
    )
    try:
        return EventQueue(boto3.client("sqs", config=config), url)
    # boto3 raises a plain ValueError for an endpoint that is no address.
    except (BotoCoreError, ValueError) as err:
        raise QueueError(
            f"Amazon SQS cannot be asked ({' '.join(str(err).split()).rstrip('.')}): "
            "check AWS_DEFAULT_REGION and AWS_ENDPOINT_URL."
        ) from err
