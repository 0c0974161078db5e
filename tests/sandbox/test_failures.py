"""Failures on demand: what the client sees, and what was accepted all the same."""

from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from sandbox import Failure, FailureKind, RunningSandbox, SandboxError
from sandbox.failures import Failures


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize(("kind", "accepted"), [("accept_then_drop", 2), ("drop", 0)])
def test_a_dropped_connection_leaves_open_whether_the_mail_was_taken(
    ses: Any, running: RunningSandbox, bulk: Any, kind: str, accepted: int
) -> None:
    running.control(failures=[{"kind": kind, "count": 1}])
    with pytest.raises(ConnectionClosedError):
        ses.send_bulk_email(**bulk(["a@shop.example", "b@shop.example"]))
    assert running.summary()["accepted"] == accepted
    ses.send_bulk_email(**bulk(["c@shop.example"]))
    assert running.summary()["accepted"] == accepted + 1


@pytest.mark.parametrize(("kind", "accepted"), [("accept_then_500", 1), ("refuse_500", 0)])
def test_a_500_leaves_it_open_too(
    ses: Any, running: RunningSandbox, simple: Any, kind: str, accepted: int
) -> None:
    running.control(failures=[{"kind": kind}])
    with pytest.raises(ClientError) as caught:
        ses.send_email(**simple())
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert running.summary()["accepted"] == accepted


@pytest.mark.parametrize(("kind", "accepted"), [("accept_then_wait", 1), ("wait", 0)])
def test_a_slow_answer_runs_into_the_read_timeout(
    running: RunningSandbox, simple: Any, kind: str, accepted: int
) -> None:
    running.control(failures=[{"kind": kind, "seconds": 600}])
    impatient = boto3.session.Session().client(
        "sesv2",
        endpoint_url=running.url,
        region_name="eu-central-1",
        aws_access_key_id="sandbox",
        aws_secret_access_key="sandbox",
        config=Config(read_timeout=0.2, retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ReadTimeoutError):
        impatient.send_email(**simple())
    impatient.close()
    assert running.summary()["accepted"] == accepted


def test_an_expired_token_is_a_403(ses: Any, running: RunningSandbox, simple: Any) -> None:
    running.control(failures=[{"kind": "expired_token"}])
    with pytest.raises(ClientError) as caught:
        ses.send_email(**simple())
    assert code(caught) == "ExpiredTokenException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_call_can_be_throttled_whatever_the_rate(ses: Any, running: RunningSandbox, simple: Any) -> None:
    running.control(failures=[{"kind": "throttle", "count": 1}])
    with pytest.raises(ses.exceptions.TooManyRequestsException):
        ses.send_email(**simple())
    ses.send_email(**simple())


def test_the_account_is_suspended_at_a_chosen_call_and_stays_so(
    ses: Any, running: RunningSandbox, simple: Any
) -> None:
    running.control(failures=[{"kind": "suspend_account", "nth_calls": [2]}])
    ses.send_email(**simple())
    for _ in range(2):
        with pytest.raises(ses.exceptions.AccountSuspendedException):
            ses.send_email(**simple())
    assert ses.get_account()["EnforcementStatus"] == "SHUTDOWN"


@pytest.mark.parametrize("status", ["ACCOUNT_THROTTLED", "TRANSIENT_FAILURE", "SOMETHING_NEW"])
def test_single_entries_fail_with_any_status(
    ses: Any, running: RunningSandbox, bulk: Any, status: str
) -> None:
    running.control(failures=[{"kind": "entry", "entries": [1], "entry_status": status, "error": "because"}])
    answer = ses.send_bulk_email(**bulk(["a@shop.example", "b@shop.example", "c@shop.example"]))
    results = answer["BulkEmailEntryResults"]
    assert [result["Status"] for result in results] == ["SUCCESS", status, "SUCCESS"]
    assert results[1]["Error"] == "because"
    assert "MessageId" not in results[1]
    assert [message["to"] for message in running.messages()] == [["a@shop.example"], ["c@shop.example"]]


def test_results_and_message_ids_can_be_missing_or_too_many(
    ses: Any, running: RunningSandbox, bulk: Any
) -> None:
    arguments = bulk(["a@shop.example", "b@shop.example"])
    running.control(failures=[{"kind": "missing_result", "entries": [1]}])
    assert len(ses.send_bulk_email(**arguments)["BulkEmailEntryResults"]) == 1
    running.control(failures=[{"kind": "missing_message_id", "entries": [0]}])
    assert ses.send_bulk_email(**arguments)["BulkEmailEntryResults"][0] == {"Status": "SUCCESS"}
    running.control(failures=[{"kind": "extra_result"}])
    assert len(ses.send_bulk_email(**arguments)["BulkEmailEntryResults"]) == 3
    assert running.summary()["accepted"] == 6


def test_any_operation_can_fail(sqs: Any, running: RunningSandbox, queue_url: str) -> None:
    running.control(failures=[{"kind": "refuse_500", "operations": ["ReceiveMessage"], "count": 1}])
    with pytest.raises(ClientError):
        sqs.receive_message(QueueUrl=queue_url)
    assert sqs.receive_message(QueueUrl=queue_url)["Messages"]


def test_failures_strike_by_number_count_and_probability() -> None:
    drop = FailureKind.DROP
    failures = Failures(
        [
            Failure(kind=drop, nth_calls=[2, 3]),
            Failure(kind=FailureKind.WAIT, count=1),
            Failure(kind=FailureKind.THROTTLE, operations=["GetAccount"]),
            Failure(kind=FailureKind.ENTRY),
            Failure(kind=FailureKind.DROP, probability=0),
        ],
        seed=1,
    )
    struck = [[failure.kind for failure in failures.strike("SendEmail")] for _ in range(4)]
    assert struck == [[FailureKind.WAIT], [drop], [drop], []]
    half = Failures([Failure(kind=drop, probability=0.5)], seed=1)
    assert 400 < sum(len(half.strike("SendEmail")) for _ in range(1000)) < 600


def test_a_wrong_behaviour_is_refused_and_changes_nothing(running: RunningSandbox) -> None:
    before = running.control()
    for wrong in ({"ratio": 1}, {"rate_per_second": 0}, {"outcomes": [{"hard_bounce": 0.7, "silent": 0.7}]}):
        with pytest.raises(SandboxError, match="refused PUT /sandbox/control"):
            running.control(**wrong)
    assert running.control() == before
