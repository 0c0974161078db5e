"""Topics and subscriptions, and who the caller is."""

import base64
import json
from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

QUEUE_ARN = "arn:aws:sqs:eu-central-1:123456789012:own"


@pytest.fixture
def topic(sns: Any, sqs: Any) -> str:
    sqs.create_queue(QueueName="own")
    return str(sns.create_topic(Name="own", Attributes={"DisplayName": "Own & only"})["TopicArn"])


def next_message(sqs: Any, **options: Any) -> dict[str, Any]:
    url = sqs.get_queue_url(QueueName="own")["QueueUrl"]
    found: dict[str, Any] = sqs.receive_message(QueueUrl=url, **options)["Messages"][0]
    return found


def test_a_publication_comes_in_an_envelope(sns: Any, sqs: Any, topic: str) -> None:
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE_ARN)
    message_id = sns.publish(
        TopicArn=topic,
        Message="<a> & b",
        Subject="S",
        MessageAttributes={"k": {"DataType": "String", "StringValue": "v"}},
    )["MessageId"]
    envelope = json.loads(next_message(sqs)["Body"])
    assert envelope["Type"] == "Notification"
    assert (envelope["MessageId"], envelope["TopicArn"]) == (message_id, topic)
    assert (envelope["Subject"], envelope["Message"]) == ("S", "<a> & b")
    assert envelope["MessageAttributes"] == {"k": {"Type": "String", "Value": "v"}}
    assert envelope["Timestamp"].endswith("Z")


@pytest.mark.parametrize("version", ["1", "2"])
def test_an_envelope_is_signed_by_the_certificate_that_it_names(
    sns: Any, sqs: Any, topic: str, version: str
) -> None:
    sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue=version)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE_ARN)
    sns.publish(TopicArn=topic, Message="an é", Subject="S")
    envelope = json.loads(next_message(sqs)["Body"])
    address = urlsplit(envelope["SigningCertURL"])
    connection = HTTPConnection(address.hostname or "", address.port, timeout=10)
    connection.request("GET", address.path)
    key = x509.load_pem_x509_certificate(connection.getresponse().read()).public_key()
    connection.close()
    assert isinstance(key, rsa.RSAPublicKey)
    names = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
    text = "".join(f"{name}\n{envelope[name]}\n" for name in names)
    algorithm = {"1": hashes.SHA1(), "2": hashes.SHA256()}[version]
    assert envelope["SignatureVersion"] == version
    key.verify(base64.b64decode(envelope["Signature"]), text.encode(), padding.PKCS1v15(), algorithm)


def test_raw_delivery_is_the_bare_message(sns: Any, sqs: Any, topic: str) -> None:
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE_ARN)["SubscriptionArn"]
    sns.set_subscription_attributes(
        SubscriptionArn=arn, AttributeName="RawMessageDelivery", AttributeValue="true"
    )
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["RawMessageDelivery"] == "true"
    sns.publish(
        TopicArn=topic, Message="bare", MessageAttributes={"k": {"DataType": "String", "StringValue": "v"}}
    )
    message = next_message(sqs, MessageAttributeNames=["All"])
    assert message["Body"] == "bare"
    assert message["MessageAttributes"]["k"]["StringValue"] == "v"


def test_topics_and_subscriptions_are_shown_listed_and_removed(sns: Any, topic: str) -> None:
    assert sns.create_topic(Name="own")["TopicArn"] == topic
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "Own & only"
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="Other")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "Other"
    arn = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE_ARN)["SubscriptionArn"]
    assert sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=QUEUE_ARN)["SubscriptionArn"] == arn
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [one["SubscriptionArn"] for one in listed] == [arn]
    assert len(sns.list_subscriptions()["Subscriptions"]) == 2
    assert {"TopicArn": topic} in sns.list_topics()["Topics"]
    sns.unsubscribe(SubscriptionArn=arn)
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    sns.delete_topic(TopicArn=topic)
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.get_topic_attributes(TopicArn=topic)


def test_what_cannot_be_subscribed_or_published_is_refused(sns: Any, topic: str) -> None:
    with pytest.raises(sns.exceptions.InvalidParameterException):
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@shop.example")
    with pytest.raises(sns.exceptions.InvalidParameterException):
        sns.create_topic(Name="no spaces")
    with pytest.raises(sns.exceptions.NotFoundException):
        sns.publish(TopicArn=topic + "-missing", Message="m")


def test_sts_says_who_is_calling(client: Callable[[str], Any]) -> None:
    identity = client("sts").get_caller_identity()
    assert identity["Account"] == "123456789012"
    assert identity["Arn"].startswith("arn:aws:iam::123456789012:")
