"""The event queue: the same contract against the sandbox's SQS and against moto's."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore import exceptions as boto
from moto import mock_aws

from mail import queue
from mail.queue import EventQueue, QueueError


@pytest.fixture(params=["sandbox", "moto"])
def sqs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of each SQS in turn, boto3 being pointed there."""
    if request.param == "sandbox":
        request.getfixturevalue("world")
        client = boto3.client("sqs")
        yield client
        client.close()
        return
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield boto3.client("sqs")


@pytest.fixture
def events(sqs: Any) -> EventQueue:
    """An empty queue."""
    return queue.open_queue(sqs.create_queue(QueueName="events-of-a-test")["QueueUrl"])


def _put(sqs: Any, events: EventQueue, count: int) -> list[str]:
    bodies = [f"body {number}" for number in range(count)]
    for body in bodies:
        sqs.send_message(QueueUrl=events.url, MessageBody=body)
    return bodies


def _receive_all(events: EventQueue) -> list[queue.Received]:
    found = []
    while more := events.receive():
        assert len(more) <= 10
        found += more
    return found


def test_everything_on_the_queue_is_received_ten_at_a_time(sqs: Any, events: EventQueue) -> None:
    bodies = _put(sqs, events, 23)
    assert sorted(item.body for item in _receive_all(events)) == sorted(bodies)


def test_an_empty_queue_gives_nothing(events: EventQueue) -> None:
    assert events.receive() == []


def test_what_was_received_is_hidden_until_it_is_deleted_or_comes_again(sqs: Any, events: EventQueue) -> None:
    _put(sqs, events, 2)
    kept, deleted = _receive_all(events)
    assert events.receive() == []
    events.delete([deleted.receipt])
    # What the end of the visibility time-out does.
    sqs.change_message_visibility(QueueUrl=events.url, ReceiptHandle=kept.receipt, VisibilityTimeout=0)
    (again,) = _receive_all(events)
    assert again.body == kept.body
    events.delete([again.receipt])
    assert events.receive() == []


def test_many_are_deleted_in_batches(sqs: Any, events: EventQueue) -> None:
    _put(sqs, events, 23)
    found = _receive_all(events)
    events.delete([item.receipt for item in found])
    attributes = sqs.get_queue_attributes(QueueUrl=events.url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0"
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_deleting_nothing_and_deleting_twice_do_no_harm(sqs: Any, events: EventQueue) -> None:
    _put(sqs, events, 1)
    (item,) = _receive_all(events)
    events.delete([])
    events.delete([item.receipt])
    events.delete([item.receipt])
    assert events.receive() == []


def test_a_queue_that_is_there_passes_the_check(events: EventQueue) -> None:
    events.check()


def test_an_unknown_queue_is_one_sentence_wherever_it_shows(events: EventQueue) -> None:
    missing = queue.open_queue(events.url.replace("events-of-a-test", "no-such-queue"))
    for use in (missing.check, missing.receive, lambda: missing.delete(["a-receipt"])):
        with pytest.raises(
            QueueError, match=r"^the event queue \S+/no-such-queue cannot be read \("
        ) as found:
            use()
        assert str(found.value).endswith(
            "check CAMPAIGN_EVENT_QUEUE_URL, or make the queue with `campaign setup`."
        )
        assert "\n" not in str(found.value)


def test_without_credentials_the_error_is_a_sentence_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with pytest.raises(QueueError, match="Unable to locate credentials") as found:
        queue.open_queue("https://sqs.eu-central-1.amazonaws.com/123456789012/events").check()
    assert isinstance(found.value.__cause__, boto.NoCredentialsError)
