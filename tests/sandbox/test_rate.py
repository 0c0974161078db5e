"""The bucket that may go negative, and the counters beside it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox import RunningSandbox
from sandbox.rate import Bucket, BusiestSecond, DayCount


def test_a_bucket_with_one_left_takes_fifty_and_then_nothing_until_they_are_repaid() -> None:
    bucket = Bucket(per_second=10, capacity=10, now=0)
    assert bucket.take(9, now=0)
    assert bucket.take(50, now=0)
    assert not bucket.take(1, now=4.9)
    assert bucket.take(1, now=5.0)


def test_a_refused_call_costs_nothing() -> None:
    bucket = Bucket(per_second=10, capacity=10, now=0)
    assert bucket.take(20, now=0)
    assert not any(bucket.take(50, now=0.5) for _ in range(100))
    assert bucket.take(1, now=1.1)


def test_a_bucket_saves_up_no_more_than_its_capacity() -> None:
    bucket = Bucket(per_second=10, capacity=10, now=0)
    assert bucket.take(10, now=1000)
    assert not bucket.take(1, now=1000)


def test_the_busiest_second_may_begin_anywhere() -> None:
    busiest = BusiestSecond()
    for at, amount in ((0.0, 5), (0.9, 10), (1.0, 10), (1.5, 10), (3.0, 1)):
        busiest.add(amount, at)
    assert busiest.most == 30


def test_a_day_forgets_what_is_older_than_24_hours() -> None:
    day = DayCount()
    day.add(3, now=0)
    day.add(4, now=3600)
    assert day.total(now=3601) == 7
    assert day.total(now=24 * 3600 + 61) == 4


def test_beyond_the_rate_a_call_gets_429_without_retry_after(
    ses: Any, running: RunningSandbox, bulk: Any, simple: Any
) -> None:
    running.control(rate_per_second=1)
    ses.send_bulk_email(**bulk([f"r{n}@shop.example" for n in range(50)]))
    for call, arguments in ((ses.send_bulk_email, bulk(["a@shop.example"])), (ses.send_email, simple())):
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        assert caught.value.response["Error"]["Code"] == "TooManyRequestsException"
        assert caught.value.response["Error"]["Message"].startswith("Maximum sending rate exceeded")
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
        assert "retry-after" not in caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    summary = running.summary()
    assert summary["accepted"] == 50
    assert summary["most_recipients_in_one_second"] == 50
    assert summary["refused"] == {"TooManyRequestsException": 2}


def test_bulk_calls_can_be_limited_to_one_a_second_while_single_ones_are_not(
    ses: Any, running: RunningSandbox, bulk: Any, simple: Any
) -> None:
    running.control(bulk_calls_per_second=0.001)
    ses.send_bulk_email(**bulk(["a@shop.example"]))
    with pytest.raises(ses.exceptions.TooManyRequestsException):
        ses.send_bulk_email(**bulk(["b@shop.example"]))
    for _ in range(5):
        ses.send_email(**simple())
    assert running.summary()["accepted"] == 6


def test_beyond_the_daily_quota_entries_and_calls_are_refused(
    ses: Any, running: RunningSandbox, bulk: Any, simple: Any
) -> None:
    running.control(daily_quota=2)
    answer = ses.send_bulk_email(**bulk([f"r{n}@shop.example" for n in range(3)]))
    results = [result["Status"] for result in answer["BulkEmailEntryResults"]]
    assert results == ["SUCCESS", "SUCCESS", "ACCOUNT_DAILY_QUOTA_EXCEEDED"]
    with pytest.raises(ses.exceptions.LimitExceededException):
        ses.send_email(**simple())
    quota = ses.get_account()["SendQuota"]
    assert (quota["Max24HourSend"], quota["SentLast24Hours"]) == (2, 2)
