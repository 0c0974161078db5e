"""One sandbox for the whole room, made new before each test that uses it."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

import sandbox

Receive = Callable[[int], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def started() -> Iterator[sandbox.RunningSandbox]:
    options = sandbox.SandboxOptions(behaviour=sandbox.Behaviour(rate_per_second=1_000_000))
    with sandbox.start(options) as running:
        yield running


@pytest.fixture
def running(started: sandbox.RunningSandbox) -> sandbox.RunningSandbox:
    started.reset()
    return started


@pytest.fixture(scope="session")
def client(started: sandbox.RunningSandbox) -> Iterator[Callable[[str], Any]]:
    """Clients as product code has them: told where to go by the environment alone."""
    made: dict[str, Any] = {}

    def of(service: str) -> Any:
        if service not in made:
            with pytest.MonkeyPatch.context() as patch:
                for name, value in started.environment.items():
                    patch.setenv(name, value)
                config = Config(retries={"total_max_attempts": 1}, read_timeout=20)
                made[service] = boto3.session.Session().client(service, config=config)
        return made[service]

    yield of
    for one in made.values():
        one.close()


@pytest.fixture
def ses(running: sandbox.RunningSandbox, client: Callable[[str], Any]) -> Any:
    return client("sesv2")


@pytest.fixture
def sqs(running: sandbox.RunningSandbox, client: Callable[[str], Any]) -> Any:
    return client("sqs")


@pytest.fixture
def sns(running: sandbox.RunningSandbox, client: Callable[[str], Any]) -> Any:
    return client("sns")


@pytest.fixture
def queue_url(running: sandbox.RunningSandbox) -> str:
    return running.environment["CAMPAIGN_EVENT_QUEUE_URL"]


@pytest.fixture
def receive(sqs: Any, queue_url: str) -> Receive:
    """Return the next `number` SES events, and fail where they do not come within ten seconds."""

    def events(number: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + 10
        while len(found) < number:
            assert time.monotonic() < deadline, f"{len(found)} of {number} events came: {found}"
            answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", []):
                text = json.loads(message["Body"])["Message"]
                if not text.startswith("Successfully validated"):
                    found.append(json.loads(text))
                sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        return found

    return events


@pytest.fixture
def simple() -> Callable[..., dict[str, Any]]:
    """Arguments of a valid SendEmail call."""

    def arguments(to: str = "reader@shop.example", **changes: Any) -> dict[str, Any]:
        body = {"Html": {"Data": "<p>Hello</p>"}, "Text": {"Data": "Hello"}}
        return {
            "FromEmailAddress": "Bright Books <news@brightbooks.example>",
            "Destination": {"ToAddresses": [to]},
            "Content": {"Simple": {"Subject": {"Data": "Hi"}, "Body": body}},
            "EmailTags": [{"Name": "send_id", "Value": "one"}],
            "ConfigurationSetName": "campaign",
        } | changes

    return arguments


@pytest.fixture
def bulk() -> Callable[..., dict[str, Any]]:
    """Arguments of a valid SendBulkEmail call with one entry for each address."""

    def arguments(addresses: list[str], **changes: Any) -> dict[str, Any]:
        content = {"Subject": "{{subject}}", "Html": "{{html}}", "Text": "{{text}}"}
        return {
            "FromEmailAddress": "news@brightbooks.example",
            "DefaultContent": {"Template": {"TemplateContent": content, "TemplateData": "{}"}},
            "DefaultEmailTags": [{"Name": "campaign", "Value": "spring"}],
            "BulkEmailEntries": [
                {
                    "Destination": {"ToAddresses": [address]},
                    "ReplacementTags": [{"Name": "send_id", "Value": f"id-{place}"}],
                    "ReplacementHeaders": [
                        {"Name": "List-Unsubscribe", "Value": f"<https://x.example/{place}>"}
                    ],
                    "ReplacementEmailContent": {
                        "ReplacementTemplate": {
                            "ReplacementTemplateData": json.dumps(
                                {"subject": f"No. {place}", "html": "<b>A & B</b>", "text": "A & B"}
                            )
                        }
                    },
                }
                for place, address in enumerate(addresses)
            ],
            "ConfigurationSetName": "campaign",
        } | changes

    return arguments
