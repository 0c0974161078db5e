"""Queues, as boto3 sees them."""

import hashlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mail.restoring import SANDBOX_TAG
from sandbox import RunningSandbox
from sandbox.options import OWN_TAG
from sandbox.sqs import Queue


@pytest.fixture
def queue(sqs: Any) -> str:
    return str(sqs.create_queue(QueueName="work")["QueueUrl"])


def bodies(answer: dict[str, Any]) -> list[str]:
    return [message["Body"] for message in answer.get("Messages", [])]


def test_a_message_goes_in_and_out_and_is_gone_once_deleted(sqs: Any, queue: str) -> None:
    sent = sqs.send_message(
        QueueUrl=queue,
        MessageBody="grüß",
        MessageAttributes={"n": {"DataType": "Number", "StringValue": "1"}},
    )
    assert sent["MD5OfMessageBody"] == hashlib.md5("grüß".encode()).hexdigest()
    received = sqs.receive_message(
        QueueUrl=queue, AttributeNames=["All"], MessageAttributeNames=["All"], VisibilityTimeout=0
    )["Messages"][0]
    assert received["MessageId"] == sent["MessageId"]
    assert received["MD5OfBody"] == sent["MD5OfMessageBody"]
    assert received["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert received["MessageAttributes"]["n"]["StringValue"] == "1"
    assert received["Attributes"]["ApproximateReceiveCount"] == "1"
    again = sqs.receive_message(QueueUrl=queue, MessageSystemAttributeNames=["ApproximateReceiveCount"])[
        "Messages"
    ]
    assert again[0]["Attributes"] == {"ApproximateReceiveCount": "2"}
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=again[0]["ReceiptHandle"])
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=again[0]["ReceiptHandle"])
    assert bodies(sqs.receive_message(QueueUrl=queue)) == []


def test_a_received_message_is_hidden_until_its_visibility_is_given_back(sqs: Any, queue: str) -> None:
    sqs.send_message(QueueUrl=queue, MessageBody="one")
    handle = sqs.receive_message(QueueUrl=queue)["Messages"][0]["ReceiptHandle"]
    assert bodies(sqs.receive_message(QueueUrl=queue)) == []
    sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    assert bodies(sqs.receive_message(QueueUrl=queue)) == ["one"]


def test_batches_answer_for_each_entry(sqs: Any, queue: str) -> None:
    entries = [{"Id": str(n), "MessageBody": f"m{n}"} for n in range(10)]
    assert len(sqs.send_message_batch(QueueUrl=queue, Entries=entries)["Successful"]) == 10
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert [message["Body"] for message in received] == [f"m{n}" for n in range(10)]
    handles = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(received)]
    shown = sqs.change_message_visibility_batch(
        QueueUrl=queue, Entries=[handle | {"VisibilityTimeout": 0} for handle in handles[:5]]
    )
    assert len(shown["Successful"]) == 5
    answer = sqs.delete_message_batch(
        QueueUrl=queue, Entries=[*handles[:9], {"Id": "x", "ReceiptHandle": "no"}]
    )
    assert len(answer["Successful"]) == 9
    assert [failed["Code"] for failed in answer["Failed"]] == ["ReceiptHandleIsInvalid"]


@pytest.mark.parametrize(
    ("entries", "error"),
    [
        ([], "EmptyBatchRequest"),
        ([{"Id": str(n), "MessageBody": "m"} for n in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "MessageBody": "m"}] * 2, "BatchEntryIdsNotDistinct"),
    ],
)
def test_wrong_batches_are_refused_whole(sqs: Any, queue: str, entries: list[Any], error: str) -> None:
    with pytest.raises(getattr(sqs.exceptions, error)):
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    assert bodies(sqs.receive_message(QueueUrl=queue)) == []


def test_long_polling_returns_as_soon_as_something_comes(
    ses: Any, sqs: Any, queue_url: str, simple: Any
) -> None:
    sqs.purge_queue(QueueUrl=queue_url)
    ses.send_email(**simple())
    assert bodies(sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=15))


def test_a_message_received_too_often_goes_to_the_dead_letters(sqs: Any, queue: str) -> None:
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    sqs.send_message(QueueUrl=queue, MessageBody="poison")
    for _ in range(2):
        assert bodies(sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)) == ["poison"]
    assert bodies(sqs.receive_message(QueueUrl=queue)) == []
    assert bodies(sqs.receive_message(QueueUrl=dead)) == ["poison"]


