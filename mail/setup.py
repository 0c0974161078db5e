"""Making what SES needs to report what becomes of messages; safe to run again.

A configuration set publishes to an SNS topic, the topic to an SQS queue, and what cannot be read lands in a
dead-letter queue.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from mail.errors import MailError

EVENTS = ("SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "DELIVERY_DELAY", "RENDERING_FAILURE")
ENGAGEMENT_EVENTS = ("OPEN", "CLICK")
DESTINATION = "campaign-events"
# The longest that SQS keeps a message.
RETENTION_SECONDS = 14 * 24 * 3600
RECEIVES_BEFORE_DEAD_LETTER = 10


class SetupError(MailError):
    """Something could not be made."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the parts are called; the defaults serve unless two installations share an account and region."""

    configuration_set: str = "campaign"
    topic: str = "campaign-events"
    queue: str = "campaign-events"

    @property
    def dead_letter_queue(self) -> str:
        return f"{self.queue}-dead-letter"


@dataclass(frozen=True, slots=True)
class Made:
    """What there is now. `created` names the parts that were not there before."""

    configuration_set: str
    queue_url: str
    topic_arn: str
    account: str
    created: tuple[str, ...]

    def settings(self) -> tuple[str, ...]:
        """Return the settings to take over, as `NAME=value` lines."""
        return (
            f"CAMPAIGN_CONFIGURATION_SET={self.configuration_set}",
            f"CAMPAIGN_EVENT_QUEUE_URL={self.queue_url}",
        )


def make(names: Names, *, engagement: bool = False) -> Made:
    """Make whatever is missing and mend what differs; `engagement` adds opens and clicks.

    Raises SetupError with what AWS said and which part it was about.
    """
    builder = _Builder(names, engagement=engagement)
    try:
        return builder.build()
    # boto3 raises a plain ValueError for an endpoint that is no address.
    except (ClientError, BotoCoreError, ValueError) as err:
        raise SetupError(
            f"the {builder.at_work} could not be made ({' '.join(str(err).split())}): "
            "`campaign setup --dry-run` prints the permissions it needs."
        ) from err


def plan(names: Names, *, engagement: bool = False) -> tuple[str, ...]:
    """Return what `make` would make, a line each."""
    kinds = ", ".join(_event_types(engagement))
    return (
        f"SQS queue {names.dead_letter_queue} (keeps messages 14 days)",
        f"SQS queue {names.queue} (keeps messages 14 days, then {names.dead_letter_queue} after "
        f"{RECEIVES_BEFORE_DEAD_LETTER} reads)",
        f"SNS topic {names.topic}, which only SES of this account may publish to",
        f"SNS subscription {names.topic} -> {names.queue}",
        f"SES configuration set {names.configuration_set}",
        f"SES event destination {DESTINATION}: {kinds}",
    )


