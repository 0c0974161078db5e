"""Whether SES, the queue and the account are ready: each fault is one sentence with its mend."""

from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore import exceptions as boto

from mail import queue, readiness
from mail.errors import MailError
from mail.queue import QueueError
from mail.readiness import Account, NotReady

SENDER = "Bright Books <news@brightbooks.example>"


class FakeAccount:
    """An account in order, unless a test says otherwise. What is an exception is raised."""

    def __init__(self, client_error) -> None:
        self.missing = client_error("NotFoundException", 404, "Email identity does not exist.")
        self.account: dict[str, Any] | Exception = {
            "SendingEnabled": True,
            "EnforcementStatus": "HEALTHY",
            "SendQuota": {"MaxSendRate": 14.0, "Max24HourSend": 50_000.0, "SentLast24Hours": 1_200.0},
        }
        self.identities: dict[str, Any] = {"brightbooks.example": {"VerifiedForSendingStatus": True}}
        self.configuration_set: dict[str, Any] | Exception = {}

    def get_account(self) -> Mapping[str, Any]:
        return self._given(self.account)

    def get_email_identity(self, **request: Any) -> Mapping[str, Any]:
        return self._given(self.identities.get(request["EmailIdentity"], self.missing))

    def get_configuration_set(self, **request: Any) -> Mapping[str, Any]:
        return self._given(self.configuration_set)

    def _given(self, found: Any) -> Mapping[str, Any]:
        if isinstance(found, Exception):
            raise found
        answer: Mapping[str, Any] = found
        return answer


class _Queue:
    """A queue that is there."""

    def check(self) -> None:
        return


@pytest.fixture
def account(client_error) -> FakeAccount:
    return FakeAccount(client_error)


def check(account: FakeAccount, sender: str = SENDER) -> Account:
    return readiness.check(account, _Queue(), sender, "campaign")  # type: ignore[arg-type]


def sentence(account: FakeAccount, sender: str = SENDER) -> str:
    with pytest.raises(NotReady) as found:
        check(account, sender)
    text = str(found.value)
    assert "\n" not in text
    assert text.endswith(".")
    return text


def test_an_account_in_order_gives_its_limits(account: FakeAccount) -> None:
    assert check(account) == Account(
        rate_per_second=14.0, left_for_the_day=48_800.0, limit_for_the_day=50_000.0
    )


@pytest.mark.parametrize(
    ("limit", "sent", "left"), [(-1.0, 5.0, None), (200.0, 200.0, 0.0), (200.0, 201.0, 0.0)]
)
def test_what_is_left_for_the_day(
    account: FakeAccount, limit: float, sent: float, left: float | None
) -> None:
    assert isinstance(account.account, dict)
    account.account["SendQuota"] |= {"Max24HourSend": limit, "SentLast24Hours": sent}
    assert check(account).left_for_the_day == left


def test_a_sender_is_verified_where_its_address_or_its_domain_is(account: FakeAccount) -> None:
    account.identities = {"news@brightbooks.example": {"VerifiedForSendingStatus": True}}
    check(account)
    account.identities["brightbooks.example"] = {"VerifiedForSendingStatus": False}
    check(account)


@pytest.mark.parametrize("identities", [{}, {"brightbooks.example": {"VerifiedForSendingStatus": False}}])
def test_an_unverified_sender(account: FakeAccount, identities: dict[str, Any]) -> None:
    account.identities = identities
    assert sentence(account) == (
        "the sender news@brightbooks.example is not verified in SES: verify the address or the domain "
        "brightbooks.example, then start the campaign again."
    )


def test_a_domain_in_letters_is_asked_for_as_a_labels(account: FakeAccount) -> None:
    account.identities = {"xn--bcher-kva.example": {"VerifiedForSendingStatus": True}}
    check(account, "Bücher <news@bücher.example>")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"SendingEnabled": False}, "sending is switched off for this SES account"),
        ({"EnforcementStatus": "SHUTDOWN"}, "SES has shut this account down for its reputation"),
    ],
)
def test_an_account_that_may_not_send(account: FakeAccount, changes: dict[str, Any], text: str) -> None:
    assert isinstance(account.account, dict)
    account.account |= changes
    assert sentence(account).startswith(text)


def test_an_account_on_probation_sends(account: FakeAccount) -> None:
    assert isinstance(account.account, dict)
    account.account["EnforcementStatus"] = "PROBATION"
    check(account)


@pytest.mark.parametrize(
    "error", [boto.NoCredentialsError(), boto.EndpointConnectionError(endpoint_url="https://email.example")]
)
def test_ses_out_of_reach(account: FakeAccount, error: Exception) -> None:
    account.account = error
    assert sentence(account).startswith("Amazon SES does not answer (")


def test_a_missing_configuration_set(account: FakeAccount, client_error) -> None:
    account.configuration_set = client_error("NotFoundException", 404, "It does not exist.")
    text = sentence(account)
    assert text.startswith("the configuration set campaign cannot be used (")
    assert text.endswith("check CAMPAIGN_CONFIGURATION_SET, or make it with `campaign setup`.")


@pytest.mark.parametrize("network", [True, False])
def test_identities_that_may_not_be_looked_at(account: FakeAccount, client_error, network: bool) -> None:
    account.identities["news@brightbooks.example"] = (
        boto.ReadTimeoutError(endpoint_url="https://email.example")
        if network
        else client_error("AccessDeniedException", 403)
    )
    assert sentence(account).startswith("SES does not say whether news@brightbooks.example is verified (")


def test_against_the_sandbox_all_is_ready(world) -> None:
    events = queue.open_queue(world.environment["CAMPAIGN_EVENT_QUEUE_URL"])
    found = readiness.check(readiness.client(), events, SENDER, "campaign")
    day = 1_000_000.0
    assert found == Account(rate_per_second=1_000.0, left_for_the_day=day, limit_for_the_day=day)


@pytest.mark.parametrize(
    ("sender", "configuration_set", "behaviour", "text"),
    [
        ("news@elsewhere.example", "campaign", {}, "the sender news@elsewhere.example is not verified"),
        (SENDER, "no-such-set", {}, "the configuration set no-such-set cannot be used"),
        (SENDER, "campaign", {"sending_enabled": False}, "sending is switched off"),
        (SENDER, "campaign", {"enforcement_status": "SHUTDOWN"}, "SES has shut this account down"),
    ],
)
def test_against_the_sandbox_each_fault_is_found(
    world, sender: str, configuration_set: str, behaviour: dict[str, Any], text: str
) -> None:
    world.control(**behaviour)
    events = queue.open_queue(world.environment["CAMPAIGN_EVENT_QUEUE_URL"])
    with pytest.raises(NotReady, match=f"^{text}"):
        readiness.check(readiness.client(), events, sender, configuration_set)


def test_against_the_sandbox_a_missing_queue_is_found(world) -> None:
    boto3.client("sqs").delete_queue(QueueUrl=world.environment["CAMPAIGN_EVENT_QUEUE_URL"])
    events = queue.open_queue(world.environment["CAMPAIGN_EVENT_QUEUE_URL"])
    with pytest.raises(QueueError, match=r"^the event queue http\S+ cannot be read ") as found:
        readiness.check(readiness.client(), events, SENDER, "campaign")
    assert isinstance(found.value, MailError)
