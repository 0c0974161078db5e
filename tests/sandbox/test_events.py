"""The events of each outcome, as they arrive on the queue."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from sandbox import RunningSandbox

Receive = Callable[[int], list[dict[str, Any]]]


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["eventType"] for event in events]


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("success", ["Send", "Delivery"]),
        ("success+any.label", ["Send", "Delivery"]),
        ("bounce", ["Send", "Bounce"]),
        ("complaint+1", ["Send", "Delivery", "Complaint"]),
        ("ooto", ["Send", "Delivery", "Bounce"]),
        ("suppressionlist", ["Send", "Bounce"]),
    ],
)
def test_the_mailbox_simulator_does_what_its_address_says(
    ses: Any, simple: Any, receive: Receive, local: str, expected: list[str]
) -> None:
    ses.send_email(**simple(f"{local}@simulator.amazonses.com"))
    assert kinds(receive(len(expected))) == expected


@pytest.mark.parametrize(
    ("outcome", "expected", "bounce"),
    [
        ("hard_bounce", ["Send", "Bounce"], "Permanent"),
        ("soft_bounce", ["Send", "Bounce"], "Transient"),
        ("undetermined_bounce", ["Send", "Bounce"], "Undetermined"),
        ("complaint", ["Send", "Delivery", "Complaint"], None),
        ("delayed_then_delivered", ["Send", "DeliveryDelay", "Delivery"], None),
        ("reject", ["Send", "Reject"], None),
        ("auto_reply", ["Send", "Delivery", "Bounce"], "Transient"),
        ("bounce_after_delivery", ["Send", "Delivery", "Bounce"], "Permanent"),
        ("unknown_domain", ["Send", "Bounce"], "Transient"),
        ("validation_suppressed", ["Send", "Bounce"], "Permanent"),
        ("tenant_suppressed", ["Send", "Bounce"], "Permanent"),
        ("contact_opted_out", ["Send", "Bounce"], "Permanent"),
        ("not_spam", ["Send", "Delivery", "Complaint"], None),
        ("auth_failure", ["Send", "Delivery", "Complaint"], None),
        ("silent", ["Send"], None),
    ],
)
def test_a_rule_decides_the_outcome(
    ses: Any,
    running: RunningSandbox,
    simple: Any,
    receive: Receive,
    outcome: str,
    expected: list[str],
    bounce: str | None,
) -> None:
    running.control(outcomes=[{"match": "shop.example", outcome: 1}])
    ses.send_email(**simple())
    events = receive(len(expected))
    assert kinds(events) == expected
    assert running.messages()[0]["outcome"] == outcome
    if bounce:
        assert events[-1]["bounce"]["bounceType"] == bounce
    assert running.summary()["events"] == dict(Counter(expected))
    assert running.summary()["pending_events"] == 0


def test_an_event_carries_the_message_and_its_tags(ses: Any, simple: Any, receive: Receive) -> None:
    message_id = ses.send_email(**simple("a@shop.example"))["MessageId"]
    send, delivery = receive(2)
    assert set(send) == {"eventType", "mail", "send"}
    assert send["send"] == {}
    mail = send["mail"]
    assert mail["messageId"] == message_id
    assert mail["destination"] == ["a@shop.example"]
    assert mail["sendingAccountId"] == "123456789012"
    assert mail["sourceArn"] == "arn:aws:ses:eu-central-1:123456789012:identity/brightbooks.example"
    assert mail["headersTruncated"] is False
    assert {"name": "Subject", "value": "Hi"} in mail["headers"]
    assert mail["commonHeaders"]["subject"] == "Hi"
    assert mail["commonHeaders"]["messageId"] == message_id
    assert mail["tags"]["send_id"] == ["one"]
    assert mail["tags"]["ses:configuration-set"] == ["campaign"]
    assert mail["tags"]["ses:from-domain"] == ["brightbooks.example"]
    assert mail["timestamp"].endswith("Z")
    assert delivery["delivery"]["recipients"] == ["a@shop.example"]
    assert delivery["delivery"]["smtpResponse"].startswith("250")
    assert isinstance(delivery["delivery"]["processingTimeMillis"], int)


def test_bounces_complaints_and_delays_name_recipient_status_and_feedback(
    ses: Any, running: RunningSandbox, simple: Any, receive: Receive
) -> None:
    ses.send_email(**simple("bounce+x@simulator.amazonses.com"))
    bounce = receive(2)[1]["bounce"]
    assert bounce["bouncedRecipients"][0]["emailAddress"] == "bounce+x@simulator.amazonses.com"
    assert bounce["bouncedRecipients"][0]["action"] == "failed"
    assert bounce["bouncedRecipients"][0]["status"].startswith("5.")
    assert bounce["feedbackId"]
    ses.send_email(**simple("complaint@simulator.amazonses.com"))
    complaint = receive(3)[2]["complaint"]
    assert complaint["complaintFeedbackType"] == "abuse"
    assert complaint["complainedRecipients"] == [{"emailAddress": "complaint@simulator.amazonses.com"}]
    running.control(outcomes=[{"delayed_then_delivered": 1}])
    ses.send_email(**simple())
    delay = receive(3)[1]["deliveryDelay"]
    assert delay["delayType"] == "TransientCommunicationFailure"
    assert delay["delayedRecipients"][0]["emailAddress"] == "reader@shop.example"


def test_without_a_configuration_set_there_are_no_events(
    ses: Any, running: RunningSandbox, simple: Any, receive: Receive
) -> None:
    arguments = simple()
    del arguments["ConfigurationSetName"]
    ses.send_email(**arguments)
    ses.send_email(**simple("marker@shop.example"))
    assert {event["mail"]["destination"][0] for event in receive(2)} == {"marker@shop.example"}
    assert running.summary()["accepted"] == 2


def test_each_recipient_of_one_message_has_an_outcome(
    ses: Any, running: RunningSandbox, simple: Any, receive: Receive
) -> None:
    to = ["success@simulator.amazonses.com", "bounce@simulator.amazonses.com"]
    ses.send_email(**simple(Destination={"ToAddresses": to}))
    assert Counter(kinds(receive(3))) == Counter(["Send", "Delivery", "Bounce"])
    assert running.messages()[0]["outcomes"] == ["delivered", "hard_bounce"]


@pytest.mark.parametrize("domain", ["closed-shop.example", "any.closed-shop.example", "parked.example"])
def test_a_domain_unknown_to_the_dns_zone_is_transient_5_4_4(
    ses: Any, simple: Any, receive: Receive, domain: str
) -> None:
    ses.send_email(**simple(f"a@{domain}"))
    bounce = receive(2)[1]["bounce"]
    assert (bounce["bounceType"], bounce["bouncedRecipients"][0]["status"]) == ("Transient", "5.4.4")


def test_an_address_on_the_suppression_list_is_answered_by_ses_itself(
    ses: Any, simple: Any, receive: Receive
) -> None:
    ses.put_suppressed_destination(EmailAddress="a@shop.example", Reason="BOUNCE")
    ses.send_email(**simple("a@shop.example"))
    bounce = receive(2)[1]["bounce"]
    assert (bounce["bounceType"], bounce["bounceSubType"]) == ("Permanent", "OnAccountSuppressionList")


@pytest.mark.parametrize(
    ("local", "subtype"),
    [
        ("accountsuppressionlist", "OnAccountSuppressionList"),
        ("tenantsuppressionlist", "OnTenantSuppressionList"),
        ("emailvalidation", "EmailValidationSuppressed"),
        ("unsubscribedrecipient", "UnsubscribedRecipient"),
    ],
)
def test_what_ses_takes_and_does_not_send_comes_as_a_bounce_with_its_name(
    ses: Any, simple: Any, receive: Receive, local: str, subtype: str
) -> None:
    ses.send_email(**simple(f"{local}+1@simulator.amazonses.com"))
    events = receive(2)
    assert kinds(events) == ["Send", "Bounce"]
    assert (events[1]["bounce"]["bounceType"], events[1]["bounce"]["bounceSubType"]) == ("Permanent", subtype)
    assert ses.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []


@pytest.mark.parametrize(("local", "feedback"), [("notspam", "not-spam"), ("authfailure", "auth-failure")])
def test_a_feedback_report_that_is_no_complaint_suppresses_nobody(
    ses: Any, simple: Any, receive: Receive, local: str, feedback: str
) -> None:
    ses.send_email(**simple(f"{local}@simulator.amazonses.com"))
    assert receive(3)[2]["complaint"]["complaintFeedbackType"] == feedback
    assert ses.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []


def test_duplicates_are_the_same_record_twice(
    ses: Any, running: RunningSandbox, simple: Any, receive: Receive
) -> None:
    running.control(events={"duplicate_probability": 1, "reorder_seconds": 0})
    ses.send_email(**simple("bounce@simulator.amazonses.com"))
    bounces = [event for event in receive(4) if event["eventType"] == "Bounce"]
    assert len(bounces) == 2
    assert bounces[0] == bounces[1]
    assert running.summary()["events"] == {"Send": 2, "Bounce": 2}


def test_reordered_events_all_come(ses: Any, running: RunningSandbox, bulk: Any, receive: Receive) -> None:
    running.control(events={"reorder_probability": 1, "reorder_seconds": 0.3})
    ses.send_bulk_email(**bulk([f"r{n}@shop.example" for n in range(25)]))
    events = receive(50)
    first = {}
    for event in events:
        first.setdefault(event["mail"]["messageId"], event["eventType"])
    assert Counter(kinds(events)) == {"Send": 25, "Delivery": 25}
    assert set(first.values()) == {"Send", "Delivery"}


def test_delays_hold_events_back_by_type(
    ses: Any, running: RunningSandbox, simple: Any, receive: Receive
) -> None:
    running.control(events={"delay_seconds": 0, "delay_seconds_by_type": {"Delivery": [600, 700]}})
    ses.send_email(**simple())
    assert kinds(receive(1)) == ["Send"]
    assert running.summary()["pending_events"] == 1


def test_withheld_events_come_once_they_are_let_go(
    ses: Any, running: RunningSandbox, simple: Any, receive: Receive
) -> None:
    running.control(events={"withheld": True})
    ses.send_email(**simple())
    assert running.summary()["events"] == {}
    running.control(events={"withheld": False})
    assert kinds(receive(2)) == ["Send", "Delivery"]


def test_opens_and_clicks_come_where_they_are_asked_for(
    ses: Any, running: RunningSandbox, simple: Any, receive: Receive
) -> None:
    running.control(events={"open_probability": 1, "click_probability": 1})
    html = {"Html": {"Data": '<a href="https://brightbooks.example/spring">Spring</a>'}}
    ses.send_email(**simple(Content={"Simple": {"Subject": {"Data": "Hi"}, "Body": html}}))
    events = receive(4)
    assert kinds(events) == ["Send", "Delivery", "Open", "Click"]
    assert events[3]["click"]["link"] == "https://brightbooks.example/spring"


def test_an_event_can_be_pushed_by_hand(
    ses: Any, running: RunningSandbox, simple: Any, receive: Receive
) -> None:
    message_id = ses.send_email(**simple())["MessageId"]
    receive(2)
    running.push_event(
        message_id=message_id, type="Bounce", bounce_sub_type="NoEmail", recipient="x@shop.example"
    )
    running.push_event(sequence=1, type="Complaint", detail="fraud")
    bounce, complaint = receive(2)
    assert bounce["bounce"]["bounceSubType"] == "NoEmail"
    assert bounce["bounce"]["bouncedRecipients"][0]["emailAddress"] == "x@shop.example"
    assert bounce["mail"]["messageId"] == message_id
    assert complaint["complaint"]["complaintFeedbackType"] == "fraud"
