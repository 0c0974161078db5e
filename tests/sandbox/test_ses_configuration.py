"""Configuration sets, event destinations, and the way from them to a queue."""

import json
from typing import Any

import pytest

TOPIC = "arn:aws:sns:eu-central-1:123456789012:campaign-events"


def destination(topic: str, *types: str, enabled: bool = True) -> dict[str, Any]:
    return {"Enabled": enabled, "MatchingEventTypes": list(types), "SnsDestination": {"TopicArn": topic}}


def test_sets_are_made_shown_listed_and_deleted(ses: Any) -> None:
    ses.create_configuration_set(ConfigurationSetName="other")
    assert ses.get_configuration_set(ConfigurationSetName="other")["SendingOptions"] == {
        "SendingEnabled": True
    }
    assert ses.list_configuration_sets()["ConfigurationSets"] == ["campaign", "other"]
    with pytest.raises(ses.exceptions.AlreadyExistsException):
        ses.create_configuration_set(ConfigurationSetName="other")
    ses.delete_configuration_set(ConfigurationSetName="other")
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.get_configuration_set(ConfigurationSetName="other")


def test_a_paused_set_refuses_to_send(ses: Any, simple: Any, bulk: Any) -> None:
    ses.put_configuration_set_sending_options(ConfigurationSetName="campaign", SendingEnabled=False)
    with pytest.raises(ses.exceptions.SendingPausedException):
        ses.send_email(**simple())
    answer = ses.send_bulk_email(**bulk(["a@shop.example"]))
    assert answer["BulkEmailEntryResults"][0]["Status"] == "CONFIGURATION_SET_SENDING_PAUSED"


def test_destinations_are_made_shown_changed_and_deleted(ses: Any) -> None:
    name = {"ConfigurationSetName": "campaign", "EventDestinationName": "more"}
    ses.create_configuration_set_event_destination(**name, EventDestination=destination(TOPIC, "SEND"))
    with pytest.raises(ses.exceptions.AlreadyExistsException):
        ses.create_configuration_set_event_destination(**name, EventDestination=destination(TOPIC, "SEND"))
    ses.update_configuration_set_event_destination(
        **name, EventDestination=destination(TOPIC, "BOUNCE", enabled=False)
    )
    found = ses.get_configuration_set_event_destinations(ConfigurationSetName="campaign")["EventDestinations"]
    assert found[1] == {
        "Name": "more",
        "Enabled": False,
        "MatchingEventTypes": ["BOUNCE"],
        "SnsDestination": {"TopicArn": TOPIC},
    }
    ses.delete_configuration_set_event_destination(**name)
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.delete_configuration_set_event_destination(**name)


@pytest.mark.parametrize(
    "wrong",
    [
        destination(TOPIC + "-missing", "SEND"),
        destination(TOPIC, "SNED"),
        destination(TOPIC),
        {"Enabled": True, "MatchingEventTypes": ["SEND"], "EventBridgeDestination": {"EventBusArn": "arn:x"}},
    ],
)
def test_a_wrong_destination_is_refused(ses: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ses.exceptions.BadRequestException):
        ses.create_configuration_set_event_destination(
            ConfigurationSetName="campaign", EventDestinationName="wrong", EventDestination=wrong
        )


def test_the_topic_hears_first_in_plain_text_that_it_was_validated(sqs: Any, queue_url: str) -> None:
    body = sqs.receive_message(QueueUrl=queue_url)["Messages"][0]["Body"]
    envelope = json.loads(body)
    assert envelope["Message"] == "Successfully validated SNS topic for Amazon SES event publishing."
    assert envelope["Type"] == "Notification"
    assert envelope["TopicArn"] == TOPIC


def test_setting_everything_up_with_boto3_brings_only_the_matching_events_raw_where_asked(
    ses: Any, sns: Any, sqs: Any, simple: Any
) -> None:
    queue = sqs.create_queue(QueueName="own")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topic = sns.create_topic(Name="own")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    ses.create_configuration_set(ConfigurationSetName="own")
    ses.create_configuration_set_event_destination(
        ConfigurationSetName="own", EventDestinationName="d", EventDestination=destination(topic, "BOUNCE")
    )
    first = sqs.receive_message(QueueUrl=queue)["Messages"][0]["Body"]
    assert first == "Successfully validated SNS topic for Amazon SES event publishing."
    ses.send_email(**simple("success@simulator.amazonses.com", ConfigurationSetName="own"))
    ses.send_email(**simple("bounce@simulator.amazonses.com", ConfigurationSetName="own"))
    message = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5, MaxNumberOfMessages=10)["Messages"]
    assert [json.loads(one["Body"])["eventType"] for one in message] == ["Bounce"]
    assert "Messages" not in sqs.receive_message(QueueUrl=queue)