def test_queues_are_named_listed_counted_purged_and_deleted(sqs: Any, queue: str) -> None:
    assert sqs.get_queue_url(QueueName="work")["QueueUrl"] == queue
    assert sqs.create_queue(QueueName="work")["QueueUrl"] == queue
    assert sqs.list_queues(QueueNamePrefix="wo")["QueueUrls"] == [queue]
    for delay in (0, 0, 900):
        sqs.send_message(QueueUrl=queue, MessageBody="m", DelaySeconds=delay)
    sqs.receive_message(QueueUrl=queue)
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    assert found["ApproximateNumberOfMessages"] == "1"
    assert found["ApproximateNumberOfMessagesNotVisible"] == "1"
    assert found["ApproximateNumberOfMessagesDelayed"] == "1"
    sqs.purge_queue(QueueUrl=queue)
    found = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])[
        "Attributes"
    ]
    assert found == {"ApproximateNumberOfMessages": "0"}
    sqs.delete_queue(QueueUrl=queue)
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName="work")
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.receive_message(QueueUrl=queue)


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({"Colour": "red"}, "InvalidAttributeName"),
        ({"VisibilityTimeout": "soon"}, "InvalidAttributeValue"),
        ({"RedrivePolicy": "{}"}, "InvalidAttributeValue"),
    ],
)
def test_wrong_attributes_are_refused(sqs: Any, attributes: dict[str, str], error: str) -> None:
    with pytest.raises(getattr(sqs.exceptions, error)):
        sqs.create_queue(QueueName="other", Attributes=attributes)
    assert "other" not in str(sqs.list_queues())


def test_the_same_name_with_other_attributes_is_refused(sqs: Any, queue: str) -> None:
    with pytest.raises(sqs.exceptions.QueueNameExists):
        sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "77"})


def test_a_reset_lets_those_who_wait_go(running: RunningSandbox, sqs: Any, queue: str) -> None:
    running.reset()
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)


def test_visibility_and_retention_run_by_the_clock() -> None:
    queue = Queue("q", "url", created_at=0)
    queue.attributes["MessageRetentionPeriod"] = "60"
    queue.put("m", {}, now=0)
    assert [message.body for message in queue.receive(10, 30, now=0)] == ["m"]
    assert queue.receive(10, 30, now=29.9) == []
    assert [message.received for message in queue.receive(10, 30, now=30)] == [2]
    assert queue.receive(10, 30, now=61) == []
    assert queue.messages == {}


def test_a_later_visibility_wins_over_an_earlier_one() -> None:
    queue = Queue("q", "url", created_at=0)
    queue.put("m", {}, now=0)
    (message,) = queue.receive(1, 10, now=0)
    queue.change_visibility(message, 100, now=5)
    assert queue.receive(1, 10, now=50) == []
    assert queue.receive(1, 10, now=105) == [message]


def test_tags_are_read_and_changed_five_times_a_second_at_the_most(
    running: Any, sqs: Any, queue_url: str
) -> None:
    for number in range(5):
        sqs.tag_queue(QueueUrl=queue_url, Tags={"number": str(number)})
    refused = []
    for _ in range(50):
        try:
            sqs.list_queue_tags(QueueUrl=queue_url)
        except ClientError as err:
            refused.append(err.response["Error"]["Code"])
    assert set(refused) == {"RequestThrottled"}
    running.control(tag_calls_per_second=1_000)
    assert sqs.list_queue_tags(QueueUrl=queue_url)["Tags"]["number"] == "4"


def test_only_the_queue_that_is_there_from_the_start_bears_the_sandboxs_own_tag(
    running: Any, sqs: Any, queue_url: str
) -> None:
    assert OWN_TAG == SANDBOX_TAG
    assert OWN_TAG in sqs.list_queue_tags(QueueUrl=queue_url)["Tags"]
    other = sqs.create_queue(QueueName="other")["QueueUrl"]
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=other)
    with pytest.raises(ClientError, match="reserved"):
        sqs.tag_queue(QueueUrl=other, Tags={OWN_TAG: "yes"})
