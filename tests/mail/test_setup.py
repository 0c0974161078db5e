"""Setting up: whatever is missing is made, whatever differs is mended, and then events truly arrive."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from mail import queue, setup
from mail.events import NotAnEvent, parse
from mail.setup import EVENTS, Names, SetupError

NAMES = Names(configuration_set="spring", topic="spring-events", queue="spring-queue")
FORTNIGHT = str(14 * 24 * 3600)


class _Configurations:
    """Configuration sets and event destinations, which moto's SES lacks."""

    class exceptions:
        class AlreadyExistsException(ClientError):
            """The name is taken."""

    def __init__(self) -> None:
        self.sets: dict[str, dict[str, Any]] = {}

    def create_configuration_set(self, *, ConfigurationSetName: str) -> None:
        self._refuse_if(ConfigurationSetName in self.sets)
        self.sets[ConfigurationSetName] = {}

    def create_configuration_set_event_destination(self, **request: Any) -> None:
        self._refuse_if(request["EventDestinationName"] in self.sets[request["ConfigurationSetName"]])
        self.update_configuration_set_event_destination(**request)

    def update_configuration_set_event_destination(self, **request: Any) -> None:
        found = self.sets[request["ConfigurationSetName"]]
        found[request["EventDestinationName"]] = request["EventDestination"]

    def get_configuration_set_event_destinations(self, *, ConfigurationSetName: str) -> dict[str, Any]:
        found = self.sets[ConfigurationSetName]
        return {"EventDestinations": [{"Name": name} | content for name, content in found.items()]}

    def _refuse_if(self, taken: bool) -> None:
        if taken:
            raise self.exceptions.AlreadyExistsException({"Error": {"Code": "AlreadyExists"}}, "Create")


Client = Callable[[str], Any]


@pytest.fixture(params=["sandbox", "moto"])
def client(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Clients of the sandbox, or of moto's SQS, SNS and STS."""
    if request.param == "sandbox":
        request.getfixturevalue("world")
        yield boto3.client
        return
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        ses, real = _Configurations(), boto3.client
        monkeypatch.setattr(
            boto3, "client", lambda name, **how: ses if name == "sesv2" else real(name, **how)
        )
        yield boto3.client


def _attributes(client: Client, url: str) -> dict[str, str]:
    found: dict[str, str] = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
        "Attributes"
    ]
    return found


def test_everything_is_made_and_named(client: Client) -> None:
    made = setup.make(NAMES)
    assert made.configuration_set == "spring"
    assert made.queue_url.endswith("/spring-queue")
    assert made.topic_arn.endswith(":spring-events")
    assert made.created == (
        "queue spring-queue-dead-letter",
        "queue spring-queue",
        "configuration set spring",
        "event destination campaign-events",
    )
    assert made.settings() == (
        "CAMPAIGN_CONFIGURATION_SET=spring",
        f"CAMPAIGN_EVENT_QUEUE_URL={made.queue_url}",
    )


