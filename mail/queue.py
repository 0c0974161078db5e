"""The one module that talks to Amazon SQS: events out of the queue, receipts back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

from mail.errors import MailError

# SQS hands out at most ten messages a call.
_MESSAGES_A_CALL = 10
# What SQS says where it is asked too often: five calls about tags a second are its limit.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
_THROTTLED = frozenset(
    {"RequestThrottled", "ThrottlingException", "Throttling", "TooManyRequestsException", "OverLimit"}
)


class QueueError(MailError):
    """The event queue cannot be read."""


class QueueBusy(QueueError):
    """The event queue does not answer just now, or wants to be asked less: it passes by itself."""


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

    @property
    def endpoint(self) -> str:
        """Where it is asked: AWS's own host, or what stands in for it."""
        return str(getattr(getattr(self.sqs, "meta", None), "endpoint_url", ""))

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

    def tags(self) -> dict[str, str]:
        """Return the queue's tags. Raises QueueBusy or QueueError."""
        try:
            found = self.sqs.list_queue_tags(QueueUrl=self.url).get("Tags") or {}
        except (ClientError, BotoCoreError) as err:
            raise self._busy(err) or self._error(err) from err
        return {str(name): str(value) for name, value in found.items()}

    def set_tag(self, name: str, value: str) -> None:
        """Set a tag of the queue. Raises QueueBusy or QueueError."""
        try:
            self.sqs.tag_queue(QueueUrl=self.url, Tags={name: value})
        except (ClientError, BotoCoreError) as err:
            raise self._busy(err) or QueueError(
                f"the event queue {self.url} cannot be tagged ({err}): give the sender the permission "
                "sqs:TagQueue, as `campaign setup --dry-run` prints it."
            ) from err

    def _busy(self, err: Exception) -> QueueBusy | None:
        """Return the error as one that passes by itself, where it does."""
        match err:
            case ClientError():
                code = str(err.response.get("Error", {}).get("Code", ""))
                status = int(err.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
                passes = code in _THROTTLED or status == HTTPStatus.TOO_MANY_REQUESTS or status >= 500
            case HTTPClientError() | ConnectionError():
                passes = True
            case _:
                passes = False
        if not passes:
            return None
        return QueueBusy(f"the event queue {self.url} does not answer for now ({err})")

    def _error(self, err: Exception) -> QueueError:
        return QueueError(
            f"the event queue {self.url} cannot be read ({err}): "
            "check CAMPAIGN_EVENT_QUEUE_URL, or make the queue with `campaign setup`."
        )


def open_queue(url: str, *, briefly: bool = False) -> EventQueue:
    """Return the queue at `url`. Reading and deleting are repeated by boto3: both are harmless twice.

    `briefly`: for the tags alone, which are asked once and soon given up; whoever asks comes again. Raises
    QueueError where AWS is not set up.
    """
    config = Config(
        retries={"mode": "standard", **({"total_max_attempts": 1} if briefly else {})},
        connect_timeout=2 if briefly else 10,
        read_timeout=3 if briefly else 30,
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
