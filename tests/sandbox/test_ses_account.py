"""The account, its switches and its suppression list."""

from typing import Any

import pytest

from sandbox import RunningSandbox


def test_get_account_shows_what_the_behaviour_says(ses: Any, running: RunningSandbox) -> None:
    running.control(
        rate_per_second=14, daily_quota=-1, enforcement_status="PROBATION", production_access=False
    )
    account = ses.get_account()
    assert account["SendQuota"] == {"Max24HourSend": -1.0, "MaxSendRate": 14.0, "SentLast24Hours": 0.0}
    assert account["EnforcementStatus"] == "PROBATION"
    assert account["ProductionAccessEnabled"] is False
    assert account["SendingEnabled"] is True
    assert account["SuppressionAttributes"]["SuppressedReasons"] == ["BOUNCE", "COMPLAINT"]


def test_paused_sending_refuses_calls_and_entries(ses: Any, bulk: Any, simple: Any) -> None:
    ses.put_account_sending_attributes(SendingEnabled=False)
    with pytest.raises(ses.exceptions.SendingPausedException):
        ses.send_email(**simple())
    answer = ses.send_bulk_email(**bulk(["a@shop.example"]))
    assert answer["BulkEmailEntryResults"][0]["Status"] == "ACCOUNT_SENDING_PAUSED"
    ses.put_account_sending_attributes(SendingEnabled=True)
    ses.send_email(**simple())


@pytest.mark.parametrize("refusals", ["entries", "call"])
def test_a_suspended_account_refuses_bulk_calls_by_entry_or_whole(
    ses: Any, running: RunningSandbox, bulk: Any, refusals: str
) -> None:
    running.control(enforcement_status="SHUTDOWN", bulk_refusals=refusals)
    if refusals == "call":
        with pytest.raises(ses.exceptions.AccountSuspendedException):
            ses.send_bulk_email(**bulk(["a@shop.example"]))
    else:
        answer = ses.send_bulk_email(**bulk(["a@shop.example"]))
        assert answer["BulkEmailEntryResults"][0]["Status"] == "ACCOUNT_SUSPENDED"
    assert running.messages() == []


def test_the_suppression_list_can_be_filled_read_and_emptied(ses: Any) -> None:
    ses.put_suppressed_destination(EmailAddress="A@shop.example", Reason="BOUNCE")
    ses.put_suppressed_destination(EmailAddress="b@shop.example", Reason="COMPLAINT")
    found = ses.get_suppressed_destination(EmailAddress="a@shop.example")["SuppressedDestination"]
    assert found["Reason"] == "BOUNCE"
    first = ses.list_suppressed_destinations(PageSize=1)
    rest = ses.list_suppressed_destinations(PageSize=1, NextToken=first["NextToken"])
    assert "NextToken" not in rest
    assert rest["SuppressedDestinationSummaries"][0]["EmailAddress"] == "b@shop.example"
    complaints = ses.list_suppressed_destinations(Reasons=["COMPLAINT"])["SuppressedDestinationSummaries"]
    assert [entry["EmailAddress"] for entry in complaints] == ["b@shop.example"]
    ses.delete_suppressed_destination(EmailAddress="a@shop.example")
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.get_suppressed_destination(EmailAddress="a@shop.example")


def test_a_hard_bounce_suppresses_only_where_the_account_asks_for_it(
    ses: Any, running: RunningSandbox, simple: Any
) -> None:
    running.control(outcomes=[{"match": "gone.bounces.example", "hard_bounce": 1}])
    ses.put_account_suppression_attributes(SuppressedReasons=[])
    ses.send_email(**simple("a@gone.bounces.example"))
    assert ses.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []
    ses.put_account_suppression_attributes(SuppressedReasons=["BOUNCE"])
    ses.send_email(**simple("a@gone.bounces.example"))
    ses.send_email(**simple("a@gone.bounces.example"))
    outcomes = [message["outcome"] for message in running.messages()]
    assert outcomes == ["hard_bounce", "hard_bounce", "account_suppressed"]


def test_the_mailbox_simulator_is_never_suppressed(ses: Any, running: RunningSandbox, simple: Any) -> None:
    for _ in range(2):
        ses.send_email(**simple("bounce+label@simulator.amazonses.com"))
    assert running.summary()["outcomes"] == {"hard_bounce": 2}
    assert ses.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []
