"""The sandbox's queue of events, as whoever may write to it sees it."""

from dataclasses import dataclass
from typing import Any

import boto3

from sandbox import RunningSandbox
from sandbox.options import ACCOUNT, EVENT_TOPIC, REGION


@dataclass
class EventQueue:
    """The queue, and a second one that hears the same events."""

    world: RunningSandbox

    def __post_init__(self) -> None:
        self.url = self.world.environment["CAMPAIGN_EVENT_QUEUE_URL"]
        self.sqs = self._client("sqs")

    def _client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.world.url,
            region_name=REGION,
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",
        )

    def come_again_after(self, seconds: int) -> None:
        """Let what a dead collector had received come again after so long."""
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"VisibilityTimeout": str(seconds)})

    def is_empty(self) -> bool:
        """Return whether nothing waits, and nothing was received without having been deleted."""
        answer = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        waiting = any(int(answer["Attributes"][name]) for name in names)
        return not waiting and not self.world.summary()["pending_events"]

    def put(self, bodies: list[str]) -> None:
        for start in range(0, len(bodies), 10):
            entries = [
                {"Id": str(number), "MessageBody": body}
                for number, body in enumerate(bodies[start : start + 10])
            ]
            self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)

    def listen(self) -> str:
        """Make a queue that hears what ours hears, and return its URL."""
        url: str = self.sqs.create_queue(QueueName="listener")["QueueUrl"]
        topic = f"arn:aws:sns:{REGION}:{ACCOUNT}:{EVENT_TOPIC}"
        queue = f"arn:aws:sqs:{REGION}:{ACCOUNT}:listener"
        self._client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        return url

    def heard(self, url: str) -> list[str]:
        """Return what the listener has heard."""
        found: list[str] = []
        while True:
            answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
            messages = answer.get("Messages", [])
            if not messages:
                return found
            found += [each["Body"] for each in messages]
            for each in messages:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
