"""How many events wait on the queue, and how many went from it to its dead-letter queue."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from mail.queue import EventQueue, QueueError

_COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


@dataclass(frozen=True, slots=True)
class Backlog:
    """Messages on the queue, those that somebody is just reading; its dead-letter queue's URL, or ""."""

    waiting: int
    in_flight: int
    dead_letter_url: str


def of(queue: EventQueue) -> Backlog:
    """Count the messages of a queue. SQS says about how many. Raises QueueError."""
    found = _attributes(queue, [*_COUNTS, "RedrivePolicy"])
    waiting, in_flight = (int(found.get(name, 0)) for name in _COUNTS)
    return Backlog(waiting, in_flight, _dead_letter_url(queue.url, found.get("RedrivePolicy", "")))


def _attributes(queue: EventQueue, names: Sequence[str]) -> Mapping[str, str]:
    try:
        answer = queue.sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=list(names))
    except (ClientError, BotoCoreError) as err:
        raise QueueError(
            f"the queue {queue.url} does not say how many messages it holds "
            f"({' '.join(str(err).split()).rstrip('.')}): check CAMPAIGN_EVENT_QUEUE_URL, the AWS "
            "credentials and the network."
        ) from err
    found: Mapping[str, str] = answer.get("Attributes", {})
    return found


def _dead_letter_url(url: str, redrive: str) -> str:
    """Return where the dead-letter queue is: it has the account and the region of its queue.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """
    try:
        name = str(json.loads(redrive)["deadLetterTargetArn"]).rpartition(":")[2]
    except (ValueError, KeyError, TypeError):
        return ""
    return f"{url.rpartition('/')[0]}/{name}" if name else ""