def test_the_queues_keep_messages_for_a_fortnight_and_the_unreadable_aside(client: Client) -> None:
    made = setup.make(NAMES)
    found = _attributes(client, made.queue_url)
    dead = _attributes(client, made.queue_url + "-dead-letter")
    assert found["MessageRetentionPeriod"] == dead["MessageRetentionPeriod"] == FORTNIGHT
    redrive = json.loads(found["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == dead["QueueArn"]
    assert int(redrive["maxReceiveCount"]) == 10
    (statement,) = json.loads(found["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert statement["Resource"] == found["QueueArn"]
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": made.topic_arn}}


def test_the_topic_takes_events_of_this_account_alone_and_hands_them_to_the_queue(client: Client) -> None:
    made = setup.make(NAMES)
    account = client("sts").get_caller_identity()["Account"]
    topic = client("sns").get_topic_attributes(TopicArn=made.topic_arn)["Attributes"]
    (statement,) = json.loads(topic["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "ses.amazonaws.com"}
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceAccount": account}}
    (subscription,) = client("sns").list_subscriptions_by_topic(TopicArn=made.topic_arn)["Subscriptions"]
    assert subscription["Protocol"] == "sqs"
    assert subscription["Endpoint"] == _attributes(client, made.queue_url)["QueueArn"]


@pytest.mark.parametrize("engagement", [False, True])
def test_the_configuration_set_publishes_what_a_campaign_needs(client: Client, engagement: bool) -> None:
    made = setup.make(NAMES, engagement=engagement)
    found = client("sesv2").get_configuration_set_event_destinations(ConfigurationSetName="spring")
    (destination,) = found["EventDestinations"]
    assert destination["Enabled"]
    assert set(destination["MatchingEventTypes"]) == {*EVENTS, *(("OPEN", "CLICK") if engagement else ())}
    assert destination["SnsDestination"] == {"TopicArn": made.topic_arn}


def test_a_second_run_makes_nothing_new(client: Client) -> None:
    first = setup.make(NAMES)
    again = setup.make(NAMES)
    assert again.created == ()
    assert again.settings() == first.settings()
    assert len(client("sqs").list_queues(QueueNamePrefix="spring")["QueueUrls"]) == 2
    assert len(client("sns").list_subscriptions_by_topic(TopicArn=first.topic_arn)["Subscriptions"]) == 1


def test_a_second_run_mends_what_was_changed(client: Client) -> None:
    made = setup.make(NAMES)
    client("sqs").set_queue_attributes(
        QueueUrl=made.queue_url, Attributes={"MessageRetentionPeriod": "60", "Policy": ""}
    )
    client("sesv2").update_configuration_set_event_destination(
        ConfigurationSetName="spring",
        EventDestinationName="campaign-events",
        EventDestination={
            "Enabled": False,
            "MatchingEventTypes": ["SEND"],
            "SnsDestination": {"TopicArn": made.topic_arn},
        },
    )
    setup.make(NAMES)
    found = _attributes(client, made.queue_url)
    assert found["MessageRetentionPeriod"] == FORTNIGHT
    assert json.loads(found["Policy"])["Statement"]
    (destination,) = client("sesv2").get_configuration_set_event_destinations(ConfigurationSetName="spring")[
        "EventDestinations"
    ]
    assert destination["Enabled"]
    assert set(destination["MatchingEventTypes"]) == set(EVENTS)


def test_after_the_setup_an_event_arrives_in_the_queue(world) -> None:
    made = setup.make(NAMES)
    boto3.client("sesv2").send_email(
        FromEmailAddress="news@brightbooks.example",
        Destination={"ToAddresses": ["bounce@simulator.amazonses.com"]},
        Content={"Simple": {"Subject": {"Data": "Hi"}, "Body": {"Text": {"Data": "Hello"}}}},
        EmailTags=[{"Name": "send_id", "Value": "abc"}],
        ConfigurationSetName="spring",
    )
    events = queue.open_queue(made.queue_url)
    kinds: set[str] = set()
    deadline = time.monotonic() + 10
    while kinds != {"Send", "Bounce"}:
        assert time.monotonic() < deadline, f"only {kinds} came"
        for item in events.receive(wait_seconds=1):
            found = parse(item.body, 0.0)
            if not isinstance(found, NotAnEvent):
                kinds |= {each.kind for each in found}
                assert {each.send_id for each in found} == {"abc"}
            events.delete([item.receipt])


@pytest.mark.parametrize(
    ("operation", "part"),
    [
        ("GetCallerIdentity", "AWS session"),
        ("CreateQueue", "queue spring-queue-dead-letter"),
        ("CreateTopic", "topic spring-events"),
        ("Subscribe", "subscription of queue spring-queue"),
        ("CreateConfigurationSet", "configuration set spring"),
        ("CreateConfigurationSetEventDestination", "event destination of configuration set spring"),
    ],
)
def test_what_could_not_be_made_is_named_in_one_sentence(world, operation: str, part: str) -> None:
    world.control(failures=[{"kind": "expired_token", "operations": [operation]}])
    with pytest.raises(SetupError) as found:
        setup.make(NAMES)
    assert str(found.value).startswith(f"the {part} could not be made (")
    assert "ExpiredToken" in str(found.value)
    assert str(found.value).endswith("`campaign setup --dry-run` prints the permissions it needs.")
    assert "\n" not in str(found.value)


def test_without_a_region_the_error_is_a_sentence_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(SetupError, match=r"^the AWS session could not be made \(.*region"):
        setup.make(NAMES)


def test_the_plan_names_every_part() -> None:
    lines = setup.plan(NAMES, engagement=True)
    text = "\n".join(lines)
    for part in ("spring-queue-dead-letter", "spring-queue", "spring-events", "configuration set spring"):
        assert part in text
    assert all(kind in lines[-1] for kind in (*EVENTS, "OPEN", "CLICK"))


def test_the_policy_allows_every_call_that_setting_up_makes(world) -> None:
    setup.make(NAMES)
    setup.make(NAMES)
    allowed = {
        action.partition(":")[2]
        for statement in setup.iam_policy()["Statement"]
        for action in statement["Action"]
    }
    assert set(world.summary()["calls"]) <= allowed