def iam_policy() -> dict[str, Any]:
    """Return the IAM policy of everything that is done in AWS; who only sends needs no more than `Send`."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow(
                "Setup",
                "ses:CreateConfigurationSet",
                "ses:CreateConfigurationSetEventDestination",
                "ses:UpdateConfigurationSetEventDestination",
                "sns:CreateTopic",
                "sns:SetTopicAttributes",
                "sns:Subscribe",
                "sqs:CreateQueue",
                "sqs:GetQueueAttributes",
                "sqs:GetQueueUrl",
                "sqs:SetQueueAttributes",
                "sts:GetCallerIdentity",
            ),
            _allow(
                "Send",
                "ses:SendEmail",
                "ses:SendBulkEmail",
                "ses:GetAccount",
                "ses:GetConfigurationSet",
                "ses:GetEmailIdentity",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
                "sqs:DeleteMessage",
                "sqs:ListQueueTags",
                "sqs:TagQueue",
            ),
            _allow("Senders", "ses:CreateEmailIdentity", "ses:GetEmailIdentity"),
            # S3 names the right to list objects after the bucket.
            _allow("Lists", "s3:GetObject", "s3:ListBucket"),
            _allow(
                "Suppress",
                "ses:ListSuppressedDestinations",
                "ses:PutSuppressedDestination",
                "ses:DeleteSuppressedDestination",
            ),
        ],
    }


class _Builder:
    def __init__(self, names: Names, *, engagement: bool) -> None:
        self._names = names
        self._event_types = _event_types(engagement)
        self._created: list[str] = []
        self.at_work = "AWS session"

    def build(self) -> Made:
        self._ses, self._sns, self._sqs = (boto3.client(name) for name in ("sesv2", "sns", "sqs"))
        names = self._names
        self.at_work = "AWS session"
        account_id = boto3.client("sts").get_caller_identity()["Account"]
        _, dead_letter_arn = self._queue(names.dead_letter_queue, {})
        redrive = {"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": RECEIVES_BEFORE_DEAD_LETTER}
        queue_url, queue_arn = self._queue(names.queue, {"RedrivePolicy": json.dumps(redrive)})
        topic_arn = self._topic(account_id)
        self.at_work = f"policy of queue {names.queue}"
        self._sqs.set_queue_attributes(
            QueueUrl=queue_url, Attributes={"Policy": json.dumps(_queue_policy(queue_arn, topic_arn))}
        )
        self.at_work = f"subscription of queue {names.queue}"
        self._sns.subscribe(
            TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn, ReturnSubscriptionArn=True
        )
        self._configuration_set(topic_arn)
        return Made(names.configuration_set, queue_url, topic_arn, account_id, tuple(self._created))

    def _queue(self, name: str, attributes: Mapping[str, str]) -> tuple[str, str]:
        self.at_work = f"queue {name}"
        wanted = {"MessageRetentionPeriod": str(RETENTION_SECONDS), **attributes}
        try:
            url = self._sqs.get_queue_url(QueueName=name)["QueueUrl"]
            self._sqs.set_queue_attributes(QueueUrl=url, Attributes=wanted)
        except self._sqs.exceptions.QueueDoesNotExist:
            url = self._sqs.create_queue(QueueName=name, Attributes=wanted)["QueueUrl"]
            self._created.append(f"queue {name}")
        found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, found["Attributes"]["QueueArn"]

    def _topic(self, account_id: str) -> str:
        self.at_work = f"topic {self._names.topic}"
        # Creating a topic that exists returns it.
        arn: str = self._sns.create_topic(Name=self._names.topic)["TopicArn"]
        self._sns.set_topic_attributes(
            TopicArn=arn, AttributeName="Policy", AttributeValue=json.dumps(_topic_policy(arn, account_id))
        )
        return arn

    def _configuration_set(self, topic_arn: str) -> None:
        name = self._names.configuration_set
        self.at_work = f"configuration set {name}"
        try:
            self._ses.create_configuration_set(ConfigurationSetName=name)
            self._created.append(f"configuration set {name}")
        except self._ses.exceptions.AlreadyExistsException:
            # Nothing of it is changed: a person may have set up more than this needs.
            pass
        self.at_work = f"event destination of configuration set {name}"
        destination = {
            "Enabled": True,
            "MatchingEventTypes": list(self._event_types),
            "SnsDestination": {"TopicArn": topic_arn},
        }
        request = {
            "ConfigurationSetName": name,
            "EventDestinationName": DESTINATION,
            "EventDestination": destination,
        }
        try:
            self._ses.create_configuration_set_event_destination(**request)
            self._created.append(f"event destination {DESTINATION}")
        except self._ses.exceptions.AlreadyExistsException:
            self._ses.update_configuration_set_event_destination(**request)


def _event_types(engagement: bool) -> tuple[str, ...]:
    return EVENTS + ENGAGEMENT_EVENTS if engagement else EVENTS


def _allow(sid: str, *actions: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": "*"}


def _topic_policy(topic_arn: str, account_id: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "ses.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": topic_arn,
                "Condition": {"StringEquals": {"AWS:SourceAccount": account_id}},
            }
        ],
    }


def _queue_policy(queue_arn: str, topic_arn: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sns.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": topic_arn}},
            }
        ],
    }
